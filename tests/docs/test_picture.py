"""README's picture shows what the program shows."""

from __future__ import annotations

import os
import re

import pytest

if os.name == "nt":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

from tests.docs import picture

VARYING = (
    (r"done in [\d.]+ s ─+", "done in a while ─"),
    (r"job +\w{10} *", "job JOB "),
    (r" +│$", " │"),
)


def runs(svg: str) -> list[str]:
    """The runs in a picture, each from its prompt on, without what differs from time to time."""
    text = "\n".join(picture.shown(svg))
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.split("$ ")[1:]


def test_the_picture_is_in_step() -> None:
    """Draw it again with `python -m tests.docs.picture` when this fails."""
    stored, fresh = runs(picture.PICTURE.read_text(encoding="utf-8")), runs(picture.picture())
    assert stored[:2] == fresh[:2]
    assert "done in a while" in stored[0]
    assert "closest: 4" in stored[1]
    for run in (stored[2], fresh[2]):
        assert run.startswith('openclaw video "waves under a lighthouse" --sandbox\n')
        assert re.search(r"↓ file 1 +━{10,}─+ +\d\.\d/3\.0 MB +\d\.\d MB/s +0:0\d left", run)


def test_the_picture_fetches_nothing() -> None:
    svg = picture.PICTURE.read_text(encoding="utf-8")
    assert "@font-face" not in svg
    assert "@import" not in svg
    assert re.findall(r'(?:href|url)[=(]"?http', svg) == []
