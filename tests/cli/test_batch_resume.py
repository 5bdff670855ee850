"""A batch that goes on is run as it was begun."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.batches import commands
from openclaw_fal.batches.records import KeptOptions
from openclaw_fal.cli import batch as batch_commands
from openclaw_fal.cli.batch_options import RunOptions, batch_options
from openclaw_fal.provenance import credentials
from openclaw_fal.sandbox import Dials
from openclaw_fal.session import Session
from tests.cli.batching import QUICK, lines, numbered
from tests.provenance import certificates
from tests.support.program import Openclaw
from tests.support.queueing import Hooked, journal

KEPT: dict[str, Any] = {
    "window": 3,
    "fail_fast": True,
    "shard": "1/2",
    "priority": "low",
    "timeout_ms": 77_000,
    "max_spend": "0.10",
    "assume_cost": "0.10",
    "provenance": "sidecar",
    "sign": ("cert.pem", "key.pem"),
    "strict": True,
}
"""The options of `batch run` that `batch resume` keeps to, each with a value."""

OF_THE_BATCH = {"ctx", "manifest", "out", "default", "sandbox"}
"""What makes a batch the one that it is: in its record from the start, and no option of resume."""

OF_ONE_RUN = {"retry_failed", "allow_changed"}
"""They send items anew, which costs money again: asked for each time."""


def test_every_option_of_run_is_kept_or_has_a_reason_not_to_be() -> None:
    options = set(inspect.signature(batch_commands.run).parameters)
    assert options == KEPT.keys() | OF_THE_BATCH | OF_ONE_RUN
    fields = set(commands.BatchOptions.fields()) - {"out", "defaults", "sandbox"} - OF_ONE_RUN
    assert fields == set(KeptOptions.fields())


def test_every_kept_option_comes_back_unless_it_is_given_anew(
    openclaw: Openclaw, fal: Hooked
) -> None:
    numbered(1)
    assert openclaw("batch", "run", "m.jsonl", "--max-spend", "0").status == 9

    def options(values: dict[str, Any]) -> commands.BatchOptions:
        return batch_options(RunOptions().replaced(**values), None, Session(), {})

    begun = options(KEPT)
    assert all(begun.kept().values())
    (record,) = commands.records().all()
    commands.records().save(record.replaced(**begun.kept()))
    (record,) = commands.records().all()
    assert options({}).as_begun(record).kept() == begun.kept()
    for name, value in KEPT.items():
        other = {int: 5, str: "2/3" if name == "shard" else "normal", tuple: ("c", "k")}
        changed = True if value is True else other[type(value)]
        anew = options({name: changed})
        (mine,) = [key for key, given in anew.kept().items() if given]
        assert anew.as_begun(record).kept() == begun.kept() | {mine: getattr(anew, mine)}


def test_a_batch_goes_on_as_it_was_begun(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(8)
    words = [
        word
        for name, value in KEPT.items()
        if name != "sign"
        for word in (f"--{name.replace('_', '-')}", *([] if value is True else [str(value)]))
    ]
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/", *words).status == 9
    assert len(fal.posts()) == 1
    resumed = openclaw("batch", "resume", "m.jsonl", "--max-spend", "1.00")
    assert resumed.status == 0, resumed.err
    assert "only shard 1/2; --shard 1/1 takes all items" in resumed.err
    assert 1 < len(fal.posts()) < 8
    assert {post.headers["x-fal-queue-priority"] for post in fal.posts()} == {"low"}
    assert {job.timeout_s for job in journal().list()} == {77.0}
    files = list(Path("out").glob("*.png"))
    assert len(files) == len(fal.posts()) == len(list(Path("out").glob("*.png.*json")))

    rest = openclaw("batch", "resume", "m.jsonl", "--shard", "1/1", "--priority", "normal")
    assert rest.status == 0, rest.err
    assert len(fal.posts()) == 8
    assert fal.posts()[-1].headers["x-fal-queue-priority"] == "normal"


def test_options_that_are_refused_are_not_kept(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(2)
    money = ("--assume-cost", "0.10", "--max-spend")
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/", *money, "0.10").status == 9
    for wrong in (("--provenance", "some"), ("--max-spend", "much"), ("--sign", "no", "no")):
        assert openclaw("batch", "resume", "m.jsonl", *wrong).status in (2, 3)
    assert openclaw("batch", "resume", "m.jsonl").status == 9
    assert len(fal.posts()) == 1


def test_a_failure_stops_a_batch_that_goes_on_as_it_did_before(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = Dials(queue_length=0, run_time=0.05)
    numbered(8)
    words = ("--fail-fast", "--window", "1", "--max-spend", "0.10", "--assume-cost", "0.10")
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/", *words).status == 9
    fal.dials.fail("submit", 422, request_id="r")
    assert openclaw("batch", "resume", "m.jsonl", "--max-spend", "9").status == 6
    assert len(fal.posts()) < 8


def test_a_batch_that_goes_on_is_signed_and_what_is_at_fal_needs_no_key(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    chain, key = certificates.write(Path.cwd())
    fal.dials = QUICK
    numbered(3)
    words = ("--sign", chain.name, key.name, "--assume-cost", "0.10", "--max-spend")
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/", *words, "0.10").status == 9
    Path("below").mkdir()
    with monkeypatch.context() as patch:
        patch.chdir("below")
        more = openclaw("batch", "resume", "../m.jsonl", "--max-spend", "0.20")
    assert more.status == 9, more.err
    signed = [Path(output["path"]) for line in lines() for output in line["outputs"]]
    assert len(signed) == 2
    assert all(credentials.verify(path, "image/png").valid for path in signed)
    key.unlink()
    assert openclaw("batch", "resume", "m.jsonl", "--max-spend", "1").status == 3
    assert openclaw("batch", "wait", "m.jsonl").status == 0
    assert len(fal.posts()) == 2


def test_a_manifest_is_the_same_batch_from_every_folder(
    openclaw: Openclaw, fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    fal.dials = QUICK
    numbered(1)
    Path("below").mkdir()
    Path("link").symlink_to("below")
    assert openclaw("batch", "run", "m.jsonl", "--out", "out/").status == 0
    for folder, manifest in (("below", "../m.jsonl"), ("..", "link/../m.jsonl")):
        monkeypatch.chdir(folder)
        assert openclaw("batch", "run", manifest).status == 0
    assert len(fal.posts()) == 1
    assert sorted(path.name for path in Path("out").iterdir()) == ["i0.png", "results.jsonl"]
    assert not list(Path("below").iterdir())


def test_a_batch_that_has_files_in_one_folder_is_not_run_into_another(
    openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials = QUICK
    Path("p.txt").write_text("a cat\na dog\n", encoding="utf-8")
    words = ("image", "--prompts", "p.txt")
    assert openclaw(*words, "-o", "a/").status == 0
    refused = openclaw(*words, "-o", "b/", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (5, "conflict")
    for folder in ("a", "b"):
        assert str(Path(folder).absolute()) in refused.json["error"]["message"]
    assert not Path("b").exists()
    for where in ((), ("-o", "a/"), ("-o", "./a")):
        again = openclaw(*words, *where)
        assert again.status == 0, again.err
        assert sorted(again.lines) == sorted(map(str, Path.cwd().glob("a/*.png")))
    assert len(fal.posts()) == 2

    wide = ("--aspect-ratio", "16:9", "--allow-changed", "-o", "b/")
    assert openclaw(*words, *wide).status == 0
    assert len(list(Path("b").glob("*.png"))) == 2


def test_a_batch_of_which_nothing_was_sent_may_go_anywhere(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials = QUICK
    numbered(1)
    money = ("--assume-cost", "0.10", "--max-spend", "0.01")
    assert openclaw("batch", "run", "m.jsonl", "-o", "a/", *money).status == 9
    assert openclaw("batch", "run", "m.jsonl", "-o", "b/").status == 0
    assert sorted(path.name for path in Path("b").iterdir()) == ["i0.png", "results.jsonl"]
