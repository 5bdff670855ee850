"""Sizes, ratios and limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_fal.provider.geometry import (
    Size,
    broken_limits,
    closest_legal,
    closest_ratio_by_log,
    closest_size,
    parse_ratio,
    parse_size,
    ratio_to_size,
    rounded,
)
from openclaw_fal.provider.specs import image_row
from tests.support.effort import effort

LIMITS = image_row("openai/gpt-image-2").image_size
assert LIMITS is not None


@pytest.mark.parametrize("text", ["1024x1536", "1024X1536", " 1024x1536 "])
def test_a_size_is_width_and_height(text: str) -> None:
    assert parse_size(text) == Size(1024, 1536)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1024",
        "1024x",
        "x1024",
        "0x1",
        "1x0",
        "-1x5",
        "1.5x2",
        "1e3x5",
        "1x2x3",
        "٣x٣",
        "1_0x10",
        "9999999x1",
        "auto",
        "10 24x1024",
        "²x²",
    ],
)
def test_anything_else_is_no_size(text: str) -> None:
    assert parse_size(text) is None


@pytest.mark.parametrize(
    "text", ["", ":", "16", "16:", ":9", "0:1", "-1:1", "nan:1", "inf:1", "a:b", "1:2:3"]
)
def test_no_ratio(text: str) -> None:
    assert parse_ratio(text) is None


def test_ratios_may_have_decimals() -> None:
    assert parse_ratio("2.35:1") == (2.35, 1.0)


def test_halves_are_rounded_up() -> None:
    assert [rounded(value) for value in (0.2, 1.5, 2.5, 2.4)] == [1, 2, 3, 2]
    assert rounded(24, 16) == 32


def test_the_closest_ratio_is_by_logarithm() -> None:
    # 1.22 lies nearer to 1:1 by difference and nearer to 3:2 by logarithm of the quotient.
    assert closest_ratio_by_log(math.log(1.7), ["1:1", "3:1"]) == "1:1"
    assert closest_ratio_by_log(math.log(1.8), ["1:1", "3:1"]) == "3:1"
    assert closest_ratio_by_log(0.0, ["2:1", "1:2"]) == "2:1"
    assert closest_ratio_by_log(0.0, ["auto"]) is None


def test_the_closest_size_is_by_shape_then_area() -> None:
    sizes = ["1024x1024", "2048x2048", "1536x1024"]
    assert closest_size(Size(1900, 1900), sizes) == "2048x2048"
    assert closest_size(Size(3000, 2000), sizes) == "1536x1024"
    assert closest_size(Size(1, 1), []) is None


@pytest.mark.parametrize(
    ("ratio", "edge", "multiple", "size"),
    [
        ("16:9", 1024, 1, Size(1024, 576)),
        ("2.35:1", 1024, 1, Size(1024, 436)),
        ("9:16", 2048, 1, Size(1152, 2048)),
        ("3:2", 1536, 16, Size(1536, 1024)),
        ("4:5", 1536, 16, Size(1232, 1536)),
        ("1:1", 4096, 1, Size(4096, 4096)),
    ],
)
def test_ratio_to_size(ratio: str, edge: int, multiple: int, size: Size) -> None:
    assert ratio_to_size(ratio, edge, multiple) == size


def test_a_word_has_no_dimensions() -> None:
    with pytest.raises(ValueError, match="auto"):
        ratio_to_size("auto", 1024)


@pytest.mark.parametrize(
    ("size", "broken"),
    [
        (Size(1024, 1024), 0),
        (Size(3840, 2160), 0),
        (Size(3072, 1024), 0),
        (Size(1024, 640), 0),
        (Size(1024, 1032), 1),
        (Size(3856, 1600), 1),
        (Size(1024, 624), 1),
        (Size(3840, 2176), 1),
        (Size(3088, 1024), 1),
        (Size(4097, 4097), 3),
        (Size(1, 1), 2),
    ],
)
def test_limits_at_their_edges(size: Size, broken: int) -> None:
    assert LIMITS is not None
    assert len(broken_limits(size, LIMITS)) == broken


@settings(max_examples=effort(100, 5_000))
@given(st.integers(1, 999_999), st.integers(1, 999_999))
def test_the_closest_legal_size_is_legal(width: int, height: int) -> None:
    assert LIMITS is not None
    closest = closest_legal(Size(width, height), LIMITS)
    assert closest is not None
    assert broken_limits(closest, LIMITS) == []
    if not broken_limits(Size(width, height), LIMITS):
        assert closest == Size(width, height)
