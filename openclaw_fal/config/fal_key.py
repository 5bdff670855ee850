"""Finds the fal key to use, among the places that may hold one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
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


class KeyPlace(Frozen):
    """A place that holds a key or refers to one. `label` may be shown; `resolve` reads the key and
    raises what `resolve_key` raises."""

    label: str
    resolve: Callable[[], ResolvedKey]


def resolve_key(
    config: Config | None, environ: Mapping[str, str] | None = None
) -> ResolvedKey | None:
    """The key in the first of `key_places`; None if there is no such place.

    Raises AuthError for a text that cannot be a key or a reference to a missing variable or keyring
    entry, LocalError for a file that cannot be read or a keyring that is locked or missing.
    """
    place = next(key_places(config, environ), None)
    return place.resolve() if place else None


def key_places(
    config: Config | None, environ: Mapping[str, str] | None = None
) -> Iterator[KeyPlace]:
    """Every place that holds a key or refers to one; the first one counts.

    They are `FAL_KEY`, then `FAL_API_KEY`, in the process's environment, in OpenClaw's `.env`, and
    in `env` of the config; then the stored key, then the config's. Empty variables count as unset.
    """
    names = _variables(config, environ)
    for variables in names.sources:
        for name in KEY_VARIABLES:
            if value := variables.values.get(name, "").strip():
                label = f"{name} in {variables.label}"
                yield KeyPlace(label, partial(_checked, value, name, label, variable=name))
    stored = stored_key(environ)
    if isinstance(stored.reference, KeyringKey):
        label = in_keyring(stored.path)
        yield KeyPlace(label, partial(_from_keyring, stored.reference, label, stored.notes))
    elif stored.reference is not None:
        label = str(stored.path)
        yield KeyPlace(
            label, partial(_referred, stored.reference, "stored", label, names, stored.notes)
        )
    if config is not None and get_at(config.data, API_KEY) not in (MISSING, ""):
        label = f"{format_path(API_KEY)} in {config.path}"
        yield KeyPlace(label, partial(_from_config, config, label, names))


def in_keyring(path: Path) -> str:
    """Describes a key that the credentials file only refers to."""
    return f"the system's keyring, named in {path}"


def _variables(config: Config | None, environ: Mapping[str, str] | None) -> Variables:
    environ = os.environ if environ is None else environ
    if config is None:
        return Variables((VariableSource(PROCESS, environ),))
    return config.seen_by(environ)


def _checked(
    value: str,
    source: Source,
    label: str,
    *,
    variable: str | None = None,
    notes: tuple[str, ...] = (),
) -> ResolvedKey:
    try:
        key = check_key(value)
    except AuthError as error:
        raise AuthError(f"{error.message} ({label})", hint=error.hint) from None
    return ResolvedKey(key, source, label, mask(key), variable, notes)


def _from_keyring(key: KeyringKey, label: str, notes: tuple[str, ...]) -> ResolvedKey:
    return _checked(keyring_entry.read(key.entry), "stored", label, notes=notes)


def _from_config(config: Config, label: str, names: Variables) -> ResolvedKey:
    reference = config.api_key()
    assert reference is not None  # `key_places` has seen a value there
    return _referred(reference, "config", label, names)


def _referred(
    reference: KeyReference,
    source: Source,
    where: str,
    names: Variables,
    notes: tuple[str, ...] = (),
) -> ResolvedKey:
    """The key that `where` holds, or that is in the variable that `where` names."""
    if isinstance(reference, PlainKey):
        return _checked(reference.value, source, where, notes=notes)
    value = names.get(reference.name)
    if value is None:
        raise AuthError(
            f"{where} says that the key is in the environment variable {reference.name}, "
            "which is not set",
            hint=f"set {reference.name}, or store a key with `openclaw onboard`",
        )
    label = f"the environment variable {reference.name}, named in {where}"
    return _checked(value, source, label, variable=reference.name, notes=notes)
