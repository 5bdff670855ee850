"""The families of image models, as data. The first row that matches an endpoint id decides.

A new model is a new row above the last one, which takes any other id.
"""

from __future__ import annotations

from openclaw_fal.provider.rows import IMAGE_TO_IMAGE, ImageRow, ImageSize, words

SIZES = words("1024x1024 1024x1536 1536x1024 1024x1792 1792x1024")
RATIOS = words("1:1 2:3 3:2 2.35:1 3:4 4:3 4:5 5:4 9:16 16:9 21:9 4:1 1:4 8:1 1:8")
TEN_RATIOS = words("21:9 16:9 3:2 4:3 5:4 1:1 4:5 3:4 2:3 9:16")
NANO_2_RATIOS = (*TEN_RATIOS, *words("4:1 1:4 8:1 1:8"))
GROK_RATIOS = words("2:1 20:9 19.5:9 16:9 4:3 3:2 1:1 2:3 3:4 9:16 9:19.5 9:20 1:2")
KREA_RATIOS = words("1:1 4:3 3:2 16:9 2.35:1 4:5 2:3 9:16")
RESOLUTIONS = words("1K 2K 4K")
FORMATS = words("png jpeg")
PRESETS = {
    "1:1": "square_hd",
    "4:3": "landscape_4_3",
    "3:4": "portrait_4_3",
    "16:9": "landscape_16_9",
    "9:16": "portrait_16_9",
}
EDGES = {"1K": 1024, "2K": 2048, "4K": 4096}
GENERIC_SIZE = ImageSize(edges=EDGES, presets=PRESETS)

IMAGE_TABLE = {
    "sizes": "specification, image table: size overrides",
    "resolutions": "specification, image table: resolution",
    "outputFormats": "specification, image table: output format",
    "maxCount": "specification, image table: max images",
    "editEndpoint": "specification, edit table",
    "maxReferenceImages": "specification, edit table",
    "referenceField": "fal schema of the edit endpoint",
}
GENERIC_SOURCES = {
    **IMAGE_TABLE,
    "aspectRatios": "OpenClaw's ratio list for fal",
    "editAspectRatios": "specification, image warning: none for Flux image-to-image",
    "any other id": "specification, tip on other fal image endpoint ids",
}
GPT_SOURCES = {
    **IMAGE_TABLE,
    "aspectRatios": "OpenClaw's ratio list for fal, within the size limits",
    "qualities": "fal schema openai/gpt-image-2",
    "sizeLimits": "model page openai/gpt-image-2",
}
NANO_SOURCES = {**IMAGE_TABLE, "sizes": "specification, image table; sent as the closest ratio"}

IMAGE_ROWS: tuple[ImageRow, ...] = (
    ImageRow(
        family="Flux",
        match=("fal-ai/flux/dev", "fal-ai/flux/dev/image-to-image"),
        models=("fal-ai/flux/dev",),
        reference_field="image_url",
        max_references=1,
        edit_paths=(IMAGE_TO_IMAGE,),
        image_size=GENERIC_SIZE,
        aspect_ratios=RATIOS,
        edit_aspect_ratios=(),
        edit_geometry=False,
        sizes=SIZES,
        resolutions=RESOLUTIONS,
        formats=FORMATS,
        sources={
            **GENERIC_SOURCES,
            "editIgnoredOptions": "fal schema fal-ai/flux/dev/image-to-image: no image_size",
        },
    ),
    ImageRow(
        family="GPT Image 2.5",
        match=tuple(
            f"openai/gpt-image-2.5/{name}/{path}"
            for name in ("flare", "sunburst")
            for path in ("text-to-image", "edit")
        ),
        models=(
            "openai/gpt-image-2.5/flare/text-to-image",
            "openai/gpt-image-2.5/sunburst/text-to-image",
        ),
        rejects=frozenset({"resolution"}),
        reference_field="image_urls",
        max_references=16,
        text_path="/text-to-image",
        image_size=ImageSize(
            edges={},
            ratio_edge=1536,
            multiple=16,
            max_edge=3840,
            min_pixels=655_360,
            max_pixels=8_294_400,
            max_ratio=3,
        ),
        aspect_ratios=RATIOS,
        sizes=("auto",),
        any_size=True,
        formats=words("png jpeg webp"),
        qualities=words("auto low medium high xhigh max"),
        backgrounds=words("transparent opaque auto"),
        transparent_formats=words("png webp"),
        sources={
            **IMAGE_TABLE,
            "sizes": "model page openai/gpt-image-2.5",
            "sizeLimits": "model page openai/gpt-image-2.5",
            "qualities": "model page openai/gpt-image-2.5",
            "backgrounds": "model page openai/gpt-image-2.5",
            "outputFormats": "model page openai/gpt-image-2.5",
            "resolutions": "model page openai/gpt-image-2.5: none",
            "editEndpoint": "model page openai/gpt-image-2.5",
            "maxReferenceImages": "model page openai/gpt-image-2.5",
        },
    ),
    ImageRow(
        family="GPT Image",
        match=("openai/gpt-image-*",),
        models=("openai/gpt-image-1", "openai/gpt-image-2"),
        reference_field="image_urls",
        max_references=10,
        image_size=ImageSize(
            edges=EDGES,
            presets=PRESETS,
            ratio_edge=1536,
            multiple=16,
            max_edge=3840,
            min_pixels=655_360,
            max_pixels=8_294_400,
            max_ratio=3,
            references_ignore_resolution=True,
        ),
        aspect_ratios=RATIOS,
        sizes=SIZES,
        resolutions=RESOLUTIONS,
        formats=FORMATS,
        qualities=words("auto low medium high"),
        sources=GPT_SOURCES,
    ),
    ImageRow(
        family="Grok Imagine",
        match=("xai/grok-imagine-image", "xai/grok-imagine-image/*"),
        models=("xai/grok-imagine-image", "xai/grok-imagine-image/quality"),
        reference_field="image_urls",
        max_references=3,
        text_path="/text-to-image",
        text_aliases={
            "xai/grok-imagine-image/quality": "xai/grok-imagine-image/quality/text-to-image"
        },
        aspect_ratios=GROK_RATIOS,
        sizes=SIZES,
        resolutions=words("1K 2K"),
        lower_case_resolution=True,
        formats=FORMATS,
        sources={
            **NANO_SOURCES,
            "aspectRatios": "specification, image warning; fal schema xai/grok-imagine-image",
            "resolutions": "specification, image warning: 1K and 2K",
        },
    ),
    ImageRow(
        family="Nano Banana (legacy)",
        match=("fal-ai/nano-banana", "fal-ai/nano-banana/*"),
        models=("fal-ai/nano-banana",),
        rejects=frozenset({"resolution"}),
        reference_field="image_urls",
        max_references=3,
        aspect_ratios=TEN_RATIOS,
        sizes=SIZES,
        formats=FORMATS,
        sources={
            **NANO_SOURCES,
            "aspectRatios": "fal schema fal-ai/nano-banana",
            "resolutions": "specification, image warning: rejected",
        },
    ),
    ImageRow(
        family="Nano Banana Pro",
        match=("fal-ai/nano-banana-pro", "fal-ai/nano-banana-pro/*"),
        models=("fal-ai/nano-banana-pro",),
        reference_field="image_urls",
        max_references=14,
        aspect_ratios=TEN_RATIOS,
        sizes=SIZES,
        resolutions=RESOLUTIONS,
        formats=FORMATS,
        sources={**NANO_SOURCES, "aspectRatios": "fal schema fal-ai/nano-banana-pro"},
    ),
    ImageRow(
        family="Nano Banana 2",
        match=("fal-ai/nano-banana-*",),
        models=("fal-ai/nano-banana-2",),
        reference_field="image_urls",
        max_references=14,
        aspect_ratios=NANO_2_RATIOS,
        sizes=SIZES,
        resolutions=RESOLUTIONS,
        formats=FORMATS,
        sources={
            **NANO_SOURCES,
            "aspectRatios": "specification, image warning; fal schema fal-ai/nano-banana-2",
        },
    ),
    ImageRow(
        family="Nano Banana 2 Lite",
        match=("google/nano-banana-2-lite", "google/nano-banana-2-lite/*"),
        models=("google/nano-banana-2-lite",),
        rejects=frozenset({"resolution"}),
        reference_field="image_urls",
        max_references=14,
        aspect_ratios=NANO_2_RATIOS,
        sizes=SIZES,
        formats=FORMATS,
        sources={
            **NANO_SOURCES,
            "aspectRatios": "fal schema google/nano-banana-2-lite",
            "resolutions": "specification, image warning: rejected",
        },
    ),
    ImageRow(
        family="Krea 2",
        match=("krea/v2/*",),
        models=("krea/v2/medium/text-to-image", "krea/v2/large/text-to-image"),
        rejects=frozenset({"resolution", "outputFormat"}),
        reference_field="image_style_references",
        max_references=10,
        edit_paths=(),
        aspect_ratios=KREA_RATIOS,
        any_size=True,
        max_count=1,
        count_field=None,
        creativities=words("raw low medium high"),
        default_creativity="medium",
        sources={
            **IMAGE_TABLE,
            "aspectRatios": "fal schema krea/v2/medium/text-to-image",
            "sizes": "specification, Krea 2: the closest ratio",
            "resolutions": "specification, Krea 2: rejected",
            "outputFormats": "specification, Krea 2: rejected",
            "creativities": "specification, Krea 2",
            "editEndpoint": "specification, edit table: none",
        },
    ),
    ImageRow(
        family="Flux and other fal models",
        match=("*",),
        models=("fal-ai/flux/schnell",),
        reference_field="image_url",
        max_references=1,
        # An id that ends in /edit names its edit endpoint already.
        edit_paths=(IMAGE_TO_IMAGE, "/edit"),
        image_size=GENERIC_SIZE,
        aspect_ratios=RATIOS,
        edit_aspect_ratios=(),
        sizes=SIZES,
        resolutions=RESOLUTIONS,
        formats=FORMATS,
        sources=GENERIC_SOURCES,
    ),
)
