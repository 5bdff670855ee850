"""Which file of a config an edit belongs in, and the edit there.

A value is changed in the file where it stands. A new one goes into the object that is there for it:
the included file where an object is nothing but one `$include`, else the file that has the object.
Where an edit would not give what was asked for, because several files hold parts of the value, it
is refused: OpenClaw refuses to flatten such a config too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from openclaw_fal.config.include import INCLUDE, has_includes, included_by
from openclaw_fal.errors import LocalError
from openclaw_fal.json5.edit import Document
from openclaw_fal.json5.path import KeyPath, format_path, index_of


class Spot(NamedTuple):
    """A value in one file: the file, where in it, and the value as it is written there."""

    file: Path
    at: KeyPath
    value: object

    @property
    def only_includes(self) -> bool:
        return isinstance(self.value, dict) and set(self.value) == {INCLUDE}


class Placed:
    """The documents of a config while steps are taken in them."""

    def __init__(self, root: Path, documents: Mapping[Path, Document]) -> None:
        self.root = root
        self.documents = dict(documents)

    def set(self, path: KeyPath, value: object) -> None:
        file, at = self.target(path)
        self.documents[file] = self.documents[file].set(at, value)

    def unset(self, path: KeyPath) -> None:
        spots = self.spots(path)
        if not spots:
            return
        if len(spots) > 1 or not spots[0].at:
            raise self.refusal(path, spots)
        file, at, _ = spots[0]
        self.documents[file] = self.documents[file].unset(at)

    def move(self, source: KeyPath, target: KeyPath) -> None:
        spots = self.spots(source)
        if not spots:
            return
        if len(spots) > 1 or not spots[0].at:
            raise self.refusal(source, spots)
        file, at, value = spots[0]
        written = self.documents[file].written_at(at)
        assert written is not None
        self.documents[file] = self.documents[file].unset(at)
        place, there = self.target(target)
        self.documents[place] = self.documents[place].set_written(there, value, written)

    def target(self, path: KeyPath) -> tuple[Path, KeyPath]:
        """The file and the place in it that a value at `path` belongs in."""
        if len(self.documents) == 1:
            return self.root, path
        spots = self.spots(path)
        if spots:
            if has_includes(spots[0].value) or not spots[0].at:
                raise self.refusal(path, spots)
            return spots[0].file, spots[0].at
        for length in range(len(path) - 1, -1, -1):
            holders = self.spots(path[:length])
            if holders:
                break
        own = [spot for spot in holders if not spot.only_includes]
        if len(own) > 1 and holders[0].only_includes:
            raise self.refusal(path, own)
        return own[0].file, (*own[0].at, *path[length:])

    def spots(self, path: KeyPath) -> list[Spot]:
        """Where the parts of the value at a path stand, the one that wins first."""
        spots = self.spread(Spot(self.root, (), self.documents[self.root].value))
        for number, segment in enumerate(path):
            lists = [spot for spot in spots if isinstance(spot.value, list)]
            if len(lists) > 1:
                raise self.refusal(path[:number], lists)
            spots = [inner for spot in spots for inner in self.inside(spot, segment)]
            spots = _merging(spots)
        return spots

    def inside(self, spot: Spot, segment: str | int) -> list[Spot]:
        value = spot.value
        if isinstance(value, dict) and str(segment) in value and segment != INCLUDE:
            return self.spread(Spot(spot.file, (*spot.at, segment), value[str(segment)]))
        index = index_of(segment) if isinstance(value, list) else None
        if isinstance(value, list) and index is not None and index < len(value):
            return self.spread(Spot(spot.file, (*spot.at, index), value[index]))
        return []

    def spread(self, spot: Spot) -> list[Spot]:
        """A value, and what it includes, the one that wins first."""
        value = spot.value
        if not isinstance(value, dict) or INCLUDE not in value:
            return [spot]
        included = [
            inner
            for path in reversed(included_by(spot.file, value))
            for inner in self.spread(Spot(path, (), self.documents[path].value))
        ]
        return [spot, *included]

    def refusal(self, path: KeyPath, spots: list[Spot]) -> LocalError:
        files = " and ".join(dict.fromkeys(str(spot.file) for spot in spots))
        what = format_path(path) or "The config"
        return LocalError(
            f"{what} comes from {files}: this program does not put together what `$include` keeps "
            "apart; nothing was written",
            hint=f"Edit {spots[-1].file} by hand, or set a single value inside",
        )


def _merging(spots: list[Spot]) -> list[Spot]:
    """The spots that have a part in the value: a value that is no object hides those under it."""
    for kind in (dict, list):
        if spots and isinstance(spots[0].value, kind):
            for number, spot in enumerate(spots):
                if not isinstance(spot.value, kind):
                    return spots[:number]
            return spots
    return spots
