"""Fuzzing with Hypothesis: always the same few inputs in the ordinary suite, and with
`-m exhaustive` many that no run before has seen.
"""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.effort import effort, is_exhaustive

HANG_SECONDS = 30
T = TypeVar("T")


@contextmanager
def no_hang() -> Iterator[None]:
    """Fail with a traceback of what hangs, where the system has alarms."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def alarm(*_: object) -> None:
        pytest.fail(f"one input took more than {HANG_SECONDS} s")

    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(strategy: st.SearchStrategy[T], check: Callable[[T], object], whole: int) -> None:
    """Give inputs to `check`, which fails for what must not happen: `whole` of them, or in the
    ordinary suite one for a hundred."""

    def one(value: T) -> None:
        with no_hang():
            check(value)

    run = settings(
        max_examples=effort(max(10, whole // 100), whole),
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )(given(strategy)(one))
    if is_exhaustive():
        run = seed(random.SystemRandom().getrandbits(64))(run)
    run()


# Inputs

NAMES = (
    "images", "image", "video", "videos", "audio", "audio_file", "video_url", "url", "content_type",
    "file_name", "file_size", "width", "height", "seed", "prompt", "has_nsfw_concepts", "response",
    "data", "output", "detail", "error", "error_type", "type", "message", "msg", "loc", "status",
    "request_id", "status_url", "response_url", "cancel_url", "queue_position", "logs", "timestamp",
    "metrics", "upload_url", "file_url", "etag", "revised_prompt", "lyrics", "",
)  # fmt: skip
WORDS = (
    "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "https://v3.fal.media/a.png",
    "http://127.0.0.1/a", "data:image/png;base64,iVBORw0KGgo=", "data:,", "data:;base64,%%%",
    "content_policy_violation", "request_timeout", "runner_x", "body", "\x1b]0;x\x07", "\0",
    "\ud800", "../..", "User is locked", "-1", "1e999",
)  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(WORDS),
)
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=5))
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(names, inner, max_size=6)),
    max_leaves=25,
)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@st.composite
def mutated(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """A document of which a few stretches are changed, cut, doubled or dropped."""
    data = bytearray(draw(originals))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 40)))
        how = draw(st.integers(0, 4))
        if how == 0:
            data[start:stop] = draw(st.binary(max_size=12))
        elif how == 1:
            del data[start:]
        elif how == 2:
            data[start:start] = data[start:stop] * draw(st.integers(1, 50))
        elif how == 3:
            data[start:stop] = draw(st.sampled_from(SPLINTERS))
        else:
            del data[start:stop]
    return bytes(data)


SPLINTERS = (
    b"{", b"}", b"[", b"]", b'"', b"'", b"\\", b"\\u", b"\\ud800", b",", b":", b"/*", b"*/", b"//",
    b"\n", b"\r", b"\r\n", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\0", b"\xff", b"NaN", b"Infinity",
    b"-", b"1e999", b"0x", b"null", b"[" * 1500, b"{a:" * 1500, b"data:", b": ping\n\n", b"event:",
)  # fmt: skip

answers = st.one_of(
    st.binary(max_size=200),
    json_values.map(as_json),
    mutated(json_values.map(as_json)),
)
