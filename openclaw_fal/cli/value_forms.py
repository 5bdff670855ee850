"""The syntax of option values. A value that no model could take is wrong usage."""

from __future__ import annotations

import re

from openclaw_fal.errors import CapabilityError, UsageError
from openclaw_fal.media import Kind, MediaRequest

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
        "a resolution, for example 1K, 2K or 4K for images, 720P or 1080P for videos",
    ),
    "--output-format": (
        r"png|jpe?g|webp|gif|avif|svg|mp4|webm|mov",
        "png, jpeg or webp for images, mp4, webm or gif for videos",
    ),
    "--format": (r"mp3|wav|flac|ogg|opus|aac|pcm", "mp3, wav, flac, ogg, opus or aac"),
}
"""Option → a pattern for all values that fal's endpoints declare, and its description."""


def check_form(option: str, value: str | None) -> str | None:
    """`value` unchanged. Raises UsageError if no model takes such a value."""
    if value is None:
        return None
    pattern, words = _FORMS[option]
    if re.fullmatch(pattern, value.strip(), re.IGNORECASE | re.ASCII) is None:
        raise UsageError(f"{option} {value}: must be {words}")
    return value


def format_name(option: str, value: str | None) -> str | None:
    """The name of a file format: `jpg` → `jpeg`, others unchanged. Raises UsageError."""
    value = check_form(option, value)
    return "jpeg" if value is not None and value.strip().lower() == "jpg" else value


_FORMAT_OPTIONS: dict[Kind, tuple[str, dict[str, str]]] = {
    "image": ("output_format", {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}),
    "video": ("output_format", {name: name for name in ("mp4", "webm", "gif", "mov")}),
    "music": ("format", {name: name for name in ("mp3", "wav", "flac", "ogg", "opus")}),
}
"""The request's field for the file format, and the format of each extension."""


def with_format_of(output: str | None, request: MediaRequest) -> MediaRequest:
    """`request` with the file format of `--output`'s extension, if its model can make that.

    The request is unchanged if it has a format, or if `--output` has no known extension.
    """
    field, formats = _FORMAT_OPTIONS[request.kind]
    _, dot, extension = (output or "").rpartition(".")
    wanted = formats.get(extension.lower()) if dot else None
    if wanted is None or getattr(request, field) is not None:
        return request
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.parameters import KEYS
    from openclaw_fal.provider.plan import plan

    asking = request.replaced(**{field: wanted})
    try:
        refused = {item.key for item in plan(asking, ENDPOINTS).ignored}
    except CapabilityError as error:
        refused = {violation.key for violation in error.violations}
    return request if KEYS[field] in refused else asking
