"""The key to use: which of the places that may hold one counts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from openclaw_fal.config.places import API_KEY
from openclaw_fal.errors import AuthError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import format_path
from openclaw_fal.store.credentials import stored_key
from openclaw_fal.store.keys import KeyReference, PlainKey, check_key, mask

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config

VARIABLES = ("FAL_KEY", "FAL_API_KEY")


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
