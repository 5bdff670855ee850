"""What the tests of the journal share."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from openclaw_fal.journal.jobs import Journal
from openclaw_fal.journal.record import NewJob
from openclaw_fal.media import Output

FACTS: dict[str, Any] = {
    "kind": "image",
    "capability": "image.generate",
    "model": "fal-ai/flux/dev",
    "endpoint": "fal-ai/flux/dev",
    "transport": "sync",
    "base_url": "https://fal.run",
    "prompt": "a lighthouse",
    "target": {"folder": "/folder", "template": "{prompt}"},
    "timeout_s": 180.0,
}
URLS = ("req-1", "https://q/s", "https://q/r", "https://q/c")


def begin(journal: Journal, **changes: Any) -> str:
    return journal.begin(NewJob(**{**FACTS, **changes}))


def output(path: Path, url: str = "https://v3.fal.media/a.png") -> Output:
    return Output(path, "image/png", 3, url, width=8, height=9)


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs `code` with the arguments in `argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def other_owner(
    journal: Journal, job_id: str, owner: str, age: float = 0.0, state: str = "sending"
) -> None:
    """Make the row of a job look as if another process had been at work on it `age` seconds ago."""
    with sqlite3.connect(journal.path) as db:
        db.execute(
            "UPDATE jobs SET owner = ?, updated = ?, state = ? WHERE id = ?",
            (owner, time.time() - age, state, job_id),
        )
    db.close()
