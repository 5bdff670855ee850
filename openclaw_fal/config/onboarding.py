"""Onboarding: store the key, set what OpenClaw sets for fal, and read both back.

What lands in the config is what OpenClaw 2026.7.35 and 2026.9.6 leave there after
`onboard --auth-choice fal-api-key`, as far as fal goes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.config.read import EnvKey
from openclaw_fal.errors import AuthError, LocalError, Unreachable
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config

VERIFY_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Onboarded:
    """What onboarding left behind. `verified` is None when fal was not asked, False when it could
    not be reached. `changed` says whether the config was written."""

    config_path: Path
    layout: str
    changed: bool
    key_source: str
    key_masked: str
    key_path: Path | None
    key_mode: str
    defaults: dict[str, str]
    verified: bool | None
    next_command: str
    notes: tuple[str, ...] = ()


def onboard(
    *, session: Session, key: str | None, source: str, as_reference: bool, verify: bool
) -> Onboarded:
    """Check everything, then write. A refused key or a broken config stores nothing."""
    from openclaw_fal import api
    from openclaw_fal.config import edit as config_edit
    from openclaw_fal.config.rules import onboarding_edits
    from openclaw_fal.store import credentials, paths

    path = paths.config_path(session.config)
    config = api.read_config(session.config)
    planned = config_edit.edit_config(path, onboarding_edits, dry_run=True)
    if planned.changed:
        config_edit.refuse_unwritable(path)
    stored = credentials.stored_key() if key is None else None
    key = _kept_key() if key is None else key
    session.secrets.add(key)
    key = credentials.check_key(key)
    session.secrets.add(key)
    verified = _verified(config, key) if verify else None

    if stored is None:
        stored = credentials.store_reference(source) if as_reference else credentials.store_key(key)
    result = config_edit.edit_config(path, onboarding_edits)
    _read_back(session, key)
    after = api.read_config(session.config)
    return Onboarded(
        config_path=after.path,
        layout=after.layout,
        changed=result.changed,
        key_source=source,
        key_masked=credentials.mask(key),
        key_path=stored.path,
        key_mode="ref" if isinstance(stored.reference, EnvKey) else "plaintext",
        defaults=defaults(after),
        verified=verified,
        next_command='openclaw image "a lighthouse at dawn"',
        notes=(*_network_notes(verified), *stored.notes, *result.notes),
    )


def _network_notes(verified: bool | None) -> tuple[str, ...]:
    return ("fal could not be reached: the key was not verified",) if verified is False else ()


def defaults(config: Config) -> dict[str, str]:
    """The default model ref of each kind: the config's, else the built-in one."""
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    found: dict[str, str] = {}
    for kind, endpoint in DEFAULT_MODELS.items():
        default = config.default_model(kind)
        found[kind] = default.primary if default else f"fal/{endpoint}"
    return found


def _kept_key() -> str:
    """The key that an earlier onboarding stored. AuthError names the ways to give one."""
    from openclaw_fal.api import NO_KEY
    from openclaw_fal.store import credentials

    kept = credentials.resolve_key(None, {**os.environ, "FAL_KEY": "", "FAL_API_KEY": ""})
    if kept is None:
        raise AuthError(NO_KEY, hint="openclaw onboard --fal-api-key-stdin < key.txt")
    return kept.value


def _verified(config: Config, key: str) -> bool:
    """Whether fal could be asked. Raises AuthError or BillingError if it refuses the key."""
    from openclaw_fal.api import hosts_of
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.progress import Progress

    service = FalService(hosts_of(config), key, Progress())
    try:
        service.verify_key(VERIFY_TIMEOUT_S)
    except Unreachable:
        return False
    finally:
        service.close()
    return True


def _read_back(session: Session, key: str) -> None:
    """Fail loudly if what was stored is not what a later command will find."""
    from openclaw_fal import api
    from openclaw_fal.store import credentials

    reference = credentials.stored_key().reference
    found = os.environ.get(reference.name, "").strip() if isinstance(reference, EnvKey) else None
    if key not in (found, getattr(reference, "value", None)):
        raise LocalError("the key was written but does not read back as it was given")
    config = api.read_config(session.config)
    if config.default_model("image") is None:
        raise LocalError(f"{config.path} was written but holds no default image model")
