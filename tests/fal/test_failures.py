"""HTTP failures as errors with the right class, words and money."""

from __future__ import annotations

import json

import pytest

from openclaw_fal.errors import (
    AuthError,
    BillingError,
    ContentPolicy,
    JobFailed,
    OpenClawFalError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from openclaw_fal.fal.failures import Reply, curable_by_another_model, failure, is_transient
from openclaw_fal.fal.retry import Retry, retry_after
from tests.fal.conftest import KEY

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard."
PAGE = b"<html><head><title>502 Bad\nGateway</title></head></html>"


def reply(status: int, body: object = b"", **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, data)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(401, {"detail": "no user"}), AuthError, "no user"),
        (reply(401), AuthError, "does not accept"),
        (reply(401, {"error": {"type": "authorization_error", "message": "b"}}), AuthError, "b"),
        (reply(403, {"detail": "not yours"}), AuthError, "not yours"),
        (reply(403, {"detail": LOCKED}), BillingError, "Exhausted balance"),
        (reply(403, {"error": {"type": "forbidden", "message": LOCKED}}), BillingError, "locked"),
        (reply(402), BillingError, "balance"),
        (reply(404, {"detail": "x"}), JobFailed, "does not know"),
        (reply(413), JobFailed, "too large"),
        (reply(422, {"detail": "bad"}), JobFailed, "bad"),
        (reply(400, b"plain words"), JobFailed, "plain words"),
        (reply(302), JobFailed, "redirect"),
        (reply(418), JobFailed, "418"),
        (reply(429, {"detail": "slow down"}), RateLimited, "slow down"),
        (reply(500, {"detail": "boom"}), JobFailed, "boom"),
        (reply(500), Unreachable, "500"),
        (reply(500, x_fal_request_id="r1"), JobFailed, "500"),
        (reply(502, PAGE), Unreachable, "502 Bad Gateway"),
        (reply(503, {"detail": "later"}), Unreachable, "later"),
        (reply(503, x_fal_request_id="r1", x_fal_error_type="runner_x"), JobFailed, "machine"),
        (reply(504, x_fal_request_timeout_type="user"), TimedOut, "did not start"),
        (reply(504, x_fal_error_type="startup_timeout"), TimedOut, "start the model"),
        (reply(504, x_fal_request_id="r", x_fal_error_type="generation_timeout"), JobFailed, "lon"),
        (reply(422, x_fal_error_type="content_policy_violation"), ContentPolicy, "content policy"),
        (reply(400, {"detail": "x", "error_type": "content_policy_violation"}), ContentPolicy, "x"),
        (reply(422, {"detail": [{"type": "no_media_generated"}]}), JobFailed, "no media"),
        (reply(408), Unreachable, "408"),
    ],
)  # fmt: skip
def test_each_answer_has_its_class_and_words(
    answer: Reply, kind: type[OpenClawFalError], words: str
) -> None:
    error = failure(answer, key=KEY)
    assert type(error) is kind
    assert words in error.message
    assert error.http_status == answer.status


def test_fields_are_named_one_by_one() -> None:
    detail = [
        {"loc": ["body", "image_size", "width"], "msg": "must be smaller", "type": "less_than"},
        {"loc": ["body", "image_urls", 0], "msg": "is no URL", "type": "url"},
        {"loc": ["body"], "msg": "must be an object", "type": "x"},
        {"msg": "something else"},
    ]
    error = failure(reply(422, {"detail": detail}, x_fal_request_id="r-1"), key=None)
    assert error.message == (
        "fal refused the request: image_size.width: must be smaller; image_urls[0]: is no URL; "
        "body: must be an object; something else"
    )
    assert error.request_id == "r-1"
    assert error.error_type == "less_than"


def test_an_echoed_key_and_control_characters_do_not_get_through() -> None:
    body = {"detail": f"Authorization: Key {KEY}\x1b[2J{KEY.split(':')[1]}"}
    for status in (400, 401, 403, 422, 500):
        message = failure(reply(status, body), key=KEY).message
        assert "canary" not in message
        assert "\x1b" not in message


def test_a_huge_detail_is_cut() -> None:
    assert len(failure(reply(422, {"detail": "x" * 1_000_000}), key=None).message) < 2000
    many = [{"loc": ["body", str(n)], "msg": "bad"} for n in range(1000)]
    assert "and 990 more" in failure(reply(422, {"detail": many}), key=None).message


@pytest.mark.parametrize(
    ("answer", "billed"),
    [
        (reply(422), True),
        (reply(422, x_fal_billable_units="0"), False),
        (reply(400), False),
        (reply(400, x_fal_request_id="r"), True),
        (reply(401), False),
        (reply(404, x_fal_request_id="r"), False),
        (reply(429), False),
        (reply(500, x_fal_request_id="r"), False),
        (reply(500, x_fal_billable_units="1.5"), True),
        (reply(502, PAGE), True),
    ],
)
def test_what_may_be_billed(answer: Reply, billed: bool) -> None:
    assert failure(answer, key=None, paid=True).may_be_billed is billed


def test_a_paid_post_that_met_a_gateway_is_uncertain() -> None:
    for answer in (reply(502, PAGE), reply(503), reply(504), reply(500), reply(408)):
        error = failure(answer, key=None, paid=True)
        assert isinstance(error, Unreachable)
        assert error.may_have_arrived
    for answer in (reply(500, {"detail": "x"}), reply(502, x_fal_request_id="r"), reply(429)):
        assert not getattr(failure(answer, key=None, paid=True), "may_have_arrived", False)


@pytest.mark.parametrize(
    ("answer", "curable"),
    [
        (reply(404), True),
        (reply(500, {"detail": "x"}), True),
        (reply(503, x_fal_request_id="r", x_fal_error_type="runner_scheduling_failure"), True),
        (reply(504, x_fal_request_timeout_type="user", x_fal_error_type="request_timeout"), True),
        (reply(504, x_fal_request_id="r", x_fal_error_type="generation_timeout"), True),
        (reply(422), False),
        (reply(422, x_fal_error_type="content_policy_violation", x_fal_billable_units="0"), False),
        (reply(401), False),
        (reply(402), False),
        (reply(429), False),
        (reply(502, PAGE), False),
        (reply(500, x_fal_billable_units="1"), False),
    ],
)
def test_what_another_model_could_cure(answer: Reply, curable: bool) -> None:
    assert curable_by_another_model(failure(answer, key=None, paid=True)) is curable


@pytest.mark.parametrize(
    ("answer", "transient"),
    [
        (reply(408), True),
        (reply(429), True),
        (reply(500), True),
        (reply(500, {"detail": "x"}), False),
        (reply(502, PAGE), True),
        (reply(503, {"detail": "x"}), True),
        (reply(503, x_fal_request_id="r"), False),
        (reply(504, x_fal_request_timeout_type="USER"), False),
        (reply(400), False),
        (reply(404), False),
        (reply(200), False),
        (reply(499), False),
    ],
)
def test_what_asking_again_may_cure(answer: Reply, transient: bool) -> None:
    assert is_transient(answer) is transient


def test_retry_after_in_both_forms() -> None:
    assert retry_after("2.5") == 2.5
    assert retry_after(" 0 ") == 0.0
    assert retry_after("-5") == 0.0
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0.0
    assert retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == 24 * 3600.0
    assert retry_after("1e400") == 24 * 3600.0
    for nonsense in (None, "", "soon", "nan", "x" * 100, "Fri, 99 Foo"):
        assert retry_after(nonsense) is None


def test_pauses_grow_and_vary() -> None:
    retry = Retry(pauses=(1.0, 2.0), jitter=0.5)
    first = {retry.pause(1) for _ in range(20)}
    assert len(first) > 1
    assert all(1.0 <= pause <= 1.5 for pause in first)
    assert all(2.0 <= retry.pause(failures) <= 3.0 for failures in (2, 3, 50))
