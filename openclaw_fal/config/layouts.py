"""The two layouts of OpenClaw's config: where each keeps the default models.

Releases up to 2026.7 refuse the newer keys; later releases refuse the older keys.
Observed by running 2026.7.35 and 2026.9.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

from openclaw_fal.config.key_paths import DEFAULTS, MEDIA_MODELS, VERSION
from openclaw_fal.errors import UsageError
from openclaw_fal.json5.path import MISSING, KeyPath, format_path, get_at
from openclaw_fal.media import KINDS, Kind

Layout: TypeAlias = Literal["legacy", "current"]

FIRST_CURRENT = (2026, 8, 1)
RELEASES: dict[Layout, str] = {"legacy": "up to 2026.7", "current": "2026.8.1 and later"}

WIZARD_VERSION: KeyPath = ("wizard", "lastRunVersion")
PREFERRED = "OPENCLAW_FAL_LAYOUT (the file does not say)"
GUESSED = "the specification (the file does not say)"

ONLY_IN: dict[Layout, tuple[KeyPath, ...]] = {
    "legacy": (
        ("agents", "list"),
        *((key,) for key in ("audio", "audit", "cli", "commitments", "crestodian")),
        *((key,) for key in ("marketplaces", "media", "tui", "web")),
        *((*DEFAULTS, key) for key in ("cliBackends", "contextTokens", "memorySearch")),
        *((*DEFAULTS, key) for key in ("envelopeTimezone", "pdfMaxBytesMb", "promptOverlays")),
        *((*DEFAULTS, key) for key in ("runRetries", "timeFormat")),
        (*DEFAULTS, "mediaGenerationAutoProviderFallback"),
        ("models", "pricing"),
        ("auth", "cooldowns"),
    ),
    "current": (
        ("agents", "entries"),
        ("agents", "ownership"),
        *((key,) for key in ("attachments", "cloudWorkers", "desktop", "telemetry", "tts")),
        *((key,) for key in ("worktreeAcceleration", "worktreeRoot")),
        *((*DEFAULTS, key) for key in ("authInheritance", "cwd", "decisionModel", "modelPolicy")),
        *((*DEFAULTS, key) for key in ("fastModeDefault", "modelSelectionScope", "pdfMaxMb")),
        *((*DEFAULTS, key) for key in ("sessionStore", "systemAgent")),
        ("models", "catalogRefresh"),
    ),
}
"""Keys that only the releases of one layout accept: from the schemas of 2026.7.35 and 2026.9.6."""

_VERSION = re.compile(
    r"\s*v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:\.\d+)*(?:[-+][0-9A-Za-z.+-]*)?\s*"
)


class LayoutChoice(NamedTuple):
    """The layout of a file; `reason` says, for people, how it was recognised."""

    layout: Layout
    reason: str


def default_path(kind: Kind, layout: Layout) -> KeyPath:
    """The path of a kind's default model."""
    if layout == "legacy":
        return (*DEFAULTS, f"{kind}GenerationModel")
    return (*MEDIA_MODELS, kind)


def other(layout: Layout) -> Layout:
    """The layout that is not this one."""
    return "current" if layout == "legacy" else "legacy"


def layouts_in(data: object) -> set[Layout]:
    """The layouts whose keys a config has. Every release refuses a config with both."""
    used: set[Layout] = set()
    if get_at(data, MEDIA_MODELS) is not MISSING:
        used.add("current")
    if any(get_at(data, default_path(kind, "legacy")) is not MISSING for kind in KINDS):
        used.add("legacy")
    return used


def layout_of(data: object, preferred: Layout | None = None) -> LayoutChoice:
    """The layout of a config. The first of these that decides:

    its default models (if they use one layout only), the release that last wrote it, other keys
    that only one layout has, `preferred`, the specification's layout (legacy).
    """
    used = layouts_in(data)
    if len(used) == 1:
        (layout,) = used
        return LayoutChoice(layout, "the keys that the file has")
    for path in (VERSION, WIZARD_VERSION):
        release = _layout_of_version(get_at(data, path))
        if release is not None:
            return LayoutChoice(release, format_path(path))
    for layout, paths in ONLY_IN.items():
        present = next((path for path in paths if get_at(data, path) is not MISSING), None)
        if present and all(get_at(data, path) is MISSING for path in ONLY_IN[other(layout)]):
            return LayoutChoice(layout, f"{format_path(present)}, which only that layout has")
    if preferred is not None:
        return LayoutChoice(preferred, PREFERRED)
    return LayoutChoice("legacy", GUESSED)


def preferred_layout(environ: Mapping[str, str]) -> Layout | None:
    """The layout in `OPENCLAW_FAL_LAYOUT`, for files that do not show theirs. Raises UsageError for
    an unknown name."""
    name = environ.get("OPENCLAW_FAL_LAYOUT", "").strip()
    if not name:
        return None
    for layout in RELEASES:
        if name == layout:
            return layout
    raise UsageError(
        f"OPENCLAW_FAL_LAYOUT={name} is not a layout",
        hint="set it to current (OpenClaw 2026.8.1 and later) or legacy (up to 2026.7)",
    )


def version_layout(data: object) -> Layout | None:
    """The layout of the release in `meta.lastTouchedVersion`; None without a valid version."""
    return _layout_of_version(get_at(data, VERSION))


def _layout_of_version(value: object) -> Layout | None:
    version = parse_version(value)
    if version is None:
        return None
    return "current" if version >= FIRST_CURRENT else "legacy"


def parse_version(version: object) -> tuple[int, int, int] | None:
    """The numbers of a release: `2026.8.1-beta.2` gives (2026, 8, 1). None for anything else.

    A suffix does not count: a beta of a release already has its layout.
    """
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None:
        return None
    return int(match.group(1)), int(match.group(2)), int(match.group(3) or 0)


def kind_of(path: KeyPath) -> tuple[Kind, Layout, KeyPath] | None:
    """For a path of a default model: its kind, its layout, and the rest of the path."""
    for kind in KINDS:
        for layout in get_args(Layout):
            prefix = default_path(kind, layout)
            if path[: len(prefix)] == prefix:
                return kind, layout, path[len(prefix) :]
    return None


def translate(path: KeyPath, layout: Layout) -> KeyPath:
    """The path in a layout; only the paths of default models differ."""
    default = kind_of(path)
    if default is None:
        return path
    kind, _, rest = default
    return (*default_path(kind, layout), *rest)
