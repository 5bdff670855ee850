"""Faults: what fails, in which phase, and how often. `spoil.py` and `sending.py` apply them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields
from urllib.parse import unquote

from openclaw_fal.errors import UsageError

PHASES = (
    "connect", "sync", "submit", "status", "stream", "result", "cancel",
    "media", "initiate", "upload", "platform", "any",
)  # fmt: skip

# Failures of the connection while the response is sent; the request was accepted.
WIRE_KINDS = {
    "reset_after_read": "the request is taken, then the connection is reset",
    "cut": "half (`at`, 0 to 1) of the body, then the connection is closed",
    "cut_reset": "half (`at`) of the body, then the connection is reset",
    "stall": "half (`at`) of the body, then nothing",
    "silent": "the request is taken, and nothing is answered",
    "lie_longer": "Content-Length promises more than is sent",
    "lie_shorter": "Content-Length promises less than is sent",
}
# Wrong bodies of the response; the request was accepted.
BODY_KINDS = {
    "garbage": "200 and bytes that are no JSON",
    "empty": "200 and no body",
    "truncated_json": "JSON that ends in the middle",
    "bad_type": "the right keys with values of wrong types",
    "gzip_bomb": "a small body that unpacks to `size` bytes",
    "big_json": "`size` bytes of valid JSON",
    "deep_json": "JSON nested `size` levels deep",
    "bad_charset": "JSON in bytes that are no UTF-8",
    "duplicate_keys": "every key twice, first with another value",
}
# Other responses than fal's; the request was not accepted.
OTHER_KINDS = {
    "reset": "the connection is reset before anything is read or answered",
    "html": "an HTML page of a gateway, with `status` 502",
    "redirect": "a redirect to `to`, with `status` 307",
}
KINDS = OTHER_KINDS | WIRE_KINDS | BODY_KINDS
OPTIONS = "type, detail, body, retry-after, request-id, taken, after"

_lock = threading.Lock()


@dataclass
class Fault:
    """One fault.

    `kind` is an HTTP status or a word from the tables above. The first `after` requests of the
    phase pass, the next `count` (None: all) fail. `taken`: whether a failing request is carried out
    all the same; None leaves that to the kind. `retry_after` is in seconds.
    """

    phase: str
    kind: str
    count: int | None = None
    after: int = 0
    status: int = 0
    type: str = ""
    detail: str = ""
    body: str = ""
    retry_after: str = ""
    to: str = ""
    size: int = 0
    at: float = 0.5
    taken: bool | None = None
    request_id: bool = True
    used: int = field(default=0, compare=False)
    seen: int = field(default=0, compare=False)

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `phase:kind[:count][:option=value]…`."""
        parts = [unquote(part) for part in text.strip().split(":")]
        if len(parts) < 2:
            raise UsageError(f"fail={text}: PHASE:KIND[:COUNT][:OPTION=VALUE…] is wanted")
        values: dict[str, object] = {"phase": parts[0], "kind": parts[1]}
        for part in parts[2:]:
            name, equals, value = part.partition("=")
            if equals:
                values[name.replace("-", "_")] = value
            else:
                values["count"] = None if part in ("", "*", "all") else part
        return cls.checked(values)

    @classmethod
    def checked(cls, values: dict[str, object]) -> Fault:
        """Build a fault from names and values (text is converted). Raises UsageError."""
        known = {item.name for item in fields(cls)} - {"used", "seen"}
        for name in values:
            if name not in known:
                hint = ", ".join(sorted(known))
                raise UsageError(f"fail: there is no option {name!r}", hint=hint)
        phase, kind = str(values.get("phase", "")), str(values.get("kind", "")).replace("-", "_")
        if phase not in PHASES:
            raise UsageError(f"fail: there is no phase {phase!r}", hint=", ".join(PHASES))
        if not (_is_status(kind) or kind in KINDS):
            kinds = ", ".join(KINDS)
            raise UsageError(f"fail: there is no kind {kind!r}", hint=f"an HTTP status, {kinds}")
        fault = cls(phase, kind)
        for name in known - {"phase", "kind"}:
            if name in values:
                setattr(fault, name, _converted(name, values[name], getattr(fault, name)))
        return fault

    def applies(self, phase: str) -> bool:
        """Whether this fault is for the next request of the phase; counts the request if so."""
        if phase != self.phase and (self.phase != "any" or phase == "connect"):
            return False
        with _lock:
            self.seen += 1
            if self.seen <= self.after or (self.count is not None and self.used >= self.count):
                return False
            self.used += 1
        return True

    @property
    def takes_effect(self) -> bool:
        """Whether the failing request is carried out all the same."""
        if self.taken is not None:
            return self.taken
        return self.kind in WIRE_KINDS or self.kind in BODY_KINDS

    def as_dict(self) -> dict[str, object]:
        """Phase, kind, and the options that differ from the defaults."""
        values: dict[str, object] = {"phase": self.phase, "kind": self.kind}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name not in ("phase", "kind", "used", "seen") and value != item.default:
                values[item.name] = value
        return values


def _is_status(kind: str) -> bool:
    return kind.isascii() and kind.isdigit() and 100 <= int(kind) <= 599


def _converted(name: str, value: object, default: object) -> object:
    try:
        if name == "count":
            return None if value is None else int(str(value))
        if name in ("taken", "request_id"):
            return str(value).lower() in ("1", "true", "yes", "on")
        if isinstance(default, float):
            return float(str(value))
        return int(str(value)) if isinstance(default, int) else str(value)
    except ValueError:
        raise UsageError(f"fail: {name}: a number is wanted, not {value!r}") from None
