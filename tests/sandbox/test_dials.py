from __future__ import annotations

import dataclasses
import json

import httpx
import pytest

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox import Dials, Fault, Sandbox, explain
from openclaw_fal.sandbox.faults import KINDS, PHASES


def test_text_form() -> None:
    dials = Dials.parse("latency=0.2, queue-length=3,clock=polls,nsfw,stream=off,seed=12")

    assert dials == Dials(
        latency=0.2, queue_length=3, clock="polls", nsfw=True, stream=False, seed=12
    )


@pytest.mark.parametrize("name", ["queue", "step", "run"])
def test_each_dial_has_one_name(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        Dials.parse(f"{name}=3")


def test_text_can_hold_any_character() -> None:
    assert Dials.parse("log-text=a%2Cb%1B[2J").log_text == "a,b\x1b[2J"


def test_faults_in_text() -> None:
    dials = Dials.parse("fail=submit:503:2,fail=media:cut:*:at=0.9+status:429::retry-after=7")

    assert dials.faults == [
        Fault("submit", "503", 2),
        Fault("media", "cut", at=0.9),
        Fault("status", "429", retry_after="7"),
    ]


def test_json_form_and_back() -> None:
    dials = Dials.parse('{"run-time": 1.5, "faults": [{"phase": "sync", "kind": "reset"}]}')
    assert (dials.run_time, dials.faults) == (1.5, [Fault("sync", "reset")])

    dials.fail("any", 422, 3, type="content_policy_violation", taken=True, after=1)
    dials.log_text, dials.ranges, dials.seed = "x", False, 2**60

    assert Dials.parse(json.dumps(dials.as_dict())) == dials


def test_every_dial_can_be_set_as_text() -> None:
    values = {bool: "on", int: "5", float: "0.5", str: "word", type(None): "5"}
    for field in dataclasses.fields(Dials):
        if field.name != "faults":
            default = getattr(Dials(), field.name)
            text = "off" if default is True else values[type(default)]
            text = {"clock": "polls", "media_form": "flat"}.get(field.name, text)
            changed = Dials.parse(f"{field.name.replace('_', '-')}={text}")
            assert getattr(changed, field.name) != default, field.name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("latncy=1", "latncy"),
        ("latency=soon", "latency"),
        ("latency=-1", "latency"),
        ("run-time=nan", "run_time"),
        ("queue-length=1.5", "queue_length"),
        ("nsfw=perhaps", "nsfw"),
        ("clock=poll", "time or polls"),
        ("media-form=round", "media_form"),
        ("fail=submit", "PHASE:KIND"),
        ("fail=sbmit:503", "sbmit"),
        ("fail=submit:999", "999"),
        ("fail=submit:explode", "explode"),
        ("fail=submit:503:often", "count"),
        ("fail=submit:503:1:colour=red", "colour"),
        ("{", "JSON"),
        ('{"faults": 3}', "faults"),
        ('{"nope": 3}', "nope"),
    ],
)
def test_wrong_dials_are_named(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Dials.parse(text)


def test_all_are_explained() -> None:
    text = explain()
    for field in dataclasses.fields(Dials):
        if field.name != "faults":
            assert f"\n  {field.name.replace('_', '-')}=" in text
    for word in (*KINDS, *PHASES):
        assert word in text
    assert max(map(len, text.splitlines())) <= 120


def test_faults_are_used_up_in_order() -> None:
    dials = Dials.parse("fail=status:500:2:after=1+status:html:1")

    struck = [fault.kind if (fault := dials.fault("status")) else None for _ in range(5)]

    assert struck == ["html", "500", "500", None, None]
    assert dials.fault("submit") is None


def test_any_phase_is_every_request_but_not_the_connection() -> None:
    dials = Dials.parse("fail=any:500")
    for phase in PHASES:
        assert (dials.fault(phase) is None) == (phase == "connect"), phase


def test_every_kind_can_be_named() -> None:
    for kind in KINDS:
        assert Fault.parse(f"sync:{kind.replace('_', '-')}:1").kind == kind


def test_a_header_turns_the_dials_of_one_request(fal: Sandbox, http: httpx.Client) -> None:
    body = {"prompt": "a cat"}
    path = "/fal-ai/flux/dev"

    struck = http.post(path, json=body, headers={"X-Sandbox-Dials": "fail=sync:503:1"})
    counted = http.post(path, json=body, headers={"X-Sandbox-Dials": "fail=sync:503:1"})
    others = http.post(path, json=body)
    wrong = http.post(path, json=body, headers={"X-Sandbox-Dials": "fail=sync"})

    assert [struck.status_code, counted.status_code, others.status_code] == [503, 200, 200]
    assert wrong.status_code == 400
    assert "PHASE:KIND" in wrong.json()["detail"]


def test_a_jobs_header_goes_with_the_job(fal: Sandbox, http: httpx.Client) -> None:
    headers = {"X-Sandbox-Dials": "queue-length=3,queue-step=1,clock=polls,fail=result:504:1"}
    job = http.post("/fal-ai/minimax/video-01-live", json={"prompt": "p"}, headers=headers).json()

    states = [http.get(job["status_url"]).json()["status"] for _ in range(4)]
    results = [http.get(job["response_url"]).status_code for _ in range(2)]

    assert states == ["IN_QUEUE", "IN_QUEUE", "IN_QUEUE", "COMPLETED"]
    assert results == [504, 200]


def test_a_runs_header_goes_with_its_files(fal: Sandbox, http: httpx.Client) -> None:
    headers = {"X-Sandbox-Dials": "media-bytes=50000,fail=media:500:1"}
    result = http.post("/fal-ai/flux/dev", json={"prompt": "p"}, headers=headers).json()
    file = result["images"][0]

    answers = [http.get(file["url"]) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [500, 200]
    assert len(answers[1].content) == file["file_size"] == 50_000
