"""Compares the rows of model facts, the shipped catalogue and a fresh one.

differences = compare(table, shipped, fresh)
contradicted(differences)      # whether a row is wrong: then `models check` exits with 6
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from openclaw_fal.catalogue.read import Catalogue
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Endpoint, Json

Sort = Literal["contradicts the table", "new", "gone", "changed"]


class Difference(Frozen):
    """One difference; `field` is an input field, None if the whole endpoint differs."""

    sort: Sort
    endpoint: str
    text: str
    field: str | None = None


def compare(table: Iterable[Endpoint], shipped: Catalogue, fresh: Catalogue) -> list[Difference]:
    """Where fal contradicts the table; then the endpoints that are new, gone and changed since the
    shipped catalogue."""
    differences = [
        difference
        for row in table
        if (now := fresh.endpoint(row.id)) is not None
        for difference in _contradictions(row, now)
    ]
    before, after = set(shipped.ids()), set(fresh.ids())
    differences += [Difference("new", name, "fal has it now") for name in sorted(after - before)]
    differences += [
        Difference("gone", name, "fal lists it no more") for name in sorted(before - after)
    ]
    for name in sorted(before & after):
        was, now = shipped.endpoint(name), fresh.endpoint(name)
        if was is not None and now is not None and was != now:
            differences.append(Difference("changed", name, _changed_fields(was, now)))
    return differences


def contradicted(differences: Iterable[Difference]) -> bool:
    """Whether a difference shows that the table declares something that fal does not take."""
    return any(difference.sort == "contradicts the table" for difference in differences)


def _contradictions(row: Endpoint, now: Endpoint) -> Iterator[Difference]:
    """What the table declares for an endpoint and fal would refuse or ignore."""
    if row.kind != now.kind:
        text = f"it makes {now.kind}, not {row.kind}"
        yield Difference("contradicts the table", row.id, text)
    for name in sorted(set(now.required) - set(row.required)):
        yield Difference("contradicts the table", row.id, f"{name} is required", name)
    for name, schema in row.properties.items():
        if name not in now.properties:
            yield Difference("contradicts the table", row.id, f"{name} is not declared", name)
            continue
        refused = _values(schema) - _values(now.properties[name])
        if refused and _values(now.properties[name]) and not _takes_any(now.properties[name]):
            words = ", ".join(sorted(refused))
            yield Difference("contradicts the table", row.id, f"{name} takes no {words}", name)
        elif not _types(schema) & _types(now.properties[name]):
            types = " or ".join(sorted(_types(now.properties[name])))
            yield Difference("contradicts the table", row.id, f"{name} is {types}", name)


def _choices(schema: Json) -> list[Json]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def _values(schema: Json) -> set[str]:
    return {str(value) for choice in _choices(schema) for value in choice.get("enum", ())}


def _takes_any(schema: Json) -> bool:
    return any(
        choice.get("type") == "string" and "enum" not in choice for choice in _choices(schema)
    )


def _types(schema: Json) -> set[str]:
    names = {"integer": "number", "float": "number"}
    types: set[str] = set()
    for choice in _choices(schema):
        for value in choice.get("enum", ()):
            types.add("string" if isinstance(value, str) else "number")
        if "enum" not in choice:
            declared: str = choice.get("type", "")
            types.add(names.get(declared, declared))
    return types


def _changed_fields(was: Endpoint, now: Endpoint) -> str:
    before, after = was.properties, now.properties
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    changed = [name for name in before.keys() & after.keys() if before[name] != after[name]]
    parts = []
    for word, names in (("added", added), ("removed", removed), ("changed", changed)):
        if names:
            parts.append(f"{word}: {', '.join(sorted(names))}")
    if set(was.required) != set(now.required):
        parts.append(f"required: {', '.join(sorted(now.required)) or 'none'}")
    if was.kind != now.kind:
        parts.append(f"makes {now.kind}")
    return "; ".join(parts) or "its answer has other fields"
