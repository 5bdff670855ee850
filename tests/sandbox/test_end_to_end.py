"""Endpoints drawn from the whole catalogue, run by the program with a plain request."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.media import Endpoint
from openclaw_fal.sandbox import Dials, Sandbox
from tests.support.effort import effort
from tests.support.program import KEY, Openclaw, in_process, write_config

MIMES = {"image": "image/", "video": "video/", "music": "audio/"}


FILLED = {
    "image": {"prompt", "image_url", "image_urls"},
    "video": {"prompt", "image_url", "image_urls", "video_url"},
    "music": {"prompt"},
}
"""The required fields that a prompt and references fill."""


def drawn(count: int) -> list[Endpoint]:
    """Endpoints of media that a prompt and references are enough for."""
    able = [
        endpoint
        for endpoint in read.shipped().endpoints()
        if endpoint.kind != "other" and set(endpoint.required) <= FILLED[endpoint.kind]
    ]
    return random.Random(200).sample(able, count)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running
    assert running.crashes == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("endpoint", drawn(effort(20, 200)), ids=lambda endpoint: endpoint.id)
def test_a_plain_request_leaves_a_file_of_the_right_kind(
    endpoint: Endpoint,
    sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    openclaw: Openclaw = in_process(capfd)
    monkeypatch.setenv("FAL_KEY", KEY)
    write_config(sandbox.url)
    sandbox.dials, before = Dials(), sandbox.accepted
    argv = [endpoint.kind, "a cat", "--model", f"fal/{endpoint.id}", "--json"]
    if {"image_url", "image_urls"} & set(endpoint.required):
        argv += ["--image", "https://example.com/cat.png"]
    if "video_url" in endpoint.required:
        argv += ["--video", "https://example.com/cat.mp4"]

    outcome = openclaw(*argv)

    assert outcome.status == 0, outcome.out
    assert sandbox.accepted == before + 1
    for output in outcome.json["outputs"]:
        assert output["mimeType"].startswith(MIMES[endpoint.kind])
        assert Path(output["path"]).stat().st_size == output["size"] > 0
