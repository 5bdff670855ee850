"""`openclaw music`: one synchronous request, or through the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials
from tests.support.program import Openclaw, jobs, process
from tests.support.queueing import SOON, Hooked, kept_files, only_job, slow_queue

MUSIC = "fal-ai/minimax-music/v2.6"


def test_music_is_one_synchronous_request(openclaw: Openclaw, fal: Hooked) -> None:
    outcome = openclaw("music", "a slow waltz", "--json")
    assert outcome.status == 0, outcome.err
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]) == Path.cwd() / "a-slow-waltz.mp3"
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert output["mimeType"] == "audio/mpeg"
    assert [item.phase for item in fal.requests] == ["sync", "media"]
    assert fal.posts()[0].path == f"/{MUSIC}"
    assert (outcome.json["capability"], outcome.json["model"]) == ("music.generate", MUSIC)
    assert (only_job().transport, only_job().timeout_s) == ("sync", 180)


def test_music_through_the_queue_shows_the_same_progress(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = slow_queue()
    outcome = openclaw("music", "a slow waltz", "--queue", *SOON)
    assert outcome.status == 0
    assert outcome.lines == [str(Path.cwd() / "a-slow-waltz.mp3")]
    assert "queued, 2 ahead" in outcome.err
    assert f"{MUSIC}: step 3 of 3" in outcome.err
    assert [item.phase for item in fal.requests] == ["submit", "stream", "result", "media"]
    assert only_job().timeout_s == 180


def test_music_that_is_submitted_and_picked_up(openclaw: Openclaw, fal: Hooked) -> None:
    job_id = openclaw("music", "a waltz", "--async").lines[0]
    assert openclaw("jobs", "wait", job_id).lines == [str(Path.cwd() / "a-waltz.mp3")]


@pytest.mark.parametrize("form", ["object", "bare", "null", "string", "list", "flat"])
def test_music_in_every_form(form: str, openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(media_form=form)
    outcome = openclaw("music", "a waltz", "--json")
    assert outcome.status == 0, outcome.out
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])


def test_the_extension_follows_the_bytes(openclaw: Openclaw, fal: Hooked) -> None:
    wav = ("--model", "fal/fal-ai/stable-audio-25/text-to-audio", "--duration", "2")
    outcome = openclaw("music", "a waltz", *wav, "--output", "it.mp3")
    assert outcome.status == 0, outcome.err
    assert kept_files() == ["it.wav"]
    assert Path("it.wav").read_bytes()[:4] == b"RIFF"


def test_lyrics_are_sent_from_a_file(openclaw: Openclaw, fal: Hooked) -> None:
    Path("song.txt").write_text("la la lä\n", encoding="utf-8")
    assert openclaw("music", "a waltz", "--lyrics-file", "song.txt").status == 0
    assert fal.posts()[0].json["lyrics"].strip() == "la la lä"
    assert jobs(openclaw)[0]["prompt"] == "a waltz"


def test_the_time_is_up(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(run_time=1e9)
    outcome = openclaw("music", "a waltz", "--timeout-ms", "300", "--json")
    assert outcome.status == 7
    assert outcome.json["error"]["code"] == "timeout"
    assert "may have reached fal" in outcome.json["error"]["message"]
    assert only_job().state == "uncertain"


def test_a_process_of_its_own(fal: Hooked) -> None:
    outcome = process("music", "a waltz")
    assert (outcome.status, outcome.lines) == (0, [str(Path.cwd() / "a-waltz.mp3")])
