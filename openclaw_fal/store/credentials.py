"""The private file that stores the fal key.

The file is TOML with the table `[fal]`: either `key`, or `reference`, which names the environment
variable or the entry of the system's keyring that holds it. Everything else in the file is kept.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from openclaw_fal.atomic import failure, make_folder, read_file, replace_file
from openclaw_fal.errors import LocalError
from openclaw_fal.store import keyring_entry
from openclaw_fal.store.keys import (
    EnvKey,
    KeyReference,
    KeyringKey,
    PlainKey,
    check_key,
    key_reference,
)
from openclaw_fal.store.locks import locked
from openclaw_fal.store.paths import credentials_path, home


class Stored(NamedTuple):
    """What the credentials file holds; `notes` say what was put right about its permissions."""

    reference: KeyReference | KeyringKey | None
    path: Path
    notes: tuple[str, ...] = ()


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
    return _replace({"key": check_key(key)}, environ)


def store_in_keyring(key: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores a key in the system's keyring, and in the file only where it is. Raises AuthError,
    LocalError."""
    path = credentials_path(environ)
    before = stored_key(environ)  # a damaged file is found before the keyring changes
    entry = str(path)
    keyring_entry.write(entry, check_key(key))
    reference = {"source": "keyring", "provider": keyring_entry.SERVICE, "id": entry}
    stored = _store({"reference": reference}, environ)
    return stored._replace(notes=(*before.notes, *stored.notes))


def remove_key(environ: Mapping[str, str] | None = None) -> bool:
    """Removes the stored key or reference, and says whether there was one. Raises LocalError."""
    reference = stored_key(environ).reference
    if reference is None:
        return False
    if isinstance(reference, KeyringKey):
        keyring_entry.remove(reference.entry)
    _store({}, environ)
    return True


def store_reference(variable: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores that the key is in an environment variable, and no key. Raises LocalError."""
    reference = {"source": "env", "provider": "default", "id": variable}
    key_reference(reference, "The reference")
    return _replace({"reference": reference}, environ)


def _replace(entry: dict[str, object], environ: Mapping[str, str] | None) -> Stored:
    """Stores an entry; a key that the keyring held until now is removed there, or named."""
    before = stored_key(environ)
    stored = _store(entry, environ)
    stored = stored._replace(notes=(*before.notes, *stored.notes))
    if not isinstance(before.reference, KeyringKey):
        return stored
    try:
        keyring_entry.remove(before.reference.entry)
    except LocalError as error:
        note = f"the earlier key is still in the system's keyring: {error.message}"
        return stored._replace(notes=(*stored.notes, note))
    return stored


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


def _reference_in(table: Mapping[str, object], path: Path) -> KeyReference | KeyringKey | None:
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
    named = entry["reference"]
    if isinstance(named, dict) and named.get("source") == "keyring":
        if not isinstance(named.get("id"), str):
            raise _corrupt(path, "`fal.reference` names no entry of the keyring")
        return KeyringKey(named["id"])
    try:
        reference = key_reference(named, "fal.reference")
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
