"""The mutations: what is broken, and which tests must notice."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """`old` stands once in `file` (below openclaw_fal/) and is replaced by `new`. `why` says what a
    user would suffer."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    why: str = ""


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "a cut line of results is kept",
        "batches/results.py",
        "if changed or not self._ends_whole:",
        "if changed:",
        ("tests/batches/test_results.py",),
        "two lines glued together hide an item's result",
    ),
    Mutation(
        "an id is made from the line number",
        "batches/manifest.py",
        "base = given or _made_id(own, ids)",
        "base = given or str(line)",
        ("tests/batches/test_manifest.py",),
        "a line that is added above makes every item a new one, and it is paid for again",
    ),
    Mutation(
        "a late progress row un-finishes a job",
        "journal/jobs.py",
        "return self._change(job_id, _WAITING, state=state, queue_position=queue_position)",
        "return self._change(job_id, STATES, state=state, queue_position=queue_position)",
        ("tests/journal/test_jobs.py",),
        "a job whose files are there reads as running again",
    ),
    Mutation(
        "a claim belongs to a process",
        "journal/processes.py",
        "if owner in _calls:",
        "if False:",
        ("tests/journal/test_jobs_processes.py",),
        "two threads write one part file, and the file is corrupt",
    ),
    Mutation(
        "the journal is not synced",
        "journal/file.py",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = OFF",
        ("tests/journal/test_journal_file.py",),
        "a power cut loses the id of a job that is paid for",
    ),
)
