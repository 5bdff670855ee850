"""A journal that the first version wrote, with a thousand jobs: it opens, lists and waits."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from openclaw_fal.store import paths
from tests.support.program import Openclaw, jobs
from tests.support.queueing import SOON, Hooked

DUMP = Path(__file__).parents[1] / "data" / "journal-schema-1.sql"
JOBS = 1000
TARGET = {
    "folder": "",
    "template": "{prompt}",
    "prompt": "waves",
    "model": "flux",
    "kind": "image",
    "date": "2026-11-01",
    "time": "120000",
    "count": 1,
}


def former_journal(path: Path, status_url: str, response_url: str, base_url: str) -> str:
    """The journal at `path`, of the first schema: copies of its queued job, the last of which is
    at fal. Returns that job's id."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path)
    with db:
        db.executescript(DUMP.read_text(encoding="utf-8"))
        columns = [row[1] for row in db.execute("PRAGMA table_info(jobs)") if row[1] != "number"]
        (row,) = db.execute(f"SELECT {', '.join(columns)} FROM jobs WHERE state = 'queued'")
        fields = dict(zip(columns, row, strict=True))
        for number in range(JOBS):
            fields |= {"id": f"x{number:09}", "request_id": f"r{number}", "base_url": base_url}
            fields |= {"status_url": status_url, "response_url": response_url}
            fields["target"] = json.dumps(TARGET | {"folder": str(Path.cwd())})
            marks = ", ".join("?" * len(columns))
            db.execute(
                f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({marks})", tuple(fields.values())
            )
    db.close()
    return str(fields["id"])


def test_a_thousand_jobs_of_the_first_version(openclaw: Openclaw, fal: Hooked) -> None:
    submitted = openclaw("video", "waves", "--async", "--json")
    assert submitted.status == 0, submitted.out
    (job,) = jobs(openclaw)
    paths.jobs_path().unlink()
    wanted = former_journal(paths.jobs_path(), job["statusUrl"], job["responseUrl"], job["baseUrl"])

    assert len(jobs(openclaw)) == JOBS + 4
    waited = openclaw("jobs", "wait", wanted, *SOON, "--json")
    assert waited.status == 0, waited.out
    assert waited.json["jobId"] == wanted
    assert len(fal.posts()) == 1
    assert openclaw("spend").status == 0
