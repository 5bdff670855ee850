"""Requests as Python programs write them: what is meant works, else there is a clear TypeError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import openclaw_fal
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


def test_a_prompt_alone_is_an_image_by_the_default_model(tmp_path: Path) -> None:
    done = openclaw_fal.generate("a cat", output=tmp_path / "cat.png", sandbox=True)
    assert done.model == openclaw_fal.default_model("image")
    assert [output.path for output in done.outputs] == [tmp_path / "cat.png"]
    again = openclaw_fal.generate(
        "a cat", output=tmp_path / "cat.png", overwrite=True, sandbox=True
    )
    assert [output.path for output in again.outputs] == [tmp_path / "cat.png"]


def test_what_is_no_request_is_a_clear_type_error() -> None:
    with pytest.raises(TypeError, match=r"the request is an ImageRequest, .* not int"):
        openclaw_fal.generate(3, sandbox=True)  # type: ignore[arg-type]


def test_strict_refuses_what_the_model_ignores() -> None:
    request = VideoRequest("fal-ai/minimax/video-01-live", "waves", duration=6)
    with pytest.raises(openclaw_fal.CapabilityError) as caught:
        openclaw_fal.generate(request, strict=True, sandbox=True)
    assert [violation.key for violation in caught.value.violations] == ["durationSeconds"]


def test_jobs_are_listed_newest_first() -> None:
    assert openclaw_fal.jobs() == []
    first = openclaw_fal.generate("a cat", sandbox=True)
    second = openclaw_fal.generate(
        MusicRequest("fal-ai/minimax-music/v2.6", "a song", instrumental=True), sandbox=True
    )
    assert [job.id for job in openclaw_fal.jobs()] == [second.job_id, first.job_id]
    assert [job.id for job in openclaw_fal.jobs(kind="image")] == [first.job_id]
    assert openclaw_fal.jobs(model="fal/fal-ai/flux/dev", state=["failed"]) == []
    assert all(isinstance(job, openclaw_fal.Job) for job in openclaw_fal.jobs(limit=1))


def test_every_public_name_is_listed_and_found() -> None:
    assert set(openclaw_fal.__all__) <= set(dir(openclaw_fal))
    for name in openclaw_fal.__all__:
        assert getattr(openclaw_fal, name) is not None
