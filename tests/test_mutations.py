"""The mutations of `python -m tests.mutate` still name text and tests that exist."""

from __future__ import annotations

from tests.mutate.mutation import ROOT
from tests.mutate.table import MUTATIONS


def test_each_text_stands_once_in_its_file() -> None:
    stale = [
        mutation.name
        for mutation in MUTATIONS
        if mutation.path().read_text(encoding="utf-8").count(mutation.old) != 1
    ]
    assert MUTATIONS
    assert stale == []


def test_each_test_file_exists() -> None:
    files = {test.partition("::")[0] for mutation in MUTATIONS for test in mutation.tests}
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []
