"""Onboarding: store the key, set what OpenClaw sets for fal, and read both back.

The fal settings in the config are those that OpenClaw 2026.7.35 and 2026.9.6 write with
`onboard --auth-choice fal-api-key`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from openclaw_fal.config.edit import edit_config
from openclaw_fal.config.policies import plugin_policy
from openclaw_fal.config.read import Config, read_config
from openclaw_fal.config.rules import Set, onboarding_edits
from openclaw_fal.config.write import refuse_unwritable
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import format_path
from openclaw_fal.store import credentials, keyring_entry
from openclaw_fal.store.key_format import EnvKey, KeyringKey, check_key

VerifyKey: TypeAlias = Callable[[Config, str], bool]
"""Asks fal, at no cost, whether it accepts a key: False when fal could not be reached. Raises
AuthError or BillingError when fal refuses the key."""

ChooseModels: TypeAlias = Callable[[Config], list[Set]]
"""Asks the user for default models, after the key is verified and before anything is stored."""

KeyPlace: TypeAlias = Literal["plaintext", "ref", "keyring", "none"]
"""Where the key is: in the credentials file, or in the variable or keyring that it names."""


_UNREACHABLE = ("fal could not be reached: the key was not verified",)


class Onboarded(Frozen):
    """What onboarding did.

    `verified` is None when fal was not asked, False when it could not be reached; `changed` says
    whether the config was written.
    """

    config: Config
    changed: bool
    key_path: Path
    key_place: KeyPlace
    verified: bool | None
    notes: tuple[str, ...] = ()


def onboard(
    path: Path,
    key: str | None,
    *,
    variable: str | None,
    keep: bool,
    verify: VerifyKey | None,
    choose: ChooseModels | None = None,
    in_keyring: bool = False,
    environ: Mapping[str, str],
) -> Onboarded:
    """Checks everything, then writes. A refused key or a broken config stores nothing.

    Without a `key` only the config is written. `variable` stores a reference to an environment
    variable instead of the key; `keep` leaves the stored key as it is; `in_keyring` stores it in
    the system's keyring. Raises AuthError for a text that cannot be a key, LocalError,
    BillingError, and what `choose` raises.
    """
    config = read_config(path, environ)
    planned = edit_config(path, onboarding_edits, dry_run=True, environ=environ)
    for change in planned.changes:
        refuse_unwritable(change)
    if key is not None:
        key = check_key(key)
    verified = verify(config, key) if verify and key is not None else None
    chosen = choose(config) if choose else []
    if key is None:
        stored = credentials.stored_key()
    elif in_keyring:
        stored = credentials.store_in_keyring(key)
    elif keep:
        stored = credentials.stored_key()
    elif variable is not None:
        stored = credentials.store_reference(variable)
    else:
        stored = credentials.store_key(key)
    result = edit_config(path, lambda now: [*onboarding_edits(now), *chosen], environ=environ)
    after = _read_back(path, key)
    return Onboarded(
        config=after,
        changed=result.changed,
        key_path=stored.path,
        key_place=_key_place(stored),
        verified=verified,
        notes=(
            *(_UNREACHABLE if verified is False else ()),
            *stored.notes,
            *result.notes,
            *_policy_notes(after),
        ),
    )


def _key_place(stored: credentials.Stored) -> KeyPlace:
    if stored.reference is None:
        return "none"
    if isinstance(stored.reference, EnvKey):
        return "ref"
    return "keyring" if isinstance(stored.reference, KeyringKey) else "plaintext"


def _policy_notes(config: Config) -> list[str]:
    policy = plugin_policy(config.data)
    if policy is None:
        return []
    path, reason = policy
    return [f"OpenClaw does not load its own fal plugin: {reason} ({format_path(path)})"]


def _read_back(path: Path, key: str | None) -> Config:
    """The config as written. Raises LocalError if a later command would not see the stored key."""
    reference = credentials.stored_key().reference
    if isinstance(reference, EnvKey):
        stored: str | None = os.environ.get(reference.name, "").strip()
    elif isinstance(reference, KeyringKey):
        stored = keyring_entry.read(reference.entry)
    else:
        stored = reference.value if reference else None
    if stored != key:
        raise LocalError("the key was written, but reading it back gives another value")
    config = read_config(path)
    if config.written_default("image") is None:
        raise LocalError(f"{config.path} was written but holds no default image model")
    return config
