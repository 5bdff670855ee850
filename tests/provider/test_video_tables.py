"""A test for each row of the specification's video table and list of models."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_fal.provider.specs import DEFAULT_MODELS, DEFAULT_TIMEOUT_S
from tests.provider.asking import only, planned, refused, sent
from tests.provider.support import body, keys

SEEDANCE = "bytedance/seedance-2.0"


# Video generation: the table and the list of models


def test_video_row_modes() -> None:
    default = DEFAULT_MODELS["video"]
    assert sent("video", default) == {}
    assert sent("video", default, images=1) == {"image_url": "data:image/png"}
    references = sent("video", f"{SEEDANCE}/reference-to-video", images=1, videos=1, audios=1)
    assert references == {
        "image_urls": ["data:image/png"],
        "video_urls": ["data:video/mp4"],
        "audio_urls": ["data:audio/mpeg"],
    }


def test_video_row_runtime_is_the_queue_of_one_endpoint() -> None:
    assert planned("video", DEFAULT_MODELS["video"], images=1).endpoint == (
        "fal-ai/minimax/video-01-live/image-to-video"
    )


def test_video_row_timeout() -> None:
    assert DEFAULT_TIMEOUT_S["video"] == 20 * 60


EVERYTHING: dict[str, Any] = {
    "durationSeconds": 3,
    "aspectRatio": "adaptive",
    "resolution": "9999P",
    "size": "1x1",
    "audio": False,
    "watermark": True,
    "seed": 3,
}


@pytest.mark.parametrize("model", ["fal-ai/minimax/video-01-live", "fal-ai/heygen/v2/video-agent"])
def test_video_models_minimax_and_heygen_send_prompt_and_one_image(model: str) -> None:
    made = planned("video", model, images=1, **EVERYTHING)
    assert body(made) == {"prompt": "p", "image_url": "data:image/png"}
    assert keys(made.ignored) == sorted(EVERYTHING)
    assert only(refused("video", model, images=2)).key == "images"


def test_video_models_kling() -> None:
    text, image = (f"fal-ai/kling-video/v2.1/master/{path}-to-video" for path in ("text", "image"))
    for seconds in (5, 10):
        assert sent("video", text, durationSeconds=seconds) == {"duration": str(seconds)}
    assert only(refused("video", text, durationSeconds=8)).closest == 10
    assert sent("video", text, aspectRatio="1:1") == {"aspect_ratio": "1:1"}
    assert only(refused("video", text, aspectRatio="21:9")).closest == "16:9"
    for model in (text, image):
        made = planned("video", model, images=1, aspectRatio="1:1")
        assert made.endpoint == image
        assert keys(made.ignored) == ["aspectRatio"]
    made = planned("video", text, resolution="720P", size="1280x720", audio=True)
    assert keys(made.ignored) == ["audio", "resolution", "size"]


def test_video_models_wan_text_to_video() -> None:
    model = "fal-ai/wan/v2.2-a14b/text-to-video"
    made = planned("video", model, durationSeconds=10, resolution="580P", seed=1)
    assert made.body == {"prompt": "p", "num_frames": 161, "resolution": "580p", "seed": 1}
    assert [(entry.key, entry.requested, entry.applied) for entry in made.adjusted] == [
        ("durationSeconds", 10, 161)
    ]
    for seconds, closest in ((0, 1), (11, 10), (2.5, 2)):
        assert only(refused("video", model, durationSeconds=seconds)).closest == closest
    assert only(refused("video", model, resolution="1080P")).closest == "720p"
    assert only(refused("video", model, aspectRatio="auto")).key == "aspectRatio"


def test_video_models_wan_image_to_video() -> None:
    model = "fal-ai/wan/v2.2-a14b/image-to-video"
    assert only(refused("video", model)).key == "images"
    assert sent("video", model, images=1, aspectRatio="9:16") == {
        "image_url": "data:image/png",
        "aspect_ratio": "9:16",
    }


@pytest.mark.parametrize("path", ["", "/fast"])
def test_video_models_seedance(path: str) -> None:
    text, image = (f"{SEEDANCE}{path}/{mode}-to-video" for mode in ("text", "image"))
    for seconds in (4, 15):
        assert sent("video", text, durationSeconds=seconds) == {"duration": str(seconds)}
    for seconds, closest in ((3, 4), (16, 15)):
        assert only(refused("video", text, durationSeconds=seconds)).closest == closest
    assert sent("video", text, aspectRatio="auto") == {"aspect_ratio": "auto"}
    assert only(refused("video", text, aspectRatio="adaptive"))
    assert sent("video", text, audio=False) == {"generate_audio": False}
    assert planned("video", text, images=1).endpoint == image
    assert only(refused("video", image)).key == "images"
    for key in ("videos", "audios"):
        assert refused("video", text, **{key: 1})


def test_video_models_seedance_resolutions() -> None:
    for resolution in ("480P", "720P", "1080P", "4K"):
        made = sent("video", f"{SEEDANCE}/text-to-video", resolution=resolution)
        assert made == {"resolution": resolution.lower()}
    fast = f"{SEEDANCE}/fast/text-to-video"
    assert sent("video", fast, resolution="720P") == {"resolution": "720p"}
    assert only(refused("video", fast, resolution="1080P")).closest == "720p"


@pytest.mark.parametrize(
    ("size", "ratio", "resolution"),
    [
        ("1280x720", "16:9", "720p"),
        ("720x1280", "9:16", "720p"),
        ("854x480", "16:9", "480p"),
        ("640x480", "4:3", "480p"),
        ("1920x1080", "16:9", "1080p"),
        ("2560x1080", "21:9", "1080p"),
        ("1080x1080", "1:1", "1080p"),
        ("3840x2160", "16:9", "4k"),
    ],
)
def test_video_models_seedance_size(size: str, ratio: str, resolution: str) -> None:
    made = planned("video", f"{SEEDANCE}/text-to-video", size=size)
    assert made.body == {"prompt": "p", "aspect_ratio": ratio, "resolution": resolution}
    assert keys(made.adjusted) == ["size"]


@pytest.mark.parametrize(
    ("size", "closest"),
    [("1024x1024", "720x720"), ("1920x1080", "1280x720"), ("1000x720", "960x720"), ("auto", None)],
)
def test_video_models_seedance_sizes_that_do_not_fit(size: str, closest: str | None) -> None:
    wrong = only(refused("video", f"{SEEDANCE}/fast/text-to-video", size=size))
    assert (wrong.key, wrong.closest) == ("size", closest)


def test_video_models_seedance_size_fills_in_what_was_not_given() -> None:
    model = f"{SEEDANCE}/text-to-video"
    assert sent("video", model, size="1280x720", aspectRatio="1:1") == {
        "aspect_ratio": "1:1",
        "resolution": "720p",
    }
    assert sent("video", model, size="1000x563", resolution="480P") == {
        "aspect_ratio": "16:9",
        "resolution": "480p",
    }
    both = planned("video", model, size="1280x720", resolution="480P", aspectRatio="1:1")
    assert both.body == {"prompt": "p", "aspect_ratio": "1:1", "resolution": "480p"}
    assert keys(both.adjusted) == ["size"]


@pytest.mark.parametrize("path", ["", "/fast"])
def test_video_models_seedance_reference_to_video(path: str) -> None:
    model = f"{SEEDANCE}{path}/reference-to-video"
    assert sent("video", model) == {}
    assert len(planned("video", model, images=9, videos=3).body) == 3
    assert len(planned("video", model, images=6, videos=3, audios=3).body) == 4
    for options in ({"images": 10}, {"videos": 4}, {"videos": 1, "audios": 4}):
        assert only(refused("video", model, **options))
    assert "12" in only(refused("video", model, images=9, videos=3, audios=1)).message
    assert only(refused("video", model, audios=1)).key == "audioRefs"


def test_any_other_video_endpoint_takes_the_options_as_given() -> None:
    made = planned(
        "video",
        "someone/some-video-model",
        images=1,
        aspectRatio="adaptive",
        resolution="720P",
        durationSeconds="8s",
    )
    assert body(made) == {
        "prompt": "p",
        "image_url": "data:image/png",
        "aspect_ratio": "adaptive",
        "resolution": "720P",
        "duration": "8s",
    }
    assert made.warnings
    assert sent("video", "someone/some-video-model", durationSeconds=8) == {"duration": 8}
    made = planned("video", "someone/some-video-model", size="1280x720", audio=True, seed=1)
    assert keys(made.ignored) == ["audio", "seed", "size"]
    for options in ({"images": 2}, {"videos": 1}, {"audios": 1}):
        assert only(refused("video", "someone/some-video-model", **options))


def test_any_other_text_to_video_endpoint_with_an_image_uses_its_sibling() -> None:
    made = planned("video", "fal-ai/some/v1/text-to-video", images=1)
    assert made.endpoint == "fal-ai/some/v1/image-to-video"
    assert only(refused("video", "fal-ai/some/v1/image-to-video")).key == "images"
