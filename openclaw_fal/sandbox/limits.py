"""What fal checks beyond the declared schemas."""

from __future__ import annotations

from collections.abc import Mapping

from openclaw_fal.sandbox.models import Body
from openclaw_fal.sandbox.validate import Errors

_EDGE, _STEP, _RATIO = 3840, 16, 3
_PIXELS = (655_360, 8_294_400)


def check(endpoint: str, body: Body) -> Errors:
    """The errors of an input that is valid by its schema."""
    size = body.get("image_size")
    if endpoint.startswith("openai/gpt-image-") and isinstance(size, dict):
        return _gpt_image_size(size)
    return []


def _gpt_image_size(size: Mapping[str, int]) -> Errors:
    """GPT Image's limits: edges in steps of 16 up to 3840, a range of pixels, at most 3:1."""
    width, height = size.get("width", 512), size.get("height", 512)
    long, short = max(width, height), min(width, height)
    wrong = []
    if width % _STEP or height % _STEP:
        wrong.append(f"both edges must be divisible by {_STEP}")
    if long > _EDGE:
        wrong.append(f"no edge may exceed {_EDGE}")
    if not _PIXELS[0] <= width * height <= _PIXELS[1]:
        wrong.append(f"width x height must be from {_PIXELS[0]} to {_PIXELS[1]} pixels")
    if long > _RATIO * short:
        wrong.append(f"the ratio may be {_RATIO}:1 at most")
    return [
        {
            "loc": ["body", "image_size"],
            "msg": f"Value error, {reason}",
            "type": "value_error",
            "ctx": {"error": {}},
            "input": {"width": width, "height": height},
        }
        for reason in wrong
    ]
