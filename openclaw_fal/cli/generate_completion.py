"""Generates the completion table and the scripts in `completions/` from the command line.

python -m openclaw_fal.cli.generate_completion completions            write them
python -m openclaw_fal.cli.generate_completion --check completions    fail when they are outdated
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.cli import app
from openclaw_fal.cli.groups import Context, TyperType
from openclaw_fal.completion.scripts import SCRIPTS, script
from openclaw_fal.media import KINDS
from openclaw_fal.money.budget import PERIODS
from openclaw_fal.parameters import KEYS, option_name

if TYPE_CHECKING:
    from openclaw_fal.completion.entries import (
        CommandEntry,
        ModelEntry,
        Models,
        OptionEntry,
        Takes,
    )

TABLE = Path(__file__).parent.parent / "completion" / "table.py"

TAKES: dict[str, str | list[str]] = {
    "--image": "file:png|jpg|jpeg|webp|gif|avif|bmp",
    "--file": "file:png|jpg|jpeg|webp|gif|avif|bmp",
    "--video": "file:mp4|mov|webm|mkv|m4v",
    "--audio-ref": "file:mp3|wav|ogg|flac|m4a|aac|opus",
    "--prompt-file": "file",
    "--lyrics-file": "file",
    "--prompts": "file",
    "--output": "file",
    "--out": "file",
    "--priority": ["normal", "low"],
    "--config": "file",
    "--size": "limit:image:sizes",
    "--aspect-ratio": "limit:{kind}:aspectRatios",
    "--resolution": "limit:{kind}:resolutions",
    "--output-format": "limit:image:outputFormats",
    "--quality": "limit:image:qualities",
    "--background": "limit:image:backgrounds",
    "--creativity": "limit:image:creativities",
    "--format": "limit:music:formats",
    "--auth-choice": ["fal-api-key"],
    "--secret-input-mode": ["plaintext", "ref"],
    "--fallback": "chosen",
    "--remove": "alias",
    "--provider": ["fal"],
    "--kind": list(KINDS),
    "--per": list(PERIODS),
    "--provenance": ["mark", "full", "sidecar", "off"],
    "--sign": "file",
}
LIMITS = (
    "sizes", "aspectRatios", "resolutions", "outputFormats", "qualities", "backgrounds",
    "creativities", "formats",
)  # fmt: skip
REPEATING = ("jobs wait",)
_KEY_OF_OPTION = {option_name(key): key for key in KEYS.values()} | {
    "--file": "images",
    "--lyrics-file": "lyrics",
}


def table() -> tuple[dict[str, CommandEntry], dict[str, OptionEntry], dict[str, OptionEntry]]:
    """All commands by their path, the options that they name, and those that every command has."""
    root = app.build()
    commands: dict[str, CommandEntry] = {}
    options: dict[str, OptionEntry] = {}
    with root.make_context("openclaw", [], resilient_parsing=True) as ctx:
        everywhere = _options(root, ctx, "")
        _walk(root, ctx, "", commands, options)
    for name in ("--version", "-V"):
        del everywhere[name]
    for command in commands.values():
        command["options"] = [key for key in command["options"] if key not in everywhere]
    named = {key for command in commands.values() for key in command["options"]}
    return commands, {key: options[key] for key in options if key in named}, everywhere


def _walk(
    command: TyperType,
    ctx: Context,
    path: str,
    commands: dict[str, CommandEntry],
    options: dict[str, OptionEntry],
) -> None:
    names = command.list_commands(ctx) if hasattr(command, "list_commands") else []
    subcommands = {name: command.get_command(ctx, name) for name in names}
    nouns = getattr(command, "nouns", {})
    commands[path] = {
        "commands": {
            name: _first_sentence(
                nouns[name][1] if name in nouns else child.get_short_help_str(200)
            )
            for name, child in subcommands.items()
            if not child.hidden
        },
        "options": [
            _shared(name, entry, path, options)
            for name, entry in _options(command, ctx, path).items()
        ],
        "arguments": _arguments(path),
        "repeats": path in REPEATING,
    }
    for name, child in subcommands.items():
        _walk(child, ctx, f"{path} {name}".strip(), commands, options)


def _shared(name: str, entry: OptionEntry, path: str, options: dict[str, OptionEntry]) -> str:
    """The key of an option in `options`: its name, and the command where another command has an
    option of that name which says or takes something else."""
    for key, other in options.items():
        if key.partition(" ")[0] == name and other == entry:
            return key
    key = f"{name} of {path}" if name in options else name
    options[key] = entry
    return key


def _options(command: TyperType, ctx: Context, path: str) -> dict[str, OptionEntry]:
    options: dict[str, OptionEntry] = {}
    for param in command.get_params(ctx):
        if param.param_type_name != "option" or param.hidden:
            continue
        takes = None if param.is_flag else _takes(param.opts, path)
        # Typer gives the names of --help in no fixed order.
        for name in [*sorted(param.opts, key=len, reverse=True), *param.secondary_opts]:
            options[name] = {"help": _first_sentence(param.help or ""), "takes": takes}
            if key := _KEY_OF_OPTION.get(max(param.opts, key=len)):
                options[name]["key"] = key
    return options


def _takes(names: list[str], path: str) -> Takes:
    kind = _kind(path)
    for name in names:
        if name == "--model":
            return f"model:{kind}"
        if name == "--size" and kind != "image":
            return "text"
        if name == "--state":
            from openclaw_fal.journal.record import STATES

            return list(STATES)
        if name in TAKES:
            takes = TAKES[name]
            return takes.format(kind=kind) if isinstance(takes, str) else takes
    return "text"


def _kind(path: str) -> str:
    return next((kind for kind in KINDS if kind in path.split()), "image")


def _arguments(path: str) -> list[Takes]:
    """The values of each argument of a command, in order."""
    if path in ("jobs wait", "jobs cancel"):
        return ["job:unfinished"]
    if path == "jobs show":
        return ["job"]
    if path == "models default":
        return [list(KINDS), "chosen"]
    if path == "models show":
        return ["model:every"]
    if path == "models alias":
        return ["alias", "model:every"]
    if path.endswith(" models"):
        return [f"model:{_kind(path)}"]
    if path in ("config get", "config set", "config unset"):
        from openclaw_fal.cli.config import KNOWN_PATHS

        value = ["setting"] if path == "config set" else []
        return [list(KNOWN_PATHS), *value]
    if path.startswith(("provenance ", "batch ")) or path == "replay":
        return ["file"]
    if path == "help":
        from openclaw_fal.cli.topics import TOPICS

        return [list(TOPICS)]
    if path == "completion":
        return [[*SCRIPTS, "install"], list(SCRIPTS)]
    return []


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".")


def models() -> Models:
    """All known models by kind and ref."""
    from openclaw_fal.catalogue import read as catalogue
    from openclaw_fal.provider import descriptions

    return {
        kind: {str(row["model"]): _model(row) for row in descriptions.listing(kind, catalogue)}
        for kind in KINDS
    }


def _model(row: Mapping[str, object]) -> ModelEntry:
    untaken = _untaken(row)
    sibling = row.get("withReferences")
    if isinstance(sibling, Mapping):
        untaken &= _untaken(sibling)
    references = {"maxReferenceImages": "images", "maxReferenceVideos": "videos"}
    references["maxReferenceAudios"] = "audioRefs"
    untaken |= {key for limit, key in references.items() if row.get(limit) == 0}
    limits = {key: value for key in LIMITS if isinstance(value := row.get(key), list) and value}
    title = str(row.get("family", ""))
    return {"title": title, "untaken": sorted(untaken), "limits": limits}


def _untaken(row: Mapping[str, object]) -> set[str]:
    lists = (row.get("ignoredOptions"), row.get("rejectedOptions"))
    return {str(key) for keys in lists if isinstance(keys, list) for key in keys}


def files(folder: Path) -> dict[Path, str]:
    """The generated files with their content."""
    commands, options, everywhere = table()
    data = (
        '"""Generated by `python -m openclaw_fal.cli.generate_completion completions`."""\n\n'
        "# fmt: off\n# ruff: noqa: E501\n"
        "from __future__ import annotations\n\n"
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n"
        "    from openclaw_fal.completion.entries import CommandEntry, Models, OptionEntry\n\n"
        + "\n\n".join(
            f"{name}: {hint} = {_literal(value, depth)}"
            for name, hint, value, depth in (
                ("COMMANDS", "dict[str, CommandEntry]", commands, 1),
                ("OPTIONS", "dict[str, OptionEntry]", options, 1),
                ("GLOBAL", "dict[str, OptionEntry]", everywhere, 1),
                ("MODELS", "Models", models(), 2),
            )
        )
        + "\n"
    )
    scripts = {folder / name: script(shell) for shell, name in SCRIPTS.items()}
    return {TABLE: data, **scripts}


def _literal(value: object, depth: int, margin: str = "") -> str:
    """A value as Python source; `depth` levels of dictionaries have one entry on each line."""
    if not isinstance(value, dict) or depth == 0:
        return repr(value)
    inner = margin + "    "
    lines = [f"{inner}{key!r}: {_literal(value[key], depth - 1, inner)}," for key in value]
    return "\n".join(["{", *lines, margin + "}"])


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    folder = Path(next((word for word in arguments if not word.startswith("-")), "completions"))
    stale = []
    for path, text in files(folder).items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    for path in stale:
        print(f"{'out of step' if check else 'written'}: {path.name}", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
