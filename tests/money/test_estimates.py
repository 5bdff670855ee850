"""Amounts, units, prices and estimates."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.money import amount, prices
from openclaw_fal.money.amount import Money
from openclaw_fal.money.estimate import billed, cost_options, estimate
from openclaw_fal.money.prices import Price, PriceCache
from openclaw_fal.money.units import Unit, parse_unit, quantity

FLUX: dict[str, object] = {"num_images": 1, "image_size": "landscape_4_3"}

# Amounts


@given(st.integers(0, amount.MAX_AMOUNT * amount.MICRO))
def test_an_amount_reads_back_as_it_was_written(micro: int) -> None:
    assert amount.parse_usd(Money(micro).decimal, "--max-spend") == Money(micro)
    assert amount.parse_usd(str(Money(micro)), "--max-spend") == Money(micro)


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "$0.00"),
        (1, "$0.000001"),
        (25_000, "$0.025"),
        (12_000_000, "$12.00"),
        (-5, "-$0.000005"),
    ],
)
def test_amounts_for_people(micro: int, text: str) -> None:
    assert str(Money(micro)) == text


def test_another_currency_is_named() -> None:
    assert str(Money(25_000, "EUR")) == "0.025 EUR"


@pytest.mark.parametrize(
    "text", ["", "-1", "1e3", "nan", "inf", "5 USD", "0.0000001", "1000000001", "٣", "1,5"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--max-spend"):
        amount.parse_usd(text, "--max-spend")


@pytest.mark.parametrize("value", ["nan", "-1", "inf", "", None, True, "1e99", [], "x"])
def test_what_is_no_quantity(value: object) -> None:
    assert amount.parse_decimal(value) is None


# Units


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("image", Unit("images")),
        ("Images", Unit("images")),
        ("megapixels", Unit("megapixels")),
        ("per second", Unit("seconds")),
        ("video seconds", Unit("seconds")),
        ("seconds of video", Unit("seconds")),
        ("minutes", Unit("seconds", 60)),
        ("5 seconds", Unit("seconds", 5)),
        ("videos", Unit("videos")),
        ("requests", Unit("requests")),
        ("1000 characters", Unit("characters", 1000)),
        ("1k characters", Unit("characters", 1000)),
        *(
            (text, None)
            for text in (
                "compute seconds",
                "compute second",
                "gpu seconds",
                "units",
                "tokens",
                "1m tokens",
                "steps",
                "processed megapixels",
                "0 images",
                "",
            )
        ),
    ],
)
def test_units(text: str, unit: Unit | None) -> None:
    assert parse_unit(text) == unit


@pytest.mark.parametrize(
    ("unit", "body", "defaults", "units"),
    [
        ("images", {}, FLUX, "1"),
        ("images", {"num_images": 3}, None, "3"),
        ("images", {}, None, None),
        ("images", {"num_images": 2, "max_images": 3}, {}, "6"),
        ("images", {"num_images": "many"}, {}, None),
        ("megapixels", {}, FLUX, "1"),
        ("megapixels", {"image_size": {"width": 2000, "height": 1000}, "num_images": 4}, FLUX, "8"),
        ("megapixels", {"image_size": "square_hd"}, FLUX, "2"),
        ("megapixels", {"width": 512, "height": 512}, {}, "1"),
        ("megapixels", {"image_size": "auto"}, FLUX, None),
        ("megapixels", {"aspect_ratio": "16:9", "resolution": "2K"}, {}, None),
        ("megapixels", {"image_size": {"width": 1000}}, FLUX, None),
        ("seconds", {"duration": 5}, {}, "5"),
        ("seconds", {"duration": "8s"}, {}, "8"),
        ("seconds", {"duration": "10"}, None, "10"),
        ("seconds", {"duration": "auto"}, {}, None),
        ("seconds", {}, {"duration": "6"}, "6"),
        ("seconds", {"music_length_ms": 30_500}, {}, "31"),
        ("seconds", {"num_frames": 81, "fps": 16}, {}, "6"),
        ("seconds", {"num_frames": 81}, {}, None),
        ("minutes", {"duration": 61}, {}, "2"),
        ("videos", {}, {}, "1"),
        ("requests", {}, None, "1"),
        ("1000 characters", {"prompt": "x" * 1001}, None, "2"),
    ],
)
def test_units_that_follow_from_the_request(
    unit: str,
    body: Mapping[str, object],
    defaults: Mapping[str, object] | None,
    units: str | None,
) -> None:
    meaning = parse_unit(unit)
    assert meaning is not None
    asked = quantity(meaning, body, defaults)
    assert asked == (None if units is None else Decimal(units))


# Estimates

PER_SECOND = Price("fal-ai/veo3", "0.05", "seconds")
ASSUMED = Money(300_000)


def test_the_largest_bill_of_the_same_options_comes_first() -> None:
    found = estimate(PER_SECOND, ["5", "8", "nonsense"], {"duration": 5}, {}, ASSUMED)
    assert (found.amount, found.source) == (Money(400_000), "history")
    assert "8 seconds" in found.detail


def test_then_what_follows_from_the_request() -> None:
    found = estimate(PER_SECOND, [], {"duration": 5}, {}, ASSUMED)
    assert (found.amount, found.source) == (Money(250_000), "units")
    assert found.detail == "$0.25 (5 × $0.05 per second)"


def test_then_what_is_assumed_and_then_nothing_is_guessed() -> None:
    found = estimate(PER_SECOND, [], {}, {}, ASSUMED)
    assert (found.amount, found.source) == (ASSUMED, "assumed")
    found = estimate(PER_SECOND, [], {}, {})
    assert (found.amount, found.source) == (None, "unknown")


@pytest.mark.parametrize("unit", ["compute seconds", "units", "tokens"])
def test_units_that_fal_has_wrong_are_unknown_even_with_a_history(unit: str) -> None:
    price = Price("fal-ai/x", "0.0001", unit)
    found = estimate(price, ["12"], {"duration": 5}, {})
    assert (found.amount, found.source) == (None, "unknown")
    assert unit in found.detail
    assert billed(price, "12") is None


def test_without_a_price_nothing_is_known() -> None:
    found = estimate(None, ["12"], {"duration": 5}, {})
    assert (found.amount, found.source) == (None, "unknown")
    assert "models refresh" in found.detail


def test_prices_below_a_millionth_are_not_rounded_away() -> None:
    price = Price("fal-ai/tts", "0.0000004", "characters")
    found = estimate(price, [], {"text": "x" * 1_000_001}, None)
    assert found.amount == Money(400_001)  # rounded up, once
    assert billed(price, "10") == Money(4)


def test_texts_and_seeds_do_not_decide_the_cost_but_lengths_and_videos_do() -> None:
    image = {"type": "image/png", "sha256": "a", "size": 1}
    video = {"type": "video/mp4", "sha256": "a", "size": 1}

    def options(**body: object) -> str:
        return cost_options("e", body)

    assert options(prompt="a", seed=1, n=1) == options(n=1, prompt="b")
    assert options(n=1) != options(n=2)
    assert options(image_url=image) == options(image_url={**image, "sha256": "b"})
    assert options(image_urls=[image]) != options(image_urls=[image, image])
    assert options(video_url=video) != options(video_url={**video, "sha256": "b"})
    assert cost_options("e", {}) != cost_options("f", {})


# The cache


def test_prices_are_kept_and_belong_to_the_api_that_named_them(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "prices.sqlite3"
    cache = PriceCache(path, "https://api.fal.ai/v1")
    assert cache.all() == {}
    one = prices.parse_price("fal-ai/a", 0.025, "megapixels", "USD", 5.0)
    other = prices.parse_price("fal-ai/b", "1e-7", "tokens", "usd", 5.0)
    assert one is not None
    assert other is not None
    cache.store([one, other])
    assert cache.get("fal-ai/a") == Price("fal-ai/a", "0.025", "megapixels", "USD", 5.0)
    assert cache.get_many(["fal-ai/b", "fal-ai/c"]) == {
        "fal-ai/b": Price("fal-ai/b", "0.0000001", "tokens", "USD", 5.0)
    }
    cache.store([Price("fal-ai/a", "0.03", "megapixels", "USD", 6.0)])
    assert {name: price.unit_price for name, price in cache.all().items()} == {
        "fal-ai/a": "0.03",
        "fal-ai/b": "0.0000001",
    }
    assert PriceCache(path, "http://127.0.0.1:1/v1").all() == {}


@pytest.mark.parametrize(
    "facts",
    [
        (-1, "image", "USD"),
        ("free", "image", "USD"),
        (None, "image", "USD"),
        (1, "", "USD"),
        (1, 3, "USD"),
        (1, "image", "dollars"),
    ],
)
def test_what_is_no_price(facts: tuple[object, object, object]) -> None:
    assert prices.parse_price("fal-ai/a", *facts, now=1.0) is None


def test_a_damaged_cache_is_empty_and_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "prices.sqlite3"
    path.write_bytes(b"not a database" * 99)
    cache = PriceCache(path, "api")
    assert cache.all() == {}
    cache.store([PER_SECOND])
    assert cache.all() == {"fal-ai/veo3": PER_SECOND}


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot be stored"):
        PriceCache(tmp_path / "file" / "prices.sqlite3", "api").store([PER_SECOND])


def test_a_cache_of_another_shape_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "prices.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE prices (x)")
    db.close()
    assert PriceCache(path, "api").all() == {}
