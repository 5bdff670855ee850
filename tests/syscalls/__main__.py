"""python -m tests.syscalls: see the package's docstring."""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import shutil
from collections import Counter

from openclaw_fal.__main__ import main
from tests.support.program import Outcome
from tests.syscalls import __doc__ as description
from tests.syscalls.running import Tried, chosen, points, tried
from tests.syscalls.scenarios import SCENARIOS


def run(*argv: str) -> Outcome:
    """Run `main(argv)` and capture what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(argv))
    return Outcome(status, out.getvalue(), err.getvalue())


def shown(ends: list[Tried]) -> str:
    """The table: scenario, call and fault with the number of each outcome."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for end in ends:
        key = (end.scenario, end.point.call, end.point.fault)
        counts.setdefault(key, Counter())[end.outcome] += 1
    lines = []
    for (scenario, call, fault), outcomes in sorted(counts.items()):
        told = "; ".join(f"{count} × {outcome}" for outcome, count in outcomes.most_common())
        lines.append(f"{scenario:<8} {call:<10} {fault:<7} {told}")
    return "\n".join(lines)


def searched() -> int:
    parser = argparse.ArgumentParser(
        "python -m tests.syscalls",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", choices=SCENARIOS, help="one scenario")
    parser.add_argument("--sample", type=int, metavar="N", help="N points of each scenario")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    if shutil.which("strace") is None:
        parser.error("strace is not installed")
    print(f"seed {given.seed}", flush=True)
    ends: list[Tried] = []
    for scenario in [given.only] if given.only else SCENARIOS:
        every = points(scenario, run)
        sample = every if given.sample is None else chosen(every, given.sample, given.seed)
        print(f"{scenario}: {len(sample)} of {len(every)} points", flush=True)
        for point in sample:
            end = tried(scenario, point, run)
            ends.append(end)
            if end.wrong:
                print(f"WRONG {scenario} {point}: {end.wrong}", flush=True)
    print(shown(ends))
    return any(end.wrong for end in ends)


if __name__ == "__main__":
    raise SystemExit(searched())
