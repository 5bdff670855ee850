"""Servers behind `baseUrl` that are not quite fal: what was paid for is kept all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Request, Response, Sandbox
from tests.program import Openclaw, write_config


@pytest.fixture
def png(fal: Sandbox, openclaw: Openclaw) -> str:
    """The URL of an image that the sandbox serves."""
    url: str = openclaw("image", "p", "--json").json["outputs"][0]["url"]
    fal.clear()
    return url


def test_a_submit_that_is_answered_with_the_result(
    openclaw: Openclaw, fal: Sandbox, png: str
) -> None:
    def at_once(request: Request) -> Response | None:
        if request.method != "POST":
            return None
        return Response.of({"images": [{"url": png}], "seed": 7})

    with Sandbox(on_request=at_once) as other:
        write_config(other.url)
        outcome = openclaw("image", "p", "--queue", "--json")
        assert outcome.status == 0, outcome.out
        assert Path(outcome.json["outputs"][0]["path"]).read_bytes() == fal.media(png)
        assert outcome.json["seed"] == 7
        assert len(other.posts()) == 1


def test_a_run_that_is_queued_instead(openclaw: Openclaw, fal: Sandbox) -> None:
    """The sandbox queues what carries the queue's header: a proxy that adds it is such a server."""

    def queued(request: Request) -> Response | None:
        if request.method == "POST":
            request.headers["x-fal-queue-priority"] = "normal"
        return None

    with Sandbox(on_request=queued) as other:
        write_config(other.url)
        outcome = openclaw("image", "p", "--json")
        assert outcome.status == 0, outcome.out
        url = outcome.json["outputs"][0]["url"]
        assert Path(outcome.json["outputs"][0]["path"]).read_bytes() == other.media(url)
        assert len([r for r in other.requests if r.method == "POST"]) == 1
