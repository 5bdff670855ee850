"""The private file that stores the fal key, `credentials.toml`.

The table `[fal]` holds either `key`, or `reference`, which names the environment variable or the
keyring entry that holds the key. The rest of the file is kept.
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
from openclaw_fal.store.key_format import (
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
    """What the credentials file holds; `notes` tell the user about corrected permissions."""

    reference: KeyReference | KeyringKey | None
    path: Path
    notes: tuple[str, ...] = ()


def stored_key(environ: Mapping[str, str] | None = None) -> Stored:
    """The stored key or reference. Corrects a file or folder that others may read, with a note.

    Raises LocalError for a damaged file, which is never replaced.
    """
    path = credentials_path(environ)
    if not read_file(path).exists:
        return Stored(None, path)
    notes = _restrict(path, environ)
    return Stored(_reference_in(_read_toml(path), path), path, notes)


def store_key(key: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores a key, in place of a stored key or reference. Raises AuthError, LocalError."""
    return _replace({"key": check_key(key)}, environ)


def store_in_keyring(key: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores a key in the system's keyring, and a reference to it in the file. Raises AuthError,
    LocalError."""
    path = credentials_path(environ)
    before = stored_key(environ)  # raises for a damaged file, before the keyring changes
    entry = str(path)
    keyring_entry.write(entry, check_key(key))
    reference = {"source": "keyring", "provider": keyring_entry.SERVICE, "id": entry}
    stored = _store({"reference": reference}, environ)
    return stored._replace(notes=(*before.notes, *stored.notes))


def remove_key(environ: Mapping[str, str] | None = None) -> bool:
    """Removes the stored key or reference; returns whether there was one. Raises LocalError."""
    reference = stored_key(environ).reference
    if reference is None:
        return False
    if isinstance(reference, KeyringKey):
        keyring_entry.remove(reference.entry)
    _store({}, environ)
    return True


def store_reference(variable: str, environ: Mapping[str, str] | None = None) -> Stored:
    """Stores the name of the environment variable that holds the key. Raises LocalError."""
    reference = {"source": "env", "provider": "default", "id": variable}
    key_reference(reference, "the reference")
    return _replace({"reference": reference}, environ)


def _replace(entry: dict[str, object], environ: Mapping[str, str] | None) -> Stored:
    """Stores an entry and removes the old key from the keyring; a note says if that fails."""
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
            notes = _restrict(path, environ)
            table = _read_toml(path)
            _reference_in(table, path)
        else:
            notes = _make_private(path, environ)
        old = table.get("fal")
        other_fields = {
            name: value
            for name, value in (old.items() if isinstance(old, dict) else ())
            if name not in ("key", "reference")
        }
        new = {name: value for name, value in table.items() if name != "fal"}
        if other_fields or entry:
            new["fal"] = {**other_fields, **entry}
        if new != table or not snapshot.exists:
            import tomli_w

            replace_file(snapshot.target, tomli_w.dumps(new).encode("utf-8"), mode=0o600)
    reference = _reference_in(_read_toml(path), path)  # read back from disk
    return Stored(reference, path, notes)


def _reference_in(table: Mapping[str, object], path: Path) -> KeyReference | KeyringKey | None:
    entry = table.get("fal")
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise _damaged(path, "`fal` is not a table")
    if "key" in entry:
        if not isinstance(entry["key"], str):
            raise _damaged(path, "`fal.key` is not a text")
        return PlainKey(entry["key"]) if entry["key"].strip() else None
    if "reference" not in entry:
        return None
    value = entry["reference"]
    if isinstance(value, dict) and value.get("source") == "keyring":
        if not isinstance(value.get("id"), str):
            raise _damaged(path, "`fal.reference` does not name a keyring entry")
        return KeyringKey(value["id"])
    try:
        reference = key_reference(value, "fal.reference")
    except LocalError as error:
        raise _damaged(path, error.message) from None
    if not isinstance(reference, EnvKey):
        raise _damaged(path, "`fal.reference` does not name an environment variable")
    return reference


def _read_toml(path: Path) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(read_file(path).content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        place = re.search(r"\(at ([^)]*)\)", str(error))
        where = place.group(1) if place else "not text"
        raise _damaged(path, f"it is not valid TOML ({where})") from None


def _damaged(path: Path, reason: str) -> LocalError:
    return LocalError(
        f"{path} is damaged: {reason}",
        hint="nothing was changed. Repair it, or move it away and run `openclaw onboard` again",
    )


def _make_private(path: Path, environ: Mapping[str, str] | None) -> tuple[str, ...]:
    try:
        make_folder(path.parent)
        note = _restrict_folder(path.parent, environ)
    except OSError as error:
        raise failure("make", path.parent, error) from error
    return (note,) if note else ()


def _restrict(path: Path, environ: Mapping[str, str] | None) -> tuple[str, ...]:
    try:
        notes = [_remove_permissions(path, 0o600), _restrict_folder(path.parent, environ)]
    except OSError as error:
        raise failure("read", path, error) from error
    return tuple(note for note in notes if note)


def _restrict_folder(folder: Path, environ: Mapping[str, str] | None) -> str | None:
    """Restricts our own folder; a shared folder and the home folder stay as they are."""
    info = os.stat(folder)
    with contextlib.suppress(LocalError):
        if os.path.samefile(folder, home(environ)):
            return None
    if info.st_mode & stat.S_ISVTX or info.st_uid != _user():
        return None
    return _remove_permissions(folder, 0o700)


def _remove_permissions(path: Path, mode: int) -> str | None:
    """Sets `mode` if others have any permission; returns a note if so."""
    if os.name == "nt":
        return None
    now = stat.S_IMODE(os.stat(path).st_mode)
    if not now & 0o077:
        return None
    try:
        os.chmod(path, mode)
    except OSError as error:
        return f"others may access {path} (mode {now:o}); chmod failed: {error.strerror}"
    return f"others could access {path} (mode {now:o}); its mode is now {mode:o}"


def _user() -> int:
    get: Callable[[], int] | None = getattr(os, "geteuid", None)
    return get() if get else 0
