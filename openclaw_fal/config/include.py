"""`$include`: a config in several files, merged as OpenClaw merges it.

Any object may hold a path or a list of paths, relative to the including file. Objects are merged
key by key, lists are appended; later files win over earlier ones, and keys beside `$include` win
over the included ones. Observed in 2026.7.35 and 2026.9.6.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from openclaw_fal.atomic import Snapshot
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.path import type_name

INCLUDE = "$include"
MAX_DEPTH = 10
"""The deepest chain of includes."""
MAX_BYTES = 2 * 1024 * 1024
"""The largest file that OpenClaw includes."""

_NEVER_MERGED = frozenset(("__proto__", "constructor", "prototype"))

Load: TypeAlias = Callable[[Path], object]
"""Reads the value of an included file. Raises LocalError."""


class ConfigFile(Frozen):
    """One file of a config: `path` as it was named, `value` before includes are merged."""

    path: Path
    snapshot: Snapshot
    text: str
    value: object

    def __repr__(self) -> str:
        return f"ConfigFile({self.path})"  # it may hold secrets


def has_includes(value: object) -> bool:
    """Whether an object anywhere in a value has `$include`."""
    if isinstance(value, dict):
        return INCLUDE in value or any(map(has_includes, value.values()))
    return isinstance(value, list) and any(map(has_includes, value))


def resolved(root: Path, load: Load, roots: tuple[Path, ...] = ()) -> object:
    """The value of the file `root` with everything that it includes.

    Included files must be in the folder of `root` or in one of `roots`. Raises LocalError for a
    path outside, a circle, a chain that is too long, and values that cannot be merged.
    """
    return _Resolver(root, load, roots).file(root, ())


def included_by(file: Path, value: Mapping[str, object]) -> list[Path]:
    """The files that an object's `$include` names, in the order of merging."""
    names = value[INCLUDE]
    listed: list[object] = names if isinstance(names, list) else [names]
    paths = []
    for name in listed:
        if not isinstance(name, str) or not name or "\0" in name:
            raise LocalError(
                f"$include in {file} must be a path or a list of paths, not {type_name(name)}"
            )
        paths.append(Path(os.path.normpath(file.parent / name)))
    return paths


def allowed_roots(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """More folders that included files may be in: `$OPENCLAW_INCLUDE_ROOTS`."""
    listed = environ.get("OPENCLAW_INCLUDE_ROOTS", "").split(os.pathsep)
    return tuple(Path(folder) for folder in listed if os.path.isabs(folder))


def merged(base: object, override: object) -> object:
    """Two values as one: `override` wins, lists are appended."""
    if isinstance(base, list) and isinstance(override, list):
        return [*base, *override]
    if not isinstance(base, dict) or not isinstance(override, dict):
        return override
    result = dict(base)
    for key, value in override.items():
        if key not in _NEVER_MERGED:
            result[key] = merged(result[key], value) if key in result else value
    return result


class _Resolver:
    def __init__(self, root: Path, load: Load, roots: tuple[Path, ...]) -> None:
        self.load = load
        self.folders = (root.parent, *roots)

    def file(self, path: Path, chain: tuple[Path, ...]) -> object:
        return self.value(self.load(path), path, (*chain, path))

    def value(self, value: object, file: Path, chain: tuple[Path, ...]) -> object:
        if isinstance(value, list):
            return [self.value(inner, file, chain) for inner in value]
        if not isinstance(value, dict):
            return value
        rest = {
            key: self.value(inner, file, chain) for key, inner in value.items() if key != INCLUDE
        }
        if INCLUDE not in value:
            return rest
        included: object = {}
        for number, path in enumerate(included_by(file, value)):
            self.check(path, file, chain)
            content = self.file(path, chain)
            single = number == 0 and not isinstance(value[INCLUDE], list)
            included = content if single else merged(included, content)
        if not rest:
            return included
        if not isinstance(included, dict):
            raise LocalError(
                f"{file} has keys beside $include, so the included file must hold an object, "
                f"not {type_name(included)}"
            )
        return merged(included, rest)

    def check(self, path: Path, file: Path, chain: tuple[Path, ...]) -> None:
        if path in chain:
            circle = " includes ".join(str(step) for step in (*chain, path))
            raise LocalError(f"the config includes itself: {circle}")
        if len(chain) > MAX_DEPTH:
            raise LocalError(f"{path}: more than {MAX_DEPTH} levels of $include")
        if not any(self.is_inside(path, folder) for folder in self.folders):
            raise LocalError(
                f"{file} includes {path}, which is outside the folder of the config "
                f"({self.folders[0]}): OpenClaw refuses that",
                hint="move the file into that folder, or name its folder in OPENCLAW_INCLUDE_ROOTS",
            )

    def is_inside(self, path: Path, folder: Path) -> bool:
        """Whether a file is inside a folder, by its name and after symbolic links are resolved."""
        inside = path.is_relative_to(os.path.normpath(folder))
        return inside and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def strings_in(value: object) -> Iterator[str]:
    """Every string in a value, without the keys of objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings_in(inner)
