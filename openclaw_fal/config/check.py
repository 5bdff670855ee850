"""What is wrong with a config, as far as it concerns fal. Finds everything, changes nothing.

The rules are those of OpenClaw's own strict check, as observed on 2026.7.35 and 2026.9.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from openclaw_fal.config.layouts import (
    KINDS,
    RELEASES,
    default_path,
    layouts_in,
    parse_version,
    version_layout,
)
from openclaw_fal.config.places import (
    API_KEY,
    BASE_URL,
    DEFAULTS,
    MEDIA_MAX_MB,
    MEDIA_MODELS,
    PROVIDER,
    VERSION,
)
from openclaw_fal.config.read import Config, is_above_zero, is_milliseconds
from openclaw_fal.config.variables import has_template
from openclaw_fal.errors import LocalError
from openclaw_fal.json5.path import MISSING, KeyPath, format_path, get_at, type_name
from openclaw_fal.json5.read import is_blank
from openclaw_fal.json5.scan import Node, scan
from openclaw_fal.store.keys import PlainKey, key_reference

Severity = Literal["error", "warning"]

_DEFAULT_KEYS = ("primary", "fallbacks", "timeoutMs")
_OBJECTS: tuple[KeyPath, ...] = (
    ("agents",),
    DEFAULTS,
    MEDIA_MODELS,
    ("models",),
    ("models", "providers"),
    PROVIDER,
    ("auth",),
    ("auth", "profiles"),
    ("auth", "profiles", "fal:default"),
    ("plugins",),
    ("plugins", "entries"),
    ("plugins", "entries", "fal"),
    ("meta",),
)


class Finding(NamedTuple):
    """One thing that is wrong (`error`: OpenClaw or this program cannot use it) or unwise."""

    severity: Severity
    path: str
    message: str
    hint: str | None = None


def validate(config: Config) -> list[Finding]:
    """Everything that is wrong with a config and the files that it includes.

    Raises Json5Error for a file that is not JSON5: then there is nothing else to say about it.
    """
    twice = [
        finding
        for file in config.files
        if not is_blank(file.text)
        for finding in _twice(scan(file.text, str(file.path)), ())
    ]
    return [*findings(config.shown(config.data, ())), *_unset_variables(config), *twice]


def findings(data: object) -> list[Finding]:
    """What is wrong with the values of a config."""
    if not isinstance(data, dict):
        return [_error((), f"The config is {type_name(data)}, not an object")]
    return [
        *_objects(data),
        *_layouts(data),
        *_defaults(data),
        *_provider(data),
        *_onboarded(data),
        *_rest(data),
    ]


def ref_problem(ref: object) -> str | None:
    """Why no release accepts a model ref; None when it is `<provider>/<model>`."""
    if not isinstance(ref, str):
        return f"a model is a text like fal/fal-ai/flux/dev, not {type_name(ref)}"
    if has_template(ref):
        return None  # what it is filled with is looked at when it is used
    provider, slash, model = ref.partition("/")
    if not ref or any(char.isspace() or not char.isprintable() for char in ref):
        return "a model is a text like fal/fal-ai/flux/dev, without white space"
    if not (provider and slash and model):
        return f"`{ref}` is not <provider>/<model>, such as fal/fal-ai/flux/dev"
    if provider == "fal-ai":  # the first word of most of fal's endpoint ids, and no provider
        return f"`{ref}` lacks its provider; did you mean fal/{ref}?"
    return None


def _error(path: KeyPath, message: str, hint: str | None = None) -> Finding:
    return Finding("error", format_path(path), message, hint)


def _warning(path: KeyPath, message: str, hint: str | None = None) -> Finding:
    return Finding("warning", format_path(path), message, hint)


def _objects(data: object) -> Iterator[Finding]:
    for path in _OBJECTS:
        value = get_at(data, path)
        if value is not MISSING and not isinstance(value, dict):
            yield _error(path, f"This is {type_name(value)}; it ought to be an object")


def _layouts(data: object) -> Iterator[Finding]:
    used = layouts_in(data)
    if len(used) == 2:
        yield _error(
            DEFAULTS,
            "The model defaults of two layouts are in the file; every OpenClaw release refuses it",
            "Keep agents.defaults.mediaModels (2026.8.1 and later), or the "
            "…GenerationModel keys (up to 2026.7)",
        )
    release = version_layout(data)
    if len(used) == 1 and release is not None and release not in used:
        (layout,) = used
        version = get_at(data, VERSION)
        yield _error(
            DEFAULTS,
            f"The model defaults have the layout of OpenClaw {RELEASES[layout]}, but "
            f"{version} last wrote the file and refuses them",
        )
    version = get_at(data, VERSION)
    if version is not MISSING and parse_version(version) is None:
        yield _warning(VERSION, "This is not the version of a release; it is not looked at")


def _defaults(data: object) -> Iterator[Finding]:
    for kind in KINDS:
        for layout in RELEASES:
            path = default_path(kind, layout)
            value = get_at(data, path)
            if isinstance(value, dict):
                yield from _default_object(path, value)
            elif value is not MISSING and (problem := ref_problem(value)):
                yield _error(path, _sentence(problem))


def _default_object(path: KeyPath, value: dict[str, object]) -> Iterator[Finding]:
    if "primary" not in value:
        yield _error(path, "`primary` is missing: this default names no model")
    elif problem := ref_problem(value["primary"]):
        yield _error((*path, "primary"), _sentence(problem))
    fallbacks = value.get("fallbacks", [])
    if not isinstance(fallbacks, list):
        yield _error((*path, "fallbacks"), f"This is {type_name(fallbacks)}, not a list of models")
    else:
        for index, ref in enumerate(fallbacks):
            if problem := ref_problem(ref):
                yield _error((*path, "fallbacks", index), _sentence(problem))
    if "timeoutMs" in value and not is_milliseconds(value["timeoutMs"]):
        yield _error((*path, "timeoutMs"), "This is no whole number of milliseconds above 0")
    for key in value:
        if key not in _DEFAULT_KEYS:
            yield _error((*path, key), "OpenClaw knows no such key here and refuses the file")


def _provider(data: object) -> Iterator[Finding]:
    base_url = get_at(data, BASE_URL)
    if base_url is not MISSING:
        yield from _base_url(base_url)
    value = get_at(data, API_KEY)
    if value is MISSING or value == "":
        return
    try:
        reference = key_reference(value, format_path(API_KEY))
    except LocalError as error:
        yield Finding(
            "warning" if isinstance(value, dict) and "source" in value else "error",
            format_path(API_KEY),
            error.message,
            error.hint,
        )
        return
    if isinstance(reference, PlainKey):
        yield _warning(
            API_KEY,
            "A key stands here as plain text, for everyone who may read the config",
            'Store it privately with `openclaw onboard`, or use {source: "env", '
            'provider: "default", id: "FAL_KEY"}, and unset it here',
        )


def _base_url(value: object) -> Iterator[Finding]:
    try:
        url = urlsplit(value.strip()) if isinstance(value, str) else None
        host = (url.hostname or "") if url else ""
        known_port = url is not None and (url.port is None or url.port > 0)
    except ValueError:
        url, host, known_port = None, "", False
    if url is None or url.scheme not in ("http", "https") or not host or not known_port:
        yield _error(BASE_URL, "This is no address that begins with https://")
        return
    if url.username is not None or url.query or url.fragment:
        yield _error(BASE_URL, "An address with a user, a query or a fragment does not work here")
    if url.scheme == "http" and not _is_loopback(host):
        yield _warning(
            BASE_URL,
            "The key would travel unencrypted: requests to this address are refused",
            "Use https, or set OPENCLAW_FAL_ALLOW_HTTP=1",
        )


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _onboarded(data: object) -> Iterator[Finding]:
    profile: KeyPath = ("auth", "profiles", "fal:default")
    for key, expected in (("provider", "fal"), ("mode", "api_key")):
        value = get_at(data, (*profile, key))
        if value is not MISSING and value != expected:
            yield _warning((*profile, key), f'This ought to be "{expected}"')
    enabled = get_at(data, ("plugins", "entries", "fal", "enabled"))
    if enabled is False:
        yield _warning(
            ("plugins", "entries", "fal", "enabled"), "OpenClaw's own fal provider is switched off"
        )
    elif enabled is not MISSING and enabled is not True:
        yield _error(
            ("plugins", "entries", "fal", "enabled"), f"This is {type_name(enabled)}, not a boolean"
        )


def _rest(data: dict[str, object]) -> Iterator[Finding]:
    limit = get_at(data, MEDIA_MAX_MB)
    if limit is not MISSING and not is_above_zero(limit):
        yield _error(MEDIA_MAX_MB, "This is no number above 0")


def _unset_variables(config: Config) -> Iterator[Finding]:
    """Templates whose variable is not set, in what this program reads."""
    for path in (BASE_URL, *(default_path(kind, layout) for kind in KINDS for layout in RELEASES)):
        value = get_at(config.data, path)
        try:
            config.filled(value, path)
        except LocalError as error:
            yield _warning(path, error.message, error.hint)


def _twice(node: Node, path: KeyPath) -> Iterator[Finding]:
    seen: set[str | int] = set()
    for item in node.items:
        inner = (*path, item.key)
        if item.key in seen:
            yield _warning(inner, "This key is there more than once; the last one counts")
        seen.add(item.key)
        yield from _twice(item.value, inner)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
