"""Runs that are stopped by a signal at every kind of moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.effort import effort
from tests.support.program import python
from tests.support.queueing import SOON, Hooked

many_moments = pytest.mark.parametrize(
    ("argv", "moments"),
    [
        (["image", "--queue", *SOON], effort(4, 120)),
        (["image", "--count", "2"], effort(3, 80)),
    ],
    ids=["queue", "sync"],
)

DOOMED = """
import importlib, json, os, pkgutil, signal, sys
from pathlib import Path
import openclaw_fal
from openclaw_fal.__main__ import main

WATCHED = ("engine.py", "collect.py", "jobs.py", "part_file.py", "client.py", "call.py",
           "backend.py")
base, wanted, number, argv = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
for module in pkgutil.walk_packages(openclaw_fal.__path__, "openclaw_fal."):
    if not module.name.endswith("__main__") and ".sandbox" not in module.name:
        importlib.import_module(module.name)
loaded = {Path(module.__file__).name for module in sys.modules.values()
          if module.__name__.startswith("openclaw_fal.") and module.__file__}
assert loaded >= set(WATCHED), f"moved: {set(WATCHED) - loaded}"

def run(doom):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    folder = base / str(doom)
    os.makedirs(folder / "out")
    os.chdir(folder / "out")
    os.environ["OPENCLAW_FAL_HOME"] = str(folder / "home")
    for stream, name in ((1, "said"), (2, "noted")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), stream)
    moments = 0

    def count(frame, event, argument):
        nonlocal moments
        if event in ("call", "return") and frame.f_code.co_filename.endswith(WATCHED):
            moments += 1
            if moments == doom:
                os.kill(os.getpid(), number)

    sys.setprofile(count)
    status = main([*argv, "--prompt", f"run {doom}"])
    sys.setprofile(None)
    (folder / "moments").write_text(str(moments))
    os._exit(status)

whole = run(0)
total = int((base / "0" / "moments").read_text())
chosen = {1 + (total - 1) * step // (wanted - 1) for step in range(wanted)}
print(json.dumps({doom: run(doom) for doom in sorted(chosen)} | {0: whole}))
"""


def stopped_at_many_moments(
    base: Path, moments: int, number: int, argv: list[str]
) -> dict[str, int]:
    """Run the program over and over, each time in a home and a folder of its own (`<moment>/home`,
    `<moment>/out`), and send it a signal at another moment: a call or a return in the code that
    keeps jobs safe. What it prints goes to `<moment>/said`, and its notes to `<moment>/noted`.

    Returns the exit statuses by moment. The runs are forks of one process, which saves the start.
    """
    process = python(DOOMED, base, moments, int(number), *argv)
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()
    statuses: dict[str, int] = json.loads(out)
    assert statuses.pop("0") == 0, (base / "0" / "noted").read_text()
    return statuses


def requests_for(fal: Hooked, prompt: str) -> tuple[int, bool]:
    """How many POSTs a run sent, and whether it asked for anything after that."""
    posts = [item for item in fal.posts() if item.json["prompt"] == prompt]
    ids = [job.id for job in fal.jobs if job.recipe and job.recipe.prompt == prompt]
    later = [item for item in fal.requests if any(job_id in item.path for job_id in ids)]
    return len(posts), bool(later)
