"""fal's platform API: models, prices, past requests and billing events.

Every request here is free and safe to repeat. Amounts are decimal texts, never floats. Missing
fields are None; rows without their id are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import NoReturn
from urllib.parse import urlencode

from openclaw_fal.errors import AuthError, BillingError, Unreachable
from openclaw_fal.fal.client import Client
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.failures import Reply, failure
from openclaw_fal.fal.http.request import Request
from openclaw_fal.fal.urls import parse as parse_url
from openclaw_fal.fal.wire import NotJson, mapping, parse, request_id_of, text_of, whole
from openclaw_fal.frozen import Frozen
from openclaw_fal.text import clean

MOST_IDS = 50  # endpoint ids in one request
MOST_ROWS = 10_000  # of one page
MOST_PAGES = 20  # of prices for `MOST_IDS` endpoints
PAGE = 100  # rows that are asked for in one page
_DIGITS = 24
_LARGEST = Decimal(10) ** 12


class NotAllowed(AuthError):
    """The key lacks the permission for a platform request (401 or 403)."""


class EndpointPrice(Frozen):
    """The price of one unit at an endpoint, as decimal text; `unit` is fal's free text for it."""

    endpoint_id: str
    unit_price: str
    unit: str
    currency: str


class PastRequest(Frozen):
    """A request in fal's history; times in seconds since 1970.

    `input` and `output` are JSON values, None where fal stored none or they were not asked for.
    `billable_units` is a decimal text.
    """

    request_id: str
    endpoint_id: str | None = None
    sent_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    status_code: int | None = None
    billable_units: str | None = None
    input: object = None
    output: object = None


class RequestPage(Frozen):
    """Past requests, and the cursor of the next page; None on the last one."""

    requests: tuple[PastRequest, ...]
    cursor: str | None


class BillingEvent(Frozen):
    """The charge for a request. `units`, `unit_price` and `cost` are decimal texts; `at` is in
    seconds since 1970."""

    request_id: str
    endpoint_id: str | None = None
    units: str | None = None
    unit_price: str | None = None
    cost: str | None = None
    currency: str = "USD"
    at: float | None = None


class BillingPage(Frozen):
    """Billing events, and the cursor of the next page; None on the last one."""

    events: tuple[BillingEvent, ...]
    cursor: str | None


class Platform(Frozen):
    """The platform API, asked by `client`."""

    client: Client

    def models(self, *, deadline: Deadline, cursor: str | None = None) -> Mapping[str, object]:
        """One page of fal's models, as received: `models`, `has_more`, `next_cursor`. Needs no key.

        Each model has `endpoint_id`, `metadata`, and its schemas in `openapi`.
        Raises Unreachable for an answer that is not a list of models.
        """
        asked = {"limit": str(PAGE), "cursor": cursor, "expand": "openapi-3.0"}
        reply = self._reply("models", asked, deadline, needs_key=False)
        page = self._read(reply, "the list of models")
        if not isinstance(page.get("models"), list):
            raise Unreachable("fal's platform API answered something that is no list of models")
        return page

    def pricing(
        self, endpoint_ids: Sequence[str], *, deadline: Deadline
    ) -> dict[str, EndpointPrice]:
        """The prices of endpoints, by endpoint id; endpoints without a price are left out.

        Raises NotAllowed when the key lacks the permission, Unreachable when there is no answer.
        """
        prices: dict[str, EndpointPrice] = {}
        wanted = list(dict.fromkeys(endpoint_ids))
        for start in range(0, len(wanted), MOST_IDS):
            for price in self._prices(wanted[start : start + MOST_IDS], deadline):
                prices.setdefault(price.endpoint_id, price)
        return prices

    def requests_by_endpoint(
        self,
        endpoint_id: str,
        *,
        start: float,
        end: float,
        deadline: Deadline,
        cursor: str | None = None,
    ) -> RequestPage:
        """One page of this account's requests to an endpoint, between two times in seconds since
        1970, with their inputs and outputs.

        Requests that were sent with `X-Fal-Store-IO: 0` have no payload. Raises NotAllowed when the
        key lacks the permission.
        """
        asked = {
            "endpoint_id": endpoint_id,
            "start": _timestamp(start),
            "end": _timestamp(end),
            "expand": "payloads",
            "cursor": cursor,
            "limit": str(PAGE),
        }
        reply = self._reply("models/requests/by-endpoint", asked, deadline)
        page = self._read(reply, "the list of past requests")
        rows = _rows(page, "items", "requests")
        return RequestPage(tuple(filter(None, map(_past_request, rows))), _cursor(page))

    def billing_events(
        self, *, start: float, end: float, deadline: Deadline, cursor: str | None = None
    ) -> BillingPage:
        """One page of billing events, between two times in seconds since 1970.

        Raises NotAllowed when the key lacks the permission: fal may require an ADMIN key.
        """
        asked = {"start": _timestamp(start), "end": _timestamp(end), "cursor": cursor}
        reply = self._reply("models/billing-events", asked, deadline)
        page = self._read(reply, "the billing events")
        rows = _rows(page, "billing_events", "events", "items")
        return BillingPage(tuple(filter(None, map(_billing_event, rows))), _cursor(page))

    def _prices(self, ids: Sequence[str], deadline: Deadline) -> Iterator[EndpointPrice]:
        """The prices of at most `MOST_IDS` endpoints. One unknown id makes fal refuse a whole
        list, so a refused list is asked for in halves."""
        cursor = None
        for _ in range(MOST_PAGES):
            asked = {"endpoint_id": ",".join(ids), "cursor": cursor}
            reply = self._reply("models/pricing", asked, deadline)
            if reply.status in (400, 404, 422) and len(ids) > 1:
                half = len(ids) // 2
                yield from self._prices(ids[:half], deadline)
                yield from self._prices(ids[half:], deadline)
                return
            if reply.status == 404:
                return
            page = self._read(reply, "the price list")
            yield from filter(None, map(_price, _rows(page, "prices", "items")))
            next_cursor = _cursor(page)
            if next_cursor is None or next_cursor == cursor:
                return
            cursor = next_cursor

    def _reply(
        self,
        path: str,
        asked: Mapping[str, str | None],
        deadline: Deadline,
        *,
        needs_key: bool = True,
    ) -> Reply:
        query = urlencode({name: value for name, value in asked.items() if value}, safe="/,:")
        url = parse_url(f"{self.client.hosts.api}/{path}?{query}")
        request = Request("GET", url, deadline, needs_key=needs_key)
        return self.client.ask(request, attempts=self.client.retry.attempts)

    def _read(self, reply: Reply, what: str) -> Mapping[str, object]:
        """The JSON object in an answer. Raises the error for any other answer; `what` names it."""
        if not 200 <= reply.status < 300:
            self._refuse(reply, what)
        try:
            document = parse(reply.body, exact=True)
        except NotJson:
            document = None
        if not isinstance(document, dict):
            raise Unreachable(f"fal's platform API gave {what} in a form that cannot be read")
        return document

    def _refuse(self, reply: Reply, what: str) -> NoReturn:
        error = failure(reply, key=self.client.key, subject=what)
        error.may_be_billed = False
        if reply.status in (401, 403) and not isinstance(error, BillingError):
            raise NotAllowed(
                f"this key may not ask for {what}: {error.message}",
                hint="some of it needs a key with ADMIN scope: https://fal.ai/dashboard/keys",
                http_status=reply.status,
                error_type=error.error_type,
            ) from None
        if isinstance(error, (BillingError, Unreachable)):
            raise error
        raise Unreachable(f"{what} cannot be had: {error.message}", http_status=reply.status)


def _price(row: Mapping[str, object]) -> EndpointPrice | None:
    endpoint, price = _name(row.get("endpoint_id")), decimal_text(row.get("unit_price"))
    if endpoint is None or price is None or price.startswith("-"):
        return None
    currency = _name(row.get("currency")) or "USD"
    return EndpointPrice(endpoint, price, _name(row.get("unit")) or "", currency.upper())


def _past_request(row: Mapping[str, object]) -> PastRequest | None:
    request_id = request_id_of(row.get("request_id"))
    if request_id is None:
        return None
    return PastRequest(
        request_id,
        _name(row.get("endpoint_id")),
        _moment(row.get("sent_at")),
        _moment(row.get("started_at")),
        _moment(row.get("ended_at")),
        whole(row.get("status_code")),
        decimal_text(row.get("billable_units")),
        _payload(row.get("json_input", row.get("input"))),
        _payload(row.get("json_output", row.get("output"))),
    )


def _billing_event(row: Mapping[str, object]) -> BillingEvent | None:
    request_id = request_id_of(row.get("request_id"))
    if request_id is None:
        return None
    costs = (decimal_text(row.get(name)) for name in ("cost_total", "cost", "total_cost", "amount"))
    cost = next(filter(None, costs), None) or _from_nano(row.get("cost_estimate_nano_usd"))
    units = (decimal_text(row.get(name)) for name in ("output_units", "billable_units", "units"))
    return BillingEvent(
        request_id,
        _name(row.get("endpoint_id")),
        next(filter(None, units), None),
        decimal_text(row.get("unit_price")),
        cost,
        (_name(row.get("currency")) or "USD").upper(),
        _moment(row.get("timestamp", row.get("created_at"))),
    )


def _rows(page: Mapping[str, object], *names: str) -> Iterator[Mapping[str, object]]:
    """The rows of a page: the list under the first of `names` that holds one."""
    rows = next((page[name] for name in names if isinstance(page.get(name), list)), [])
    assert isinstance(rows, list)
    return map(mapping, rows[:MOST_ROWS])


def _cursor(page: Mapping[str, object]) -> str | None:
    cursor = text_of(page.get("next_cursor"))
    if page.get("has_more") is False or cursor is None or len(cursor) > 2000:
        return None
    return cursor


def _name(value: object) -> str | None:
    text = text_of(value)
    return clean(text, limit=200) or None if text else None


def decimal_text(value: object) -> str | None:
    """A number from JSON as plain decimal text (`0.00002`), exactly. None for anything else, and
    for numbers above 10^12 or below 10^-24."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if len(str(value)) > 2 * _DIGITS:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > _LARGEST:
        return None
    if number and number.adjusted() < -_DIGITS:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _from_nano(value: object) -> str | None:
    text = decimal_text(value)
    return decimal_text(str(Decimal(text).scaleb(-9))) if text else None


def _payload(value: object) -> object:
    """A stored input or output, which fal may send as text that holds JSON."""
    if isinstance(value, str):
        try:
            return parse(value.encode("utf-8", "replace"))
        except NotJson:
            return value
    return value


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: object) -> float | None:
    """Seconds since 1970 of an ISO 8601 time (UTC where it has no zone); None if it is not one."""
    text = text_of(value)
    if text is None or len(text) > 64:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None
