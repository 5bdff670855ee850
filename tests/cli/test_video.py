"""`openclaw video`: through fal's queue, as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials, Sandbox
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import KEY, Openclaw, jobs, write_config
from tests.support.queueing import MP4, SOON, VIDEO, Hooked, only_job, slow_queue


@pytest.mark.parametrize("stream", [False, True], ids=["polls", "stream"])
def test_a_video_takes_several_looks_and_is_what_was_served(
    stream: bool, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = slow_queue(stream=stream)
    outcome = openclaw("video", "waves", *SOON, "--json")
    assert outcome.status == 0, outcome.err
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]) == Path.cwd() / "waves.mp4"
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert (output["mimeType"], output["width"], output["height"]) == ("video/mp4", 1280, 720)
    assert output["size"] == Path(output["path"]).stat().st_size
    (post,) = fal.posts()
    assert post.path == f"/{VIDEO}"
    assert post.headers["authorization"] == f"Key {KEY}"
    assert outcome.json["requestId"] == fal.jobs[0].id
    assert outcome.json["billableUnits"] == "5"
    assert len(fal.phase("stream")) == 1
    polls = len(fal.phase("status"))
    assert polls == 0 if stream else polls >= 6
    assert fal.leaks == []


@pytest.mark.parametrize("stream", [False, True], ids=["polls", "stream"])
def test_the_queue_position_and_each_log_line_are_shown_once(
    stream: bool, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = slow_queue(stream=stream)
    outcome = openclaw("video", "waves", *SOON)
    said = [line.partition("s  ")[2] for line in outcome.err.splitlines()]
    steps = [f"| {VIDEO}: step {number} of 3" for number in (1, 2, 3)]
    assert [line for line in said if line.startswith("|")] == steps
    assert said.index("queued, 2 ahead") < said.index("running") < said.index(steps[0])
    assert outcome.out == f"{Path.cwd() / 'waves.mp4'}\n"


def test_the_urls_that_came_back_are_used(openclaw: Openclaw, fal: Hooked) -> None:
    """The job's URLs hold a path that nobody could make up from the endpoint."""

    def renamed(request: Request) -> Response | None:
        if request.method == "POST":
            base = f"{fal.url}/elsewhere/app/requests/r1"
            urls = {"status_url": f"{base}/s", "response_url": f"{base}/r", "cancel_url": base}
            return Response.of({"request_id": "r1", **urls})
        if request.path.endswith("/s"):
            return Response.of({"status": "COMPLETED"})
        if request.path.endswith("/r"):
            return Response.of({"video": {"url": f"{fal.url}/files/clip.mp4"}})
        return Response(200, MP4) if request.path == "/files/clip.mp4" else None

    fal.answer = renamed
    assert openclaw("video", "p", *SOON).status == 0
    assert [f"{item.method} {item.path}" for item in fal.requests] == [
        f"POST /{VIDEO}",
        "GET /elsewhere/app/requests/r1/s/stream",
        "GET /elsewhere/app/requests/r1/s",
        "GET /elsewhere/app/requests/r1/r",
        "GET /files/clip.mp4",
    ]


def test_urls_that_are_missing_are_made(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = slow_queue(queue_urls="none", stream=False)
    assert openclaw("video", "p", *SOON).status == 0
    app = "/".join(VIDEO.split("/")[:2])
    assert {item.path for item in fal.phase("status")} == {
        f"/{app}/requests/{fal.jobs[0].id}/status"
    }


def test_urls_on_another_host_never_see_the_key(openclaw: Openclaw, fal: Hooked) -> None:
    with Sandbox() as other:
        fal.dials.queue_urls = other.url
        outcome = openclaw("video", "p", *SOON)
        assert outcome.status == 0, outcome.err
        assert other.requests == []
    assert "another host" in outcome.err


FORMS = ("object", "bare", "null", "string", "list", "flat")
WRAPS = ("response", "data", "output", "payload")


@pytest.mark.parametrize(
    ("wrap", "form"), [("plain", form) for form in FORMS] + [(wrap, "object") for wrap in WRAPS]
)
def test_results_in_every_wrapping(wrap: str, form: str, openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(wrap=wrap, media_form=form)
    outcome = openclaw("video", "p", *SOON, "--json")
    assert outcome.status == 0, outcome.out
    (output,) = outcome.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])


def test_the_words_for_pending_that_other_versions_use(openclaw: Openclaw, fal: Hooked) -> None:
    for word in ("PROCESSING", "QUEUED", "STARTED"):
        fal.dials = Dials(
            queue_length=1,
            queue_step=1,
            run_time=1,
            clock="polls",
            pending_state=word,
            stream=False,
        )
        assert openclaw("video", "p", *SOON).status == 0


@pytest.mark.parametrize(
    ("argv", "config", "seconds"),
    [
        ([], None, 1200),
        ([], {"primary": f"fal/{VIDEO}", "timeoutMs": 90_000}, 90),
        (["--timeout-ms", "30000"], {"primary": f"fal/{VIDEO}", "timeoutMs": 90_000}, 30),
        (["--model", f"fal/{VIDEO}"], {"primary": f"fal/{VIDEO}", "timeoutMs": 90_000}, 1200),
    ],
)
def test_how_long_a_job_may_take(
    argv: list[str],
    config: dict[str, object] | None,
    seconds: float,
    openclaw: Openclaw,
    fal: Hooked,
) -> None:
    if config:
        write_config(fal.url, videoGenerationModel=config)
    assert openclaw("video", "p", "--async", *argv).status == 0
    assert only_job().timeout_s == seconds


def test_the_default_pause_between_two_looks_is_five_seconds(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = slow_queue(stream=False)
    assert openclaw("video", "p").status == 0
    assert set(pauses) == {5.0}
    assert len(pauses) == len(fal.phase("status")) - 1


def test_with_the_stream_the_end_is_noticed_at_once(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials = slow_queue()
    assert openclaw("video", "p").status == 0
    assert pauses == []
    assert fal.phase("status") == []


def test_async_submits_prints_the_id_and_leaves(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = slow_queue()
    outcome = openclaw("video", "waves", "--async")
    assert outcome.status == 0
    (job,) = jobs(openclaw)
    assert outcome.lines == [job["jobId"]]
    assert job["state"] == "queued"
    assert f"openclaw jobs wait {job['jobId']}" in outcome.err
    assert [item.phase for item in fal.requests] == ["submit"]
    document = openclaw("video", "waves", "--async", "--json").json
    assert (document["ok"], document["submitted"], document["outputs"]) == (True, True, [])
    assert document["requestId"] == fal.jobs[1].id


def test_a_video_in_one_synchronous_request(openclaw: Openclaw, fal: Hooked) -> None:
    """A server with one address takes it for a submit: it goes by the endpoint."""
    write_config(fal.run_url)
    assert openclaw("video", "p", "--no-queue").status == 0
    assert [item.phase for item in fal.requests] == ["sync", "media"]
