"""Batches from the command line: each item once, whatever happens on the way."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.http1 import Request, Response
from tests.cli.batching import QUICK, check_whole, lines, numbered, write
from tests.files.output_support import PNG
from tests.support.program import Openclaw, start
from tests.support.queueing import Hooked, ended


def test_a_batch_makes_each_item_once(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(12)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/")
    assert done.status == 0, done.err
    assert sorted(Path(line).name for line in done.lines) == sorted(f"i{n}.png" for n in range(12))
    check_whole(fal, 12)

    again = openclaw("batch", "run", "m.jsonl", "--json")
    assert again.status == 0
    assert again.json["counts"]["done"] == 12
    check_whole(fal, 12)


def test_rows_that_break_what_their_model_takes_are_all_reported(
    openclaw: Openclaw, fal: Hooked
) -> None:
    write(
        "m.jsonl",
        [
            {"prompt": "a", "aspectRatio": "7:1"},
            {"prompt": "fine"},
            {"prompt": "c", "model": "fal/openai/gpt-image-2", "size": "17x17"},
            {"prompt": "d", "imges": ["x.png"]},
            {"prompt": "e", "images": ["missing.png"]},
            {"id": "fine-too", "kind": "video", "prompt": "f", "durationSeconds": 5},
        ],
    )
    for command in ("plan", "run"):
        refused = openclaw("batch", command, "m.jsonl", "--json")
        assert refused.status == 5
        named = {violation["key"] for violation in refused.json["error"]["violations"]}
        assert named == {"line 1", "line 3", "line 4", "line 5"}
    assert fal.posts() == []


def test_what_is_no_file_is_named_for_what_it_is(openclaw: Openclaw) -> None:
    for path, what in (
        ("/dev/null", "a device or a pipe"),
        (".", "is a folder"),
        ("x", "not exist"),
    ):
        assert what in openclaw("batch", "plan", path).err


def test_a_plan_prices_and_sends_nothing(openclaw: Openclaw, fal: Hooked) -> None:
    numbered(3, count=2)
    planned = openclaw("batch", "plan", "m.jsonl", "--assume-cost", "0.10", "--json")
    assert planned.status == 0, planned.err
    assert planned.json["items"] == 3
    assert planned.json["cost"]["estimated"] == "0.30"
    assert fal.posts() == []


def test_one_failure_does_not_stop_the_rest(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    fal.answer = lambda request: _refused(request, "p3")
    numbered(8)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--json")
    assert done.status == 6
    states = {line["id"]: line["state"] for line in lines()}
    assert states == {f"i{n}": "failed" if n == 3 else "done" for n in range(8)}
    assert done.json["counts"] | {"done": 7, "failed": 1} == done.json["counts"]

    fal.answer = None
    assert openclaw("batch", "resume", "m.jsonl").status == 6  # not without being asked
    assert openclaw("batch", "resume", "m.jsonl", "--retry-failed").status == 0
    assert sorted(line["id"] for line in lines()) == [f"i{n}" for n in range(8)]


def _refused(request: Request, prompt: str) -> Response | None:
    if request.method == "POST" and json.loads(request.body or b"{}").get("prompt") == prompt:
        body = {"detail": [{"loc": ["body"], "msg": "no", "type": "value_error"}]}
        return Response(422, json.dumps(body).encode(), [("x-fal-request-id", "r")])
    return None


def test_after_a_failure_no_more_are_sent_when_that_was_asked_for(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = Dials(run_time=0.05, queue_length=0)
    fal.answer = lambda request: _refused(request, "p0")
    numbered(30)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--fail-fast", "--window", "1")
    assert done.status == 6
    assert len(fal.posts()) < 30


def test_a_refused_key_stops_new_submits_and_saves_what_fal_has(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.4)
    posts = iter(range(1000))

    def locked_later(request: Request) -> Response | None:
        if request.method == "POST" and next(posts) >= 4:
            body = {"detail": "User is locked. Reason: Exhausted balance."}
            return Response(403, json.dumps(body).encode(), [("x-fal-request-id", "r")])
        return None

    fal.answer = locked_later
    numbered(10)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--json", "--window", "4")
    assert done.status == 8
    assert done.json["error"]["code"] == "billing"
    assert len(lines()) == 4

    fal.answer = None
    assert openclaw("batch", "resume", "m.jsonl").status == 0
    assert len(lines()) == 10


def test_a_budget_that_ends_in_the_middle(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(10)
    money = ("--assume-cost", "0.10")
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--max-spend", "0.40", *money)
    assert done.status == 9
    assert len(fal.posts()) == 4
    for _ in range(2):  # what goes on keeps to the money that was given last
        assert openclaw("batch", "resume", "m.jsonl").status == 9
        assert len(fal.posts()) == 4
    more = openclaw("batch", "resume", "m.jsonl", "--max-spend", "0.60")
    assert (more.status, len(fal.posts())) == (9, 6)
    assert openclaw("batch", "resume", "m.jsonl").status == 9
    assert len(fal.posts()) == 6
    more = openclaw("batch", "resume", "m.jsonl", "--max-spend", "1.00", *money)
    assert more.status == 0, more.err
    check_whole(fal, 10)


def test_a_changed_row_is_a_conflict(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(3)
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/").status == 0
    rows = [{"id": f"i{n}", "prompt": f"p{n}" if n else "changed"} for n in range(4)]
    write("m.jsonl", rows)
    refused = openclaw("batch", "run", "m.jsonl", "--json")
    assert refused.status == 5
    assert refused.json["error"]["code"] == "conflict"
    assert "i0" in refused.json["error"]["message"]
    assert len(fal.posts()) == 3
    assert openclaw("batch", "run", "m.jsonl", "--allow-changed").status == 0
    assert len(fal.posts()) == 5


def test_an_item_that_may_have_arrived_is_never_sent_again(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    fal.dials.fail("submit", "reset_after_read", count=1, after=1)
    numbered(4)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--json", "--window", "1")
    if done.status == 7:  # fal's list did not have it yet
        done = openclaw("batch", "resume", "m.jsonl")
    assert done.status == 0, done.err
    check_whole(fal, 4)


def test_shards_share_a_manifest_without_talking(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(20)
    for shard in ("1/3", "2/3", "3/3"):
        assert openclaw("batch", "run", "m.jsonl", "--out", "out/", "--shard", shard).status == 0
    check_whole(fal, 20)


def test_two_runners_share_the_items(fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.1)
    numbered(30)
    runners = [start("batch", "run", "m.jsonl", "--out", "out/", "--window", "6") for _ in range(2)]
    ends = [ended(runner) for runner in runners]
    assert [status for status, _, _ in ends] == [0, 0], ends
    check_whole(fal, 30)


def test_a_batch_of_fals_is_not_resumed_in_a_sandbox(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(1)
    assert openclaw("batch", "run", "m.jsonl").status == 0
    assert openclaw("batch", "resume", "m.jsonl", "--sandbox").status == 2
    assert len(fal.posts()) == 1


def test_what_fal_still_has_is_not_said_to_have_failed(openclaw: Openclaw, fal: Hooked) -> None:
    """A failure is what the journal has as one: all else goes on with the next run."""
    fal.dials = Dials(queue_length=0, run_time=0.05)
    fal.dials.fail("media", 403, request_id="off")
    numbered(2)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/", "--json")
    assert done.status == 7
    assert {item["state"] for item in done.json["items"]} == {"running"}
    fal.dials.heal()
    assert openclaw("batch", "resume", "m.jsonl").status == 0
    check_whole(fal, 2)


def test_one_refusal_of_a_status_is_no_verdict(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    fal.dials.fail("status", 404, count=1)
    numbered(3)
    done = openclaw("batch", "run", "m.jsonl", "--out", "out/")
    assert done.status == 0, done.err
    check_whole(fal, 3)


def test_waiting_sends_nothing_new(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(5)
    money = ("--assume-cost", "0.10", "--max-spend", "0.20")
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/", *money).status == 9
    posts = len(fal.posts())
    waited = openclaw("batch", "wait", "m.jsonl", "--json")
    assert waited.json["counts"]["done"] == 2
    assert len(fal.posts()) == posts == 2


def test_an_export_has_every_item_in_order(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(5)
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/").status == 0
    exported = openclaw("batch", "export", "m.jsonl")
    assert [json.loads(line)["id"] for line in exported.lines] == [f"i{n}" for n in range(5)]
    table = openclaw("batch", "export", "m.jsonl", "--csv").lines
    assert table[0].startswith("id,state,paths")
    assert len(table) == 6


def test_a_reference_may_be_a_file_of_a_job(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    made = openclaw("image", "a cat", "--json").json
    write("m.jsonl", [{"prompt": "b", "images": [f"job:{made['jobId']}"]}, {"prompt": "c"}])
    assert openclaw("batch", "run", "m.jsonl").status == 0
    assert openclaw("batch", "resume", "m.jsonl").status == 0
    bodies = [post.json for post in fal.posts() if post.json["prompt"] == "b"]
    assert len(bodies) == 1
    sent = base64.b64decode(bodies[0]["image_url"].partition(",")[2])
    assert sent == Path(made["outputs"][0]["path"]).read_bytes()


@pytest.mark.parametrize(
    ("source", "words"), [("last", "last is another file"), ("job:zzz", "there is no job 'zzz'")]
)
def test_references_that_no_batch_can_have(
    openclaw: Openclaw, fal: Hooked, source: str, words: str
) -> None:
    write("m.jsonl", [{"prompt": "a"}, {"prompt": "b", "images": [source]}])
    refused = openclaw("batch", "plan", "m.jsonl", "--json")
    assert refused.status == 5
    assert f"line 2: {words}" in refused.json["error"]["message"]
    Path(source).write_bytes(PNG)  # a file of that name is the file
    assert openclaw("batch", "plan", "m.jsonl").status == 0
    assert fal.posts() == []


def test_standard_input_is_a_manifest(
    fal: Hooked, openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.program import process

    fal.dials = QUICK
    rows = b'{"id": "a", "prompt": "one"}\n{"id": "b", "prompt": "two"}\n'
    for _ in range(2):
        done = process("batch", "run", "-", "--out", "out/", "--json", stdin=rows)
        assert done.status == 0, done.err
        assert done.json["counts"]["done"] == 2
    assert len(fal.posts()) == 2
    assert openclaw("batch", "resume", done.json["batch"]).status == 0


def test_a_prompt_a_line(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    Path("prompts.txt").write_text("a red fox\n\na grey owl\n", encoding="utf-8")
    words = ("image", "--prompts", "prompts.txt", "--aspect-ratio", "16:9", "--output", "out/")
    assert openclaw(*words).status == 0
    assert sorted(path.name for path in Path("out").glob("*.png")) == [
        "a-grey-owl.png",
        "a-red-fox.png",
    ]
    assert {json.loads(post.body)["image_size"] for post in fal.posts()} == {"landscape_16_9"}
    assert openclaw(*words).status == 0
    assert len(fal.posts()) == 2
    refused = openclaw("image", "a cat", "--prompts", "prompts.txt")
    assert refused.status == 2


def test_a_prompt_a_line_is_run_as_any_batch(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05, concurrency=1)
    Path("p.txt").write_text("".join(f"p{n}\n" for n in range(8)), encoding="utf-8")
    words = ("image", "--prompts", "p.txt", "--output", "out/")
    fal.answer = lambda request: _refused(request, "p0")
    stopped = openclaw(*words, "--fail-fast", "--window", "1", "--priority", "low")
    assert stopped.status == 6
    assert {post.headers["x-fal-queue-priority"] for post in fal.posts()} == {"low"}
    assert len(fal.posts()) < 8

    fal.answer = None
    for shard in ("1/2", "2/2"):
        assert openclaw(*words, "--shard", shard, "--retry-failed").status == 0
    assert len(list(Path("out").glob("*.png"))) == 8
    assert openclaw(*words, "--aspect-ratio", "16:9").status == 5
    assert openclaw(*words, "--aspect-ratio", "16:9", "--allow-changed").status == 0
    assert fal.accepted == 16


@pytest.mark.parametrize("words", [("--window", "3"), ("--retry-failed",), ("--shard", "1/2")])
def test_options_of_many_requests_are_refused_for_one(
    openclaw: Openclaw, fal: Hooked, words: tuple[str, ...]
) -> None:
    refused = openclaw("image", "a cat", *words, "--json")
    assert refused.status == 2
    assert refused.json["error"]["message"] == f"{words[0]} is for many requests"
    assert fal.posts() == []


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (["plan", "missing.jsonl"], 3, "does not exist"),
        (["run", "."], 3, "is a folder"),
        (["run", "m.jsonl", "--shard", "4/3"], 2, "--shard 4/3"),
        (["run", "m.jsonl", "--shard", "x"], 2, "I/N"),
        (["run", "m.jsonl", "--default", "aspectRatio"], 2, "KEY=VALUE"),
        (["run", "m.jsonl", "--default", "seed=x"], 2, "whole number"),
        (["run", "m.jsonl", "--priority", "high"], 2, "normal or low"),
        (["run", "m.jsonl", "--max-spend", "much"], 2, "--max-spend"),
        (["resume", "m.jsonl"], 2, "no batch"),
        (["export", "zzz"], 2, "no batch zzz"),
    ],
)
def test_bad_input(
    openclaw: Openclaw, fal: Hooked, argv: list[str], status: int, words: str
) -> None:
    numbered(2)
    refused = openclaw("batch", *argv, "--json")
    assert (refused.status, words in refused.json["error"]["message"]) == (status, True), (
        refused.out
    )
    assert fal.posts() == []


def test_a_low_priority_reaches_fal(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(2)
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/", "--priority", "low").status == 0
    assert {dict(post.headers)["x-fal-queue-priority"] for post in fal.posts()} == {"low"}
