"""The mutations of `python -m tests.mutate` still name text and tests that exist."""

from __future__ import annotations

from pathlib import Path

import openclaw_fal
from tests.mutate.table import MUTATIONS

PACKAGE = Path(openclaw_fal.__file__).parent


def test_each_text_stands_once_in_its_file() -> None:
    stale = [
        mutation.name
        for mutation in MUTATIONS
        if (PACKAGE / mutation.file).read_text(encoding="utf-8").count(mutation.old) != 1
    ]
    assert MUTATIONS
    assert stale == []


def test_each_test_file_exists() -> None:
    files = {test.partition("::")[0] for mutation in MUTATIONS for test in mutation.tests}
    assert [name for name in sorted(files) if not (PACKAGE.parent / name).exists()] == []
