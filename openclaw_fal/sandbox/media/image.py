"""Generates images: the prompt on a background whose colour depends on the seed."""

from __future__ import annotations

import colorsys
import io
import unicodedata
import zlib
from typing import TYPE_CHECKING

from openclaw_fal.sandbox.media.spec import Spec

if TYPE_CHECKING:
    from PIL import Image, ImageFont

_DRAWN = 400  # characters of the prompt


def image_bytes(spec: Spec) -> bytes:
    """The encoded image."""
    picture = draw(spec)
    out = io.BytesIO()
    if spec.form == "png":
        picture.save(out, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    elif spec.form == "jpeg":
        picture.save(out, "JPEG", quality=85)
    else:
        picture.save(out, "WEBP", quality=80, method=0)
    return out.getvalue()


def draw(spec: Spec) -> Image.Image:
    """An RGB picture with the spec's size, text and colour; plain black for a flagged one."""
    from PIL import Image, ImageDraw

    size = (spec.width, spec.height)
    if spec.black:
        return Image.new("RGB", size)
    picture = Image.new("RGB", size, _colour(spec.seed, 0.38))
    canvas = ImageDraw.Draw(picture)
    edge = min(size)
    margin = max(1, edge // 24)
    if edge >= 16:
        canvas.rectangle(
            (margin, margin, size[0] - margin - 1, size[1] - margin - 1),
            outline=_colour(spec.seed, 0.85),
            width=max(1, edge // 200),
        )
    if edge >= 48:
        _write(canvas, spec.text, size, 2 * margin)
    return picture


def _colour(seed: int, lightness: float) -> tuple[int, int, int]:
    hue = (seed * 0.618033988749895) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.55)
    return round(red * 255), round(green * 255), round(blue * 255)


def _write(canvas: object, text: str, size: tuple[int, int], margin: int) -> None:
    from PIL import ImageDraw, ImageFont

    assert isinstance(canvas, ImageDraw.ImageDraw)
    shown = drawable(text)
    points = max(10, min(size) // (14 if len(shown) < 120 else 24))
    font = ImageFont.load_default(points)
    width = size[0] - 2 * margin
    lines = _wrapped(shown, font, width)[: max(1, (size[1] - 2 * margin) // (points + points // 3))]
    canvas.multiline_text(
        (margin, margin), "\n".join(lines), fill=(255, 255, 255), font=font, spacing=points // 3
    )


def drawable(text: str) -> str:
    """The first `_DRAWN` characters of the text on one line, without control characters."""
    shown = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char
        for char in text[:_DRAWN]
    )
    return " ".join(shown.split())


def _wrapped(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[str]:
    """Lines of at most `width` pixels, estimated as the sum of the widths of their characters."""
    widths = {char: font.getlength(char) for char in set(text) | {" "}}
    lines: list[str] = []
    line, used = "", 0.0
    for word in text.split(" "):
        for piece in _fitting(word, widths, width):
            size = sum(widths[char] for char in piece)
            if line and used + widths[" "] + size > width:
                lines.append(line)
                line, used = piece, size
            else:
                line, used = f"{line} {piece}".strip(), used + widths[" "] + size
    return [*lines, line]


def _fitting(word: str, widths: dict[str, float], width: int) -> list[str]:
    """A word cut into pieces of at most `width` pixels."""
    pieces, start, used = [], 0, 0.0
    for at, char in enumerate(word):
        if at > start and used + widths[char] > width:
            pieces.append(word[start:at])
            start, used = at, 0.0
        used += widths[char]
    return [*pieces, word[start:]]
