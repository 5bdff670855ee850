"""What is installed beside the program: declared, bounded, used, and not known to be unsafe.

This runs without a network, so it knows only the advisories in the table below: `pip-audit` looks
the others up, and has to be run where there is one.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.test_architecture import MODULES, imported, libraries

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {found.name: found for found in map(Requirement, PROJECT["dependencies"])}
OPTIONAL = {
    found.name: found
    for extra in ("preview", "sandbox", "socks")
    for found in map(Requirement, PROJECT["optional-dependencies"][extra])
}
# A newer one is always the better one.
UNBOUNDED = {"certifi", "cryptography"}
MODULE_NAMES = {"pillow": "PIL", "tomli-w": "tomli_w", "textual-image": "textual_image"}

# The first version without each weakness that is known, and why that one matters here.
SAFE_FROM = {
    "httpcore": ("1.0.9", "brings h11 0.16; CVE-2025-43859: chunked bodies with wrong line ends"),
    "certifi": ("2024.7.4", "CVE-2024-39689: trusts an authority that browsers have dropped"),
    "pillow": ("11.3.0", "CVE-2025-48379: writes beyond a buffer (DDS); before it CVE-2024-28219"),
    "filelock": (
        "3.20.3",
        "CVE-2025-68146, CVE-2026-22701: a link in the lock's place is followed",
    ),
}


def lowest(requirement: Requirement) -> Version:
    """The lowest version that a requirement admits."""
    bounds = [Version(bound.version) for bound in requirement.specifier if bound.operator == ">="]
    assert len(bounds) == 1, f"{requirement} has no lower bound"
    return bounds[0]


@pytest.mark.parametrize("name", [*DECLARED, *OPTIONAL])
def test_each_dependency_is_bounded(name: str) -> None:
    requirement = {**DECLARED, **OPTIONAL}[name]
    assert lowest(requirement)
    if name not in UNBOUNDED:
        assert any(bound.operator == "<" for bound in requirement.specifier)


@pytest.mark.parametrize("name", DECLARED)
def test_each_dependency_is_installed_as_declared(name: str) -> None:
    assert Version(metadata.version(name)) in DECLARED[name].specifier


@pytest.mark.parametrize("name", SAFE_FROM)
def test_no_version_with_a_known_weakness_is_admitted(name: str) -> None:
    first, why = SAFE_FROM[name]
    assert lowest(DECLARED[name]) >= Version(first), why
    assert Version(metadata.version(name)) >= Version(first), why


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    used = set().union(*(libraries(imported(path)) for path in MODULES))
    declared = {MODULE_NAMES.get(name, name) for name in DECLARED}
    optional = {MODULE_NAMES.get(name, name) for name in OPTIONAL}
    assert declared <= used
    assert used <= declared | optional


def test_nothing_comes_along_that_is_not_known_here() -> None:
    """The dependencies of the dependencies: a new one is a new way in, and is looked at first."""
    known = {
        *DECLARED, "annotated-doc", "anyio", "colorama", "h11", "idna", "markdown-it-py", "mdurl",
        "pygments", "shellingham", "typing-extensions",
    }  # fmt: skip
    waiting, seen = list(DECLARED), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(re.sub("[-_.]+", "-", requirement.name).lower())
    assert seen <= known
