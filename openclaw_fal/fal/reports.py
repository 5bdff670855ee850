"""Reads fal's error JSON, in error responses, in job statuses and events, and in results without
files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from openclaw_fal.fal.wire import mapping, text_of
from openclaw_fal.text import clean, lower_start

CONTENT_POLICY = "content_policy_violation"
MOST_ENTRIES = 10  # entries of a validation error that are shown
WRAPPERS = ("response", "data", "output", "outputs", "result", "results", "payload")
DEPTH = 6  # how deeply wrappers may be nested


class Report(NamedTuple):
    """fal's error types and `message` ("" when there is none).

    `from_fal`: it is one of fal's JSON errors, rather than a gateway's page.
    """

    types: tuple[str, ...] = ()
    message: str = ""
    from_fal: bool = False

    @property
    def type(self) -> str | None:
        """The most important type: a content-policy refusal, else the first one."""
        if CONTENT_POLICY in self.types:
            return CONTENT_POLICY
        return self.types[0] if self.types else None

    @property
    def says_failed(self) -> bool:
        return bool(self.types or self.message)

    def with_more(self, other: Report) -> Report:
        """This report with the types of `other`, and its message where this one has none."""
        types = tuple(dict.fromkeys(self.types + other.types))
        return Report(types, self.message or other.message, self.from_fal or other.from_fal)


NOTHING = Report()


def layers(payload: object, depth: int = DEPTH) -> Iterator[Mapping[str, object]]:
    """The payload and the objects in its wrappers, from the outside in."""
    if depth and isinstance(payload, dict):
        yield payload
        for name in WRAPPERS:
            yield from layers(payload.get(name), depth - 1)


def report_of(payload: object, *, header: str | None = None, key: str | None = None) -> Report:
    """The failure in fal's JSON: `detail` (text, an entry or a list of entries), `error` (text or
    an object) and `error_type`, at the top or in a wrapper; and in `header`, the value of
    `x-fal-error-type`."""
    report = NOTHING
    for fields in layers(payload):
        report = report.with_more(_report(fields, key))
    if named := text_of(header):
        return Report(_types([named], key), from_fal=True).with_more(report)
    return report


def _report(fields: Mapping[str, object], key: str | None) -> Report:
    detail = fields.get("detail")
    error = fields.get("error")
    entries = detail if isinstance(detail, list) else [detail]
    types = [fields.get("error_type"), mapping(error).get("type")]
    types += [mapping(entry).get("type") for entry in entries]
    messages = [text for entry in entries if (text := _entry_message(entry))]
    for value in (error, fields.get("message")):
        if not messages and (text := _entry_message(value)):
            messages.append(text)
    if len(messages) > MOST_ENTRIES:
        messages[MOST_ENTRIES:] = [f"and {len(messages) - MOST_ENTRIES} more"]
    from_fal = bool(messages or "detail" in fields or "error" in fields)
    return Report(_types(types, key), lower_start(clean("; ".join(messages), key=key)), from_fal)


def _entry_message(entry: object) -> str | None:
    """The message of `error` or an entry of `detail`: text, or an object that may name a field."""
    if isinstance(entry, str):
        return text_of(entry)
    fields = mapping(entry)
    texts = (text_of(fields.get(name)) for name in ("msg", "message", "error"))
    message = next(filter(None, texts), None)
    path = _path(fields.get("loc"))
    return f"{path}: {message or 'not accepted'}" if path else message


def _path(loc: object) -> str:
    """`["body", "image_size", "width"]` is `image_size.width`; list indices go into brackets."""
    path = ""
    steps = loc if isinstance(loc, list) else [loc] if isinstance(loc, str) else []
    for number, step in enumerate(steps[:16]):
        if isinstance(step, bool) or not isinstance(step, (str, int)):
            continue
        if isinstance(step, int):
            path += f"[{step}]"
        elif not (number == 0 and step == "body" and len(steps) > 1):
            path += f".{step[:100]}" if path else step[:100]
    return path


def _types(values: list[object], key: str | None) -> tuple[str, ...]:
    texts = (text_of(value) for value in values[:1000])
    return tuple(dict.fromkeys(clean(text, key=key, limit=100) for text in texts if text))
