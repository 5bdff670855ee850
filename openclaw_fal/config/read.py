"""What OpenClaw's config says about fal: the read side. Nothing here writes or prints."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeGuard

from openclaw_fal.atomic import Snapshot, read_file
from openclaw_fal.config.base_url import FAL, fal_host_problem
from openclaw_fal.config.include import (
    MAX_BYTES,
    ConfigFile,
    allowed_roots,
    has_includes,
    resolved,
    strings_in,
)
from openclaw_fal.config.key_paths import API_KEY, BASE_URL, MEDIA_MAX_MB
from openclaw_fal.config.layouts import (
    LayoutChoice,
    default_path,
    layout_of,
    other,
    preferred_layout,
    translate,
)
from openclaw_fal.config.redaction import is_secret
from openclaw_fal.config.variables import Variables, substituted, variables
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
from openclaw_fal.json5.read import loads, object_in
from openclaw_fal.media import Kind
from openclaw_fal.store.key_format import KeyReference, is_whole_template, key_reference
from openclaw_fal.store.paths import dotenv_path

LONGEST_MS = 365 * 86400 * 1000
"""A year: longer time-outs count as this."""


class ModelDefault(NamedTuple):
    """A default model. `path` is its path in the config; `form` is how it is written: a bare ref,
    or an object with `primary`."""

    primary: str
    fallbacks: tuple[str, ...]
    timeout_ms: int | None
    path: str
    form: Literal["string", "object"]


class Setting(NamedTuple):
    """A value and its real `path`; `note` tells the user when that is not the path asked for."""

    path: KeyPath
    value: object | Literal[Missing.MISSING]
    note: str | None = None


class WrongValue(LocalError):
    """A value of the config that cannot be used; it stands at `path`."""

    def __init__(self, path: KeyPath, message: str, hint: str | None) -> None:
        super().__init__(message, hint=hint)
        self.path = path


class Config(Frozen):
    """OpenClaw's config as read once. A missing or empty file is an empty config.

    `data` is the value with its includes merged; templates (`${NAME}`) are still in it, and the
    methods that read a setting fill them in. `files` begins with the config itself.
    """

    path: Path
    files: tuple[ConfigFile, ...]
    data: dict[str, object]
    layout_choice: LayoutChoice
    environ: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Config({self.path})"  # it may hold secrets

    @property
    def exists(self) -> bool:
        return self.files[0].snapshot.exists

    @property
    def text(self) -> str:
        """The text of the config file itself, without included files."""
        return self.files[0].text

    @property
    def layout(self) -> Literal["legacy", "current"]:
        return self.layout_choice.layout

    @property
    def variables(self) -> Variables:
        """The environment variables that this config sees. Reads OpenClaw's `.env`."""
        return self.seen_by(self.environ)

    def seen_by(self, environ: Mapping[str, str]) -> Variables:
        """The environment variables that this config sees in a process's environment."""
        return variables(environ, dotenv_path(self.path, environ), self.data, str(self.path))

    def filled(self, value: object, path: KeyPath) -> object:
        """A value with its templates filled in. Raises LocalError for an unset variable."""
        if not any(map(has_dollar, strings_in(value))):
            return value
        return _filled(value, path, self.variables)

    def shown(self, value: object, path: KeyPath) -> object:
        """A value as OpenClaw shows it: templates are filled in, except in secrets and where the
        variable is not set."""
        if any(map(is_secret, path)):
            return value
        if isinstance(value, dict):
            return {key: self.shown(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.shown(inner, (*path, index)) for index, inner in enumerate(value)]
        with contextlib.suppress(LocalError):
            return self.filled(value, path)
        return value

    def default_model(self, kind: Kind) -> ModelDefault | None:
        """The default model of a kind, from either layout; the file's own layout comes first.

        Raises LocalError, naming the file, the line and the path, for an invalid value.
        """
        for layout in (self.layout, other(self.layout)):
            path = default_path(kind, layout)
            value = get_at(self.data, path)
            if value is not MISSING:
                try:
                    return _default(self._usable(value, path), path)
                except WrongValue as problem:
                    raise self._placed(problem) from None
        return None

    def written_default(self, kind: Kind) -> str | None:
        """The default model of a kind with its templates still in it; None without one."""
        for layout in (self.layout, other(self.layout)):
            value = get_at(self.data, default_path(kind, layout))
            primary = value.get("primary") if isinstance(value, dict) else value
            if isinstance(primary, str):
                return primary
        return None

    def base_url(self) -> str | None:
        """`models.providers.fal.baseUrl`; None means fal itself. Raises LocalError."""
        value = get_at(self.data, BASE_URL)
        if value is MISSING:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self._placed(_type_error(BASE_URL, value, "an address as text"))
        url = str(self.filled(value, BASE_URL)).strip()
        problem = fal_host_problem(url)
        if problem is not None:
            where = format_path(BASE_URL)
            raise LocalError(f"{where}: {problem}", hint=f"openclaw config set {where} {FAL}")
        return url

    def media_max_mb(self) -> float | None:
        """`agents.defaults.mediaMaxMb`, in megabytes. Raises LocalError."""
        value = get_at(self.data, MEDIA_MAX_MB)
        if value is MISSING:
            return None
        if not is_above_zero(value):
            raise self._placed(_type_error(MEDIA_MAX_MB, value, "a number greater than 0"))
        return float(min(value, 1e15))  # an integer may be too large for a float

    def api_key(self) -> KeyReference | None:
        """What `models.providers.fal.apiKey` holds or refers to. Raises LocalError."""
        value = get_at(self.data, API_KEY)
        if value is MISSING or value == "":
            return None
        if isinstance(value, str) and not is_whole_template(value) and has_dollar(value):
            value = self.filled(value, API_KEY)
        return key_reference(value, format_path(API_KEY))

    def get(self, path: KeyPath) -> Setting:
        """The value at a path, in either layout; a bare default model answers for its `primary`.

        MISSING when there is none. It may hold secrets: show it through `redaction.redacted`.
        """
        value = get_at(self.data, path)
        if value is not MISSING:
            return Setting(path, value)
        for layout in (self.layout, other(self.layout)):
            translated = translate(path, layout)
            bare = translated[:-1] if translated[-1:] == ("primary",) else translated
            for candidate in (translated, bare):
                value = get_at(self.data, candidate)
                if value is not MISSING and (candidate == translated or isinstance(value, str)):
                    return Setting(candidate, value, f"it is set at {format_path(candidate)}")
        return Setting(path, MISSING)

    def place(self, path: KeyPath) -> str:
        """Where the value at a path stands, as `FILE:LINE`, or the nearest value that holds it."""
        from openclaw_fal.config.documents import ConfigDocuments
        from openclaw_fal.json5.edit import Document

        documents = {
            file.path: Document(file.text, file.value, str(file.path)) for file in self.files
        }
        spots = ConfigDocuments(self.path, documents).spots(path)
        if not spots and path:
            return self.place(path[:-1])
        line = documents[spots[0].file].line_of(spots[0].at)
        return f"{spots[0].file}:{line}"

    def _placed(self, problem: WrongValue) -> LocalError:
        """The problem with the file and the line of the value."""
        return LocalError(f"{self.place(problem.path)}: {problem.message}", hint=problem.hint)

    def _usable(self, value: object, path: KeyPath) -> object:
        """A default model with its templates filled in; fallbacks with unset variables go."""
        fallbacks = value.get("fallbacks") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(fallbacks, list):
            return self.filled(value, path)
        filled_fallbacks = []
        for index, ref in enumerate(fallbacks):
            with contextlib.suppress(LocalError):
                filled_fallbacks.append(self.filled(ref, (*path, "fallbacks", index)))
        rest = {key: inner for key, inner in value.items() if key != "fallbacks"}
        filled = self.filled(rest, path)
        assert isinstance(filled, dict)
        return {**filled, "fallbacks": filled_fallbacks}


def read_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Reads the config and what it includes. Raises LocalError, with line and column for a
    malformed file."""
    return config_from_snapshot(path, read_file(path), environ)


def config_from_snapshot(
    path: Path, snapshot: Snapshot, environ: Mapping[str, str] | None = None
) -> Config:
    """The config in a file that was already read, and in the files that it includes."""
    environ = os.environ if environ is None else environ
    text = _decoded(path, snapshot.content)
    root = ConfigFile(path, snapshot, text, object_in(text, str(path)))
    return config_from_files(path, {path: root}, environ)


def config_from_files(
    path: Path, files: Mapping[Path, ConfigFile], environ: Mapping[str, str]
) -> Config:
    """The config in `files`; included files that are not among them are read."""
    loaded = dict(files)

    def load(file: Path) -> object:
        if file not in loaded:
            loaded[file] = _included(file)
        return loaded[file].value

    data = files[path].value
    text = files[path].text
    if ("include" in text or "\\" in text) and has_includes(data):
        data = resolved(path, load, allowed_roots(environ))
    if not isinstance(data, dict):
        raise LocalError(f"{path} is not a config: it includes {type_name(data)}, not an object")
    layout = layout_of(data, preferred_layout(environ))
    return Config(path, tuple(loaded.values()), data, layout, environ)


def _included(path: Path) -> ConfigFile:
    snapshot = read_file(path)
    if not snapshot.exists:
        raise LocalError(f"the config includes {path}, which does not exist")
    if len(snapshot.content) > MAX_BYTES:
        raise LocalError(f"{path} is larger than 2 MiB, the most that OpenClaw includes")
    text = _decoded(path, snapshot.content)
    return ConfigFile(path, snapshot, text, loads(text, str(path)))


def has_dollar(text: str) -> bool:
    """Whether a string may hold a template."""
    return "$" in text


def _filled(value: object, path: KeyPath, names: Variables) -> object:
    if isinstance(value, str):
        try:
            return substituted(value, names, format_path(path))
        except LocalError as error:
            raise WrongValue(path, error.message, error.hint) from None
    if isinstance(value, dict):
        return {key: _filled(inner, (*path, key), names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, (*path, index), names) for index, inner in enumerate(value)]
    return value


def _default(value: object, path: KeyPath) -> ModelDefault:
    where = format_path(path)
    if isinstance(value, str):
        return ModelDefault(_ref(value, path), (), None, where, "string")
    if not isinstance(value, dict):
        raise _type_error(path, value, "a model or an object with `primary`")
    if "primary" not in value:
        raise WrongValue(
            path,
            f"{where} has no `primary`, so it names no model",
            f"openclaw config set {where}.primary fal/<model>",
        )
    fallbacks = value.get("fallbacks", [])
    if not isinstance(fallbacks, list):
        raise _type_error((*path, "fallbacks"), fallbacks, "a list of models")
    refs = tuple(_ref(ref, (*path, "fallbacks", i)) for i, ref in enumerate(fallbacks))
    primary = _ref(value["primary"], (*path, "primary"))
    return ModelDefault(primary, refs, _timeout(value, path), where, "object")


def _timeout(value: dict[str, object], path: KeyPath) -> int | None:
    if "timeoutMs" not in value:
        return None
    timeout = value["timeoutMs"]
    if not is_milliseconds(timeout):
        raise _type_error(
            (*path, "timeoutMs"), timeout, "a whole number of milliseconds greater than 0"
        )
    return int(min(timeout, LONGEST_MS))


def is_above_zero(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number greater than 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def is_milliseconds(value: object) -> TypeGuard[int | float]:
    """Whether a value is a time limit that OpenClaw accepts: a whole number greater than 0."""
    return is_above_zero(value) and value != float("inf") and value == int(value)


def _ref(value: object, path: KeyPath) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _type_error(path, value, "a model as text, such as fal/fal-ai/flux/dev")
    return value.strip()


def _type_error(path: KeyPath, value: object, expected: str) -> WrongValue:
    actual = "an empty text" if isinstance(value, str) and not value.strip() else type_name(value)
    return WrongValue(
        path,
        f"{format_path(path)} must be {expected}, not {actual}",
        "openclaw config validate lists every problem of the file",
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
