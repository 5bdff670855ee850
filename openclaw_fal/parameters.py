"""The names of a request's options: fields in Python, parameters in the specification and in JSON
documents, options on the command line."""

from __future__ import annotations

KEYS: dict[str, str] = {
    "count": "count",
    "size": "size",
    "aspect_ratio": "aspectRatio",
    "resolution": "resolution",
    "output_format": "outputFormat",
    "quality": "quality",
    "background": "background",
    "creativity": "creativity",
    "style": "style",
    "negative_prompt": "negativePrompt",
    "seed": "seed",
    "steps": "steps",
    "guidance": "guidance",
    "images": "images",
    "videos": "videos",
    "audio_refs": "audioRefs",
    "duration": "durationSeconds",
    "audio": "audio",
    "watermark": "watermark",
    "lyrics": "lyrics",
    "instrumental": "instrumental",
    "format": "format",
    "prompt": "prompt",
    "params": "params",
}
_OPTIONS = {
    "images": "--image",
    "videos": "--video",
    "audioRefs": "--audio-ref",
    "durationSeconds": "--duration",
    "params": "--param",
    "prompt": "the prompt",
}


def option_name(key: str) -> str:
    """What a person calls a parameter of the specification: `aspectRatio` → `--aspect-ratio`."""
    kebab = "".join(f"-{char.lower()}" if char.isupper() else char for char in key)
    return _OPTIONS.get(key, f"--{kebab}")
