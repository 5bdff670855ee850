"""openclaw spend --check: the journal beside fal's billing events."""

from __future__ import annotations

import sqlite3

from openclaw_fal.job import wiring
from openclaw_fal.sandbox import Dials
from tests.support.program import Openclaw
from tests.support.queueing import Hooked


def changed(query: str, *values: object) -> None:
    with sqlite3.connect(wiring.journal().path) as db:
        db.execute(query, values)
    db.close()


def test_only_what_differs_is_listed(openclaw: Openclaw, fal: Hooked) -> None:
    ids = [openclaw("image", prompt, "--json").json["jobId"] for prompt in ("same", "more", "open")]
    first = openclaw("spend", "--check", "--json")
    assert first.status == 0, first.out
    billed = {one["jobId"]: one["fal"] for one in first.json["differences"]}
    price = 25_000
    for job_id in ids:
        changed("UPDATE costs SET billed = ? WHERE job_id = ?", price, job_id)
    seen = openclaw("spend", "--check", "--json").json
    assert seen["compared"] == 3
    fals = {one["fal"] for one in seen["differences"]} | set(billed.values())
    (cost,) = fals  # what fal bills for one image
    micro = int(float(cost) * 1_000_000 + 0.5)
    changed("UPDATE costs SET billed = ?", micro)
    agreed = openclaw("spend", "--check")
    assert (agreed.status, agreed.out) == (0, "")
    assert "compared 3 requests, 0 of them different" in agreed.err
    changed("UPDATE costs SET billed = billed + 10000 WHERE job_id = ?", ids[1])
    changed("UPDATE costs SET billed = NULL, request_id = NULL WHERE job_id = ?", ids[2])
    outcome = openclaw("spend", "--check", "--json").json
    assert {
        one["jobId"]: (one["journal"] is None, one["fal"]) for one in outcome["differences"]
    } == {
        ids[1]: (False, cost),
        ids[2]: (True, cost),
    }
    head, *rows = openclaw("spend", "--check").lines
    assert head.split() == ["JOB", "REQUEST", "MODEL", "JOURNAL", "FAL"]
    assert [row.split()[0] for row in rows] == ids[1:]


def test_bills_of_other_machines_are_counted(openclaw: Openclaw, fal: Hooked) -> None:
    openclaw("image", "p")
    changed("DELETE FROM costs")
    changed("DELETE FROM jobs")
    outcome = openclaw("spend", "--check")
    assert (outcome.status, outcome.out) == (0, "")
    assert "fal also billed 1 request that this journal lacks" in outcome.err


def test_a_key_that_may_not_ask(openclaw: Openclaw, fal: Hooked) -> None:
    openclaw("image", "p")
    fal.dials = Dials(admin=False)
    outcome = openclaw("spend", "--check", "--json")
    assert outcome.status == 4
    error = outcome.json["error"]
    assert "this key may not ask for the billing events" in error["message"]
    assert "ADMIN" in error["hint"]


def test_it_takes_no_other_form(openclaw: Openclaw, fal: Hooked) -> None:
    for other in ("--csv", "--sandbox"):
        assert openclaw("spend", "--check", other).status == 2
    assert fal.requests == []
