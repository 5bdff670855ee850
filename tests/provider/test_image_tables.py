"""A test for each row of the specification's image and edit tables, and for its text."""

from __future__ import annotations

import pytest

from tests.provider.asking import only, planned, refused, sent
from tests.provider.support import body, keys

KREA = "krea/v2/medium/text-to-image"


# Image generation: the table of capabilities


def test_image_row_max_images() -> None:
    assert sent("image", "fal-ai/flux/dev", count=4)["num_images"] == 4
    assert only(refused("image", "fal-ai/flux/dev", count=5)).closest == 4
    assert only(refused("image", "fal-ai/flux/dev", count=0)).closest == 1
    assert "num_images" not in sent("image", KREA, count=1)
    assert only(refused("image", KREA, count=2)).supported == (1,)


def test_image_row_size_overrides() -> None:
    sizes = ("1024x1024", "1024x1536", "1536x1024", "1024x1792", "1792x1024")
    for size in sizes:
        width, height = map(int, size.split("x"))
        expected = {"width": width, "height": height}
        assert sent("image", "fal-ai/flux/dev", size=size)["image_size"] == expected
    wrong = only(refused("image", "fal-ai/flux/dev", size="800x600"))
    assert (wrong.key, wrong.value, wrong.supported) == ("size", "800x600", sizes)
    assert wrong.closest == "1536x1024"


def test_image_row_aspect_ratio() -> None:
    assert sent("image", "fal-ai/flux/dev", aspectRatio="16:9")["image_size"] == "landscape_16_9"
    wrong = only(refused("image", "fal-ai/flux/dev", aspectRatio="16:9", images=1))
    assert wrong.key == "aspectRatio"
    for model in ("openai/gpt-image-2", "fal-ai/nano-banana-2", "xai/grok-imagine-image"):
        assert sent("image", model, aspectRatio="16:9", images=1)


def test_image_row_resolution() -> None:
    for resolution, edge in (("1K", 1024), ("2K", 2048), ("4K", 4096)):
        size = sent("image", "fal-ai/flux/dev", resolution=resolution)["image_size"]
        assert size == {"width": edge, "height": edge}
    assert only(refused("image", "fal-ai/flux/dev", resolution="8K")).closest == "4K"


def test_image_row_output_format() -> None:
    assert sent("image", "fal-ai/flux/dev")["output_format"] == "png"
    assert sent("image", "fal-ai/flux/dev", outputFormat="jpeg")["output_format"] == "jpeg"
    assert only(refused("image", "fal-ai/flux/dev", outputFormat="jpg")).closest == "jpeg"
    for word in ("png", "jpeg"):
        assert only(refused("image", KREA, outputFormat=word)).key == "outputFormat"


# Edit requests: the table of families

EDITS = [
    ("fal-ai/flux/dev", "fal-ai/flux/dev/image-to-image", 1, "image_url"),
    ("openai/gpt-image-2", "openai/gpt-image-2/edit", 10, "image_urls"),
    ("xai/grok-imagine-image", "xai/grok-imagine-image/edit", 3, "image_urls"),
    ("fal-ai/nano-banana", "fal-ai/nano-banana/edit", 3, "image_urls"),
    ("fal-ai/nano-banana-2", "fal-ai/nano-banana-2/edit", 14, "image_urls"),
    ("google/nano-banana-2-lite", "google/nano-banana-2-lite/edit", 14, "image_urls"),
    (KREA, KREA, 10, "image_style_references"),
]


def check_edit(model: str, endpoint: str, limit: int, field: str) -> None:
    for count in {1, limit}:
        made = planned("image", model, images=count)
        assert made.endpoint == endpoint
        value = made.body[field]
        assert (len(value) if isinstance(value, list) else 1) == count
        assert len(body(made)) == len(made.body)
    over = only(refused("image", model, images=limit + 1))
    assert (over.key, over.value, over.closest) == ("images", limit + 1, limit)
    if endpoint != model:
        assert planned("image", endpoint, images=1).endpoint == endpoint
        assert only(refused("image", endpoint)).key == "images"


def test_edit_row_flux_and_other_fal_models() -> None:
    check_edit(*EDITS[0])
    other = "someone/some-model"
    check_edit(other, other + "/image-to-image", 1, "image_url")


def test_edit_row_gpt_image() -> None:
    check_edit(*EDITS[1])
    check_edit("openai/gpt-image-1", "openai/gpt-image-1/edit", 10, "image_urls")


def test_edit_row_grok_imagine() -> None:
    check_edit(*EDITS[2])


def test_edit_row_nano_banana_legacy() -> None:
    check_edit(*EDITS[3])


def test_edit_row_nano_banana_2() -> None:
    check_edit(*EDITS[4])
    pro = "fal-ai/nano-banana-pro"
    check_edit(pro, pro + "/edit", 14, "image_urls")


def test_edit_row_nano_banana_2_lite() -> None:
    check_edit(*EDITS[5])


def test_edit_row_krea_2() -> None:
    check_edit(*EDITS[6])
    references = sent("image", KREA, images=2)["image_style_references"]
    assert references == [{"image_url": "data:image/png"}] * 2


# Image generation: the warning, Krea and the notes


def test_warning_on_aspect_ratios() -> None:
    assert only(refused("image", "fal-ai/flux/schnell", images=1, aspectRatio="1:1"))
    for ratio in ("4:1", "1:4", "8:1", "1:8"):
        assert sent("image", "fal-ai/nano-banana-2", aspectRatio=ratio)["aspect_ratio"] == ratio
        assert only(refused("image", KREA, aspectRatio=ratio))
    for ratio in ("2:1", "20:9", "19.5:9", "1:2", "9:20", "9:19.5"):
        assert sent("image", "xai/grok-imagine-image", aspectRatio=ratio)["aspect_ratio"] == ratio


def test_warning_on_resolutions() -> None:
    assert sent("image", "xai/grok-imagine-image", resolution="2K")["resolution"] == "2k"
    assert only(refused("image", "xai/grok-imagine-image", resolution="4K")).closest == "2K"
    for model in ("fal-ai/nano-banana", "google/nano-banana-2-lite"):
        for images in (0, 1):
            wrong = only(refused("image", model, resolution="1K", images=images))
            assert wrong.key == "resolution"


def test_krea_takes_any_size_as_the_closest_ratio_and_no_resolution() -> None:
    made = planned("image", KREA, size="800x600")
    assert made.body == {"prompt": "p", "aspect_ratio": "4:3", "creativity": "medium"}
    assert [(entry.key, entry.requested, entry.applied) for entry in made.adjusted] == [
        ("size", "800x600", "4:3")
    ]
    assert only(refused("image", KREA, resolution="1K")).key == "resolution"
    assert only(refused("image", KREA, size="big")).key == "size"


def test_krea_creativity() -> None:
    assert sent("image", KREA)["creativity"] == "medium"
    for word in ("raw", "low", "medium", "high", "RAW", "High"):
        assert sent("image", KREA, creativity=word)["creativity"] == word.lower()
    assert only(refused("image", KREA, creativity="extreme")).supported == (
        "raw",
        "low",
        "medium",
        "high",
    )
    assert keys(planned("image", "fal-ai/flux/dev", creativity="low").ignored) == ["creativity"]


def test_a_transparent_background_is_reported_as_ignored() -> None:
    for model in ("fal-ai/flux/dev", "openai/gpt-image-2", KREA):
        made = planned("image", model, background="transparent")
        assert keys(made.ignored) == ["background"]
        assert made.ignored[0].value == "transparent"
        assert "background" not in made.body


# What the model pages add


def test_gpt_image_limits_are_named() -> None:
    wrong = only(refused("image", "openai/gpt-image-2", resolution="4K"))
    assert (wrong.key, wrong.closest) == ("resolution", "2K")
    assert "3840" in wrong.message
    assert "8,294,400" in wrong.message
    wide = only(refused("image", "openai/gpt-image-2", aspectRatio="8:1"))
    assert (wide.key, wide.closest) == ("aspectRatio", "2.35:1")
    assert "3:1" in wide.message
    small = only(refused("image", "openai/gpt-image-2", aspectRatio="16:9", resolution="1K"))
    assert (small.key, small.closest) == ("resolution", "2K")
    assert "655,360" in small.message


def test_gpt_image_ratio_with_resolution_keeps_to_multiples_of_16() -> None:
    size = sent("image", "openai/gpt-image-2", aspectRatio="4:5", resolution="2K")["image_size"]
    assert size == {"width": 1632, "height": 2048}


def test_gpt_image_with_references_ignores_the_resolution_beside_a_ratio() -> None:
    made = planned("image", "openai/gpt-image-2", aspectRatio="2:3", resolution="2K", images=1)
    assert made.body["image_size"] == {"width": 1024, "height": 1536}
    assert keys(made.ignored) == ["resolution"]


def test_gpt_image_quality() -> None:
    assert sent("image", "openai/gpt-image-2", quality="low")["quality"] == "low"
    assert only(refused("image", "openai/gpt-image-2", quality="max")).key == "quality"
    assert keys(planned("image", KREA, quality="low").ignored) == ["quality"]


@pytest.mark.parametrize("name", ["flare", "sunburst"])
def test_gpt_image_2_5(name: str) -> None:
    model, edit = (f"openai/gpt-image-2.5/{name}/{path}" for path in ("text-to-image", "edit"))
    check_edit(model, edit, 16, "image_urls")
    assert sent("image", model, size="auto")["image_size"] == "auto"
    assert sent("image", model, size="1600x1200")["image_size"] == {"width": 1600, "height": 1200}
    assert only(refused("image", model, size="800x600")).closest == "944x704"
    assert sent("image", model, aspectRatio="1:1")["image_size"] == {"width": 1536, "height": 1536}
    assert sent("image", model, aspectRatio="16:9")["image_size"] == {"width": 1536, "height": 864}
    assert only(refused("image", model, resolution="1K")).key == "resolution"
    assert sent("image", model, quality="xhigh")["quality"] == "xhigh"
    assert sent("image", model, outputFormat="webp")["output_format"] == "webp"


def test_gpt_image_2_5_transparent_needs_png_or_webp() -> None:
    model = "openai/gpt-image-2.5/flare/text-to-image"
    for output_format in (None, "png", "webp"):
        made = sent("image", model, background="transparent", outputFormat=output_format)
        assert made["background"] == "transparent"
    wrong = only(refused("image", model, background="transparent", outputFormat="jpeg"))
    assert wrong.key == "background"
    assert sent("image", model, background="opaque", outputFormat="jpeg")["background"] == "opaque"
    assert only(refused("image", model, background="green")).key == "background"


def test_grok_quality_has_two_endpoints() -> None:
    model = "xai/grok-imagine-image/quality"
    for name in (model, model + "/text-to-image"):
        assert planned("image", name).endpoint == model + "/text-to-image"
        assert planned("image", name, images=1).endpoint == model + "/edit"


def test_flux_image_to_image_declares_no_size() -> None:
    made = planned("image", "fal-ai/flux/dev", images=1, size="1024x1536", resolution="2K")
    assert keys(made.ignored) == ["resolution", "size"]
    assert "image_size" not in made.body
    other = planned("image", "someone/some-model", images=1, size="1024x1536")
    assert other.body["image_size"] == {"width": 1024, "height": 1536}


def test_the_size_wins_over_ratio_and_resolution() -> None:
    made = planned("image", "fal-ai/flux/dev", size="1536x1024", aspectRatio="1:1", resolution="4K")
    assert made.body["image_size"] == {"width": 1536, "height": 1024}
    assert keys(made.adjusted) == ["aspectRatio", "resolution"]


def test_a_given_ratio_wins_over_the_size_where_the_endpoint_takes_a_ratio() -> None:
    made = planned("image", "fal-ai/nano-banana-2", size="1536x1024", aspectRatio="1:1")
    assert made.body["aspect_ratio"] == "1:1"
    assert [(entry.key, entry.applied) for entry in made.adjusted] == [("size", "1:1")]


@pytest.mark.parametrize(
    ("model", "taken"),
    [
        ("fal-ai/flux/dev", True),
        (KREA, True),
        ("fal-ai/nano-banana-2", True),
        ("openai/gpt-image-2", False),
        ("xai/grok-imagine-image", False),
        ("fal-ai/recraft/v3/text-to-image", False),
    ],
)
def test_a_seed_goes_where_it_is_declared(model: str, taken: bool) -> None:
    made = planned("image", model, seed=7)
    assert made.body.get("seed") == (7 if taken else None)
    assert keys(made.ignored) == ([] if taken else ["seed"])


# The tip: any other fal image endpoint is treated like Flux


def test_any_other_image_endpoint_is_treated_like_flux() -> None:
    made = planned("image", "someone/some-model", aspectRatio="16:9", count=2)
    assert made.body == {
        "prompt": "p",
        "num_images": 2,
        "output_format": "png",
        "image_size": "landscape_16_9",
    }
    assert planned("image", "someone/some-model", images=1).endpoint == (
        "someone/some-model/image-to-image"
    )
    assert planned("image", "someone/some-model/edit", images=1).endpoint == (
        "someone/some-model/edit"
    )
