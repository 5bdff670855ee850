"""The user's own short names for model refs: `aliases.toml` in the user's config folder.

The file is TOML with the table `[aliases]`: `name = "ref"`. The rest of the file is kept.
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


def aliases() -> dict[str, str]:
    """The refs by their short names. Raises LocalError for a file that cannot be read."""
    path = aliases_path()
    return _aliases_in(_read(path), path)


def aliases_for(name: str) -> dict[str, str]:
    """The aliases if `name` may be one, else none: a name with a slash is a ref, and the file is
    not read."""
    return {} if "/" in name else aliases()


def set_alias(name: str, ref: str) -> Path:
    """Gives a ref a short name, and takes the name from any other ref. Returns the file's path.

    Raises UsageError for an invalid name, LocalError when the file cannot be written.
    """
    check_name(name)
    return _update(lambda refs: {**refs, name: ref})


def remove_alias(name: str) -> Path:
    """Removes a short name. Raises UsageError when it does not exist."""

    def without(refs: dict[str, str]) -> dict[str, str]:
        if name not in refs:
            existing = f"the aliases are {', '.join(refs)}" if refs else "there are no aliases yet"
            raise UsageError(f"there is no alias {name}; {existing}", hint="openclaw models alias")
        return {key: ref for key, ref in refs.items() if key != name}

    return _update(without)


def check_name(name: str) -> None:
    """Raises UsageError for an invalid short name."""
    if not name or name.startswith("-") or len(name) > LONGEST or not LETTERS.issuperset(name):
        raise UsageError(
            f"{name!r} cannot be an alias: it takes 1 to {LONGEST} letters, digits, - _ and .",
            hint="openclaw models alias fast fal/fal-ai/flux/schnell",
        )


def _update(change: Callable[[dict[str, str]], dict[str, str]]) -> Path:
    path = aliases_path()
    with locked(read_file(path).target):
        table = _read(path)
        new = {**table, "aliases": change(_aliases_in(table, path))}
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
        raise _broken(path, f"is not valid TOML: {error}") from None


def _aliases_in(table: Mapping[str, object], path: Path) -> dict[str, str]:
    refs = table.get("aliases", {})
    if not isinstance(refs, dict):
        raise _broken(path, "is damaged: `aliases` is not a table")
    for name, ref in refs.items():
        if not isinstance(ref, str):
            raise _broken(path, f"is damaged: the alias {name} is not a text")
    return dict(refs)


def _broken(path: Path, problem: str) -> LocalError:
    return LocalError(f"{path} {problem}", hint=f"repair or remove {path}")
