"""How values are written: what no model could take is wrong usage, whatever the model."""

from __future__ import annotations

import re

from openclaw_fal.errors import UsageError

_NUMBER = r"\d+(\.\d+)?"
_FORMS: dict[str, tuple[str, str]] = {
    "--duration": (rf"{_NUMBER}s?|auto", "a number of seconds, for example 6"),
    "--size": (
        r"\d+ ?[x×*] ?\d+|auto|(square|portrait|landscape)(_\w+)?",
        "WIDTHxHEIGHT in pixels, for example 1024x1536",
    ),
    "--aspect-ratio": (
        rf"{_NUMBER} ?[:/] ?{_NUMBER}|auto|adaptive",
        "WIDTH:HEIGHT, for example 16:9",
    ),
    "--resolution": (
        r".*\d.*|auto|low|medium|high|square(_hd)?",
        "for example 1K, 2K or 4K for images, and 720P or 1080P for videos",
    ),
    "--output-format": (
        r"png|jpe?g|webp|gif|avif|svg|mp4|webm|mov",
        "png, jpeg or webp for images, mp4, webm or gif for videos",
    ),
    "--format": (r"mp3|wav|flac|ogg|opus|aac|pcm", "mp3, wav, flac, ogg, opus or aac"),
}
"""Option → the pattern of its values (those that the endpoints of fal declare), and in words."""


def check_form(option: str, value: str | None) -> str | None:
    """`value` as it was given. Raises UsageError for one that no model takes."""
    if value is None:
        return None
    pattern, words = _FORMS[option]
    if re.fullmatch(pattern, value.strip(), re.IGNORECASE | re.ASCII) is None:
        raise UsageError(f"{option} {value}: must be {words}")
    return value


def format_name(option: str, value: str | None) -> str | None:
    """The name of a file format: `jpg` is `jpeg`."""
    value = check_form(option, value)
    return "jpeg" if value is not None and value.strip().lower() == "jpg" else value


def format_of_path(output: str | None, formats: dict[str, str]) -> str | None:
    """The format that the extension of `--output` asks for; None for a folder or no extension."""
    if output is None:
        return None
    return formats.get(output.rpartition(".")[2].lower()) if "." in output else None


IMAGE_ENDINGS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}
MUSIC_ENDINGS = {"mp3": "mp3", "wav": "wav", "flac": "flac", "ogg": "ogg", "opus": "opus"}
