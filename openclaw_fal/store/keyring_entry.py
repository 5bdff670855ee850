"""The key in the system's keyring: macOS Keychain, Windows Credential Manager, Secret Service.

It uses the package keyring (extra `keyring`), which is imported when needed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from openclaw_fal.errors import AuthError, LocalError

if TYPE_CHECKING:
    from types import ModuleType

SERVICE = "openclaw-fal"
_HINT = (
    "unlock it, or choose another with PYTHON_KEYRING_BACKEND. Or do without: set FAL_KEY, or run "
    "`openclaw onboard`, which stores the key in a file that only you can read"
)

Result = TypeVar("Result")


def write(entry: str, key: str) -> None:
    """Stores the key under a name, and reads it back. Raises LocalError."""
    library = _library()
    _call("store the key", lambda: library.set_password(SERVICE, entry, key))
    if _call("read the key back", lambda: library.get_password(SERVICE, entry)) != key:
        raise LocalError("the system's keyring did not keep the key", hint=_HINT)


def read(entry: str) -> str:
    """The key with this name. Raises AuthError if there is none, LocalError if reading fails."""
    library = _library()
    key = _call("read the key", lambda: library.get_password(SERVICE, entry))
    if not isinstance(key, str):
        raise AuthError(
            f"the system's keyring has no key for {entry} (service {SERVICE})",
            hint="openclaw onboard --keyring stores one; or set FAL_KEY",
        )
    return key


def remove(entry: str) -> None:
    """Removes the key with this name, if there is one. Raises LocalError."""
    library = _library()
    if _call("look for the key", lambda: library.get_password(SERVICE, entry)) is not None:
        _call("remove the key", lambda: library.delete_password(SERVICE, entry))


def _library() -> ModuleType:
    try:
        return import_module("keyring")
    except ImportError:
        raise LocalError(
            "the system's keyring needs the package keyring, which is not installed",
            hint='pip install "openclaw-fal[keyring]"; or set FAL_KEY',
        ) from None


def _call(what: str, action: Callable[[], Result]) -> Result:
    """Calls a keyring backend, which may be any program and fail with any exception."""
    errors = import_module("keyring.errors")
    try:
        return action()
    except errors.NoKeyringError:
        raise LocalError("this system has no usable keyring", hint=_HINT) from None
    except errors.KeyringLocked:
        raise LocalError("the system's keyring is locked", hint=_HINT) from None
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise LocalError(f"the system's keyring did not {what}: {reason}", hint=_HINT) from None
