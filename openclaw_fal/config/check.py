"""Checks what a config says about fal: reports every problem, changes nothing.

The rules are those of OpenClaw's own strict check, as observed on 2026.7.35 and 2026.9.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from openclaw_fal.config.base_url import FAL, fal_host_problem
from openclaw_fal.config.finding import Finding, error, warning
from openclaw_fal.config.key_paths import (
    API_KEY,
    BASE_URL,
    DEFAULTS,
    MEDIA_MAX_MB,
    MEDIA_MODELS,
    PLUGIN,
    PROFILE,
    PROVIDER,
    VERSION,
)
from openclaw_fal.config.layouts import (
    RELEASES,
    default_path,
    layouts_in,
    parse_version,
    version_layout,
)
from openclaw_fal.config.policies import plugin_policy
from openclaw_fal.config.read import Config, is_above_zero, is_milliseconds
from openclaw_fal.config.references import CheckModel, refs_in
from openclaw_fal.config.unknown import schema_findings
from openclaw_fal.config.variables import has_template
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.json5.path import MISSING, KeyPath, format_path, get_at, type_name
from openclaw_fal.json5.read import is_blank
from openclaw_fal.json5.scan import Node, scan
from openclaw_fal.media import KINDS
from openclaw_fal.store.key_format import KEY_VARIABLES, PlainKey, key_reference

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
    PROFILE,
    ("plugins",),
    ("plugins", "entries"),
    PLUGIN,
    ("meta",),
)


def validate(config: Config, check_model: CheckModel | None = None) -> list[Finding]:
    """Every problem of a config and the files that it includes.

    Raises Json5Error for a file that is not JSON5.
    """
    duplicates = [
        finding
        for file in config.files
        if not is_blank(file.text)
        for finding in _duplicate_keys(scan(file.text, str(file.path)), ())
    ]
    data = config.shown(config.data, ())
    assert isinstance(data, dict)
    own_findings = [*findings(data), *_unset_variables(config), *duplicates]
    paths = {finding.path for finding in own_findings}
    schema_only = [
        finding
        for finding in schema_findings(data, config.layout_choice)
        if not any(path == finding.path or path.startswith(finding.path + ".") for path in paths)
    ]
    of_models = _models(data, check_model) if check_model else ()
    return [*own_findings, *schema_only, *(item for item in of_models if item.path not in paths)]


def findings(data: object) -> list[Finding]:
    """The problems of a config's values."""
    if not isinstance(data, dict):
        return [error((), f"the config is {type_name(data)}, not an object")]
    return [
        *_objects(data),
        *_layouts(data),
        *_defaults(data),
        *_provider(data),
        *_onboarded(data),
        *_media_max_mb(data),
    ]


def ref_problem(ref: object) -> str | None:
    """Why no release accepts a model ref; None when it is `<provider>/<model>`."""
    if not isinstance(ref, str):
        return f"a model is a text like fal/fal-ai/flux/dev, not {type_name(ref)}"
    if has_template(ref):
        return None  # checked when the variable is filled in
    provider, slash, model = ref.partition("/")
    if not ref or any(char.isspace() or not char.isprintable() for char in ref):
        return "a model is a text like fal/fal-ai/flux/dev, without white space"
    if not (provider and slash and model):
        return f"`{ref}` is not <provider>/<model>, such as fal/fal-ai/flux/dev"
    if provider == "fal-ai":  # the first word of most of fal's endpoint ids, and no provider
        return f"`{ref}` lacks its provider; did you mean fal/{ref}?"
    return None


def _objects(data: object) -> Iterator[Finding]:
    for path in _OBJECTS:
        value = get_at(data, path)
        if value is not MISSING and not isinstance(value, dict):
            yield error(path, f"must be an object, not {type_name(value)}")


def _layouts(data: object) -> Iterator[Finding]:
    used = layouts_in(data)
    if len(used) == 2:
        yield error(
            DEFAULTS,
            "the model defaults of two layouts are in the file; every OpenClaw release refuses it",
            "keep agents.defaults.mediaModels (2026.8.1 and later), or the "
            "…GenerationModel keys (up to 2026.7)",
        )
    release = version_layout(data)
    if len(used) == 1 and release is not None and release not in used:
        (layout,) = used
        version = get_at(data, VERSION)
        yield error(
            DEFAULTS,
            f"the model defaults have the layout of OpenClaw {RELEASES[layout]}, but "
            f"{version} last wrote the file and refuses them",
        )
    version = get_at(data, VERSION)
    if version is not MISSING and parse_version(version) is None:
        yield warning(VERSION, "not the version of an OpenClaw release; ignored")


def _defaults(data: object) -> Iterator[Finding]:
    for kind in KINDS:
        for layout in RELEASES:
            path = default_path(kind, layout)
            value = get_at(data, path)
            if isinstance(value, dict):
                yield from _default_object(path, value)
            elif value is not MISSING and (problem := ref_problem(value)):
                yield error(path, _sentence(problem))


def _default_object(path: KeyPath, value: dict[str, object]) -> Iterator[Finding]:
    if "primary" not in value:
        yield error(path, "`primary` is missing: this default names no model")
    elif problem := ref_problem(value["primary"]):
        yield error((*path, "primary"), _sentence(problem))
    fallbacks = value.get("fallbacks", [])
    if not isinstance(fallbacks, list):
        yield error((*path, "fallbacks"), f"must be a list of models, not {type_name(fallbacks)}")
    else:
        for index, ref in enumerate(fallbacks):
            if problem := ref_problem(ref):
                yield error((*path, "fallbacks", index), _sentence(problem))
    if "timeoutMs" in value and not is_milliseconds(value["timeoutMs"]):
        yield error((*path, "timeoutMs"), "must be a whole number of milliseconds greater than 0")
    for key in value:
        if key not in _DEFAULT_KEYS:
            yield error((*path, key), "OpenClaw knows no such key here and refuses the file")


def _provider(data: object) -> Iterator[Finding]:
    base_url = get_at(data, BASE_URL)
    if base_url is not MISSING:
        yield from _base_url(base_url)
    for path in (("env",), ("env", "vars")):
        for name in KEY_VARIABLES:
            value = get_at(data, (*path, name))
            if isinstance(value, str) and value.strip() and not has_template(value):
                yield _plain_key((*path, name))
    value = get_at(data, API_KEY)
    if value is MISSING or value == "":
        return
    try:
        reference = key_reference(value, format_path(API_KEY))
    except LocalError as problem:
        is_reference = isinstance(value, dict) and "source" in value
        yield (warning if is_reference else error)(API_KEY, problem.message, problem.hint)
        return
    if isinstance(reference, PlainKey):
        yield _plain_key(API_KEY)


def _plain_key(path: KeyPath) -> Finding:
    return warning(
        path,
        "the key is stored here as plain text: everyone who may read the config can read it",
        "store it privately with `openclaw onboard`, then remove it here: "
        f"openclaw config unset {format_path(path)}",
    )


def _base_url(value: object) -> Iterator[Finding]:
    try:
        url = urlsplit(value.strip()) if isinstance(value, str) else None
        host = (url.hostname or "") if url else ""
        known_port = url is not None and (url.port is None or url.port > 0)
    except ValueError:
        url, host, known_port = None, "", False
    if url is None or url.scheme not in ("http", "https") or not host or not known_port:
        yield error(BASE_URL, "must be an address that begins with https://")
        return
    if (problem := fal_host_problem(str(value))) is not None:
        yield error(BASE_URL, problem, f"openclaw config set {format_path(BASE_URL)} {FAL}")
    if url.username is not None or url.query or url.fragment:
        yield error(BASE_URL, "must be an address without a user, a query or a fragment")
    if url.scheme == "http" and not _is_loopback(host):
        yield warning(
            BASE_URL,
            "the key would travel unencrypted: requests to this address are refused",
            "use https, or set OPENCLAW_FAL_ALLOW_HTTP=1",
        )


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _onboarded(data: object) -> Iterator[Finding]:
    for key, expected in (("provider", "fal"), ("mode", "api_key")):
        value = get_at(data, (*PROFILE, key))
        if value is not MISSING and value != expected:
            yield warning((*PROFILE, key), f'must be "{expected}"')
    enabled = get_at(data, (*PLUGIN, "enabled"))
    if enabled is not MISSING and not isinstance(enabled, bool):
        yield error((*PLUGIN, "enabled"), f"must be true or false, not {type_name(enabled)}")
    policy = plugin_policy(data)
    if policy is not None:
        path, reason = policy
        yield warning(path, f"OpenClaw does not load its fal plugin: {reason}")


def _media_max_mb(data: dict[str, object]) -> Iterator[Finding]:
    limit = get_at(data, MEDIA_MAX_MB)
    if limit is not MISSING and not is_above_zero(limit):
        yield error(MEDIA_MAX_MB, "must be a number greater than 0")


def _models(data: object, check_model: CheckModel) -> Iterator[Finding]:
    """Defaults that name a model of another kind, or an unknown model."""
    for kind, path, ref in refs_in(data):
        if has_template(ref):
            continue  # `_unset_variables` reports it
        try:
            note = check_model(kind, ref)
        except UsageError as problem:
            yield error(path, problem.message, problem.hint)
            continue
        if note is not None:
            yield warning(path, note)


def _unset_variables(config: Config) -> Iterator[Finding]:
    """Templates whose variable is not set, in the settings that this program reads."""
    for path in (BASE_URL, *(default_path(kind, layout) for kind in KINDS for layout in RELEASES)):
        value = get_at(config.data, path)
        try:
            config.filled(value, path)
        except LocalError as problem:
            yield warning(path, problem.message, problem.hint)


def _duplicate_keys(node: Node, path: KeyPath) -> Iterator[Finding]:
    seen: set[str | int] = set()
    for item in node.items:
        inner = (*path, item.key)
        if item.key in seen:
            yield warning(inner, "this key occurs more than once; the last value counts")
        seen.add(item.key)
        yield from _duplicate_keys(item.value, inner)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
