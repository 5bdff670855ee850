"""Plugin policies of a config that keep OpenClaw from loading its fal plugin."""

from __future__ import annotations

from openclaw_fal.config.key_paths import PLUGIN
from openclaw_fal.json5.path import KeyPath, get_at


def plugin_policy(data: object) -> tuple[KeyPath, str] | None:
    """The setting that keeps OpenClaw from loading fal's plugin, and why; None if nothing does."""
    plugins: KeyPath = PLUGIN[:1]
    allow, deny = get_at(data, (*plugins, "allow")), get_at(data, (*plugins, "deny"))
    if get_at(data, (*plugins, "enabled")) is False:
        return (*plugins, "enabled"), "all plugins are switched off"
    if isinstance(deny, list) and "fal" in deny:
        return (*plugins, "deny"), "fal is in the list of denied plugins"
    if isinstance(allow, list) and allow and "fal" not in allow:
        return (*plugins, "allow"), "fal is not in the list of allowed plugins"
    if get_at(data, (*PLUGIN, "enabled")) is False:
        return (*PLUGIN, "enabled"), "it is switched off"
    return None
