"""The map in openclaw_fal/README.md names what exists, and every room is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import openclaw_fal

PACKAGE = Path(openclaw_fal.__file__).parent
MAP = (PACKAGE / "README.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:[a-z0-9_]+/)*[a-z0-9_]+(?:\.py|/))`", MAP)))


@pytest.mark.parametrize("name", PATHS)
def test_what_it_names_exists(name: str) -> None:
    bases = (PACKAGE, PACKAGE.parent)
    assert any((base / name).exists() for base in bases)


def test_every_room_is_on_it() -> None:
    rooms = {path.parent for path in PACKAGE.rglob("*.py")} - {PACKAGE}
    named = {PACKAGE / name.rstrip("/") for name in PATHS if name.endswith("/")}
    # A folder within a room belongs to it.
    missing = {room for room in rooms if room not in named and room.parent not in named}
    assert missing == set()


def test_every_file_beside_the_rooms_is_on_it() -> None:
    files = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert files <= set(PATHS)


def test_the_values_that_it_names_are_defined() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    for name in set(re.findall(r"`([A-Z][a-zA-Z]+)`", MAP)) - {"Any"}:
        assert re.search(rf"^class {name}\b", source, re.MULTILINE), name


def test_the_values_that_docstrings_name_are_defined() -> None:
    """`store.paths.CONFIG` or `paths.CONFIG`, wherever it is named in the package."""
    for path in PACKAGE.rglob("*.py"):
        for module, name in re.findall(
            r"`(?:[a-z_]+\.)*([a-z_]+)\.([A-Z][A-Z_]+)`", path.read_text(encoding="utf-8")
        ):
            sources = [file.read_text(encoding="utf-8") for file in PACKAGE.rglob(f"{module}.py")]
            assert any(re.search(rf"^{name}\b", source, re.MULTILINE) for source in sources), (
                f"{path}: {module}.{name}"
            )
