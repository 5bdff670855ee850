"""Finds the fal key to use, among the places that may hold one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from openclaw_fal.config.key_paths import API_KEY
from openclaw_fal.config.variables import PROCESS, Variables
from openclaw_fal.config.variables import Source as VariableSource
from openclaw_fal.errors import AuthError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import MISSING, format_path, get_at
from openclaw_fal.store import keyring_entry
from openclaw_fal.store.credentials import stored_key
from openclaw_fal.store.key_format import (
    KEY_VARIABLES,
    KeyReference,
    KeyringKey,
    PlainKey,
    check_key,
    mask,
)

if TYPE_CHECKING:
    from pathlib import Path

    from openclaw_fal.config.read import Config

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


def resolve_key(
    config: Config | None, environ: Mapping[str, str] | None = None
) -> ResolvedKey | None:
    """The key: `FAL_KEY`, else `FAL_API_KEY`, in the process's environment, then in OpenClaw's
    `.env`, then in `env` of the config; else the stored one, else the config's. None: no key.

    Empty variables count as unset. Raises AuthError for a text that cannot be a key and for a
    reference to a missing variable or keyring entry, LocalError for a file that cannot be read and
    a keyring that is locked or missing.
    """
    names = _variables(config, environ)
    for source in names.sources:
        for name in KEY_VARIABLES:
            if value := source.values.get(name, "").strip():
                label = f"{name} in {source.label}"
                return _resolved(value, _source(name), label, variable=name)
    stored = stored_key(environ)
    if isinstance(stored.reference, KeyringKey):
        value = keyring_entry.read(stored.reference.entry)
        label = in_keyring(stored.path)
        return _resolved(value, "stored", label, variable=None, notes=stored.notes)
    if stored.reference is not None:
        return _from(stored.reference, "stored", str(stored.path), names, stored.notes)
    reference = config.api_key() if config is not None else None
    if config is None or reference is None:
        return None
    return _from(reference, "config", f"{format_path(API_KEY)} in {config.path}", names)


def key_places(config: Config, environ: Mapping[str, str] | None = None) -> list[str]:
    """Every place that holds a key or refers to one; the first one counts."""
    names = _variables(config, environ)
    places = [
        f"{name} in {source.label}"
        for source in names.sources
        for name in KEY_VARIABLES
        if source.values.get(name, "").strip()
    ]
    stored = stored_key(environ)
    if stored.reference is not None:
        is_in_keyring = isinstance(stored.reference, KeyringKey)
        places.append(in_keyring(stored.path) if is_in_keyring else str(stored.path))
    if get_at(config.data, API_KEY) not in (MISSING, ""):
        places.append(f"{format_path(API_KEY)} in {config.path}")
    return places


def in_keyring(path: Path) -> str:
    """Describes a key that the credentials file only refers to."""
    return f"the system's keyring, named in {path}"


def _variables(config: Config | None, environ: Mapping[str, str] | None) -> Variables:
    environ = os.environ if environ is None else environ
    if config is None:
        return Variables((VariableSource(PROCESS, environ),))
    return config.seen_by(environ)


def _source(name: str) -> Source:
    return "FAL_KEY" if name == "FAL_KEY" else "FAL_API_KEY"


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
    names: Variables,
    notes: tuple[str, ...] = (),
) -> ResolvedKey:
    if isinstance(reference, PlainKey):
        return _resolved(reference.value, source, where, variable=None, notes=notes)
    value = names.get(reference.name)
    if value is None:
        raise AuthError(
            f"{where} says that the key is in the environment variable {reference.name}, "
            "which is not set",
            hint=f"Set {reference.name}, or store a key with `openclaw onboard`",
        )
    label = f"the environment variable {reference.name}, named in {where}"
    return _resolved(value, source, label, variable=reference.name, notes=notes)
