"""What is run while its calls are broken, each time in a place of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from openclaw_fal.sandbox import Dials, Sandbox
from tests.support.program import KEY, Outcome

Run = Callable[..., Outcome]
"""Runs `main(argv)` in this process."""

SOON = ("--poll-interval", "0.05")


class Scenario(NamedTuple):
    """A command. With `waits`, a job was submitted before, whose id is put in the place of `ID`."""

    argv: tuple[str, ...]
    waits: bool = False


SCENARIOS = {
    "queue": Scenario(("image", "waves", "--queue", *SOON, "--json")),
    "sync": Scenario(("image", "waves", "--json")),
    "four": Scenario(("image", "waves", "--count", "4", "--json")),
    "wait": Scenario(("jobs", "wait", "ID", *SOON, "--json"), waits=True),
    "onboard": Scenario(("onboard", "--non-interactive", "--fal-api-key", KEY, "--json")),
}


class Place(NamedTuple):
    """A home, a folder for the files, and a fal that has served nobody else."""

    fal: Sandbox
    home: Path
    out: Path
    log: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "OPENCLAW_FAL_HOME": str(self.home / "openclaw-fal"),
            "OPENCLAW_FAL_PROVENANCE": "off",
            "FAL_KEY": KEY,
        }


@contextmanager
def place(base: Path) -> Iterator[Place]:
    """A new place below `base`, into which this process goes for the length of the block."""
    dials = Dials(queue_length=1, queue_step=1, run_time=1, clock="polls")
    home, out = base / "home", base / "out"
    (home / ".openclaw").mkdir(parents=True)
    out.mkdir()
    before, folder = dict(os.environ), Path.cwd()
    with Sandbox(dials) as fal:
        model = {"primary": "fal/fal-ai/flux/dev", "timeoutMs": 12_000}
        config = {
            "models": {"providers": {"fal": {"baseUrl": fal.url}}},
            "agents": {"defaults": {"imageGenerationModel": model}},
        }
        (home / ".openclaw" / "openclaw.json").write_text(json.dumps(config), encoding="utf-8")
        made = Place(fal, home, out, base / "trace")
        try:
            os.environ.update(made.env)
            os.chdir(out)
            yield made
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)


def prepared(scenario: Scenario, run: Run) -> list[str]:
    """The command's words, after what has to be there before it."""
    if not scenario.waits:
        return list(scenario.argv)
    submitted = run("image", "waves", "--queue", "--async", "--json")
    assert submitted.status == 0, submitted.out
    (job,) = run("jobs", "list", "--json").json["jobs"]
    return [job["jobId"] if word == "ID" else word for word in scenario.argv]
