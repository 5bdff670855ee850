"""Checks every row of a manifest against what its model accepts. Sends nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.batches.item import PlannedItem
from openclaw_fal.batches.manifest import Manifest, Problem, Row
from openclaw_fal.errors import CapabilityError, OpenClawFalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.options import request_from

if TYPE_CHECKING:
    from openclaw_fal.media import Kind, MediaRequest, Plan


class Planned(Frozen):
    """The items that can be sent, in the manifest's order, and the problems of the others."""

    items: tuple[PlannedItem, ...]
    problems: tuple[Problem, ...]
    total: int

    def notes(self) -> list[str]:
        """What will be sent differently than given; one line for all items with the same note."""
        notes: Counter[str] = Counter()
        for item in self.items:
            notes.update(f"ignored: {entry.key}: {entry.reason}" for entry in item.plan.ignored)
            notes.update(f"adjusted: {entry.key}: {entry.reason}" for entry in item.plan.adjusted)
            notes.update(item.plan.warnings)
        return [f"{count} items: {text}" if count > 1 else text for text, count in notes.items()]


def planned(
    manifest: Manifest,
    *,
    endpoint_of: Callable[[Kind, str | None], str],
    plan_of: Callable[[MediaRequest], Plan],
    strict: bool = False,
) -> Planned:
    """Plan the request of every row, or report its problems.

    `endpoint_of` gives the endpoint for the `model` of a row (None: the default of its kind) and
    raises OpenClawFalError if there is none; `plan_of` is the provider's plan. With `strict`, an
    option that would be ignored is a problem.
    """
    known_files: dict[str, str | None] = {}
    items: list[PlannedItem] = []
    problems = list(manifest.problems)
    for row in manifest.rows:
        try:
            item = _item(row, endpoint_of, plan_of)
        except CapabilityError as error:
            problems += _problems(row, error)
            continue
        except OpenClawFalError as error:
            problems.append(Problem(row.line, row.id, error.message))
            continue
        missing = [why for why in _missing(item.plan, known_files) if why]
        problems += [Problem(row.line, row.id, why) for why in missing]
        ignored = item.plan.ignored if strict else ()
        problems += [
            Problem(row.line, row.id, f"{entry.key} would be ignored: {entry.reason}", entry.key)
            for entry in ignored
        ]
        if not missing and not ignored:
            items.append(item)
    problems.sort(key=lambda problem: problem.line)
    return Planned(tuple(items), tuple(problems), len(manifest.rows) + len(manifest.problems))


def _item(
    row: Row,
    endpoint_of: Callable[[Kind, str | None], str],
    plan_of: Callable[[MediaRequest], Plan],
) -> PlannedItem:
    ref = row.options.get("model")
    if ref is not None and not isinstance(ref, str):
        raise OpenClawFalError("model must be a string")
    options = {**row.options, "model": endpoint_of(row.kind, ref)}
    request = request_from(row.kind, options)
    return PlannedItem(row.id, row.line, request, plan_of(request), row.output, row.named)


def _problems(row: Row, error: CapabilityError) -> list[Problem]:
    if not error.violations:
        return [Problem(row.line, row.id, error.message)]
    return [
        Problem(row.line, row.id, violation.message, violation.key)
        for violation in error.violations
    ]


def _missing(plan: Plan, known: dict[str, str | None]) -> Iterable[str | None]:
    """For each reference file of a plan, why it is missing or None; each file is checked once."""
    for reference in plan.references():
        if reference.is_url:
            continue
        if reference.source not in known:
            path = Path(reference.source)
            there = path.is_file()
            known[reference.source] = None if there else f"{path} does not exist or is no file"
        yield known[reference.source]


def shard_of(
    items: tuple[PlannedItem, ...], shard: tuple[int, int] | None
) -> tuple[PlannedItem, ...]:
    """The items of a shard (i, n), part i of n; all items without one. Only its id decides an
    item's shard, so machines with the same manifest agree, and new rows move no other item."""
    if shard is None:
        return items
    index, count = shard
    return tuple(
        item
        for item in items
        if int(hashlib.sha256(item.id.encode("utf-8", "surrogatepass")).hexdigest(), 16) % count
        == index - 1
    )
