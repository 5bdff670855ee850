"""Nothing is dropped or changed in silence: in every output mode, on success and on failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Request, Response, Sandbox
from tests.support.program import Openclaw, write_config

ASKED = ("image", "p", "--quality", "hd", "--param", "strange=1")


@pytest.mark.parametrize("mode", [(), ("--json",), ("--quiet",)])
def test_ignored_options_and_undeclared_fields_are_told_in_every_mode(
    mode: tuple[str, ...], openclaw: Openclaw, fal: Sandbox
) -> None:
    outcome = openclaw(*ASKED, *mode)
    assert outcome.status == 0
    assert "quality" in outcome.err
    assert "strange" in outcome.err


def test_they_are_told_when_the_request_fails(openclaw: Openclaw, fal: Sandbox) -> None:
    fal.dials.fail("sync", 422)
    outcome = openclaw(*ASKED)
    assert outcome.status == 6
    assert "quality" in outcome.err
    assert "strange" in outcome.err


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_warnings_are_in_the_document(
    dry: tuple[str, ...], openclaw: Openclaw, fal: Sandbox
) -> None:
    document = openclaw(*ASKED, *dry, "--json").json
    assert [item["key"] for item in document["ignoredOverrides"]] == ["quality"]
    (warning,) = document["warnings"]
    assert "strange" in warning


def test_a_result_that_lags_behind_its_status_is_waited_for(openclaw: Openclaw, key: str) -> None:
    early = 0

    def lagging(request: Request) -> Response | None:
        nonlocal early
        if request.method == "GET" and request.path.rstrip("/").rpartition("/")[0].endswith(
            "/requests"
        ):
            early += 1
            if early == 1:
                return Response.of({"status": "IN_PROGRESS"}, 202)
            if early == 2:
                return Response.of({"detail": "Request is still in progress"}, 400)
        return None

    with Sandbox(on_request=lagging) as fal:
        write_config(fal.url)
        outcome = openclaw("image", "p", "--queue", "--json")
        assert outcome.status == 0, outcome.out
        assert early == 3


def test_a_stream_that_falls_silent_does_not_hide_the_end(openclaw: Openclaw, key: str) -> None:
    def silent(request: Request) -> Response | None:
        if request.path.endswith("/stream"):
            event = b'data: {"status": "IN_QUEUE", "queue_position": 0}\n\n'
            return Response(
                200, event, [("content-type", "text/event-stream")], length=10_000, wire="stall"
            )
        return None

    with Sandbox(on_request=silent) as fal:
        write_config(fal.url)
        outcome = openclaw("image", "p", "--queue", "--timeout-ms", "8000", "--json")
        assert outcome.status == 0, outcome.out
        assert fal.phase("status")


def test_a_result_whose_files_cannot_be_had_is_kept(openclaw: Openclaw, key: str) -> None:
    with Sandbox() as fal:
        fal.dials.media_url = "file:///etc/passwd"
        write_config(fal.url)
        outcome = openclaw("image", "p", "--output", "out.png", "--json")
        assert outcome.status == 6
        kept = list(Path.cwd().glob("out*.json"))
        assert len(kept) == 1
        assert "file:///etc/passwd" in kept[0].read_text()
        assert str(kept[0]) in outcome.json["error"]["message"]


def test_a_ref_without_its_provider_is_refused_with_the_right_one(openclaw: Openclaw) -> None:
    path = "agents.defaults.imageGenerationModel.primary"
    outcome = openclaw("config", "set", path, "fal-ai/flux/dev", "--json")
    assert outcome.status == 2
    assert "fal/fal-ai/flux/dev" in outcome.json["error"]["message"]
