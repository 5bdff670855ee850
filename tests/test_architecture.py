"""The house rules about imports, read off the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Set
from functools import cache
from pathlib import Path

import pytest

import openclaw_fal

PACKAGE = Path(openclaw_fal.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
STDLIB = set(sys.stdlib_module_names)

# For each part of the package: which parts of ours it may import, and which libraries.
RULES: dict[str, tuple[set[str], set[str]]] = {
    "errors": ({"errors"}, set()),
    "frozen": (set(), set()),
    "atomic": ({"errors", "frozen"}, set()),
    "text": (set(), set()),
    "environment": ({"errors"}, set()),
    "media": ({"errors", "frozen", "media", "money"}, set()),
    "parameters": (set(), set()),
    "provider": ({"parameters", "errors", "frozen", "media", "provider"}, set()),
    "catalogue": ({"catalogue", "errors", "frozen", "media"}, set()),
    "fal": (
        {"text", "errors", "fal", "frozen", "media", "progress"},
        {"httpx", "httpcore", "certifi"},
    ),
    "json5": ({"errors", "json5"}, {"pyjson5"}),
    "config": (
        {"atomic", "config", "environment", "errors", "frozen", "json5", "media", "store"},
        set(),
    ),
    "journal": (
        {"atomic", "text", "errors", "frozen", "journal", "media", "money", "store"},
        {"filelock"},
    ),
    "files": (
        {"atomic", "text", "errors", "files", "frozen", "media"},
        set(),
    ),
    "store": (
        {"atomic", "errors", "frozen", "json5", "store"},
        {"platformdirs", "tomli_w", "filelock"},
    ),
    "provenance": (
        {"atomic", "errors", "frozen", "media", "options", "parameters", "provenance", "text"},
        {"cryptography"},  # with c2pa-python, which is imported by name when it is asked for
    ),
    "gallery": ({"frozen", "gallery", "media"}, set()),
    "money": ({"errors", "frozen", "media", "money"}, set()),
    "parallel": (set(), set()),
    "progress": ({"frozen"}, set()),
    "options": ({"errors", "media", "parameters"}, set()),
    "batches": (
        {
            "catalogue",
            "config",
            "fal",
            "files",
            "money",
            "provider",
            "session",
            "store",
            "atomic",
            "api",
            "batches",
            "environment",
            "errors",
            "frozen",
            "job",
            "journal",
            "media",
            "options",
            "parameters",
            "progress",
            "text",
        },
        set(),
    ),
    "completion": (
        {
            "atomic",
            "catalogue",
            "completion",
            "config",
            "errors",
            "journal",
            "media",
            "store",
            "text",
        },
        set(),
    ),
    "ui": (
        {"text", "errors", "frozen", "media", "parameters", "progress", "session", "ui"},
        {"rich", "textual_image"},
    ),
}


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


@cache
def imported(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, wherever in the file it stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            if node.module == "openclaw_fal":
                names.update(f"openclaw_fal.{alias.name}" for alias in node.names)
    return frozenset(names)


def ours(names: Set[str]) -> set[str]:
    parts = {name.split(".")[1] for name in names if name.startswith("openclaw_fal.")}
    return parts - {"__version__"}


def libraries(names: Set[str]) -> set[str]:
    tops = {name.split(".")[0] for name in names}
    return tops - STDLIB - {"openclaw_fal"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_module_imports_only_what_its_part_may(path: Path) -> None:
    part, names = part_of(path), imported(path)
    if part in RULES:
        allowed, allowed_libraries = RULES[part]
        assert ours(names) <= allowed
        assert libraries(names) <= allowed_libraries
    if part not in ("cli", "__main__"):
        assert "typer" not in libraries(names)
    if part != "__main__":
        assert part == "cli" or "cli" not in ours(names)
    if part != "sandbox":
        assert "PIL" not in libraries(names)
    if path.parent != PACKAGE / "fal" / "http":
        assert not {"httpx", "httpcore", "h11"} & libraries(names)
