from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from openclaw_fal.sandbox import Dials, Sandbox

VIDEO = "/fal-ai/minimax/video-01-live"
BODY = {"prompt": "waves"}


@pytest.fixture(autouse=True)
def counted(fal: Sandbox) -> None:
    fal.dials = Dials(clock="polls", queue_length=2, queue_step=1, run_time=4, log_lines=8)


def submit(http: httpx.Client, path: str = VIDEO, **headers: str) -> dict[str, Any]:
    answer = http.post(path, json=BODY, headers=headers)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def finish(http: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    while True:
        answer = http.get(job["status_url"] + "?logs=1")
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        assert answer.status_code == 202


@pytest.mark.parametrize(
    ("endpoint", "app"),
    [
        ("fal-ai/flux/dev/image-to-image", "fal-ai/flux"),
        ("bytedance/seedance-2.0/fast/text-to-video", "bytedance/seedance-2.0"),
        ("workflows/someone/some-flow", "workflows/someone/some-flow"),
        ("comfy/someone/some-flow/more", "comfy/someone/some-flow"),
        ("fal-ai/fooocus", "fal-ai/fooocus"),
    ],
)
def test_urls_hold_the_app_only(fal: Sandbox, http: httpx.Client, endpoint: str, app: str) -> None:
    job = submit(http, f"/{endpoint}", **{"X-Fal-Queue-Priority": "normal"})

    base = f"{fal.url}/{app}/requests/{job['request_id']}"
    assert job["response_url"] == base
    assert job["status_url"] == f"{base}/status"
    assert job["cancel_url"] == f"{base}/cancel"
    assert job["queue_position"] == 1
    assert http.get(job["status_url"]).status_code == 202


def test_a_job_is_found_under_its_own_app_only(fal: Sandbox, http: httpx.Client) -> None:
    job = submit(http)
    assert http.get(f"/fal-ai/flux/requests/{job['request_id']}/status").status_code == 404


def test_states_positions_and_statuses(http: httpx.Client) -> None:
    job = submit(http)
    answers = [http.get(job["status_url"]) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [202] * 6 + [200] * 2
    values = [answer.json() for answer in answers]
    assert [value["status"] for value in values] == (
        ["IN_QUEUE"] * 2 + ["IN_PROGRESS"] * 4 + ["COMPLETED"] * 2
    )
    assert [value.get("queue_position") for value in values] == [1, 0] + [None] * 6
    assert [value.get("logs", "none") for value in values] == ["none"] * 2 + [None] * 6
    assert values[-1]["metrics"] == {"inference_time": 0.0}
    assert all(value["request_id"] == job["request_id"] for value in values)


def test_logs_are_a_moving_window(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.log_window = 3
    job = submit(http)
    windows = []
    for _ in range(7):
        lines = http.get(job["status_url"] + "?logs=1").json().get("logs") or []
        windows.append([int(line["message"].split("step ")[1].split()[0]) for line in lines])

    assert windows == [[], [], [], [1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]]


def test_log_lines_with_control_characters(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.log_text = "\x1b[2J\x07\x9b"
    logs = finish(http, submit(http))["logs"]
    assert {line["message"] for line in logs} == {"\x1b[2J\x07\x9b"}


def test_time_moves_jobs_too(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(queue_length=2, queue_step=0.03, run_time=0.06)
    began = time.monotonic()
    job = submit(http)
    states = []
    while (answer := http.get(job["status_url"])).status_code == 202:
        states.append(answer.json()["status"])
    assert time.monotonic() - began >= 0.12
    assert list(dict.fromkeys(states)) == ["IN_QUEUE", "IN_PROGRESS"]


def test_turning_the_dial_releases_a_job(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(run_time=3600)
    job = submit(http)
    assert http.get(job["response_url"]).json() == {"detail": "Request is still in progress"}
    fal.dials.run_time = 0
    assert http.get(job["response_url"]).json()["video"]["url"]


def events(answer: httpx.Response) -> tuple[list[dict[str, Any]], list[str]]:
    lines = [line for line in answer.iter_lines() if line]
    data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return data, [line for line in lines if line.startswith(":")]


def test_stream(http: httpx.Client) -> None:
    job = submit(http)
    with http.stream("GET", job["status_url"] + "/stream?logs=1") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        seen, _ = events(answer)

    assert [event["status"] for event in seen[:3]] == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS"]
    assert seen[-1]["status"] == "COMPLETED"
    messages = [line["message"] for event in seen for line in event.get("logs") or []]
    assert len(messages) == len(set(messages)) == 8


def test_stream_of_a_finished_job(http: httpx.Client) -> None:
    job = submit(http)
    finish(http, job)
    with http.stream("GET", job["status_url"] + "/stream") as answer:
        seen, _ = events(answer)
    assert [event["status"] for event in seen] == ["COMPLETED"]


def test_stream_says_that_it_is_alive(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(run_time=3600, stream_comment=0.01)
    job = submit(http)
    with http.stream("GET", job["status_url"] + "/stream") as answer:
        lines = answer.iter_lines()
        while next(lines) != ": ping":
            pass
        fal.dials.run_time = 0
        assert any('"COMPLETED"' in line for line in lines)


def test_no_stream(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.stream = False
    assert http.get(submit(http)["status_url"] + "/stream").status_code == 404


def test_the_result_has_the_jobs_id_and_its_price(http: httpx.Client) -> None:
    job = submit(http)
    finish(http, job)
    answer = http.get(job["response_url"])
    assert answer.headers["x-fal-request-id"] == job["request_id"]
    assert float(answer.headers["x-fal-billable-units"]) == 5
    assert answer.json() == http.get(job["response_url"]).json()


def test_a_wrong_input_completes_and_answers_422(http: httpx.Client) -> None:
    answer = http.post(VIDEO, json={"prompt": 5})
    job = answer.json()
    assert answer.status_code == 200
    assert "error" not in finish(http, job)
    answer = http.get(job["response_url"])
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "string_type"


def test_completed_with_an_error(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.error, fal.dials.error_type = "no GPU", "runner_disconnected"
    fal.dials.error_status = 503
    job = submit(http)
    done = finish(http, job)
    assert (done["error"], done["error_type"]) == ("no GPU", "runner_disconnected")
    answer = http.get(job["response_url"])
    assert answer.status_code == 503
    assert answer.json() == {"detail": "no GPU", "error_type": "runner_disconnected"}
    assert answer.headers["x-fal-error-type"] == "runner_disconnected"


def test_content_policy(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.content_policy = True
    job = submit(http)
    finish(http, job)
    answer = http.get(job["response_url"])
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "content_policy_violation"


def test_other_words_for_states(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.pending_state, fal.dials.state = "PROCESSING", "FAILED"
    job = submit(http)
    seen = [http.get(job["status_url"]).json()["status"] for _ in range(7)]
    assert seen == ["IN_QUEUE"] * 2 + ["PROCESSING"] * 4 + ["FAILED"]


@pytest.mark.parametrize("urls", ["none", "http://127.0.0.1:9/x"])
def test_other_urls(fal: Sandbox, http: httpx.Client, urls: str) -> None:
    fal.dials.queue_urls = urls
    job = submit(http)
    if urls == "none":
        assert set(job) == {"status", "request_id", "queue_position"}
    else:
        assert job["status_url"].startswith("http://127.0.0.1:9/x/fal-ai/minimax/requests/")


def test_cancel(http: httpx.Client) -> None:
    waiting, running, done = submit(http), submit(http), submit(http)
    for _ in range(3):
        http.get(running["status_url"])
    finish(http, done)

    answers = [http.put(job["cancel_url"]) for job in (waiting, running, done)]
    missing = http.put("/fal-ai/minimax/requests/nothing/cancel")

    assert [answer.status_code for answer in [*answers, missing]] == [202, 202, 400, 404]
    assert [answer.json()["status"] for answer in [*answers, missing]] == [
        "CANCELLATION_REQUESTED",
        "CANCELLATION_REQUESTED",
        "ALREADY_COMPLETED",
        "NOT_FOUND",
    ]
    assert finish(http, waiting)["error_type"] == "request_cancelled"
    assert http.get(waiting["response_url"]).status_code == 499
    finish(http, running)
    assert http.get(running["response_url"]).status_code == 200


def test_a_start_timeout(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(queue_length=1, queue_step=3600)
    job = submit(http, **{"X-Fal-Request-Timeout": "0.01"})
    finish(http, job)
    answer = http.get(job["response_url"])
    assert answer.status_code == 504
    assert answer.headers["x-fal-request-timeout-type"] == "user"


def test_wrong_methods_and_paths(http: httpx.Client) -> None:
    job = submit(http)
    assert http.post(job["status_url"]).status_code == 405
    assert http.get(job["cancel_url"]).status_code == 405
    assert http.get(job["response_url"] + "/nothing").status_code == 404
    assert http.get("/fal-ai/minimax/requests/").status_code == 404
    assert http.get("/fal-ai/minimax/requests/unknown").status_code == 404
