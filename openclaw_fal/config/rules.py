"""Turns an edit into steps that keep the file's own layout and form."""

from __future__ import annotations

from typing import TypeAlias

from openclaw_fal.config.documents import ConfigDocuments
from openclaw_fal.config.key_paths import (
    MEDIA_MODELS,
    PLUGIN,
    PROFILE,
)
from openclaw_fal.config.layouts import (
    RELEASES,
    Layout,
    default_path,
    kind_of,
    layouts_in,
    other,
)
from openclaw_fal.config.policies import plugin_policy
from openclaw_fal.config.read import Config
from openclaw_fal.errors import UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import (
    MISSING,
    KeyPath,
    format_path,
    get_at,
    parse_path,
    set_at,
    unset_at,
)
from openclaw_fal.media import DEFAULT_MODELS, KINDS
from openclaw_fal.store.key_format import REDACTED

FORBIDDEN = frozenset(("__proto__", "constructor", "prototype"))
"""Keys that OpenClaw refuses to set: they reach into JavaScript's own objects."""


class Set(Frozen):
    """Put a value at a path: as typed (`"agents.defaults.mediaMaxMb"`), or in parts."""

    path: KeyPath | str
    value: object

    @property
    def keys(self) -> KeyPath:
        return parse_path(self.path) if isinstance(self.path, str) else self.path


class Unset(Frozen):
    """Remove the value at a path."""

    path: KeyPath | str

    @property
    def keys(self) -> KeyPath:
        return parse_path(self.path) if isinstance(self.path, str) else self.path


class Move(Frozen):
    """Move a value to another path, with its comments and formatting."""

    source: KeyPath
    target: KeyPath


class Migrate(Frozen):
    """Move the model defaults to where a layout has them."""

    layout: Layout


Edit: TypeAlias = Set | Unset | Migrate
Step: TypeAlias = Set | Unset | Move


def check_edit(edit: Edit) -> None:
    """Raises UsageError for what is never written: JavaScript's own keys and redacted values."""
    if isinstance(edit, Set):
        check_settable(edit.keys)
        _check_value(edit.value)


def check_settable(path: KeyPath) -> None:
    """Raises UsageError for a path that OpenClaw would refuse to set."""
    for segment in path:
        if segment in FORBIDDEN:
            raise UsageError(f"`{segment}` may not be set: OpenClaw refuses this key")


def refuse_joined_names(data: object, path: KeyPath) -> None:
    """Raises UsageError when the path splits an existing key with a dot, such as `llama.cpp`."""
    for start in range(len(path)):
        holder = get_at(data, path[:start])
        if not isinstance(holder, dict) or str(path[start]) in holder:
            continue
        for end in range(len(path), start + 1, -1):
            joined = ".".join(map(str, path[start:end]))
            if joined in holder:
                meant = format_path((*path[:start], joined, *path[end:]))
                raise UsageError(
                    f"`{joined}` is a single key of {format_path(path[:start]) or 'the config'}, "
                    "but a dot separates keys",
                    hint=f"write the key in brackets: {meant}",
                )
        return


def steps(
    data: dict[str, object], edit: Set | Unset, layout: Layout
) -> tuple[list[Step], list[str]]:
    """The steps of an edit, and notes for the user."""
    if isinstance(edit, Unset):
        return _unset_steps(data, edit.keys)
    if edit.keys == MEDIA_MODELS and layout == "legacy":
        return _set_all_kinds(edit.value)
    return _set_steps(data, edit.keys, edit.value, layout)


def unify(data: dict[str, object], layout: Layout) -> tuple[list[Step], list[str]]:
    """The steps that leave one layout in a config that has both."""
    return migration(data, layout) if len(layouts_in(data)) == 2 else ([], [])


def migration(data: dict[str, object], layout: Layout) -> tuple[list[Step], list[str]]:
    """The steps that move every model default to a layout, and notes for the user."""
    steps: list[Step] = []
    notes: list[str] = []
    for kind in KINDS:
        source, target = default_path(kind, other(layout)), default_path(kind, layout)
        if get_at(data, source) is MISSING:
            continue
        if get_at(data, target) is MISSING:
            steps.append(Move(source, target))
            note = f"{format_path(source)} was moved to {format_path(target)}"
        else:
            steps.append(Unset(source))
            note = f"{format_path(source)} was removed, {format_path(target)} counts"
        notes.append(f"{note}: {_layout_reason(layout)}")
    if layout == "legacy" and get_at(data, MEDIA_MODELS) is not MISSING:
        steps.append(Unset(MEDIA_MODELS))
        rest = get_at(data, MEDIA_MODELS)
        if not isinstance(rest, dict) or set(rest) - set(KINDS):
            raise UsageError(
                f"{format_path(MEDIA_MODELS)} holds values that the other layout has no place for",
                hint="openclaw config validate shows both; remove one with openclaw config unset",
            )
    return steps, notes


def apply_step(documents: ConfigDocuments, step: Step) -> None:
    """Applies a step to the files of a config."""
    if isinstance(step, Set):
        documents.set(step.keys, step.value)
    elif isinstance(step, Unset):
        documents.unset(step.keys)
    else:
        documents.move(step.source, step.target)


def after_step(data: object, step: Step) -> object:
    """The merged value of a config after a step."""
    if isinstance(step, Set):
        return set_at(data, step.keys, step.value)
    if isinstance(step, Unset):
        return unset_at(data, step.keys)
    value = get_at(data, step.source)
    return data if value is MISSING else set_at(unset_at(data, step.source), step.target, value)


def onboarding_edits(config: Config) -> list[Set]:
    """What onboarding changes. Never the chat model.

    The default image model is set only when none is configured (an object without `primary` is
    none). Where a policy keeps fal's plugin out, OpenClaw's onboarding writes no entry for it, and
    neither does this one.
    """
    edits: list[Set] = []
    if not _has_image_model(config):
        path = default_path("image", config.layout)
        edits.append(Set((*path, "primary"), f"fal/{DEFAULT_MODELS['image']}"))
    profile = {"provider": "fal", "mode": "api_key"}
    if get_at(config.data, PROFILE) is MISSING:
        edits.append(Set(PROFILE, profile))
    else:
        edits += [Set((*PROFILE, key), value) for key, value in profile.items()]
    if plugin_policy(config.data) is None:
        edits.append(Set((*PLUGIN, "enabled"), True))
    return [edit for edit in edits if get_at(config.data, edit.keys) != edit.value]


def _has_image_model(config: Config) -> bool:
    for layout in RELEASES:
        value = get_at(config.data, default_path("image", layout))
        if isinstance(value, dict):
            value = value.get("primary", MISSING)
        if value is not MISSING:
            return True
    return False


def _set_steps(
    data: dict[str, object], path: KeyPath, value: object, layout: Layout
) -> tuple[list[Step], list[str]]:
    default = kind_of(path)
    if default is None:
        return [Set(path, value)], []
    kind, _, rest = default
    base = default_path(kind, layout)
    step, note = _default_step(base, get_at(data, base), rest, value)
    notes = [note] if note else []
    if base != path[: len(base)]:
        notes.insert(
            0,
            f"{format_path(path)} is written as {format_path((*base, *rest))}: "
            + _layout_reason(layout),
        )
    return [step], notes


def _default_step(
    base: KeyPath, current: object, rest: KeyPath, value: object
) -> tuple[Step, str | None]:
    """The step that sets a part of a default model, in the form (ref or object) it has now."""
    where = format_path(base)
    if isinstance(current, str) and rest == ("primary",):
        return Set(base, value), None
    if isinstance(current, str) and rest:
        note = f"{where} was a bare model and is now an object with `primary`"
        return Set(base, set_at({"primary": current}, rest, value)), note
    if isinstance(current, dict) and not rest and isinstance(value, str):
        return Set((*base, "primary"), value), f"{where} stays an object: its `primary` was set"
    return Set((*base, *rest), value), None


def _set_all_kinds(value: object) -> tuple[list[Step], list[str]]:
    """The newer layout's object of all kinds, for a file of the older layout."""
    if not isinstance(value, dict) or set(value) - set(KINDS):
        raise UsageError(
            f"{format_path(MEDIA_MODELS)} cannot be set to this value: {_layout_reason('legacy')}",
            hint="set agents.defaults.imageGenerationModel, videoGenerationModel and "
            "musicGenerationModel one by one",
        )
    steps: list[Step] = [
        Set(default_path(kind, "legacy"), value[kind]) for kind in KINDS if kind in value
    ]
    target = "agents.defaults.…GenerationModel"
    return steps, [
        f"{format_path(MEDIA_MODELS)} is written as {target}: {_layout_reason('legacy')}"
    ]


def _unset_steps(data: dict[str, object], path: KeyPath) -> tuple[list[Step], list[str]]:
    default = kind_of(path)
    if default is None:
        return [Unset(path)], []
    kind, layout, rest = default
    notes: list[str] = []
    base = default_path(kind, layout)
    if get_at(data, base) is MISSING:
        base = default_path(kind, other(layout))
        if get_at(data, base) is not MISSING:
            notes.append(f"{format_path(path)} is set at {format_path((*base, *rest))}")
    current = get_at(data, base)
    only_primary = isinstance(current, str) or (
        isinstance(current, dict) and set(current) == {"primary"}
    )
    if rest == ("primary",) and only_primary:
        rest = ()
    return [Unset((*base, *rest))], notes


def _check_value(value: object) -> None:
    if isinstance(value, str) and REDACTED in value:
        raise UsageError("the value is redacted; writing it would overwrite the real secret")
    if isinstance(value, dict):
        check_settable(tuple(value))
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        _check_value(inner)


def _layout_reason(layout: Layout) -> str:
    return f"the file has the layout of OpenClaw {RELEASES[layout]}"
