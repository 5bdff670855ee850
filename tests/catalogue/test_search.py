"""Searching the catalogue offline."""

from __future__ import annotations

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.catalogue.search import search
from openclaw_fal.provider.specs import table_endpoints


def ids(words: str, **options: object) -> list[str]:
    return [hit.endpoint.id for hit in search(read.shipped(), words, **options)]  # type: ignore[arg-type]


def test_every_word_is_found_and_the_best_comes_first() -> None:
    found = ids("kling image", kind="video")
    assert found
    assert all("kling" in name for name in found)
    assert ids("nano-banana")[0] == "fal-ai/nano-banana"
    assert ids("recraft v3 text-to-image")[0] == "fal-ai/recraft/v3/text-to-image"


def test_a_field_and_a_kind_are_found_too() -> None:
    for hit in search(read.shipped(), "negative_prompt flux", limit=50):
        assert "negative_prompt" in hit.endpoint.properties
    assert all(hit.endpoint.kind == "music" for hit in search(read.shipped(), "music lyrics")[:3])


def test_nothing_is_found_for_a_word_that_is_nowhere() -> None:
    assert ids("flux qqqqq") == []


@pytest.mark.parametrize("kind", ["image", "video", "music", "other"])
def test_a_kind_narrows_the_search(kind: str) -> None:
    found = search(read.shipped(), "fal-ai", kind=kind, limit=2000)  # type: ignore[arg-type]
    assert {hit.endpoint.kind for hit in found} == {kind}
    assert len(found) > 90


def test_endpoints_that_make_no_media_are_found_on_request_only() -> None:
    assert not {hit.endpoint.kind for hit in search(read.shipped(), "trainer", limit=99)} & {
        "other"
    }
    assert ids("trainer", kind="other")


def test_the_table_is_searched_as_well() -> None:
    assert "openai/gpt-image-1" not in read.ids()
    assert "google/nano-banana-2-lite/edit" in ids("nano-banana-2-lite", also=table_endpoints())


def test_a_limit_and_the_family() -> None:
    hits = search(read.shipped(), "kling-video", limit=3)
    assert len(hits) == 3
    assert {hit.family for hit in hits} == {"fal-ai/kling-video"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
