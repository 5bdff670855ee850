"""Environment variables that change what commands do; `config show` lists those that are set."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES: dict[str, str] = {
    "OPENCLAW_FAL_SANDBOX": "1: generate with the sandbox, at no cost",
    "OPENCLAW_FAL_SANDBOX_DIALS": "how slow, busy or broken the sandbox is",
    "OPENCLAW_FAL_STRICT": "1: refuse what would ignore an option",
    "OPENCLAW_FAL_MAX_SPEND": "US dollars that one request may cost at most",
    "OPENCLAW_FAL_PROVENANCE": "whether files say how they were made",
    "OPENCLAW_FAL_HOME": "a folder for the key and the journal of jobs",
    "OPENCLAW_FAL_ALLOW_HTTP": "1: allow a base URL on plain http",
    "OPENCLAW_FAL_LAYOUT": "the layout of a config that has none yet",
    "OPENCLAW_CONFIG_PATH": "the config file",
    "OPENCLAW_STATE_DIR": "the folder of the config file",
    "OPENCLAW_HOME": "stands in for the home folder",
    "OPENCLAW_INCLUDE_ROOTS": "further folders of included config files",
    "OPENCLAW_CONFIG_READONLY": "1: refuse every write to the config",
    "HTTPS_PROXY": "the way to fal",
    "HTTP_PROXY": "the way to a base URL on plain http",
    "ALL_PROXY": "the way to everything",
    "NO_PROXY": "hosts that are reached without a proxy",
    "SSL_CERT_FILE": "whose certificates are trusted",
    "SSL_CERT_DIR": "whose certificates are trusted",
    "NO_COLOR": "no colour",
    "CI": "plain lines in place of a live display",
}
"""Name → effect. FAL_KEY and FAL_API_KEY are not listed; `config show` has a line for the key."""


def set_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set, with their values; proxies also in lower case."""
    names = [*VARIABLES, *(name.lower() for name in VARIABLES if name.endswith("_PROXY"))]
    return {name: environ[name] for name in names if environ.get(name, "").strip()}


def effect(name: str) -> str:
    """The effect of a variable."""
    return VARIABLES[name.upper()]


def listed() -> str:
    """All variables with their effects, a line for each, for the help."""
    column = max(map(len, VARIABLES)) + 4
    return "\n".join(f"  {name}".ljust(column) + text for name, text in VARIABLES.items())
