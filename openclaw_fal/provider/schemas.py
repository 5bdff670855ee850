"""The input schemas (JSON Schema 2020-12) and output fields that fal declares for each endpoint.

Names, types, enums, defaults and required fields: fal's generated client types of 2026-08-02.
`minimum`, `maximum` and `maxItems`: fal's model pages. fal ignores an input field that an endpoint
does not declare, and answers 422 to a wrong enum or type (for a queued job only when its result
is fetched). A `note` says where a schema was taken from when fal's types lack the endpoint.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
EndpointSchema = Schema


def _enum(values: str, default: str | None = None) -> Schema:
    """The choice among the words of `values`."""
    return {"enum": values.split()} | ({} if default is None else {"default": default})


def _object(properties: Schema, *required: str) -> Schema:
    closed: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return closed | ({"required": list(required)} if required else {})


def _endpoint(output: str, properties: Schema, *required: str, note: str = "") -> EndpointSchema:
    declared: EndpointSchema = {"input": _object(properties, *required)}
    declared["outputFields"] = output.split()
    return declared | ({"note": note} if note else {})


def _number(default: float) -> Schema:
    return {"type": "number", "default": default}


def _integer(default: int) -> Schema:
    return {"type": "integer", "default": default}


def _urls(limit: int) -> Schema:
    return {"type": "array", "items": TEXT, "maxItems": limit}


def _image_size(default: str, *more: str) -> Schema:
    presets = _enum("square_hd square portrait_4_3 portrait_16_9 landscape_4_3 landscape_16_9")
    dimensions = _object({"height": _integer(512), "width": _integer(512)})
    presets["enum"] += more
    return {"anyOf": [presets, dimensions], "default": default}


TEXT: Schema = {"type": "string"}
BLANK: Schema = {"type": "string", "default": ""}
FLAG: Schema = {"type": "boolean"}
ON: Schema = {"type": "boolean", "default": True}
INT: Schema = {"type": "integer"}
NUM: Schema = {"type": "number"}
PROMPT: Schema = {"prompt": TEXT}
COUNT: Schema = {"num_images": {"type": "integer", "default": 1, "minimum": 1, "maximum": 4}}

FLUX_COMMON: Schema = {
    "acceleration": _enum("none regular high", "none"),
    "enable_safety_checker": ON,
    "guidance_scale": _number(3.5),
    **COUNT,
    "output_format": _enum("jpeg png", "jpeg"),
    **PROMPT,
    "seed": INT,
    "sync_mode": FLAG,
}
FLUX_TEXT: Schema = {
    **FLUX_COMMON,
    "image_size": _image_size("landscape_4_3"),
    "num_inference_steps": _integer(28),
}
FLUX_OUTPUT = "has_nsfw_concepts images prompt seed timings"

GPT_IMAGE: Schema = {
    **COUNT,
    "output_format": _enum("jpeg png webp", "png"),
    **PROMPT,
    "quality": _enum("auto low medium high", "high"),
    "sync_mode": FLAG,
}

GROK_ENUM = "2:1 20:9 19.5:9 16:9 4:3 3:2 1:1 2:3 3:4 9:16 9:19.5 9:20 1:2"
GROK: Schema = {
    **COUNT,
    "output_format": _enum("jpeg png webp", "jpeg"),
    **PROMPT,
    "resolution": _enum("1k 2k", "1k"),
    "sync_mode": FLAG,
}
GROK_TEXT: Schema = {**GROK, "aspect_ratio": _enum(GROK_ENUM, "1:1")}
GROK_EDIT: Schema = {
    **GROK,
    "aspect_ratio": _enum("auto " + GROK_ENUM, "auto"),
    "image_urls": _urls(3),
}
GROK_OUTPUT = "images revised_prompt"

NANO_ENUM = "21:9 16:9 3:2 4:3 5:4 1:1 4:5 3:4 2:3 9:16"
NANO_2_ENUM = f"auto {NANO_ENUM} 4:1 1:4 8:1 1:8"
NANO: Schema = {
    "limit_generations": ON,
    **COUNT,
    "output_format": _enum("jpeg png webp", "png"),
    **PROMPT,
    "safety_tolerance": _enum("1 2 3 4 5 6", "4"),
    "seed": INT,
    "sync_mode": FLAG,
}
NANO_LITE: Schema = {
    **NANO,
    "aspect_ratio": _enum(NANO_2_ENUM, "auto"),
    "system_prompt": BLANK,
    "thinking_level": _enum("minimal high"),
}
NANO_2: Schema = {
    **NANO_LITE,
    "enable_web_search": FLAG,
    "resolution": _enum("0.5K 1K 2K 4K", "1K"),
}
NANO_PRO: Schema = {
    **NANO,
    "enable_web_search": FLAG,
    "resolution": _enum("1K 2K 4K", "1K"),
    "system_prompt": BLANK,
}
NANO_OUTPUT = "description images"


def _krea_list(name: str, **more: object) -> Schema:
    entry = _object({name: TEXT, "strength": _number(1)}, name)
    return {"type": "array", "items": entry, **more}


KREA: Schema = {
    "aspect_ratio": _enum("1:1 4:3 3:2 16:9 2.35:1 4:5 2:3 9:16", "1:1"),
    "creativity": _enum("raw low medium high", "medium"),
    "image_style_references": _krea_list("image_url", maxItems=10),
    "moodboards": _krea_list("id"),
    **PROMPT,
    "seed": INT,
    "styles": _krea_list("id"),
}

SEEDANCE: Schema = {
    "aspect_ratio": _enum("auto 21:9 16:9 4:3 1:1 3:4 9:16", "auto"),
    "bitrate_mode": _enum("standard high", "standard"),
    "duration": _enum("auto 4 5 6 7 8 9 10 11 12 13 14 15", "auto"),
    "end_user_id": TEXT,
    "generate_audio": ON,
    **PROMPT,
}
SEEDANCE_FULL: Schema = {**SEEDANCE, "resolution": _enum("480p 720p 1080p 4k", "720p")}
SEEDANCE_FAST: Schema = {**SEEDANCE, "resolution": _enum("480p 720p", "720p")}
SEEDANCE_IMAGE: Schema = {"end_image_url": TEXT, "image_url": TEXT}
SEEDANCE_REFERENCES: Schema = {
    "audio_urls": _urls(3),
    "image_urls": _urls(9),
    "video_urls": _urls(3),
}

KLING: Schema = {
    "cfg_scale": _number(0.5),
    "duration": _enum("5 10", "5"),
    "negative_prompt": {"type": "string", "default": "blur, distort, and low quality"},
    **PROMPT,
}

WAN: Schema = {
    "acceleration": _enum("none regular", "regular"),
    "adjust_fps_for_interpolation": ON,
    "enable_output_safety_checker": FLAG,
    "enable_prompt_expansion": FLAG,
    "enable_safety_checker": FLAG,
    "frames_per_second": {"type": "integer", "default": 16, "minimum": 4, "maximum": 60},
    "guidance_scale": _number(3.5),
    "guidance_scale_2": _number(4),
    "interpolator_model": _enum("none film rife", "film"),
    "negative_prompt": BLANK,
    "num_frames": {"type": "integer", "default": 81, "minimum": 17, "maximum": 161},
    "num_inference_steps": _integer(27),
    "num_interpolated_frames": _integer(1),
    **PROMPT,
    "resolution": _enum("480p 580p 720p", "720p"),
    "seed": INT,
    "shift": _number(5),
    "video_quality": _enum("low medium high maximum", "high"),
    "video_write_mode": _enum("fast balanced small", "balanced"),
}

HEYGEN_CONFIG = _object(
    {"avatar": TEXT, "duration": NUM, "orientation": _enum("portrait landscape", "portrait")}
)

MINIMAX_AUDIO = _object(
    {
        "bitrate": {"enum": [32000, 64000, 128000, 256000], "default": 256000},
        "format": _enum("mp3 wav pcm", "mp3"),
        "sample_rate": {"enum": [16000, 24000, 32000, 44100], "default": 44100},
    }
)

ACE_STEP: Schema = {
    "duration": {"type": "number", "default": 60, "minimum": 5, "maximum": 240},
    "granularity_scale": _number(10),
    "guidance_interval": _number(0.5),
    "guidance_interval_decay": NUM,
    "guidance_scale": _number(15),
    "guidance_type": _enum("cfg apg cfg_star", "apg"),
    "instrumental": FLAG,
    "lyric_guidance_scale": _number(1.5),
    "minimum_guidance_scale": _number(3),
    "number_of_steps": _integer(27),
    **PROMPT,
    "scheduler": _enum("euler heun", "euler"),
    "seed": INT,
    "tag_guidance_scale": _number(5),
}

STABLE_AUDIO: Schema = {
    "guidance_scale": _number(1),
    "num_inference_steps": _integer(8),
    **PROMPT,
    "seconds_total": {"type": "integer", "default": 190, "minimum": 1, "maximum": 190},
    "seed": INT,
    "sync_mode": FLAG,
}

ENDPOINTS: dict[str, EndpointSchema] = {
    # Images
    "fal-ai/flux/dev": _endpoint(FLUX_OUTPUT, FLUX_TEXT, "prompt"),
    "fal-ai/flux/schnell": _endpoint(FLUX_OUTPUT, FLUX_TEXT, "prompt"),
    "fal-ai/flux/dev/image-to-image": _endpoint(
        FLUX_OUTPUT,
        {
            **FLUX_COMMON,
            "image_url": TEXT,
            "num_inference_steps": _integer(40),
            "strength": _number(0.95),
        },
        "image_url",
        "prompt",
    ),
    "openai/gpt-image-2": _endpoint(
        "images", {**GPT_IMAGE, "image_size": _image_size("landscape_4_3", "auto")}, "prompt"
    ),
    "openai/gpt-image-2/edit": _endpoint(
        "images",
        {
            **GPT_IMAGE,
            "image_size": _image_size("auto", "auto"),
            "image_urls": _urls(16),
            "mask_url": TEXT,
        },
        "image_urls",
        "prompt",
    ),
    "xai/grok-imagine-image": _endpoint(GROK_OUTPUT, GROK_TEXT, "prompt"),
    "xai/grok-imagine-image/edit": _endpoint(GROK_OUTPUT, GROK_EDIT, "prompt"),
    "xai/grok-imagine-image/quality/text-to-image": _endpoint(GROK_OUTPUT, GROK_TEXT, "prompt"),
    "xai/grok-imagine-image/quality/edit": _endpoint(GROK_OUTPUT, GROK_EDIT, "prompt"),
    "fal-ai/nano-banana": _endpoint(
        NANO_OUTPUT, {**NANO, "aspect_ratio": _enum(NANO_ENUM, "1:1")}, "prompt"
    ),
    "fal-ai/nano-banana/edit": _endpoint(
        NANO_OUTPUT,
        {
            **NANO,
            "aspect_ratio": _enum("auto " + NANO_ENUM, "auto"),
            "image_urls": _urls(3),
        },
        "image_urls",
        "prompt",
    ),
    "fal-ai/nano-banana-2": _endpoint(NANO_OUTPUT, NANO_2, "prompt"),
    "fal-ai/nano-banana-2/edit": _endpoint(
        NANO_OUTPUT,
        {
            **NANO_2,
            "audio_url": TEXT,
            "image_urls": _urls(14),
            "pdf_url": TEXT,
            "video_url": TEXT,
        },
        "prompt",
    ),
    "fal-ai/nano-banana-pro": _endpoint(
        NANO_OUTPUT,
        {**NANO_PRO, "aspect_ratio": _enum("auto " + NANO_ENUM, "1:1")},
        "prompt",
    ),
    "fal-ai/nano-banana-pro/edit": _endpoint(
        NANO_OUTPUT,
        {
            **NANO_PRO,
            "aspect_ratio": _enum("auto " + NANO_ENUM, "auto"),
            "image_urls": _urls(14),
        },
        "image_urls",
        "prompt",
    ),
    "google/nano-banana-2-lite": _endpoint(NANO_OUTPUT, NANO_LITE, "prompt"),
    "google/nano-banana-2-lite/edit": _endpoint(
        NANO_OUTPUT,
        {**NANO_LITE, "image_urls": _urls(14)},
        "prompt",
        note="not in the generated types; taken from google/nano-banana-lite/edit",
    ),
    "krea/v2/medium/text-to-image": _endpoint("images seed", KREA, "prompt"),
    "krea/v2/large/text-to-image": _endpoint("images seed", KREA, "prompt"),
    # Videos
    "fal-ai/minimax/video-01-live": _endpoint(
        "video", {**PROMPT, "prompt_optimizer": ON}, "prompt"
    ),
    "fal-ai/minimax/video-01-live/image-to-video": _endpoint(
        "video", {"image_url": TEXT, **PROMPT, "prompt_optimizer": ON}, "image_url", "prompt"
    ),
    "fal-ai/heygen/v2/video-agent": _endpoint(
        "video", {"config": HEYGEN_CONFIG, **PROMPT}, "prompt"
    ),
    "fal-ai/kling-video/v2.1/master/text-to-video": _endpoint(
        "video", {**KLING, "aspect_ratio": _enum("16:9 9:16 1:1", "16:9")}, "prompt"
    ),
    "fal-ai/kling-video/v2.1/master/image-to-video": _endpoint(
        "video", {**KLING, "image_url": TEXT}, "image_url", "prompt"
    ),
    "fal-ai/wan/v2.2-a14b/text-to-video": _endpoint(
        "prompt seed video", {**WAN, "aspect_ratio": _enum("16:9 9:16 1:1", "16:9")}, "prompt"
    ),
    "fal-ai/wan/v2.2-a14b/image-to-video": _endpoint(
        "prompt seed video",
        {
            **WAN,
            "aspect_ratio": _enum("auto 16:9 9:16 1:1", "auto"),
            "end_image_url": TEXT,
            "image_url": TEXT,
        },
        "image_url",
        "prompt",
        note="not in the generated types; taken from its /lora sibling without the LoRA fields",
    ),
    "bytedance/seedance-2.0/text-to-video": _endpoint("seed video", SEEDANCE_FULL, "prompt"),
    "bytedance/seedance-2.0/image-to-video": _endpoint(
        "seed video", {**SEEDANCE_FULL, **SEEDANCE_IMAGE}, "image_url", "prompt"
    ),
    "bytedance/seedance-2.0/reference-to-video": _endpoint(
        "seed video", {**SEEDANCE_FULL, **SEEDANCE_REFERENCES}, "prompt"
    ),
    "bytedance/seedance-2.0/fast/text-to-video": _endpoint("seed video", SEEDANCE_FAST, "prompt"),
    "bytedance/seedance-2.0/fast/image-to-video": _endpoint(
        "seed video", {**SEEDANCE_FAST, **SEEDANCE_IMAGE}, "image_url", "prompt"
    ),
    "bytedance/seedance-2.0/fast/reference-to-video": _endpoint(
        "seed video", {**SEEDANCE_FAST, **SEEDANCE_REFERENCES}, "prompt"
    ),
    # Music
    "fal-ai/minimax-music/v2.6": _endpoint(
        "audio",
        {
            "audio_setting": MINIMAX_AUDIO,
            "is_instrumental": FLAG,
            "lyrics": BLANK,
            "lyrics_optimizer": FLAG,
            **PROMPT,
        },
        "prompt",
    ),
    "fal-ai/ace-step/prompt-to-audio": _endpoint("audio lyrics seed tags", ACE_STEP, "prompt"),
    "fal-ai/stable-audio-25/text-to-audio": _endpoint("audio seed", STABLE_AUDIO, "prompt"),
}
