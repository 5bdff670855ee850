"""The width and height of the images and videos that a request asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from openclaw_fal.media import PRESET_SIZES

_PRESETS = {**PRESET_SIZES, "auto": (1024, 1024)}
_LONG_EDGE = {"0.5k": 512, "1k": 1024, "2k": 2048, "4k": 4096}
_SHORT_EDGE = {"4k": 2160} | {
    f"{edge}p": edge for edge in (240, 360, 480, 512, 540, 580, 720, 768, 1080, 1440, 2160)
}
_MAX_EDGE = 8192
_WIDEST = 32.0
VIDEO_PIXELS = 1280 * 960


def image_size(body: Mapping[str, object]) -> tuple[int, int]:
    """Width and height in pixels from image_size, aspect_ratio and resolution."""
    size = body.get("image_size") or body.get("size")
    if isinstance(size, dict):
        return _edge(size.get("width", 512)), _edge(size.get("height", 512))
    if isinstance(size, str):
        if size in _PRESETS:
            return _PRESETS[size]
        if pixels := re.fullmatch(r"(\d{1,5})\s*[xX*]\s*(\d{1,5})", size):
            return _edge(int(pixels[1])), _edge(int(pixels[2]))
    if isinstance(body.get("width"), int) and isinstance(body.get("height"), int):
        return _edge(body["width"]), _edge(body["height"])
    ratio = _ratio(body.get("aspect_ratio"))
    edge = _LONG_EDGE.get(str(body.get("resolution", "1K")).lower(), 1024)
    if ratio is None:
        named = {"aspect_ratio", "resolution"} & set(body)
        return (edge, edge) if named else _PRESETS["landscape_4_3"]
    if ratio >= 1:
        return edge, max(1, round(edge / ratio))
    return max(1, round(edge * ratio)), edge


def video_size(body: Mapping[str, object]) -> tuple[int, int]:
    """Even width and height in the requested ratio, with at most `VIDEO_PIXELS` pixels."""
    config = body.get("config")
    upright = isinstance(config, dict) and config.get("orientation", "portrait") == "portrait"
    ratio = _ratio(body.get("aspect_ratio")) or (9 / 16 if upright else 16 / 9)
    short = _SHORT_EDGE.get(str(body.get("resolution", "720p")).lower(), 720)
    width, height = (short * ratio, float(short)) if ratio >= 1 else (float(short), short / ratio)
    scale = min(1.0, (VIDEO_PIXELS / (width * height)) ** 0.5)
    return _even(width * scale), _even(height * scale)


def _ratio(value: object) -> float | None:
    if not isinstance(value, str) or ":" not in value:
        return None
    try:
        wide, high = (float(part) for part in value.split(":", 1))
    except ValueError:
        return None
    ratio = wide / high if wide > 0 and high > 0 else 1.0
    return min(max(ratio, 1 / _WIDEST), _WIDEST)


def _edge(value: object) -> int:
    return min(max(value, 1), _MAX_EDGE) if isinstance(value, int) else 512


def _even(value: float) -> int:
    return max(2, 2 * round(value / 2))
