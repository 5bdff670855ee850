"""What a fal key looks like, and how a file refers to one. Pure: no file and no environment."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from openclaw_fal.errors import AuthError, LocalError, no_key
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import type_name

KEY_VARIABLES: tuple[Literal["FAL_KEY", "FAL_API_KEY"], ...] = ("FAL_KEY", "FAL_API_KEY")

REDACTED = "__OPENCLAW_REDACTED__"
"""OpenClaw shows this in place of a secret. Never accepted as a value."""

SANDBOX_KEY = "0penclaw-sandb0x:5e7c1a90f3d84b26"
"""The key in the sandbox's settings (any key is accepted there). It occurs in no ordinary text,
path or prompt, so that redacting it changes nothing else."""

SHORTEST = 16
"""In characters. Output is searched for the key to hide it: a shorter key matches common words."""

_SHOWN_FROM = 16
# Of a key in lower case.
_PLACEHOLDERS = r"""(?x)
    <.*> | \{\{.*\}\} | \$\{?[a-z_][a-z0-9_]*\}? | %[a-z_]+% | \[.*\]
    | (?:my[-_])?(?:fal[-_])?(?:api[-_]?)?key[-_]here | insert[-_].* | your[-_]?.*key.*
    | (?:the[-_])?fal(?:[-_]api)?[-_]key | api[-_]?key | change[-_]?me | replace[-_]?me
    | placeholder | redacted | hidden | secret | none | null | undefined | todo
    | (?:fal[-_]|sk[-_]|key[-_])?x{3,}[-_:.x]*
    """
_MASK = r"\*{3,}|\.{3,}|…|•"
_ASSIGNMENT = r"(?:export\s+)?[A-Z_]*KEY\s*="
_TEMPLATE = r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


class PlainKey(Frozen):
    """A key that is in the file itself."""

    value: str

    def __repr__(self) -> str:
        return "PlainKey(…)"


class EnvKey(Frozen):
    """A key that is in an environment variable."""

    name: str


class KeyringKey(Frozen):
    """A key in the system's keyring, by its name there. Only the credentials file has these."""

    entry: str


KeyReference: TypeAlias = PlainKey | EnvKey


def check_key(text: str) -> str:
    """The key without white space around it.

    fal does not document the form of a key. Refused is only a text that cannot be sent in a header
    (white space, control or non-ASCII characters) and an obvious mask or placeholder. Raises
    AuthError, which never quotes the text.
    """
    key = text.removeprefix("\ufeff").strip()
    if not key:
        raise no_key("the key is empty")
    reason = _key_problem(key)
    if reason is not None:
        raise AuthError(
            f"this is not a fal key: {reason}", hint="keys: https://fal.ai/dashboard/keys"
        )
    return key


def check_shape(key: str) -> None:
    """Raises AuthError for a text that does not look like a fal key: an address, a short word, the
    key of another service. Use it before a key is stored."""
    if key.startswith("sandbox"):
        return  # the sandbox accepts these as keys
    reason = None
    if "://" in key:
        reason = "it is the address of a page"
    elif key.startswith("sk-"):
        reason = "it begins like a key of another service"
    elif len(key) < SHORTEST:
        reason = f"it has {len(key)} characters, but a key has at least {SHORTEST}"
    if reason is not None:
        raise AuthError(
            f"this is not a fal key: {reason}. One looks like "
            "0f3c9a1e-…-1234567890ab:0123456789abcdef…",
            hint="keys: https://fal.ai/dashboard/keys; --force stores it anyway",
        )


def mask(key: str) -> str:
    """A key for display: the last four characters of a long key, none of a short one."""
    return "****" + (key[-4:] if len(key) >= _SHOWN_FROM else "")


def is_whole_template(text: str) -> bool:
    """Whether a text is `${NAME}` and nothing else."""
    return re.fullmatch(_TEMPLATE, text.strip()) is not None


def key_reference(value: object, where: str) -> KeyReference:
    """A key, `"${NAME}"`, or `{source: "env", provider, id}`. Raises LocalError for other forms."""
    if isinstance(value, str):
        if template := re.fullmatch(_TEMPLATE, value.strip()):
            return EnvKey(template.group(1))
        return PlainKey(value)
    if not isinstance(value, dict):
        raise LocalError(f'{where} is {type_name(value)}, not a key, "${{NAME}}" or a reference')
    source, name = value.get("source"), value.get("id")
    if source != "env":
        plain = isinstance(source, str) and re.fullmatch("[a-z]{1,20}", source)
        shown = f"`{source}`" if plain else "missing or unknown"
        raise LocalError(
            f"{where} is a reference whose source is {shown}; only OpenClaw can read it",
            hint='supported are a key, "${NAME}" and {source: "env", provider: "default", '
            'id: "NAME"}; or set FAL_KEY',
        )
    if not isinstance(name, str) or not re.fullmatch(_VARIABLE, name):
        raise LocalError(f"{where}.id is not the name of an environment variable")
    return EnvKey(name)


def _key_problem(key: str) -> str | None:
    if re.match(_ASSIGNMENT, key):
        return "it begins with the name of a variable; enter only the part after `=`"
    if key.lower().startswith(("key ", "bearer ")):
        return "it begins with `Key` or `Bearer`; enter only the part after that"
    if len(key) > 1 and key[0] == key[-1] and key[0] in "\"'`":
        return "it has quotes around it"
    if re.fullmatch(_PLACEHOLDERS, key.lower()) or REDACTED in key:
        return "it is a placeholder"
    if re.search(_MASK, key) or not any(char.isalnum() for char in key):
        return "it is a masked key"
    if any(char.isspace() for char in key):
        return "it contains white space"
    if not (key.isascii() and key.isprintable()):
        return "it contains characters that no key has"
    return None
