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
    Mutation(
        "the folder of a replaced file is not synced",
        "atomic.py",
        "            os.replace(temporary, target)\n        sync_folder(target.parent)",
        "            os.replace(temporary, target)",
        ("tests/files/test_synced.py",),
        "a power cut brings the old config back",
    ),
    Mutation(
        "a part file is not synced before it is named",
        "files/part_file.py",
        "        self.sync()\n        self.close()",
        "        self.close()",
        ("tests/files/test_synced.py",),
        "after a power cut, a file with a final name is empty",
    ),
    Mutation(
        "a completed row is not shielded",
        "job/engine.py",
        "        with signals.unbroken():\n            self.journal.completed(",
        "        with suppress(LocalError):\n            self.journal.completed(",
        ("tests/cli/test_interrupted_steps.py",),
        "Ctrl-C loses a result that has come",
    ),
    Mutation(
        "a finish is not shielded",
        "job/collect.py",
        "            with signals.unbroken():",
        "            with self.files.part(target, job.id, index, count, result.seed):",
        ("tests/cli/test_interrupted_steps.py",),
        "Ctrl-C leaves a file that nobody knows",
    ),
    Mutation(
        "an interrupt drops the handle",
        "job/engine.py",
        "  # it came at the same moment\n                self._submitted(run, answer)",
        "\n                pass",
        ("tests/cli/test_interrupted_steps.py",),
        "a paid job has no request id",
    ),
    Mutation(
        "an interrupt drops the answer",
        "job/engine.py",
        "  # it came at the same moment\n                self._answered(run, answer)",
        "\n                pass",
        ("tests/cli/test_interrupted_steps.py",),
        "a paid result is lost",
    ),
    Mutation(
        "a job that failed with 5xx is not asked again",
        "job/standing.py",
        "    return bool(job.status_url) and not job.has_result",
        "    return job.state != 'failed' and bool(job.status_url) and not job.has_result",
        ("tests/cli/test_queue_faults.py",),
        "a result that can be had is given up",
    ),
    Mutation(
        "a full disk under stdout is a success",
        "__main__.py",
        "            status = 3\n",
        "            status = 0\n",
        ("tests/trust/test_environment.py",),
        "a script goes on without the paths",
    ),
    Mutation(
        "an interrupt of jobs wait is lost",
        "cli/results.py",
        "(error for error in errors if isinstance(error, Interrupted))",
        "(error for error in errors if error is None)",
        ("tests/cli/test_interrupted_steps.py",),
        "a script takes a stopped wait for a failed job",
    ),
    Mutation(
        "the deadline is ignored between attempts",
        "fal/exchange.py",
        "if given_up or pause >= deadline.left():",
        "if given_up:",
        ("tests/fal/test_client.py",),
        "a command waits for a day because a server asked for it",
    ),
    Mutation(
        "last is any file of a job",
        "cli/job_files.py",
        "if _is(output, media) and output.path.is_file():",
        "if output.path.is_file():",
        ("tests/cli/test_job_files.py",),
        "a video is taken for the image that was meant",
    ),
    Mutation(
        "a sandbox job counts as the same request",
        "journal/rows.py",
        "AND created >= ? AND sandbox = ? ORDER",
        "AND created >= ? AND ? IS NOT NULL ORDER",
        ("tests/cli/test_asked_twice.py",),
        "a user is pointed to a picture that no model made",
    ),
    Mutation(
        "a file that is gone is offered",
        "job/asked_before.py",
        "(path for path in paths if path.is_file())",
        "(path for path in paths)",
        ("tests/cli/test_asked_twice.py",),
        "a note names a file that is not there",
    ),
    Mutation(
        "a refused pause is made shorter than fal asks",
        "fal/exchange.py",
        "pause = max(self.retry.pause(refused), asked_pause or 0.0)",
        "pause = self.retry.pause(refused)",
        ("tests/fal/test_client.py", "tests/fal/test_passing_answers.py"),
        "fal is asked again too early, and refuses again",
    ),
    Mutation(
        "a pause past the deadline",
        "fal/exchange.py",
        "        if pause >= deadline.left():\n            if asked_pause",
        "        if False:\n            if asked_pause",
        ("tests/fal/test_client.py",),
        "the program waits longer than it was given",
    ),
    Mutation(
        "the key is not sent",
        "fal/exchange.py",
        'headers["Authorization"] = f"Key {self._checked_key()}"',
        'headers["X-Key"] = f"Key {self._checked_key()}"',
        ("tests/fal/test_client.py",),
        "no request is answered",
    ),
    Mutation(
        "no user agent",
        "fal/exchange.py",
        '"User-Agent": self.user_agent',
        '"User-Agent": "python"',
        ("tests/fal/test_client.py",),
        "fal cannot see who asks",
    ),
    Mutation(
        "a body has no content type",
        "fal/exchange.py",
        'headers["Content-Type"] = "application/json"',
        'headers["Content-Type"] = "text/plain"',
        ("tests/fal/test_client.py",),
        "other servers refuse the body",
    ),
    Mutation(
        "a submit without its priority",
        "fal/client.py",
        '"X-Fal-Queue-Priority"',
        '"X-Fal-Priority"',
        ("tests/fal/test_client.py",),
        "the queue takes every job for the same",
    ),
    Mutation(
        "the result is not journalled before the download",
        "job/engine.py",
        "            raise\n        self._completed(job_id, answer)",
        "            raise",
        ("tests/cli/test_video.py",),
        "a download that fails loses the result",
    ),
    Mutation(
        "an unsure request reads as refused",
        "job/engine.py",
        'if getattr(error, "may_have_arrived", False):',
        "if False:",
        ("tests/cli/test_request_faults.py",),
        "what may be paid for is sent again",
    ),
    Mutation(
        "a send that breaks off is waited for",
        "fal/http/backend.py",
        "                call.break_off(exc)\n",
        "",
        ("tests/cli/test_request_faults.py",),
        "the command waits for twenty minutes on a connection that is gone",
    ),
    Mutation(
        "an expired file is given up",
        "job/collect.py",
        "if error.http_status not in GONE or not",
        "if error.http_status is not None or not",
        ("tests/cli/test_downloads.py",),
        "a file that fal would give by a new URL is lost",
    ),
    Mutation(
        "the rest of an expired file is continued",
        "job/collect.py",
        ", len(old.files), old.seed).discard()",
        ", len(old.files), old.seed).close()",
        ("tests/cli/test_downloads.py",),
        "a file of two halves",
    ),
)
