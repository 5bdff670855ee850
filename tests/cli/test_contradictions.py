"""Options that the way a request is run cannot follow are refused; harmless ones are noted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program import Openclaw
from tests.support.queueing import Hooked


@pytest.mark.parametrize(
    "flags",
    [
        ("--key", "k"),
        ("--overwrite",),
        ("--open",),
        ("--async",),
        ("--no-queue",),
        ("--poll-interval", "1"),
        ("--cancel-on-interrupt",),
    ],
)
def test_what_is_for_one_request_is_refused_for_many(
    openclaw: Openclaw, fal: Hooked, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("a cat\n")

    outcome = openclaw("image", "--prompts", str(prompts), *flags)

    assert outcome.status == 2
    assert f"{flags[0]} is for one request: it does not go together with --prompts" in outcome.err
    assert fal.requests == []


def test_a_job_that_is_not_waited_for_cannot_be_opened(openclaw: Openclaw, fal: Hooked) -> None:
    outcome = openclaw("video", "waves", "--async", "--open")

    assert outcome.status == 2
    assert "--open and --async do not go together: the file is not there yet" in outcome.err
    assert fal.requests == []


def test_options_of_the_queue_are_noted_for_a_synchronous_request(
    openclaw: Openclaw, fal: Hooked
) -> None:
    words = ("image", "p", "--dry-run", "--poll-interval", "1", "--cancel-on-interrupt")

    noted, queued = openclaw(*words), openclaw(*words, "--queue")

    assert noted.status == queued.status == 0
    for flag in ("--poll-interval", "--cancel-on-interrupt"):
        assert f"{flag} has no effect" in noted.err
    assert "no effect" not in queued.err
