"""Rules for image sizes that models check, and that their schemas do not declare."""

from __future__ import annotations

from collections.abc import Mapping

from openclaw_fal.sandbox.models import Body
from openclaw_fal.sandbox.validate import Errors

# GPT Image's limits. Edges and pixels in pixels.
_LARGEST_EDGE, _EDGE_STEP, _WIDEST_RATIO = 3840, 16, 3
_PIXELS = (655_360, 8_294_400)


def check(endpoint: str, body: Body) -> Errors:
    """The errors in the image size of an input that is valid by its schema."""
    size = body.get("image_size")
    if endpoint.startswith("openai/gpt-image-") and isinstance(size, dict):
        return _gpt_image_size(size)
    return []


def _gpt_image_size(size: Mapping[str, int]) -> Errors:
    width, height = size.get("width", 512), size.get("height", 512)
    long, short = max(width, height), min(width, height)
    reasons = []
    if width % _EDGE_STEP or height % _EDGE_STEP:
        reasons.append(f"both edges must be divisible by {_EDGE_STEP}")
    if long > _LARGEST_EDGE:
        reasons.append(f"no edge may exceed {_LARGEST_EDGE}")
    if not _PIXELS[0] <= width * height <= _PIXELS[1]:
        reasons.append(f"width x height must be from {_PIXELS[0]} to {_PIXELS[1]} pixels")
    if long > _WIDEST_RATIO * short:
        reasons.append(f"the ratio may be {_WIDEST_RATIO}:1 at most")
    return [
        {
            "loc": ["body", "image_size"],
            "msg": f"Value error, {reason}",
            "type": "value_error",
            "ctx": {"error": {}},
            "input": {"width": width, "height": height},
        }
        for reason in reasons
    ]
