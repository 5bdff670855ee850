"""The platform API: models, prices, past requests and bills, in every shape that they come in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.errors import AuthError, BillingError, Unreachable
from openclaw_fal.fal import platform
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.hosts import hosts_for
from openclaw_fal.fal.platform import NotAllowed, Platform, decimal_text
from openclaw_fal.sandbox import Request, Response
from tests.fal.conftest import FLUX, QUICK, VIDEO, client_of, soon
from tests.support.queueing import Hooked

Asked = list[Request]


@contextmanager
def answers(fal: Hooked, answer: Callable[[Request], Response]) -> Iterator[Asked]:
    """A platform API that answers so."""
    asked: Asked = []

    def hook(request: Request) -> Response | None:
        if not request.path.startswith("/v1/"):
            return None
        asked.append(request)
        return answer(request)

    fal.answer = hook
    yield asked


def raw(text: str, status: int = 200) -> Response:
    return Response(status, text.encode(), [("content-type", "application/json")])


def test_models_come_page_by_page_and_need_no_key(
    fal: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "PAGE", 2)
    with Client(hosts_for(fal.url), None, retry=QUICK) as client:
        first = Platform(client).models(deadline=soon())
        cursor = first["next_cursor"]
        assert isinstance(cursor, str)
        second = Platform(client).models(deadline=soon(), cursor=cursor)

    assert first["has_more"] is True
    assert [len(page["models"]) for page in (first, second)] == [2, 2]  # type: ignore[arg-type]
    assert "openapi" in first["models"][0]  # type: ignore[index]
    assert first["models"] != second["models"]


@pytest.mark.parametrize("body", ["[]", '{"models": 3}', "{}", "<html>", "", "null"])
def test_what_is_no_list_of_models(fal: Hooked, client: Client, body: str) -> None:
    with answers(fal, lambda _: raw(body)), pytest.raises(Unreachable):
        Platform(client).models(deadline=soon())


def test_prices_by_endpoint(fal: Hooked, client: Client) -> None:
    prices = Platform(client).pricing([FLUX, VIDEO, FLUX], deadline=soon())

    assert set(prices) == {FLUX, VIDEO}
    price = prices[FLUX]
    assert (price.unit_price, price.unit, price.currency) == ("0.025", "megapixels", "USD")


def test_one_unknown_endpoint_does_not_hide_the_others(fal: Hooked, client: Client) -> None:
    wanted = [*(f"unknown/{number}" for number in range(3)), FLUX, "unknown/x", VIDEO]

    assert set(Platform(client).pricing(wanted, deadline=soon())) == {FLUX, VIDEO}


def test_at_most_fifty_ids_in_a_request(fal: Hooked, client: Client) -> None:
    def answer(request: Request) -> Response:
        rows = [
            {"endpoint_id": name, "unit_price": 1, "unit": "image", "currency": "usd"}
            for name in request.query["endpoint_id"].split(",")
        ]
        return Response.of({"prices": rows})

    wanted = [f"a/{number}" for number in range(120)]
    with answers(fal, answer) as asked:
        prices = Platform(client).pricing(wanted, deadline=soon())

    assert list(prices) == wanted
    assert [len(one.query["endpoint_id"].split(",")) for one in asked] == [50, 50, 20]


def test_an_amount_is_what_was_written(fal: Hooked, client: Client) -> None:
    body = '{"prices": [{"endpoint_id": "a/b", "unit_price": 0.1000000000000000055, "unit": "x"}]}'
    with answers(fal, lambda _: raw(body)):
        price = Platform(client).pricing(["a/b"], deadline=soon())["a/b"]

    assert price.unit_price == "0.1000000000000000055"


@pytest.mark.parametrize(
    "price", ["null", "-1", '"free"', "true", "1e400", "NaN", "[1]", "9" * 60, "1e-300"]
)
def test_prices_that_cannot_be_meant_are_left_out(fal: Hooked, client: Client, price: str) -> None:
    body = f'{{"prices": [{{"endpoint_id": "a/b", "unit_price": {price}, "unit": "image"}}, 5]}}'
    with answers(fal, lambda _: raw(body)):
        assert Platform(client).pricing(["a/b"], deadline=soon()) == {}


@pytest.mark.parametrize("name", ["items", "requests"])
def test_past_requests(fal: Hooked, client: Client, name: str) -> None:
    row = {
        "request_id": "abc-1",
        "endpoint_id": FLUX,
        "sent_at": "1970-01-01T00:00:10Z",
        "started_at": "1970-01-01T01:00:20+01:00",
        "ended_at": "1970-01-01T00:00:30.5",
        "status_code": 200,
        "json_input": {"prompt": "p"},
        "json_output": '{"images": []}',
    }
    page = {name: [row, {"request_id": "../x"}, None], "has_more": True, "next_cursor": "Mg=="}
    with answers(fal, lambda _: Response.of(page)) as asked:
        got = Platform(client).requests_by_endpoint(
            FLUX, start=0, end=86400, deadline=soon(), cursor="MQ=="
        )

    assert asked[0].query == {
        "endpoint_id": FLUX,
        "start": "1970-01-01T00:00:00Z",
        "end": "1970-01-02T00:00:00Z",
        "expand": "payloads",
        "cursor": "MQ==",
        "limit": "100",
    }
    (past,) = got.requests
    assert (past.request_id, past.endpoint_id, past.status_code) == ("abc-1", FLUX, 200)
    assert (past.sent_at, past.started_at, past.ended_at) == (10.0, 20.0, 30.5)
    assert (past.input, past.output) == ({"prompt": "p"}, {"images": []})
    assert got.cursor == "Mg=="


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"cost_total": 0.05, "cost_estimate_nano_usd": 7}, "0.05"),
        ({"cost_total": "0.050"}, "0.05"),
        ({"cost_estimate_nano_usd": 25_000_000}, "0.025"),
        ({"cost": 3}, "3"),
        ({}, None),
    ],
)
def test_billing_events(
    fal: Hooked, client: Client, fields: dict[str, object], cost: str | None
) -> None:
    row = {"request_id": "abc", "endpoint_id": FLUX, "output_units": 1.5, "unit_price": 0.025}
    row |= {"timestamp": "1970-01-01T00:00:01Z", **fields}
    page = {"billing_events": [row, {}], "has_more": False, "next_cursor": "x"}
    with answers(fal, lambda _: Response.of(page)):
        got = Platform(client).billing_events(start=0, end=10, deadline=soon())

    (event,) = got.events
    assert (event.cost, event.units, event.unit_price) == (cost, "1.5", "0.025")
    assert (event.request_id, event.currency, event.at) == ("abc", "USD", 1.0)
    assert got.cursor is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_may_not_ask(fal: Hooked, client: Client, status: int) -> None:
    body = json.dumps({"error": {"type": "authorization_error", "message": "Admin key required"}})
    with answers(fal, lambda _: raw(body, status)), pytest.raises(NotAllowed) as caught:
        Platform(client).billing_events(start=0, end=10, deadline=soon())

    assert isinstance(caught.value, AuthError)
    assert caught.value.http_status == status
    assert "this key may not ask" in caught.value.message
    assert "admin key required" in caught.value.message
    assert not caught.value.may_be_billed


def test_a_locked_account_is_no_matter_of_the_key(fal: Hooked, client: Client) -> None:
    body = '{"detail": "User is locked. Reason: Exhausted balance."}'
    with answers(fal, lambda _: raw(body, 403)), pytest.raises(BillingError):
        Platform(client).pricing([FLUX], deadline=soon())


@pytest.mark.parametrize("status", [400, 418, 500, 503])
def test_other_refusals_are_no_answer(fal: Hooked, client: Client, status: int) -> None:
    with answers(fal, lambda _: raw('{"detail": "no"}', status)), pytest.raises(Unreachable):
        Platform(client).requests_by_endpoint(FLUX, start=0, end=10, deadline=soon())


def test_prices_of_several_pages_end(fal: Hooked) -> None:
    """Also where the cursor never does."""
    row = {"endpoint_id": "a/b", "unit_price": 1, "unit": "image"}
    page = {"prices": [row], "has_more": True}
    numbers = iter(range(1000))
    with (
        client_of(fal.url) as client,
        answers(fal, lambda _: Response.of({**page, "next_cursor": str(next(numbers))})) as asked,
    ):
        assert set(Platform(client).pricing(["a/b"], deadline=soon())) == {"a/b"}
    assert len(asked) == platform.MOST_PAGES


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=9, allow_nan=False))
def test_decimal_texts_are_exact(number: object) -> None:
    from decimal import Decimal

    text = decimal_text(str(number))
    assert text is not None
    assert Decimal(text) == number
    assert "E" not in text
