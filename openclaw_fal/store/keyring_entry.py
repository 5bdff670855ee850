"""The key in the system's keyring: macOS Keychain, Windows Credential Manager, Secret Service.

By way of the package keyring (extra `keyring`), which is imported when used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from openclaw_fal.errors import AuthError, LocalError

if TYPE_CHECKING:
    from types import ModuleType

SERVICE = "openclaw-fal"
_WAYS_ON = (
    "Unlock it, or choose another with PYTHON_KEYRING_BACKEND; without it: FAL_KEY in the "
    "environment, or `openclaw onboard`, which stores the key in a file that only you can read"
)

Answer = TypeVar("Answer")


def write(entry: str, key: str) -> None:
    """Stores the key under a name, and reads it back. Raises LocalError."""
    library = _library()
    _asked("store the key", lambda: library.set_password(SERVICE, entry, key))
    if _asked("read the key back", lambda: library.get_password(SERVICE, entry)) != key:
        raise LocalError("the system's keyring did not keep the key", hint=_WAYS_ON)


def read(entry: str) -> str:
    """The key with this name. Raises AuthError without one, LocalError if it is out of reach."""
    library = _library()
    key = _asked("read the key", lambda: library.get_password(SERVICE, entry))
    if not isinstance(key, str):
        raise AuthError(
            f"the system's keyring has no key for {entry} (service {SERVICE})",
            hint="openclaw onboard --keyring stores one; or set FAL_KEY",
        )
    return key


def remove(entry: str) -> None:
    """Removes the key with this name; one that is not there is no error. Raises LocalError."""
    library = _library()
    if _asked("look for the key", lambda: library.get_password(SERVICE, entry)) is not None:
        _asked("remove the key", lambda: library.delete_password(SERVICE, entry))


def _library() -> ModuleType:
    try:
        return import_module("keyring")
    except ImportError:
        raise LocalError(
            "the system's keyring needs the package keyring, which is not installed",
            hint='pip install "openclaw-fal[keyring]"; or set FAL_KEY',
        ) from None


def _asked(what: str, action: Callable[[], Answer]) -> Answer:
    """The answer of a backend, which may be any program of this system and fail in any way."""
    errors = import_module("keyring.errors")
    try:
        return action()
    except errors.NoKeyringError:
        raise LocalError("this system has no keyring that can be used", hint=_WAYS_ON) from None
    except errors.KeyringLocked:
        raise LocalError("the system's keyring is locked", hint=_WAYS_ON) from None
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise LocalError(f"the system's keyring did not {what}: {reason}", hint=_WAYS_ON) from None
