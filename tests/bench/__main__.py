"""python -m tests.bench: see the package's docstring."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.bench import __doc__ as description
from tests.bench.cases import Case, Sample, cases, chosen
from tests.bench.goals import Verdict, judged, median
from tests.bench.stage import Stage, program

LIBRARIES = ("typer", "httpx", "h11", "rich", "fal-client")


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.bench",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=11, help="rounds that count; default: 11")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything as JSON")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="cases or groups")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stage = Stage(Path(folder))
        try:
            selected = chosen(cases(stage, Path(folder)), given.only)
        except KeyError as error:
            parser.error(f"there is no case or group {error}")
        try:
            rounds = measured(selected, given.runs)
        finally:
            stage.close()
    facts = machine()
    verdicts = judged(rounds)
    print(report(facts, selected, rounds, verdicts))
    if given.json:
        document = as_json(facts, rounds, verdicts)
        given.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(selected: Sequence[Case], runs: int) -> list[dict[str, Sample]]:
    """One warm-up round, then `runs` rounds of all cases in turn."""
    rounds: list[dict[str, Sample]] = []
    for number in range(runs + 1):
        print(f"\rround {number} of {runs}", end="", file=sys.stderr, flush=True)
        rounds.append({case.name: case.measure() for case in selected})
    print("\r", end="", file=sys.stderr)
    return rounds[1:]


def machine() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "program": program()[-1] if len(program()) > 1 else Path(program()[0]).name,
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def report(
    facts: dict[str, object],
    selected: Sequence[Case],
    rounds: Sequence[dict[str, Sample]],
    verdicts: Sequence[Verdict],
) -> str:
    lines = [
        f"Python {facts['python']}, {facts['processors']} processors, {len(rounds)} rounds; "
        "medians (least-most)",
        "",
        f"{'case':<24}{'seconds':>9}  {'spread':<17}{'cpu':>8}{'peak MB':>9}",
    ]
    for case in selected:
        samples = [now[case.name] for now in rounds]
        seconds = [sample["seconds"] for sample in samples]
        spread = f"({min(seconds):.3f}-{max(seconds):.3f})"
        line = f"{case.name:<24}{median(seconds):>9.3f}  {spread:<17}"
        line += _figure(samples, "cpu", ">8.3f") + _figure(samples, "peak", ">9.1f")
        lines.append(line)
    lines += ["", f"{'goal':<62}{'median':>9}  {'spread':<13}{'limit':>7}  met"]
    for verdict in verdicts:
        if verdict.figure is None:
            continue
        goal = verdict.goal
        spread = f"({min(verdict.figures):.2f}-{max(verdict.figures):.2f})"
        lines.append(
            f"{goal.text:<62}{verdict.figure:>9.2f}  {spread:<13}{goal.limit:>7.2f}"
            f"  {'yes' if verdict.met else 'NO'}"
        )
    return "\n".join(lines)


def _figure(samples: Sequence[Sample], name: str, form: str) -> str:
    values = [sample[name] for sample in samples if name in sample]
    return f"{median(values):{form}}" if values else " " * int(form[1])


def as_json(
    facts: dict[str, object], rounds: Sequence[dict[str, Sample]], verdicts: Sequence[Verdict]
) -> dict[str, object]:
    return {
        "machine": facts,
        "rounds": list(rounds),
        "goals": [
            {
                "goal": verdict.goal.text,
                "unit": verdict.goal.unit,
                "limit": verdict.goal.limit,
                "median": verdict.figure,
                "figures": verdict.figures,
                "met": verdict.met,
            }
            for verdict in verdicts
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main())
