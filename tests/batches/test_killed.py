"""kill -9 at random moments of a batch, while fal answers well or badly; then it is resumed."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from openclaw_fal.sandbox import Dials
from openclaw_fal.sandbox.faults import Fault
from tests.cli.batching import check_file, lines, numbered
from tests.support.effort import effort, is_exhaustive
from tests.support.program import Openclaw, Process, start
from tests.support.queueing import Hooked
from tests.support.systems import signals

pytestmark = signals

TROUBLES = {
    "submit": (
        "429", "500", "503", "html", "reset", "reset_after_read", "cut", "cut_reset",
        "truncated_json", "empty", "silent",
    ),
    "status": ("429", "503", "reset", "cut", "garbage"),
    "result": ("429", "503", "reset", "cut", "cut_reset", "truncated_json", "lie_longer"),
    "media": ("503", "reset", "cut", "lie_longer"),
    "platform": ("503", "cut"),
}  # fmt: skip
"""What goes wrong, by the phase of a request. Of a submit, it is taken or not."""


class Troubled(Dials):
    """Dials of a fal that fails one request in `1 / share`."""

    def __init__(self, dice: random.Random, share: float) -> None:
        super().__init__(queue_length=1, queue_step=0.05, run_time=0.1)
        self._dice, self._share = dice, share
        self.silent = True
        self.struck: Counter[str] = Counter()

    def fault(self, phase: str) -> Fault | None:
        if phase not in TROUBLES or self._dice.random() >= self._share:
            return None
        kind = self._dice.choice(TROUBLES[phase])
        if kind == "silent" and not self.silent:
            return None
        self.struck[f"{phase} {kind}"] += 1
        spec = {"phase": phase, "kind": kind, "retry_after": "0"}
        if kind in ("503", "html") and self._dice.random() < 0.5:  # a gateway that knows nothing
            spec |= {"request_id": "off", "taken": self._dice.choice(("on", "off"))}
        return Fault.checked(dict(spec))


def kill_after(fal: Hooked, requests: int, process: Process) -> bool:
    """Kill the process once fal has seen so many more requests; False if it has ended before."""
    wanted = len(fal.requests) + requests
    while len(fal.requests) < wanted and process.poll() is None:
        time.sleep(0.001)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return killed


def saved() -> dict[str, tuple[int, int]]:
    """The files of the items that are done: their inodes and times."""
    files: dict[str, tuple[int, int]] = {}
    for line in Path("out/results.jsonl").read_bytes().split(b"\n")[:-1]:
        for output in json.loads(line).get("outputs", ()):
            known = os.stat(output["path"])
            files[output["path"]] = (known.st_ino, known.st_mtime_ns)
    return files


def is_taken(fal: Hooked) -> Counter[str]:
    """How often fal has taken each prompt."""
    return Counter(entry.recipe.prompt for entry in fal.ledger if entry.recipe)


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.0, id="well", marks=pytest.mark.exhaustive(only=True)),
        pytest.param(0.15, id="badly", marks=pytest.mark.exhaustive),
    ],
)
def test_killed_at_any_moment_it_goes_on(
    share: float,
    openclaw: Openclaw,
    fal: Hooked,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """At most one request of each item is taken; what is done stays as it is; what may have arrived
    is looked up at fal and never sent again; nothing is lost."""
    seed = random.randrange(10**6) if is_exhaustive() else 20261126
    dice = random.Random(seed)
    fal.dials = troubled = Troubled(dice, share)
    count, kills = effort(8, 200), effort(1, 30)
    numbered(count)
    files: dict[str, tuple[int, int]] = {}
    killed = 0
    for _ in range(kills):
        runner = start("batch", "run", "m.jsonl", "--out", "out/", "--window", "8")
        killed += kill_after(fal, dice.randint(1, effort(3, 10) * count // kills), runner)
        now = saved() if Path("out/results.jsonl").exists() else {}
        assert files.items() <= now.items()
        files = now
    troubled.silent = False  # it takes a minute to end
    ends = [openclaw("batch", "resume", "m.jsonl", "--json")]
    fal.dials = Dials(run_time=0.05)
    ends.append(openclaw("batch", "resume", "m.jsonl", "--json"))
    ends.append(last := openclaw("batch", "resume", "m.jsonl", "--json", "--retry-failed"))
    assert files.items() <= saved().items()

    taken = is_taken(fal)
    assert set(taken.values()) == {1}
    uncertain = {item["id"] for item in last.json["items"] if item["state"] == "uncertain"}
    assert {f"p{n}" for n in range(count)} - set(taken) == {f"p{item[1:]}" for item in uncertain}
    finished = {line["id"]: line for line in lines()}
    assert set(finished) == {f"i{n}" for n in range(count)} - uncertain
    assert {line["state"] for line in finished.values()} == {"done"}
    assert last.status == (7 if uncertain else 0)
    for line in finished.values():
        check_file(fal, line["outputs"][0])
    names = sorted(path.name for path in Path("out").glob("*.png"))
    assert names == sorted(f"{item}.png" for item in finished)
    if is_exhaustive():
        with capfd.disabled():
            print(f"\nseed {seed}: {killed} of {kills} killed, {len(fal.posts())} posts")
            print(
                f"{len(taken)} taken, {len(files)} done, then", [end.json["counts"] for end in ends]
            )
            print(dict(troubled.struck))
