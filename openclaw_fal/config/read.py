"""What OpenClaw's config says about fal: the read side. Nothing here writes or prints."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple, TypeGuard

from openclaw_fal.atomic import Snapshot, read_file
from openclaw_fal.config.layouts import (
    LayoutChoice,
    default_path,
    layout_of,
    other,
    translate,
)
from openclaw_fal.config.places import API_KEY, BASE_URL, MEDIA_MAX_MB
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import (
    MISSING,
    KeyPath,
    Missing,
    format_path,
    get_at,
    type_name,
)
from openclaw_fal.json5.read import object_in
from openclaw_fal.media import Kind
from openclaw_fal.store.keys import KeyReference, key_reference

LONGEST_MS = 365 * 86400 * 1000
"""Longer time-outs than a year count as one."""


class ModelDefault(NamedTuple):
    """A default model. `path` is where it stands, `timeout_ms` in milliseconds; `form` is how it
    is written: a bare ref, or an object with `primary`."""

    primary: str
    fallbacks: tuple[str, ...]
    timeout_ms: int | None
    path: str
    form: Literal["string", "object"]


class Setting(NamedTuple):
    """A value as found: `path` is where it really stands, `note` says so when that is elsewhere."""

    path: KeyPath
    value: object | Literal[Missing.MISSING]
    note: str | None = None


class Config(Frozen):
    """OpenClaw's config as read once. A missing or empty file is an empty config."""

    path: Path
    exists: bool
    text: str
    data: dict[str, object]
    layout_choice: LayoutChoice

    def __repr__(self) -> str:
        return f"Config({self.path})"  # it may hold secrets

    @property
    def layout(self) -> Literal["legacy", "current"]:
        return self.layout_choice.layout

    def default_model(self, kind: Kind) -> ModelDefault | None:
        """The default model of a kind, from either layout; the file's own comes first.

        Raises LocalError, naming the path, for a value that is no default.
        """
        for layout in (self.layout, other(self.layout)):
            path = default_path(kind, layout)
            value = get_at(self.data, path)
            if value is not MISSING:
                return _default(value, format_path(path))
        return None

    def base_url(self) -> str | None:
        """`models.providers.fal.baseUrl` as it stands; None means fal itself. Raises LocalError."""
        value = get_at(self.data, BASE_URL)
        if value is MISSING:
            return None
        if not isinstance(value, str) or not value.strip():
            raise _wrong(format_path(BASE_URL), value, "an address as text")
        return value.strip()

    def media_max_mb(self) -> float | None:
        """`agents.defaults.mediaMaxMb`, in megabytes. Raises LocalError."""
        value = get_at(self.data, MEDIA_MAX_MB)
        if value is MISSING:
            return None
        if not is_above_zero(value):
            raise _wrong(format_path(MEDIA_MAX_MB), value, "a number above 0")
        return float(min(value, 1e15))  # an integer may be too large for a float

    def api_key(self) -> KeyReference | None:
        """What `models.providers.fal.apiKey` holds or refers to. Raises LocalError."""
        value = get_at(self.data, API_KEY)
        if value is MISSING or value == "":
            return None
        return key_reference(value, format_path(API_KEY))

    def get(self, path: KeyPath) -> Setting:
        """The value at a path, in either layout, and through the short form of a default model.

        MISSING when there is none. Secrets are in it: show it through `redaction.redacted`.
        """
        value = get_at(self.data, path)
        if value is not MISSING:
            return Setting(path, value)
        for layout in (self.layout, other(self.layout)):
            there = translate(path, layout)
            for candidate in (there, there[:-1] if there[-1:] == ("primary",) else there):
                value = get_at(self.data, candidate)
                if value is not MISSING and (candidate == there or isinstance(value, str)):
                    return Setting(candidate, value, f"It stands at {format_path(candidate)}")
        return Setting(path, MISSING)


def read_config(path: Path) -> Config:
    """Reads the config. Raises LocalError, with line and column for a malformed one."""
    return config_of(path, read_file(path))


def config_of(path: Path, snapshot: Snapshot) -> Config:
    """The config in a file that was read already."""
    text = _decoded(path, snapshot.content)
    return config_from(path, text, exists=snapshot.exists)


def config_from(path: Path, text: str, *, exists: bool) -> Config:
    """The config in a text."""
    data = object_in(text, str(path))
    return Config(path, exists, text, data, layout_of(data))


def _default(value: object, path: str) -> ModelDefault:
    if isinstance(value, str):
        return ModelDefault(_ref(value, path), (), None, path, "string")
    if not isinstance(value, dict):
        raise _wrong(path, value, "a model or an object with `primary`")
    if "primary" not in value:
        raise LocalError(
            f"{path} has no `primary`, so it names no model",
            hint=f"openclaw config set {path}.primary fal/<model>",
        )
    fallbacks = value.get("fallbacks", [])
    if not isinstance(fallbacks, list):
        raise _wrong(f"{path}.fallbacks", fallbacks, "a list of models")
    refs = tuple(_ref(ref, f"{path}.fallbacks[{i}]") for i, ref in enumerate(fallbacks))
    primary = _ref(value["primary"], f"{path}.primary")
    return ModelDefault(primary, refs, _timeout(value, path), path, "object")


def _timeout(value: dict[str, object], path: str) -> int | None:
    if "timeoutMs" not in value:
        return None
    timeout = value["timeoutMs"]
    if not is_milliseconds(timeout):
        raise _wrong(f"{path}.timeoutMs", timeout, "a whole number of milliseconds above 0")
    return int(min(timeout, LONGEST_MS))


def is_above_zero(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number above 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def is_milliseconds(value: object) -> TypeGuard[int | float]:
    """Whether a value is a time limit as OpenClaw takes it: a whole number above 0."""
    return is_above_zero(value) and value != float("inf") and value == int(value)


def _ref(value: object, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, value, "a model as text, such as fal/fal-ai/flux/dev")
    return value.strip()


def _wrong(path: str, value: object, expected: str) -> LocalError:
    held = "an empty text" if isinstance(value, str) and not value.strip() else type_name(value)
    return LocalError(
        f"{path} in the config is {held}; it ought to be {expected}",
        hint="openclaw config validate lists everything that is wrong in the file",
    )


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise LocalError(f"{path} is UTF-16; save it as UTF-8") from None
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise LocalError(f"{path}:{line}:{column}: this is not UTF-8 text") from None
