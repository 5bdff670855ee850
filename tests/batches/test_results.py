"""`results.jsonl`: whole lines, one an item, whatever happened while they were written."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from openclaw_fal.batches.results import COLUMNS, Line, ResultsFile, export
from openclaw_fal.store.locks import locked
from tests.support.program import python


@pytest.fixture
def results(tmp_path: Path) -> ResultsFile:
    return ResultsFile(tmp_path / "out" / "results.jsonl", locked)


def line(item: str, state: str = "done", **more: object) -> Line:
    return {"id": item, "state": state, **more}


def test_each_line_is_put_on_the_disk(
    results: ResultsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.add([line("a")])
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: sizes.append(os.fstat(number).st_size))
    results.add([line("b")])
    assert sizes == [results.path.stat().st_size]


def on_disk(results: ResultsFile) -> list[Line]:
    return [json.loads(text) for text in results.path.read_text("utf-8").splitlines()]


def test_lines_are_appended_once(results: ResultsFile) -> None:
    results.add([line("a"), line("b")])
    results.add([line("b"), line("c")])
    ResultsFile(results.path, locked).add([line("a"), line("d")])
    assert [entry["id"] for entry in on_disk(results)] == ["a", "b", "c", "d"]


def test_an_item_that_ends_otherwise_later_keeps_one_line(results: ResultsFile) -> None:
    results.add([line("a", "failed"), line("b")])
    results.add([line("a", "done")])
    assert sorted((entry["id"], entry["state"]) for entry in on_disk(results)) == [
        ("a", "done"),
        ("b", "done"),
    ]


@pytest.mark.parametrize("cut", range(2, 24, 4))
def test_a_line_that_was_cut_is_dropped(results: ResultsFile, cut: int) -> None:
    results.add([line("a"), line("b", text="é")])
    results.path.write_bytes(results.path.read_bytes()[:-cut])
    again = ResultsFile(results.path, locked)
    again.add([line("c")])
    assert [entry["id"] for entry in on_disk(again)] == ["a", "c"]


def test_names_that_are_no_text_survive(results: ResultsFile) -> None:
    results.add([line("a", outputs=[{"path": "caf\udce9.png"}])])
    again = ResultsFile(results.path, locked)
    assert again.lines()["a"]["outputs"] == [{"path": "caf\udce9.png"}]


WRITER = """
import sys
from pathlib import Path
from openclaw_fal.batches.results import ResultsFile
from openclaw_fal.store.locks import locked
results = ResultsFile(Path(sys.argv[1]), locked)
for number in range(40):
    results.add([{"id": f"{sys.argv[2]}-{number}", "state": "done"}])
    results.add([{"id": f"shared-{number}", "state": "done"}])
"""


def test_processes_share_the_file(results: ResultsFile) -> None:
    writers = [python(WRITER, results.path, number) for number in range(3)]
    ends = [writer.communicate(timeout=60) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], ends
    ids = [str(entry["id"]) for entry in on_disk(results)]
    assert len(ids) == len(set(ids)) == 3 * 40 + 40


def test_an_export_has_the_order_of_the_manifest(results: ResultsFile) -> None:
    results.add([line("b", outputs=[{"path": "b1.png"}, {"path": "b2.png"}], cost={"billed": 1})])
    results.add([line("a", "failed", error={"code": "job_failed", "message": "=SUM(1)"})])
    order = ["a", "missing", "b"]
    lines = [json.loads(text) for text in export(results.lines(), order, as_csv=False).splitlines()]
    assert [(entry["id"], entry["state"]) for entry in lines] == [
        ("a", "failed"),
        ("missing", "pending"),
        ("b", "done"),
    ]
    rows = list(csv.DictReader(io.StringIO(export(results.lines(), order, as_csv=True))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["paths"] for row in rows] == ["", "", "b1.png;b2.png"]


def test_a_cell_never_begins_a_formula(results: ResultsFile) -> None:
    results.add([line("=1+1"), line("+x"), line("@y")])
    text = export(results.lines(), ["=1+1", "+x", "@y"], as_csv=True)
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["id", "'=1+1", "'+x", "'@y"]
