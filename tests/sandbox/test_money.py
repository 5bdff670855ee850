"""Sandbox money: prices, bills, the account and the lists of what happened."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.money.units import parse_unit
from openclaw_fal.sandbox import Dials, Sandbox

FLUX = "fal-ai/flux/dev"
VIDEO = "fal-ai/minimax/video-01-live"
BODY = {"prompt": "a cat"}
DOLLAR = "unit-price=1,unit=requests"


def submit(http: httpx.Client, endpoint: str = FLUX, **headers: str) -> dict[str, Any]:
    queued = {"X-Fal-Queue-Priority": "normal", **headers}
    answer = http.post(f"/{endpoint}", json=BODY, headers=queued)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def requests(http: httpx.Client, endpoint: str = FLUX, **query: Any) -> list[dict[str, Any]]:
    asked = {"endpoint_id": endpoint, **query}
    answer = http.get("/v1/models/requests/by-endpoint", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def events(http: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/models/billing-events", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["billing_events"]
    return found


def test_prices_are_of_all_kinds_and_stay(http: httpx.Client) -> None:
    ids = read.ids()
    prices: list[dict[str, Any]] = []
    for start in range(0, 500, 50):
        query = {"endpoint_id": ",".join(ids[start : start + 50])}
        prices += http.get("/v1/models/pricing", params=query).json()["prices"]
        again = http.get("/v1/models/pricing", params=query).json()["prices"]
        assert again == prices[start:]
    assert [price["endpoint_id"] for price in prices] == ids[:500]
    units = {price["unit"] for price in prices}
    assert {"images", "megapixels", "seconds", "compute seconds", "requests", "units"} <= units
    assert any(parse_unit(unit) is None for unit in units)
    assert all(price["unit_price"] > 0 for price in prices)


def test_a_result_says_what_it_is_billed(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials.parse("unit-price=0.25,unit=images")
    ran = http.post(f"/{FLUX}", json={**BODY, "num_images": 3})
    assert ran.headers["x-fal-billable-units"] == "3"
    assert fal.billed == Decimal("0.75")
    [event] = events(http)
    assert event["request_id"] == ran.headers["x-fal-request-id"]
    assert (event["output_units"], event["unit"], event["cost_total"]) == (3, "images", 0.75)
    assert event["cost_estimate_nano_usd"] == 750_000_000


def test_a_bill_may_be_higher_than_its_estimate(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials.parse("unit-price=0.05,unit=seconds,billable-units=8")
    job = submit(http, VIDEO)
    assert http.get(job["response_url"]).headers["x-fal-billable-units"] == "8"
    assert fal.billed == Decimal("0.4")


def test_failures_are_not_billed(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials.parse(DOLLAR)
    assert http.post(f"/{FLUX}", json={"prompt": 3}).status_code == 422
    fal.dials = Dials.parse(f"{DOLLAR},error=broken")
    assert http.post(f"/{FLUX}", json=BODY).status_code == 500
    fal.dials = Dials.parse(f"{DOLLAR},queue-length=1,queue-step=3600")
    http.put(submit(http)["cancel_url"])
    fal.dials = Dials.parse(DOLLAR)
    assert (fal.accepted, fal.billed) == (3, Decimal(0))
    assert events(http) == []
    assert [row["status_code"] for row in requests(http)] == [499, 500, 422]

    fal.dials = Dials.parse(f"{DOLLAR},bill-invalid")
    wrong = http.post(f"/{FLUX}", json={"prompt": 3})
    assert (wrong.status_code, wrong.headers["x-fal-billable-units"]) == (422, "1")
    assert fal.billed == 1


def test_a_spent_balance_locks_the_account(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials.parse(f"{DOLLAR},balance=2,run-time=3600")
    submit(http)
    submit(http, VIDEO)
    locked = http.post(f"/{FLUX}", json=BODY, headers={"X-Fal-Queue-Priority": "normal"})
    assert locked.status_code == 403
    assert locked.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")
    assert fal.accepted == 2
    fal.dials.balance = 3
    submit(http)
    assert fal.accepted == 3


def test_the_list_of_requests(fal: Sandbox, http: httpx.Client) -> None:
    first = submit(http)
    second = http.post(f"/{FLUX}", json={**BODY, "seed": 7}).headers["x-fal-request-id"]
    submit(http, VIDEO)

    rows = requests(http, expand="payloads")
    assert [row["request_id"] for row in rows] == [second, first["request_id"]]
    assert rows[0]["json_input"] == {**BODY, "seed": 7}
    assert rows[0]["json_output"]["seed"] == 7
    assert (rows[0]["status_code"], rows[0]["endpoint_id"]) == (200, FLUX)
    assert rows[0]["sent_at"] <= rows[0]["ended_at"]
    assert "json_input" not in requests(http)[0]
    assert len(requests(http, endpoint=f"{FLUX},{VIDEO}")) == 3
    assert requests(http, end="2020-01-01") == requests(http, start="2999-01-01T00:00:00Z") == []


def test_the_list_of_requests_by_pages(http: httpx.Client) -> None:
    ids = [submit(http)["request_id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        query: dict[str, Any] = {
            "endpoint_id": FLUX,
            "limit": 2,
            **({"cursor": cursor} if cursor else {}),
        }
        page = http.get("/v1/models/requests/by-endpoint", params=query).json()
        seen += [row["request_id"] for row in page["items"]]
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
    assert seen == ids[::-1]


def test_what_the_list_may_lack(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.run_time = 3600
    submit(http)
    [row] = requests(http)
    assert (row["status_code"], row["ended_at"]) == (None, None)
    fal.dials.history_unfinished = False
    assert requests(http) == []
    fal.dials = Dials(history_delay=3600)
    http.post(f"/{FLUX}", json=BODY)
    assert requests(http) == []
    fal.dials = Dials()
    private = http.post(f"/{FLUX}", json=BODY, headers={"X-Fal-Store-IO": "0"})
    found = {row["request_id"]: row for row in requests(http, expand="payloads")}
    kept = found[private.headers["x-fal-request-id"]]
    assert (kept["json_input"], kept["json_output"]) == (None, None)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"endpoint_id": ",".join(["a/b"] * 51)},
        {"endpoint_id": FLUX, "start": "yesterday"},
        {"endpoint_id": FLUX, "limit": "101"},
        {"endpoint_id": FLUX, "cursor": "?"},
    ],
)
def test_wrong_questions(http: httpx.Client, query: dict[str, str]) -> None:
    answer = http.get("/v1/models/requests/by-endpoint", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "validation_error"


def test_who_may_ask(fal: Sandbox, http: httpx.Client, public: httpx.Client) -> None:
    for path in (f"/requests/by-endpoint?endpoint_id={FLUX}", "/billing-events"):
        assert public.get(f"{fal.url}/v1/models{path}").status_code == 401
    fal.dials.admin = False
    assert http.get("/v1/models/billing-events").status_code == 403
    assert requests(http) == []


@pytest.mark.parametrize("fault", ["silent", "reset-after-read", "cut"])
def test_a_submit_that_is_taken_and_not_answered_is_billed_and_listed(
    fal: Sandbox, http: httpx.Client, fault: str
) -> None:
    fal.dials = Dials.parse(f"{DOLLAR},fail=submit:{fault}:1")
    with pytest.raises(httpx.TransportError):
        http.post(f"/{FLUX}", json=BODY, headers={"X-Fal-Queue-Priority": "normal"}, timeout=1.0)
    [row] = requests(http, expand="payloads")
    assert row["json_input"] == BODY
    assert (fal.accepted, fal.billed) == (1, Decimal(1))


@pytest.mark.parametrize("fault", ["reset", "503", "html"])
def test_a_submit_that_is_not_taken_is_neither(
    fal: Sandbox, http: httpx.Client, fault: str
) -> None:
    fal.dials = Dials.parse(f"fail=submit:{fault}:1")
    headers = {"X-Fal-Queue-Priority": "normal"}
    try:
        assert http.post(f"/{FLUX}", json=BODY, headers=headers).status_code >= 500
    except httpx.TransportError:
        assert fault == "reset"
    assert (fal.accepted, fal.billed) == (0, Decimal(0))
    assert requests(http) == []


def test_concurrency_limits_the_jobs_in_progress(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(run_time=3600, concurrency=2)
    jobs = [submit(http) for _ in range(5)]
    states = [http.get(job["status_url"]).json() for job in jobs]
    assert [state["status"] for state in states] == ["IN_PROGRESS"] * 2 + ["IN_QUEUE"] * 3
    assert [state.get("queue_position") for state in states] == [None, None, 0, 1, 2]


def test_the_jobs_that_waited_run_afterwards(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(run_time=0.02, concurrency=1)
    jobs = [submit(http) for _ in range(3)]
    for job in jobs:
        while http.get(job["status_url"]).json()["status"] != "COMPLETED":
            pass
        assert http.get(job["response_url"]).json()["images"]


def test_other_processes_see_the_ledger_and_turn_the_dials(
    fal: Sandbox, public: httpx.Client, http: httpx.Client
) -> None:
    put = public.put(f"{fal.url}/_sandbox/dials", content=f"{DOLLAR},fail=any:503")
    assert put.json()["unit_price"] == fal.dials.unit_price == 1
    assert http.post(f"/{FLUX}", json=BODY).status_code == 503
    public.put(f"{fal.url}/_sandbox/dials", content=json.dumps({"unit_price": 1}))
    http.post(f"/{FLUX}", json=BODY)
    ledger = public.get(f"{fal.url}/_sandbox/ledger").json()
    assert ledger["accepted"] == len(ledger["requests"]) == 1
    assert Decimal(ledger["billed"]) == fal.billed > 0
    assert ledger["requests"][0]["status"] == 200
    assert public.get(f"{fal.url}/_sandbox/dials").json() == fal.dials.as_dict()
    assert public.put(f"{fal.url}/_sandbox/dials", content="nonsense=1").status_code == 400
    assert public.get(f"{fal.url}/_sandbox/more").status_code == 404
