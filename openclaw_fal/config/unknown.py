"""Keys and values that OpenClaw's own schema refuses, as findings about a config."""

from __future__ import annotations

from collections.abc import Iterator

from openclaw_fal.config.finding import Finding, error, warning
from openclaw_fal.config.key_paths import MEDIA_MODELS, VERSION
from openclaw_fal.config.layouts import (
    GUESSED,
    PREFERRED,
    RELEASES,
    Layout,
    LayoutChoice,
    default_path,
    other,
    parse_version,
)
from openclaw_fal.config.schema import Problem, Release, problems
from openclaw_fal.json5.path import KeyPath, format_path, get_at
from openclaw_fal.media import KINDS

_DEFAULTS = {MEDIA_MODELS, *(default_path(kind, "legacy") for kind in KINDS)}
SCHEMAS: dict[Layout, Release] = {"legacy": "2026.7", "current": "2026.9"}


def schema_findings(data: dict[str, object], choice: LayoutChoice) -> Iterator[Finding]:
    """What the config's release refuses; if the release is unknown, what both releases refuse."""
    by_layout = {layout: problems(data, release) for layout, release in SCHEMAS.items()}
    release_is_known = choice.reason not in (GUESSED, PREFERRED)
    other_paths = {problem.path for problem in by_layout[other(choice.layout)]}
    certain = _is_schema_of(data, choice.layout)
    for problem in by_layout[choice.layout]:
        if problem.path in _DEFAULTS:
            continue  # `check.py` reports it with its layout
        message = _message(problem, choice.layout)
        if problem.path in other_paths or certain:
            is_key = problem.key is not None
            yield error(problem.path, message, _hint(problem, choice.layout), unknown_key=is_key)
        elif release_is_known:
            yield warning(problem.path, message, _hint(problem, choice.layout))


def closest(key: str, known: tuple[str, ...]) -> str | None:
    """The known key that the user probably meant."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(key, known, n=1, cutoff=0.75)), None)


def _is_schema_of(data: dict[str, object], layout: Layout) -> bool:
    """Whether the schema that is known here is that of the release that last wrote the file."""
    version = parse_version(get_at(data, VERSION))
    return version is not None and "{}.{}".format(*version[:2]) == SCHEMAS[layout]


def _message(problem: Problem, layout: Layout) -> str:
    if problem.key is None:
        return problem.message
    meant = closest(problem.key, problem.known)
    guess = f"; did you mean {meant}?" if meant else ""
    return f"OpenClaw {RELEASES[layout]} knows no such key here and refuses the file{guess}"


def _hint(problem: Problem, layout: Layout) -> str | None:
    if problem.key is None:
        return None
    if len(problem.path) == 1 and problem.key in KINDS:
        kind = next(kind for kind in KINDS if kind == problem.key)
        path = format_path((*default_path(kind, layout), "primary"))
        return f"set the default {kind} model with: openclaw config set {path} fal/<model>"
    meant = closest(problem.key, problem.known)
    parent: KeyPath = problem.path[:-1]
    if meant is not None:
        return f"openclaw config set {format_path((*parent, meant))} …"
    return None
