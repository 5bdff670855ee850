"""What holds for every kind: prompts, kinds, `--param`, strange values, all violations at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openclaw_fal.errors import CapabilityError
from openclaw_fal.media import ImageRequest, MusicRequest, Plan, Reference, VideoRequest
from tests.provider.support import keys, plan, request

FLUX = "fal-ai/flux/dev"


def with_params(params: dict[str, object], kind: str = "image", **options: Any) -> Plan:
    model = options.pop("model", FLUX)
    return plan(request(kind, model, params=tuple(params.items()), **options))


def violations(kind: str, model: str, **options: Any) -> list[str]:
    with pytest.raises(CapabilityError) as error:
        plan(request(kind, model, **options))
    return [entry.key for entry in error.value.violations]


@pytest.mark.parametrize("prompt", ["", " ", "\n\t"])
@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("image", FLUX),
        ("video", "fal-ai/minimax/video-01-live"),
        ("music", "fal-ai/minimax-music/v2.6"),
    ],
)
def test_an_empty_prompt_is_refused(kind: str, model: str, prompt: str) -> None:
    assert violations(kind, model, prompt=prompt) == ["prompt"]


def test_a_prompt_is_sent_as_it_is() -> None:
    assert plan(request("image", FLUX, prompt="  a\ncat ")).body["prompt"] == "  a\ncat "


@pytest.mark.parametrize(
    ("kind", "model", "made"),
    [
        ("image", "fal-ai/minimax/video-01-live", "video"),
        ("image", "bytedance/seedance-2.0/lite/whatever", "video"),
        ("image", "fal-ai/minimax-music/v2.6", "music"),
        ("image", "someone/new/text-to-video", "video"),
        ("video", FLUX, "image"),
        ("video", "fal-ai/flux/schnell", "image"),
        ("video", "krea/v2/large/text-to-image", "image"),
        ("video", "openai/gpt-image-2/edit", "image"),
        ("music", "fal-ai/wan/v2.2-a14b/text-to-video", "video"),
        ("music", "fal-ai/nano-banana-2", "image"),
    ],
)
def test_a_model_of_another_kind_is_refused(kind: str, model: str, made: str) -> None:
    with pytest.raises(CapabilityError) as error:
        plan(request(kind, model))
    (wrong,) = error.value.violations
    assert wrong.key == "model"
    assert f"openclaw {made}" in wrong.message
    assert str(wrong.closest).startswith("fal/")


def test_all_violations_are_reported_together() -> None:
    found = violations(
        "image",
        FLUX,
        prompt="",
        count=9,
        size="1x1",
        aspectRatio="7:5",
        resolution="9K",
        outputFormat="gif",
        images=2,
        seed=1.5,
    )
    assert sorted(found) == [
        "aspectRatio",
        "count",
        "images",
        "outputFormat",
        "prompt",
        "seed",
    ]
    found = violations(
        "video",
        "bytedance/seedance-2.0/fast/image-to-video",
        durationSeconds=3,
        videos=1,
        resolution="8K",
        size="big",
    )
    assert sorted(found) == [
        "durationSeconds",
        "images",
        "resolution",
        "size",
        "videos",
    ]


def test_the_error_names_the_model_and_the_way_to_its_limits() -> None:
    with pytest.raises(CapabilityError) as error:
        plan(request("image", FLUX, count=9, outputFormat="gif"))
    assert error.value.model == FLUX
    assert f"openclaw image models fal/{FLUX}" in str(error.value.hint)
    assert "count" in error.value.message
    assert "outputFormat" in error.value.message


# --param


def test_a_param_is_added_as_it_is() -> None:
    made = with_params({"guidance_scale": 7.5, "loras": [{"path": "x"}], "acceleration": "none"})
    assert made.body["guidance_scale"] == 7.5
    assert made.body["loras"] == [{"path": "x"}]
    assert made.body["acceleration"] == "none"
    assert made.adjusted == ()


def test_a_param_may_not_replace_the_prompt() -> None:
    with pytest.raises(CapabilityError) as error:
        with_params({"prompt": "other"})
    assert [entry.key for entry in error.value.violations] == ["params"]


@pytest.mark.parametrize("count", [10**400, -(10**400)])
def test_a_number_too_large_for_a_float_is_refused(count: int) -> None:
    with pytest.raises(CapabilityError) as error:
        with_params({"num_images": count})
    assert error.value.violations[0].key == "params"


def test_an_undeclared_param_gets_a_warning() -> None:
    made = with_params({"guidance_scal": 3, "strength": 0.5})
    assert len(made.warnings) == 2
    assert "guidance_scale" in made.warnings[0]
    assert made.body["strength"] == 0.5
    assert with_params({"strength": 0.5}, images=1).warnings == ()


def test_no_warning_where_the_schema_is_not_known() -> None:
    warnings = with_params({"anything": 1}, model="someone/some-model").warnings
    assert not any("anything" in warning for warning in warnings)


def test_a_param_wins_over_an_option_and_that_is_reported() -> None:
    made = with_params({"num_images": 2}, count=3)
    assert made.body["num_images"] == 2
    assert [tuple(entry)[:3] for entry in made.adjusted] == [("count", 3, 2)]
    assert "--param num_images" in made.adjusted[0].reason


def test_a_param_over_options_that_were_mapped() -> None:
    made = with_params({"image_size": "square"}, aspectRatio="16:9", resolution="2K")
    assert made.body["image_size"] == "square"
    assert [tuple(entry)[:3] for entry in made.adjusted] == [
        ("aspectRatio", "16:9", "square"),
        ("resolution", "2K", "square"),
    ]


def test_a_param_over_references() -> None:
    made = with_params({"image_url": "https://example.com/a.png"}, images=1)
    assert made.references() == ()
    assert [tuple(entry)[:3] for entry in made.adjusted] == [
        ("images", ["in.png"], "https://example.com/a.png")
    ]


def test_a_param_that_repeats_an_option_changes_nothing() -> None:
    assert with_params({"num_images": 3}, count=3).adjusted == ()
    made = with_params({"image_size": "landscape_16_9"}, aspectRatio="16:9")
    assert keys(made.adjusted) == ["aspectRatio"]


def test_a_param_over_a_default_is_no_adjustment() -> None:
    made = with_params({"output_format": "jpeg", "num_images": 2})
    assert made.body["output_format"] == "jpeg"
    assert made.adjusted == ()


def test_params_come_after_the_rules() -> None:
    assert violations("image", FLUX, count=9, params=(("num_images", 1),)) == ["count"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, {"x": -float("inf")}]])
def test_a_param_that_json_cannot_express_is_refused(value: object) -> None:
    with pytest.raises(CapabilityError) as error:
        with_params({"guidance_scale": value})
    assert [entry.key for entry in error.value.violations] == ["params"]


# Strange values end in a violation, never in a crash

NUMBERS: list[Any] = [
    True, False, 0, -1, 10**30, -(10**30), 0.5, 1e300, float("nan"), float("inf"), -float("inf"),
    "", " ", "nan", "inf", "five", "9" * 5000, "1e400",
]  # fmt: skip
WORDS = ["", " ", "\x00", "é" * 500, "1" * 5000, ":", "x", "0:0", "1e400:1", "1:0", "-1:1", "nan:1"]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: repr(value)[:20])
def test_strange_numbers(value: Any) -> None:
    assert violations("image", FLUX, count=value) == ["count"]
    for model in (
        "fal-ai/wan/v2.2-a14b/text-to-video",
        "fal-ai/kling-video/v2.1/master/text-to-video",
        "bytedance/seedance-2.0/text-to-video",
    ):
        assert violations("video", model, durationSeconds=value) == ["durationSeconds"]
    for model in ("fal-ai/minimax-music/v2.6", "fal-ai/ace-step/prompt-to-audio"):
        assert violations("music", model, durationSeconds=value) == ["durationSeconds"]


@pytest.mark.parametrize("value", [True, 0, -1, -2.5, float("nan"), float("inf"), "", "nan", "-8s"])
def test_strange_durations_for_an_endpoint_that_takes_any(value: Any) -> None:
    assert violations("video", "fal-ai/veo3.1", durationSeconds=value) == ["durationSeconds"]


@pytest.mark.parametrize("value", [True, 1.5, float("nan"), float("inf"), "x"])
def test_strange_seeds(value: Any) -> None:
    for model in (FLUX, "openai/gpt-image-2"):
        assert violations("image", model, seed=value) == ["seed"]


def test_a_seed_may_be_any_whole_number() -> None:
    for seed in (0, -1, 2**63 + 1):
        assert plan(request("image", FLUX, seed=seed)).body["seed"] == seed


@pytest.mark.parametrize("value", WORDS, ids=lambda value: repr(value)[:20])
def test_strange_words(value: str) -> None:
    for model in (FLUX, "fal-ai/nano-banana-2", "openai/gpt-image-2.5/flare/text-to-image"):
        for key in ("size", "aspectRatio", "resolution", "outputFormat"):
            assert violations("image", model, **{key: value}) == [key]
    for key in ("size", "aspectRatio", "resolution"):
        assert violations("video", "bytedance/seedance-2.0/text-to-video", **{key: value}) == [key]
    assert violations("music", "fal-ai/minimax-music/v2.6", format=value) == ["format"]


def test_messages_stay_short_and_printable() -> None:
    for word in WORDS:
        with pytest.raises(CapabilityError) as error:
            plan(request("image", FLUX, aspectRatio=word, size=word))
        for entry in error.value.violations:
            assert len(entry.message) < 400
            assert entry.message.isprintable()


def test_numbers_may_be_spelled() -> None:
    model = "fal-ai/wan/v2.2-a14b/text-to-video"
    for value in (4, 4.0, "4", "4.0", " 4 "):
        assert plan(request("video", model, durationSeconds=value)).body["num_frames"] == 65
    assert plan(request("image", FLUX, count=2.0)).body["num_images"] == 2


def test_words_may_be_in_any_case() -> None:
    made = plan(request("image", "fal-ai/nano-banana-2", resolution="2k", outputFormat="JPEG"))
    assert (made.body["resolution"], made.body["output_format"]) == ("2K", "jpeg")
    assert made.adjusted == ()


# The plan itself


def test_references_stand_where_their_urls_will() -> None:
    first, second = Reference("a.png", "image"), Reference("https://x.example/b.png", "image")
    made = plan(ImageRequest("openai/gpt-image-2", "p", images=(first, second)))
    assert made.body["image_urls"] == [first, second]
    assert made.references() == (first, second)
    assert made.filled(lambda reference: reference.source)["image_urls"] == [
        "a.png",
        "https://x.example/b.png",
    ]


@pytest.mark.parametrize(
    "asked",
    [
        ImageRequest(FLUX, "p", size="1024x1024"),
        VideoRequest("fal-ai/wan/v2.2-a14b/text-to-video", "p", duration=5),
        MusicRequest("fal-ai/minimax-music/v2.6", "p"),
    ],
)
def test_a_plan_is_json_and_each_one_is_its_own(
    asked: ImageRequest | VideoRequest | MusicRequest,
) -> None:
    first, second = plan(asked), plan(asked)
    assert json.loads(json.dumps(first.body)) == second.body
    for value in first.body.values():
        if isinstance(value, dict):
            value.clear()
    assert plan(asked).body == second.body
