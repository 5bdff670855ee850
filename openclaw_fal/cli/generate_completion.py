"""Generates the completion table and the scripts in `completions/` from the command line.

python -m openclaw_fal.cli.generate_completion completions            write them
python -m openclaw_fal.cli.generate_completion --check completions    fail when they are out of step
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from openclaw_fal.cli import app
from openclaw_fal.completion.scripts import SCRIPTS

TABLE = Path(__file__).parent.parent / "completion" / "table.py"

TAKES: dict[str, Any] = {
    "--image": "file",
    "--file": "file",
    "--video": "file",
    "--audio-ref": "file",
    "--lyrics-file": "file",
    "--output": "file",
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
    "--kind": ["image", "video", "music"],
}
LIMITS = (
    "sizes", "aspectRatios", "resolutions", "outputFormats", "qualities", "backgrounds",
    "creativities", "formats",
)  # fmt: skip


REPEATING = ("jobs wait",)


def table() -> tuple[dict[str, Any], dict[str, Any]]:
    """Every command (its subcommands, its options, what its arguments take), and the options that
    every command has."""
    root = app.build()
    commands: dict[str, Any] = {}
    with root.make_context("openclaw", [], resilient_parsing=True) as ctx:
        everywhere = _options(root, ctx, "")
        _walk(root, ctx, "", commands)
    everywhere.pop("--version", None)
    for command in commands.values():
        own = command["options"]
        command["options"] = {name: own[name] for name in own if name not in everywhere}
    return commands, everywhere


def _walk(command: Any, ctx: Any, path: str, commands: dict[str, Any]) -> None:
    names = command.list_commands(ctx) if hasattr(command, "list_commands") else []
    below = {name: command.get_command(ctx, name) for name in names}
    nouns = getattr(command, "nouns", {})
    commands[path] = {
        "commands": {
            name: _first_sentence(
                nouns[name][1] if name in nouns else child.get_short_help_str(200)
            )
            for name, child in below.items()
            if not child.hidden
        },
        "options": _options(command, ctx, path),
        "arguments": _arguments(path),
        "repeats": path in REPEATING,
    }
    for name, child in below.items():
        _walk(child, ctx, f"{path} {name}".strip(), commands)


def _options(command: Any, ctx: Any, path: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for param in command.get_params(ctx):
        if param.param_type_name != "option" or param.hidden:
            continue
        takes = None if param.is_flag else _takes(param.opts, path)
        for name in [*param.opts, *param.secondary_opts]:
            if name.startswith("--") or takes:
                options[name] = {"help": _first_sentence(param.help or ""), "takes": takes}
    return options


def _takes(names: list[str], path: str) -> Any:
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
    return next((kind for kind in ("image", "video", "music") if kind in path.split()), "image")


def _arguments(path: str) -> list[Any]:
    """What each argument of a command takes, in order."""
    if path in ("jobs wait", "jobs cancel"):
        return ["job:unfinished"]
    if path == "jobs show":
        return ["job"]
    if path.endswith(" models"):
        return [f"model:{_kind(path)}"]
    if path in ("config get", "config set", "config unset"):
        from openclaw_fal.cli.config import KNOWN_PATHS

        value = ["setting"] if path == "config set" else []
        return [list(KNOWN_PATHS), *value]
    if path == "help":
        from openclaw_fal.cli.topics import TOPICS

        return [list(TOPICS)]
    if path == "completion":
        return [list(SCRIPTS)]
    return []


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".")


def models() -> dict[str, Any]:
    """Every known model ref with the values that its options take."""
    from openclaw_fal.catalogue import read as catalogue
    from openclaw_fal.provider import catalog

    return {
        kind: {
            row["model"]: {
                "title": str(row.get("family", "")),
                **{key: row[key] for key in LIMITS if isinstance(row.get(key), list) and row[key]},
            }
            for row in catalog.listing(kind, catalogue)
        }
        for kind in ("image", "video", "music")
    }


def files(folder: Path) -> dict[Path, str]:
    """What should stand in each generated file."""
    commands, everywhere = table()
    data = (
        '"""Generated by `python -m openclaw_fal.cli.generate_completion completions`."""\n\n'
        "# fmt: off\n# ruff: noqa: E501\n"
        "from __future__ import annotations\n\n"
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any\n\n"
        + "\n\n".join(
            f"{name}: dict[str, Any] = {_literal(value)}"
            for name, value in (
                ("COMMANDS", commands),
                ("GLOBAL", everywhere),
                ("MODELS", models()),
            )
        )
        + "\n"
    )
    scripts = {folder / name: text for name, text in SCRIPTS.values()}
    return {TABLE: data, **scripts}


def _literal(value: dict[str, Any], depth: int = 0) -> str:
    """A dictionary as source: an entry a line, two levels deep."""
    margin = " " * 4 * (depth + 1)
    lines = [
        f"{margin}{key!r}: {_literal(item, depth + 1) if _branches(item, depth) else repr(item)},"
        for key, item in value.items()
    ]
    return "\n".join(["{", *lines, margin[4:] + "}"])


def _branches(value: object, depth: int) -> bool:
    return isinstance(value, dict) and bool(value) and depth < 2


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
