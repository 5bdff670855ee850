"""The fal key: where it comes from, and the private file that stores it.

The file is TOML with the table `[fal]`: either `key`, or `reference`, which names the environment
variable that holds it. Everything else in the file is kept.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from openclaw_fal.atomic import failure, make_folder, read_file, replace_file
from openclaw_fal.config.keypath import format_path
from openclaw_fal.config.read import API_KEY, Config, EnvKey, KeyReference, PlainKey, key_reference
from openclaw_fal.config.redaction import REDACTED
from openclaw_fal.errors import AuthError, LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.store.locks import locked
from openclaw_fal.store.paths import credentials_path, home

VARIABLES = ("FAL_KEY", "FAL_API_KEY")
NO_KEY_HINT = (
    "Run `openclaw onboard --auth-choice fal-api-key`, pass `--fal-api-key` to it, "
    "or set the environment variable FAL_KEY"
)

_SHOWN_FROM = 16
_PLACEHOLDERS = re.compile(
    r"""
    <.*> | \{\{.*\}\} | \$\{?[A-Za-z_][A-Za-z0-9_]*\}? | %[A-Za-z_]+% | \[.*\]
    | (?:my[-_])?(?:fal[-_])?(?:api[-_]?)?key[-_]here | insert[-_].* | your[-_]?.*key.*
    | (?:the[-_])?fal(?:[-_]api)?[-_]key | api[-_]?key | change[-_]?me | replace[-_]?me
    | placeholder | redacted | hidden | secret | none | null | undefined | todo
    | (?:fal[-_]|sk[-_]|key[-_])?[xX]{3,}[-_:.xX]*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MASK = re.compile(r"\*{3,}|\.{3,}|…|•")
_ASSIGNMENT = re.compile(r"(?:export\s+)?[A-Z_]*KEY\s*=")

Source = Literal["FAL_KEY", "FAL_API_KEY", "stored", "config"]


class ResolvedKey(Frozen):
    """The key to use. `label` and `masked` may be shown, `value` never.

    `variable` is the environment variable that holds it, if one does; `notes` are for the user.
    """

    value: str
    source: Source
    label: str
    masked: str
    variable: str | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ResolvedKey({self.label}, {self.masked})"


class Stored(NamedTuple):
    """What the credentials file holds; `notes` say what was put right about its permissions."""

    reference: KeyReference | None
    path: Path
    notes: tuple[str, ...] = ()


def resolve_key(
    config: Config | None, environ: Mapping[str, str] | None = None
) -> ResolvedKey | None:
    """The key: `FAL_KEY`, else `FAL_API_KEY`, else the stored one, else the config's. None: no key.

    Empty variables count as unset. Raises AuthError for a key that can be none and for a reference
    to a variable that is not set, LocalError for a file that cannot be read.
    """
    environ = os.environ if environ is None else environ
    for name in VARIABLES:
        if value := environ.get(name, "").strip():
            source: Source = "FAL_KEY" if name == "FAL_KEY" else "FAL_API_KEY"
            label = f"the environment variable {name}"
            return _resolved(value, source, label, variable=name)
    stored = stored_key(environ)
    if stored.reference is not None:
        return _from(stored.reference, "stored", str(stored.path), environ, stored.notes)
    reference = config.api_key() if config is not None else None
    if config is None or reference is None:
        return None
    return _from(reference, "config", f"{format_path(API_KEY)} in {config.path}", environ)


def check_key(text: str) -> str:
    """The key without white space around it.

    A key is opaque: refused is only what can be none, because it cannot travel in a header (white
    space, control or non-ASCII characters) or plainly is a mask or a placeholder. Raises AuthError,
    which never quotes the text.
    """
    key = text.removeprefix("\ufeff").strip()
    if not key:
        raise AuthError("The key is empty", hint=NO_KEY_HINT)
    reason = _no_key(key)
    if reason is not None:
        raise AuthError(
            f"This is not a fal key: {reason}", hint="Keys: https://fal.ai/dashboard/keys"
        )
    return key


def mask(key: str) -> str:
    """What of a key may be shown: its last four characters, and those only of a long one."""
    return "****" + (key[-4:] if len(key) >= _SHOWN_FROM else "")


def stored_key(environ: Mapping[str, str] | None = None) -> Stored:
    """What is stored. Closes a file or folder that others may read, and says so.

    Raises LocalError for a corrupt file, which is never replaced.
    """
    path = credentials_path(environ)
    if not read_file(path).exists:
        return Stored(None, path)
    notes = _tighten(path, environ)
    return Stored(_reference_in(_read_toml(path), path), path, notes)


def store_key(key: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores a key, in place of a stored key or reference. Raises AuthError, LocalError."""
    return _store({"key": check_key(key)}, environ)


def store_reference(variable: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores that the key is in an environment variable, and no key. Raises LocalError."""
    reference = {"source": "env", "provider": "default", "id": variable}
    key_reference(reference, "The reference")
    return _store({"reference": reference}, environ)


def _no_key(key: str) -> str | None:
    if _ASSIGNMENT.match(key):
        return "it begins with the name of a variable; give only what follows the `=`"
    if key.lower().startswith(("key ", "bearer ")):
        return "it begins with the word of a header; give only what follows it"
    if len(key) > 1 and key[0] == key[-1] and key[0] in "\"'`":
        return "it has quotes around it"
    if _PLACEHOLDERS.fullmatch(key) or REDACTED in key:
        return "it is a placeholder for one"
    if _MASK.search(key) or not any(char.isalnum() for char in key):
        return "it is a masked one, as programs show it"
    if any(char.isspace() for char in key):
        return "there is white space in it"
    if not (key.isascii() and key.isprintable()):
        return "there are characters in it that no key has"
    return None


def _resolved(
    value: str, source: Source, label: str, *, variable: str | None, notes: tuple[str, ...] = ()
) -> ResolvedKey:
    try:
        key = check_key(value)
    except AuthError as error:
        raise AuthError(f"{error.message} ({label})", hint=error.hint) from None
    return ResolvedKey(key, source, label, mask(key), variable, notes)


def _from(
    reference: KeyReference,
    source: Source,
    where: str,
    environ: Mapping[str, str],
    notes: tuple[str, ...] = (),
) -> ResolvedKey:
    if isinstance(reference, PlainKey):
        return _resolved(reference.value, source, where, variable=None, notes=notes)
    value = environ.get(reference.name, "").strip()
    if not value:
        raise AuthError(
            f"{where} says that the key is in the environment variable {reference.name}, "
            "which is not set",
            hint=f"Set {reference.name}, or store a key with `openclaw onboard`",
        )
    label = f"the environment variable {reference.name}, named in {where}"
    return _resolved(value, source, label, variable=reference.name, notes=notes)


def _store(entry: dict[str, object], environ: Mapping[str, str] | None) -> Stored:
    path = credentials_path(environ)
    with locked(read_file(path).target, environ):
        notes: tuple[str, ...] = ()
        snapshot = read_file(path)
        table: dict[str, object] = {}
        if snapshot.exists:
            notes = _tighten(path, environ)
            table = _read_toml(path)
            _reference_in(table, path)
        else:
            notes = _make_private(path, environ)
        old = table.get("fal")
        kept = {
            name: value
            for name, value in (old.items() if isinstance(old, dict) else ())
            if name not in ("key", "reference")
        }
        new = {name: value for name, value in table.items() if name != "fal"}
        if kept or entry:
            new["fal"] = {**kept, **entry}
        if new != table or not snapshot.exists:
            import tomli_w

            replace_file(snapshot.target, tomli_w.dumps(new).encode("utf-8"), mode=0o600)
    reference = _reference_in(_read_toml(path), path)  # what is on disk, not what was meant
    return Stored(reference, path, notes)


def _reference_in(table: Mapping[str, object], path: Path) -> KeyReference | None:
    entry = table.get("fal")
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise _corrupt(path, "`fal` is no table")
    if "key" in entry:
        if not isinstance(entry["key"], str):
            raise _corrupt(path, "`fal.key` is no text")
        return PlainKey(entry["key"]) if entry["key"].strip() else None
    if "reference" not in entry:
        return None
    try:
        reference = key_reference(entry["reference"], "fal.reference")
    except LocalError as error:
        raise _corrupt(path, error.message) from None
    if not isinstance(reference, EnvKey):
        raise _corrupt(path, "`fal.reference` names no environment variable")
    return reference


def _read_toml(path: Path) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(read_file(path).content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        place = re.search(r"\(at ([^)]*)\)", str(error))
        raise _corrupt(path, f"it is not TOML ({place.group(1) if place else 'text'})") from None


def _corrupt(path: Path, reason: str) -> LocalError:
    return LocalError(
        f"{path} is damaged: {reason}",
        hint="Nothing was changed. Mend it, or move it away and run `openclaw onboard` again",
    )


def _make_private(path: Path, environ: Mapping[str, str] | None) -> tuple[str, ...]:
    try:
        make_folder(path.parent)
        note = _tighten_folder(path.parent, environ)
    except OSError as error:
        raise failure("make", path.parent, error) from error
    return (note,) if note else ()


def _tighten(path: Path, environ: Mapping[str, str] | None) -> tuple[str, ...]:
    try:
        notes = [_close(path, 0o600), _tighten_folder(path.parent, environ)]
    except OSError as error:
        raise failure("read", path, error) from error
    return tuple(note for note in notes if note)


def _tighten_folder(folder: Path, environ: Mapping[str, str] | None) -> str | None:
    """Closes our own folder. One that serves others too (shared, or the home folder) stays."""
    info = os.stat(folder)
    with contextlib.suppress(LocalError):
        if os.path.samefile(folder, home(environ)):
            return None
    if info.st_mode & stat.S_ISVTX or info.st_uid != _user():
        return None
    return _close(folder, 0o700)


def _close(path: Path, mode: int) -> str | None:
    """Takes permissions away that go beyond `mode`; returns a note when there were some."""
    if os.name == "nt":
        return None
    now = stat.S_IMODE(os.stat(path).st_mode)
    if not now & 0o077:
        return None
    try:
        os.chmod(path, mode)
    except OSError as error:
        return f"{path} is open to others (mode {now:o}) and could not be closed: {error.strerror}"
    return f"{path} was open to others (mode {now:o}); it is now {mode:o}"


def _user() -> int:
    get: Callable[[], int] | None = getattr(os, "geteuid", None)
    return get() if get else 0
