"""python -m tests.mutate: see the package's docstring."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

from tests.mutate import __doc__ as description
from tests.mutate.mutation import ROOT, Mutation
from tests.mutate.table import MUTATIONS

COPIED = ("openclaw_fal", "tests", "completions", "pyproject.toml", "README.md", ".ci")
TIMEOUT_S = 300

KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"


class Copies:
    """A copy of the checkout for each thread, made when the thread first needs one."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._own = folder, local()

    def mine(self) -> Path:
        if not hasattr(self._own, "path"):
            self._own.path = Path(tempfile.mkdtemp(dir=self._folder))
            ignored = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis")
            for name in COPIED:
                source = ROOT / name
                if source.is_dir():
                    shutil.copytree(source, self._own.path / name, ignore=ignored)
                else:
                    shutil.copy2(source, self._own.path / name)
        path: Path = self._own.path
        return path


def tried(mutation: Mutation, copies: Copies) -> tuple[str, str]:
    """What became of a mutation, and the last lines of the tests where that needs a look."""
    root = copies.mine()
    file = mutation.path(root)
    original = file.read_text(encoding="utf-8")
    if original.count(mutation.old) != 1:
        return BROKEN, f"its text stands {original.count(mutation.old)} times in {mutation.file}"
    file.write_text(original.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        status, output = run(root, mutation.tests)
    finally:
        file.write_text(original, encoding="utf-8")
    if status == 1:  # pytest: some tests failed
        return KILLED, ""
    if status == 0:
        return SURVIVED, mutation.why
    return BROKEN, output[-1000:]


def run(root: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """The exit status of pytest on these tests; a hang counts as a failure."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, ""
    return done.returncode, done.stdout.decode("utf-8", "replace")


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.mutate",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", metavar="WORD", help="those with WORD in the name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    given = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if given.only in mutation.name]
    counts = {KILLED: 0, SURVIVED: 0, BROKEN: 0}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ThreadPoolExecutor(given.jobs) as pool,
    ):
        copies = Copies(Path(folder))
        ends = pool.map(lambda mutation: tried(mutation, copies), chosen)
        for mutation, (end, more) in zip(chosen, ends, strict=True):
            counts[end] += 1
            print(f"{end:<9} {mutation.name} ({mutation.file})", flush=True)
            if more:
                print(f"          {more}", flush=True)
    print(", ".join(f"{count} {end.lower()}" for end, count in counts.items()))
    return 0 if counts[KILLED] == len(chosen) else 1


if __name__ == "__main__":
    raise SystemExit(main())
