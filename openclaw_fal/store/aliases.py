"""The user's own short names for model refs: `aliases.toml` in the user's config folder.

The file is TOML with the table `[aliases]`, a name and a ref a line. Everything else in it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from openclaw_fal.atomic import failure, make_folder, read_file, replace_file
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.store.locks import locked
from openclaw_fal.store.paths import aliases_path

LONGEST = 64
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def aliases(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The refs by their short names. Raises LocalError for a file that cannot be read."""
    path = aliases_path(environ)
    return _named(_read(path), path)


def aliases_for(name: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The aliases, where `name` may be one: a whole ref has a slash, and no file is read for it."""
    return {} if "/" in name else aliases(environ)


def set_alias(name: str, ref: str, environ: Mapping[str, str] | None = None) -> Path:
    """Gives a ref a short name; one that has it already loses it. Returns the file's path.

    Raises UsageError for what cannot be a name, LocalError when the file cannot be written.
    """
    check_name(name)
    return _changed(lambda named: {**named, name: ref}, environ)


def remove_alias(name: str, environ: Mapping[str, str] | None = None) -> Path:
    """Forgets a short name. Raises UsageError when there is none of this name."""

    def without(named: dict[str, str]) -> dict[str, str]:
        if name not in named:
            has = f"there are {', '.join(named)}" if named else "there is none yet"
            raise UsageError(f"there is no alias {name}; {has}", hint="openclaw models alias")
        return {key: ref for key, ref in named.items() if key != name}

    return _changed(without, environ)


def check_name(name: str) -> None:
    """Raises UsageError for what cannot be a short name."""
    strange = sorted(set(name) - LETTERS)
    if not name or name.startswith("-") or len(name) > LONGEST or strange:
        raise UsageError(
            f"{name!r} cannot be an alias: it takes 1 to {LONGEST} letters, digits, - _ and .",
            hint="openclaw models alias fast fal/fal-ai/flux/schnell",
        )


def _changed(
    change: Callable[[dict[str, str]], dict[str, str]], environ: Mapping[str, str] | None
) -> Path:
    path = aliases_path(environ)
    with locked(read_file(path).target, environ):
        table = _read(path)
        new = {**table, "aliases": change(_named(table, path))}
        import tomli_w

        try:
            make_folder(path.parent)
        except OSError as error:
            raise failure("write", path, error) from error
        replace_file(read_file(path).target, tomli_w.dumps(new).encode("utf-8"))
    return path


def _read(path: Path) -> dict[str, object]:
    snapshot = read_file(path)
    if not snapshot.exists:
        return {}
    import tomllib

    try:
        return tomllib.loads(snapshot.content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise LocalError(f"{path} is no TOML: {error}", hint=f"mend or remove {path}") from None


def _named(table: Mapping[str, object], path: Path) -> dict[str, str]:
    named = table.get("aliases", {})
    if not isinstance(named, dict):
        raise LocalError(f"{path}: `aliases` is no table", hint=f"mend or remove {path}")
    wrong = next((name for name, ref in named.items() if not isinstance(ref, str)), None)
    if wrong is not None:
        raise LocalError(f"{path}: the alias {wrong} is no text", hint=f"mend or remove {path}")
    return dict(named)
