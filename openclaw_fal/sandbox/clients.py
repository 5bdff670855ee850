"""Settings that make fal's clients and OpenClaw use the sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from openclaw_fal.store.key_format import SANDBOX_KEY

_TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)


class ClientSettings(TypedDict, total=False):
    """One client's configuration and environment variables. `needs_tls`: it works only with
    `--tls`, which is off."""

    config: dict[str, object]
    env: dict[str, str]
    needs_tls: bool


def scratch_environment(url: str, folder: Path) -> dict[str, str]:
    """Variables that make OpenClaw and this program use the sandbox, with a config and a home for
    jobs and keys in `folder`, so that the user's own stay untouched."""
    config = folder / "openclaw.json"
    config.write_text(json.dumps(_config(url), indent=2) + "\n", encoding="utf-8")
    return {
        "OPENCLAW_CONFIG_PATH": str(config),
        "OPENCLAW_FAL_HOME": str(folder / "home"),
        "FAL_KEY": SANDBOX_KEY,
    }


def environment(url: str, ca_file: Path | None) -> dict[str, str]:
    """Variables for programs that always use fal's host names.

    With TLS, the sandbox is their proxy and their trusted certificate authority.
    """
    variables = {"FAL_KEY": SANDBOX_KEY}
    if ca_file:
        variables |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), url)
        variables |= dict.fromkeys(_TRUST_VARIABLES, str(ca_file))
    return variables


def settings(url: str, ca_file: Path | None) -> dict[str, ClientSettings]:
    """The settings for each client, by the client's name."""
    own: ClientSettings = {"config": _config(url), "env": {"FAL_KEY": SANDBOX_KEY}}
    no_tls = ca_file is None
    javascript: dict[str, object] = {
        "credentials": SANDBOX_KEY,
        "proxyUrl": {"url": f"{url}/~proxy", "when": "always"},
    }
    return {
        "openclaw": own,
        "openclaw-fal": own,
        "fal-client": {"env": environment(url, ca_file), "needs_tls": no_tls},
        "fal-client, without a proxy (no uploads)": {
            "env": _without_proxy(url, ca_file),
            "needs_tls": no_tls,
        },
        "@fal-ai/client": {"config": javascript},
    }


def _config(url: str) -> dict[str, object]:
    return {"models": {"providers": {"fal": {"baseUrl": url}}}}


def _without_proxy(url: str, ca_file: Path | None) -> dict[str, str]:
    address = url.partition("://")[2]
    variables = {"FAL_KEY": SANDBOX_KEY, "FAL_RUN_HOST": f"{address}/~run"}
    variables["FAL_QUEUE_RUN_HOST"] = f"{address}/~queue"
    return variables | ({"SSL_CERT_FILE": str(ca_file)} if ca_file else {})
