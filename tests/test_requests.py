"""Requests as Python programs write them: what is meant works, else there is a clear TypeError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.media import ImageRequest, MusicRequest, Reference, VideoRequest

Request: Any = ImageRequest  # what type checkers would refuse is what is tried here


def test_a_size_as_a_pair() -> None:
    assert Request("m", "p", size=(1024, 768)) == ImageRequest("m", "p", size="1024x768")
    assert Request("m", "p", size=[1024, 768]).size == "1024x768"


@pytest.mark.parametrize(
    "images",
    [
        ["a.png", Path("b.png")],
        ("a.png", Reference("b.png", "image")),
        [Reference("a.png", "image"), Reference("b.png", "image")],
    ],
)
def test_references_as_lists(images: object) -> None:
    assert [ref.source for ref in Request("m", "p", images=images).images] == ["a.png", "b.png"]


def test_one_reference_and_the_kinds_of_media() -> None:
    video: Any = VideoRequest
    asked = video("m", "p", images="a.png", videos=[Path("b.mp4")], audio_refs=("c.mp3",))
    assert asked.images == (Reference("a.png", "image"),)
    assert asked.videos == (Reference("b.mp4", "video"),)
    assert asked.audio_refs == (Reference("c.mp3", "audio"),)
    assert video("m", "p", images=None).images == ()


def test_params_as_a_dictionary() -> None:
    assert Request("m", "p", params={"a": 1}).params == (("a", 1),)
    music: Any = MusicRequest
    assert music("m", "p", params=(("a", 1),)).params == (("a", 1),)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": 1024}, r"size is text \(1024x768\) or a pair of numbers \(1024, 768\), not 1024"),
        ({"size": (1, 2, 3)}, "size is text"),
        ({"size": ("a", "b")}, "size is text"),
        ({"images": 3}, "images are paths, URLs or References, not int"),
        ({"images": [b"\x89PNG"]}, "images are paths, URLs or References, not bytes"),
        ({"prompt": None}, "prompt is text, not NoneType"),
        ({"model": 3}, "model is text, not int"),
        ({"prompts": "x"}, "ImageRequest has no field prompts; it has model, prompt, count, "),
    ],
)
def test_what_is_not_meant_is_a_clear_type_error(fields: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Request(**{"model": "m", "prompt": "p", **fields})
