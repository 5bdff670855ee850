"""Converts options by their JSON names, as in manifests, sidecars and the journal, to requests.

The names are the specification's (`aspectRatio`, `durationSeconds`, …): `parameters.KEYS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import (
    REFERENCES,
    ImageRequest,
    Kind,
    MediaRequest,
    MediaType,
    MusicRequest,
    Reference,
    VideoRequest,
)
from openclaw_fal.parameters import KEYS

REQUESTS: dict[Kind, type[ImageRequest] | type[VideoRequest] | type[MusicRequest]] = {
    "image": ImageRequest,
    "video": VideoRequest,
    "music": MusicRequest,
}
_WHOLE = {"count", "seed", "steps", "width", "height"}
_NUMBERS = {"duration", "guidance"}
_BOOLEANS = {"audio", "instrumental", "watermark", "unchecked"}


class _InvalidValue(ValueError):
    """A value of the wrong type; the message completes `KEY …`."""


def request_from(kind: Kind, options: Mapping[str, object]) -> MediaRequest:
    """The request that `options` ask for; `model` is an endpoint id, `None` values count as absent.

    Raises CapabilityError with a violation for each option that the kind does not have, or whose
    value has the wrong type.
    """
    fields = {KEYS.get(field, field): field for field in REQUESTS[kind].fields()}
    values: dict[str, object] = {}
    violations: list[Violation] = []
    for key, value in options.items():
        if value is None:
            continue
        if key not in fields:
            violations.append(_unknown(kind, key, value, tuple(fields)))
            continue
        try:
            values[fields[key]] = _converted(fields[key], value)
        except _InvalidValue as error:
            violations.append(Violation(key, value, f"{key} {error}"))
    values.setdefault("prompt", "")  # some endpoints take none; `plan` checks where it is required
    if violations:
        raise CapabilityError(
            "; ".join(violation.message for violation in violations), violations=tuple(violations)
        )
    make: Callable[..., MediaRequest] = REQUESTS[kind]
    return make(**values)


def _unknown(kind: Kind, key: str, value: object, known: Sequence[str]) -> Violation:
    import difflib

    near = difflib.get_close_matches(key, known, 1)
    closest = near[0] if near else None
    mean = f"; did you mean {closest}?" if closest else f"; it has {', '.join(known)}"
    return Violation(
        key, value, f"{kind} requests have no option {key}{mean}", tuple(known), closest
    )


def _converted(field: str, value: object) -> object:
    if media := REFERENCES.get(field):
        sources = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_reference(media, source) for source in sources)
    if field == "params":
        return _params(value)
    if field in _WHOLE:
        return _number(value, whole=True)
    if field in _NUMBERS:
        return value if isinstance(value, str) else _number(value, whole=False)
    if field in _BOOLEANS:
        if not isinstance(value, bool):
            raise _InvalidValue("must be true or false")
        return value
    if not isinstance(value, str):
        raise _InvalidValue("must be a string")
    return value


def _number(value: object, *, whole: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise _InvalidValue(f"must be a {'whole ' if whole else ''}number")
    if whole and not isinstance(value, int):
        raise _InvalidValue("must be a whole number")
    return value


def _reference(media: MediaType, source: object) -> Reference:
    if isinstance(source, Reference):
        return source
    if not isinstance(source, str) or not source:
        raise _InvalidValue("must be a path or URL, or a list of them")
    return Reference(source, media)


def _params(value: object) -> tuple[tuple[str, object], ...]:
    if not isinstance(value, Mapping):
        raise _InvalidValue('must be an object of fields, for example {"guidance_scale": 3.5}')
    return tuple((str(key), inner) for key, inner in value.items())


def options_of(
    request: MediaRequest,
    describe: Callable[[Reference], object] = lambda reference: reference.source,
) -> dict[str, object]:
    """The given options of a request by their JSON names, as `request_from` reads them. `describe`
    converts a reference, by default to its path or URL."""
    options: dict[str, object] = {}
    for field, value in request.as_dict().items():
        if value is None or value == () or (value is False and field == "unchecked"):
            continue
        if isinstance(value, tuple) and field in REFERENCES:
            value = [describe(reference) for reference in value]
        elif isinstance(value, tuple) and field == "params":
            value = dict(value)
        options[KEYS.get(field, field)] = value
    return options


def is_deeper(value: object, levels: int) -> bool:
    """Whether JSON is nested deeper than `levels`."""
    layer = [value]
    for _ in range(levels):
        inner: list[object] = []
        for item in layer:
            if isinstance(item, Mapping):
                inner += item.values()
            elif isinstance(item, (list, tuple)):
                inner += item
        layer = inner
    return bool(layer)


def from_text(key: str, text: str) -> object:
    """The value of an option that is given as text, in a CSV cell or after `--default KEY=`.

    Lists of files are separated by `;`. Raises ValueError, whose message completes `KEY …`.
    """
    field = next((name for name, json_name in KEYS.items() if json_name == key), key)
    text = text.strip()
    if field in REFERENCES:
        return [source.strip() for source in text.split(";") if source.strip()]
    if field in _BOOLEANS:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise _InvalidValue("must be true or false")
        return words[text.lower()]
    if field in _WHOLE or field in _NUMBERS:
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
        if field in _WHOLE:
            raise _InvalidValue("must be a whole number")
        return text
    if field in ("params", "sweep"):
        return _json(text)
    return text


def _json(text: str) -> object:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _InvalidValue("must be a JSON object") from None
