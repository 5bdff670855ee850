"""JSON from fal, whatever is in it."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_fal.fal import wire
from openclaw_fal.fal.events import TooLong, events
from openclaw_fal.fal.failures import Reply, curable_by_another_model, failure, is_transient
from openclaw_fal.fal.reports import Report
from openclaw_fal.fal.results import facts, remote_files
from openclaw_fal.fal.statuses import (
    Completed,
    LogLine,
    Queued,
    Running,
    Status,
    Stopped,
    status_of,
)
from openclaw_fal.fal.wire import JsonBody, NotJson
from tests.support.effort import effort

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "status", "logs", "queue_position", "error", "error_type", "detail", "loc",
                    "msg", "type", "message", "timestamp", "metrics", "images", "video",
                    "audio", "url", "response", "data", "output", "seed", "has_nsfw_concepts",
                    "file_size", "width", "request_id", "status_url", "prompt", "content_type",
                    "file_name", "input",
                ]
            )
            | st.text(max_size=8),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)  # fmt: skip


def test_large_whole_numbers_stay_exact() -> None:
    assert wire.parse(b'{"seed": 18446744073709551615}') == {"seed": 18446744073709551615}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"{",
        b'{"a": 1',
        b"[" * 200_000,
        b"\xff\xfe\x00",
        b"nul",
        b"{}{}",
    ],
)
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(NotJson):
        wire.parse(data)


def test_odd_json_is_read_all_the_same() -> None:
    assert wire.parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert wire.parse(b'{"a": "\xff\xfe", "url": "x"}') == {"a": "\ufffd\ufffd", "url": "x"}
    assert wire.parse(b'{"a": 1, "a": 2}') == {"a": 2}
    assert wire.parse(b'{"a": %s, "b": -1}' % (b"7" * 5000)) == {"a": None, "b": -1}
    assert wire.parse(b'{"a": NaN, "b": -Infinity}') == {"a": None, "b": None}


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({"status": "IN_QUEUE", "queue_position": 3}, Queued(3)),
        ({"status": "queued"}, Queued(None)),
        ({"status": "IN_QUEUE", "queue_position": "3"}, Queued(None)),
        ({"status": "IN_QUEUE", "queue_position": True, "logs": None}, Queued(None)),
        ({"status": "IN_PROGRESS", "logs": []}, Running()),
        ({"status": "PROCESSING"}, Running()),
        ({"status": "STARTED"}, Running()),
        ({"status": "COMPLETED"}, Completed()),
        (
            {"status": "COMPLETED", "error": "boom", "error_type": "x"},
            Completed((), Report(("x",), "boom", True)),
        ),
        (
            {"status": "COMPLETED", "error": {"message": "m", "type": "t"}},
            Completed((), Report(("t",), "m", True)),
        ),
        ({"status": "COMPLETED", "message": "fine"}, Completed()),
        ({"status": "FAILED"}, Stopped("FAILED")),
        ({"status": "EXPL\x1b[31mODED"}, Stopped("EXPLODED")),
    ],
)
def test_states_become_types(payload: object, status: Status) -> None:
    found = status_of(payload)
    assert found == status
    assert type(found) is type(status)


@pytest.mark.parametrize(
    "payload", [None, [], "COMPLETED", {}, {"status": None}, {"status": ["x"]}]
)
def test_what_holds_no_state(payload: object) -> None:
    with pytest.raises(NotJson):
        status_of(payload)


def test_log_lines_of_any_form() -> None:
    logs = [{"message": "a\x1b[2J", "timestamp": "t"}, "b", {"message": None}, 5, {"message": "c"}]
    found = status_of({"status": "IN_PROGRESS", "logs": logs})
    assert found.logs == (LogLine("t", "a"), LogLine("", "b"), LogLine("", "c"))


def test_a_body_is_written_in_pieces_and_as_json_writes_it() -> None:
    uri = "data:image/png;base64," + "QUJD" * 50_000
    value = {
        "prompt": 'say "hi" \\ 🎨\n', "image_url": uri, "image_urls": [uri, "x"], "n": 2, "f": 0.5,
        "no": None, "yes": True, "deep": {"a": [], "b": {}}, "long": '"' * 100_000, "t": (1, 2),
    }  # fmt: skip
    body = JsonBody(value)
    data = b"".join(body)
    assert body.length == len(data)
    assert json.loads(data) == {**value, "t": [1, 2]}
    assert max(map(len, body)) <= 64 * 1024
    assert b"".join(body) == data


@given(json_values)
@settings(max_examples=effort(30, 2_000))
def test_a_body_reads_back(value: object) -> None:
    try:
        data = b"".join(JsonBody(value))
    except ValueError:  # NaN and the infinities
        return
    assert json.loads(data) == value


@given(json_values, st.integers(200, 599), st.sampled_from(["", "content_policy_violation", "x"]))
@settings(max_examples=effort(50, 5_000))
def test_parsers_never_fail_in_an_unforeseen_way(value: object, status: int, kind: str) -> None:
    data = json.dumps(value).encode()
    reply = Reply(status, {"x-fal-error-type": kind, "x-fal-request-id": "a/../b"}, data)
    error = failure(reply, key=None, paid=True)
    assert error.message
    assert error.request_id is None
    is_transient(reply)
    curable_by_another_model(error)
    for file in remote_files(value):
        assert file.url
    facts(value)
    with contextlib.suppress(NotJson):
        status_of(value)


@given(st.binary(max_size=300), st.integers(200, 599))
@settings(max_examples=effort(50, 5_000))
def test_neither_do_they_on_bytes(data: bytes, status: int) -> None:
    assert failure(Reply(status, {}, data), key=None).message
    with contextlib.suppress(NotJson):
        remote_files(wire.parse(data))
    list(events([data, b"\n\n", data]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_however_they_are_cut(size: int) -> None:
    stream = b': hello\n\ndata: {"a":\ndata:  1}\r\n\r\nevent: x\rid: 1\rdata:two\r\rdata: last'
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert list(events(chunks)) == [None, '{"a":\n 1}', "two", "last"]


def test_an_event_without_an_end_is_given_up() -> None:
    with pytest.raises(TooLong):
        list(events(b"x" * 1_000_000 for _ in range(9)))
    with pytest.raises(TooLong):
        list(events(b"data: x" * 100 + b"\n" for _ in range(9000)))
