"""The paths of fal's settings in OpenClaw's config."""

from __future__ import annotations

from openclaw_fal.json5.path import KeyPath

DEFAULTS: KeyPath = ("agents", "defaults")
MEDIA_MODELS: KeyPath = (*DEFAULTS, "mediaModels")
PROVIDER: KeyPath = ("models", "providers", "fal")
BASE_URL: KeyPath = (*PROVIDER, "baseUrl")
API_KEY: KeyPath = (*PROVIDER, "apiKey")
MEDIA_MAX_MB: KeyPath = (*DEFAULTS, "mediaMaxMb")
PROFILE: KeyPath = ("auth", "profiles", "fal:default")
PLUGIN: KeyPath = ("plugins", "entries", "fal")
VERSION: KeyPath = ("meta", "lastTouchedVersion")
