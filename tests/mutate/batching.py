"""Mutations of batches, and of the journal that their threads share."""

from __future__ import annotations

from tests.mutate.mutation import Mutation

BATCHING: tuple[Mutation, ...] = (
    Mutation(
        "a formula of a stranger",
        "batches/results.py",
        'return f"\'{text}" if text[:1] in',
        "return text if text[:1] in",
        ("tests/batches/test_results.py", "tests/files/test_synced.py"),
        "a spreadsheet runs what a prompt says",
    ),
    Mutation(
        "a changed body under a known id is sent",
        "batches/jobs.py",
        "    if not changed:\n        return\n",
        "    return\n",
        ("tests/cli/test_batch.py",),
        "an item is paid twice, or keeps the old picture",
    ),
    Mutation(
        "items of another key",
        "batches/jobs.py",
        "key=self._record.prefix + item.id, detach=True",
        "key=None, detach=True",
        ("tests/cli/test_batch.py",),
        "a resumed batch pays for everything again",
    ),
    Mutation(
        "an interrupt drops a change that waits for others",
        "journal/shared.py",
        "        try:\n            change.finished.wait(COMMIT_DELAY_S)\n        finally:\n"
        "            with",
        "        change.finished.wait(COMMIT_DELAY_S)\n        if True:\n            with",
        ("tests/journal/test_shared.py",),
        "fal's answer to a submit is not written down",
    ),
    Mutation(
        "a commit that fails is nobody's",
        "journal/shared.py",
        "change.failure = change.failure or failure",
        "pass",
        ("tests/journal/test_shared.py",),
        "a submit goes out that no journal has",
    ),
    Mutation(
        "what was put off is forgotten at the end",
        "journal/shared.py",
        "            if self._waiting:\n                self._commit_waiting()\n",
        "",
        ("tests/journal/test_shared.py",),
        "the last file of a batch reads as not saved",
    ),
    Mutation(
        "what was put off is never written",
        "journal/shared.py",
        "self._waiting.append(_Change(output_change(job_id, index, output, None)))",
        "pass",
        ("tests/journal/test_shared.py",),
        "a finished batch has no files in the journal",
    ),
    Mutation(
        "a change that fails keeps its half",
        "journal/shared.py",
        'db.execute("ROLLBACK TO change")',
        "pass",
        ("tests/journal/test_shared.py",),
        "a refused request counts against the budget, and stands as sent",
    ),
    Mutation(
        "a late word changes a finished job",
        "journal/jobs.py",
        "WHERE id = :wanted AND state IN ({states})",
        "WHERE id = :wanted",
        ("tests/journal/test_jobs.py",),
        "a job whose files are there reads as failed",
    ),
    Mutation(
        "a submit that has ended wakes nobody",
        "batches/stages.py",
        "            self._sending -= 1\n            self._can_submit.notify()\n",
        "            self._sending -= 1\n",
        ("tests/batches/test_stages.py",),
        "after failed submits, each next one waits for the clock",
    ),
    Mutation(
        "the first look holds itself up",
        "batches/polling.py",
        "            first *= PROBE_SHARE\n",
        "            pass\n",
        ("tests/batches/test_polling.py",),
        "jobs that became faster are noticed as late as ever",
    ),
    Mutation(
        "a resumed batch forgets its limit",
        "batches/commands.py",
        "options.max_spend or record.max_spend",
        "options.max_spend",
        ("tests/cli/test_batch.py",),
        "the command that a spent budget suggests spends without one",
    ),
    Mutation(
        "a sum forgets what a cost was before",
        "journal/spending.py",
        "BEGIN {_added('OLD', '-')}; {_added('NEW', '+')}; END",
        "BEGIN {_added('NEW', '+')}; END",
        ("tests/journal/test_many_jobs.py",),
        "each job counts three times against the budget",
    ),
    Mutation(
        "a job of a batch is read by itself",
        "journal/lookups.py",
        'row, outputs.get(row["number"], ()), costs.get(row["id"])',
        'row, journal_rows.outputs_of(db, row["number"]), costs.get(row["id"])',
        ("tests/journal/test_many_jobs.py",),
        "ten thousand items take ten thousand queries to begin",
    ),
    Mutation(
        "an uncertain item is sent again",
        "batches/runner.py",
        'self._reconcile(item, self._jobs.job(error.job_id or ""))\n            return\n',
        'self._jobs.forget([self._jobs.job(error.job_id or "")])\n',
        ("tests/batches/test_killed.py", "tests/cli/test_batch.py"),
        "what fal took without an answer is paid twice",
    ),
    Mutation(
        "what fal has is said to have failed",
        "batches/runner.py",
        '"failed" if self._jobs.has_failed(job) else "running"',
        '"failed"',
        ("tests/cli/test_batch.py",),
        "results.jsonl calls a paid item failed, and scripts give it up",
    ),
    Mutation(
        "Ctrl-C is heard only once all threads run",
        "batches/runner.py",
        "        try:  # Ctrl-C may come while threads start and the first already submits\n"
        "            for loop in (*loops, self._poller, *[self._fetcher] * FETCHERS):\n"
        "                threading.Thread(target=loop, daemon=True).start()\n",
        "        for loop in (*loops, self._poller, *[self._fetcher] * FETCHERS):\n"
        "            threading.Thread(target=loop, daemon=True).start()\n"
        "        try:\n",
        ("tests/cli/test_batch_interrupts.py",),
        "fal's answers to the first submits are not waited for",
    ),
    Mutation(
        "a batch of a sandbox is resumed",
        "cli/batch.py",
        "    if record.sandbox or asked or",
        "    if asked or",
        ("tests/cli/test_batch_interrupts.py",),
        "the run waits an hour for a sandbox that is gone",
    ),
)
