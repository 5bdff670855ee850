"""The recipes of `openclaw help batch`, as they are written."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import types
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from openclaw_fal.cli.batch_topic import BATCH
from openclaw_fal.errors import AuthError
from openclaw_fal.sandbox import Dials, Sandbox
from tests.support.queueing import until

if os.name == "nt":
    pytest.skip("the recipes are a POSIX shell's", allow_module_level=True)

COUNT = 7


def recipe(first: str) -> str:
    """The indented lines that begin with `first`."""
    found = re.search(rf"^    {re.escape(first)}.*?(?=^\S)", BATCH, re.DOTALL | re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[0])


def items(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({"id": f"i{number}", "prompt": f"p{number}"}) for number in range(COUNT)]
    (folder / "items.jsonl").write_text("\n".join(rows), encoding="utf-8")


def sent(fal: Sandbox) -> Counter[str]:
    return Counter(post.json["prompt"] for post in fal.posts())


def started(script: str, folder: Path, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-euc", script],
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def done(step: subprocess.Popen[bytes]) -> None:
    _, errors = step.communicate(timeout=60)
    assert step.returncode == 0, errors


def test_the_matrix_makes_each_item_on_one_machine(fal: Sandbox, tmp_path: Path) -> None:
    (job,) = yaml.safe_load(recipe("jobs:"))["jobs"].values()
    (command,) = [step["run"] for step in job["steps"] if "openclaw batch" in step.get("run", "")]
    folders = [step["with"]["path"] for step in job["steps"] if "with" in step]
    assert set(folders) == {"animals"}
    machines = {}
    for part in job["strategy"]["matrix"]["part"]:
        machine = tmp_path / f"machine {part}"
        items(machine)
        env = {
            name: value.replace("${{ github.workspace }}", str(machine)).replace(
                "${{ matrix.part }}", str(part)
            )
            for name, value in job["env"].items()
            if name != "FAL_KEY"
        }
        assert Path(env["OPENCLAW_FAL_HOME"]).is_relative_to(machine / "animals")
        machines[machine] = env
    all_at_once = [started(command, machine, **env) for machine, env in machines.items()]
    for step in all_at_once:
        done(step)
    done(started(command, machine, **env))  # one is run again with what was cached
    files = [path.name for machine in machines for path in machine.glob("animals/*.png")]
    assert sorted(files) == [f"i{number}.png" for number in range(COUNT)]
    assert sent(fal) == {f"p{number}": 1 for number in range(COUNT)}


def test_the_cron_job_goes_on(fal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path, line = recipe("PATH=").splitlines()[:2]
    command = line.split(maxsplit=5)[5]
    home = Path(os.environ["HOME"])
    items(home / "animals")
    programs = os.environ["PATH"].split(os.pathsep)[0]
    monkeypatch.setenv("PATH", path.replace("/home/me/.local/bin", programs)[len("PATH=") :])

    fal.dials = Dials(queue_length=0, run_time=60)
    first = started(command, home)
    until(lambda: len(fal.posts()) == COUNT, first)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    fal.dials = Dials(queue_length=0)
    second = started(command, home)
    third = started(command, home)
    done(second)
    done(third)
    files = {path.name for path in (home / "animals" / "out").glob("*.png")}
    assert files == {f"i{number}.png" for number in range(COUNT)}
    assert sent(fal) == {f"p{number}": 1 for number in range(COUNT)}


def test_a_task_that_is_tried_again_pays_once(
    fal: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def task(retries: int, retry_delay_seconds: int) -> Callable[..., Callable[..., str]]:
        def decorated(work: Callable[..., str]) -> Callable[..., str]:
            def trying(*arguments: str) -> str:
                for _ in range(retries):
                    try:
                        return work(*arguments)
                    except AuthError as error:
                        tried.append(error)
                        fal.dials.heal()
                return work(*arguments)

            return trying

        return decorated

    engine = types.ModuleType("prefect")
    engine.task = task  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "prefect", engine)
    names: dict[str, Callable[..., str]] = {}
    exec(recipe("from openclaw_fal import"), names)
    fal.dials.fail("any", 401, after=1)  # the submit is taken, and no more
    for _ in range(2):
        assert Path(names["picture"]("fox", "a red fox")).is_file()
    assert len(tried) == 1
    assert sent(fal) == {"a red fox": 1}
