"""Finds the file of a config that an edit belongs in, and edits it.

A value is changed in the file that holds it. A new value goes into the file that holds its nearest
parent object; if that object is only an `$include`, into the included file. An edit of a value
that is spread over several files is refused: OpenClaw refuses to flatten such a config too.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from openclaw_fal.config.include import INCLUDE, has_includes, included_by
from openclaw_fal.errors import LocalError
from openclaw_fal.json5.edit import Document
from openclaw_fal.json5.path import KeyPath, format_path, index_of


class Occurrence(NamedTuple):
    """A value in one file: the file, where in it, and the value as it is written there."""

    file: Path
    at: KeyPath
    value: object

    @property
    def only_includes(self) -> bool:
        return isinstance(self.value, dict) and set(self.value) == {INCLUDE}


class ConfigDocuments:
    """The files of a config while edit steps are applied to them."""

    def __init__(self, root: Path, documents: Mapping[Path, Document]) -> None:
        self.root = root
        self.documents = dict(documents)

    def set(self, path: KeyPath, value: object) -> None:
        file, at = self.target(path)
        self.documents[file] = self.documents[file].set(at, value)

    def unset(self, path: KeyPath) -> None:
        if spot := self.only_spot(path):
            self.documents[spot.file] = self.documents[spot.file].unset(spot.at)

    def move(self, source: KeyPath, target: KeyPath) -> None:
        if not (spot := self.only_spot(source)):
            return
        file, at, value = spot
        source_text = self.documents[file].written_at(at)
        assert source_text is not None
        self.documents[file] = self.documents[file].unset(at)
        new_file, new_at = self.target(target)
        self.documents[new_file] = self.documents[new_file].set_written(new_at, value, source_text)

    def target(self, path: KeyPath) -> tuple[Path, KeyPath]:
        """The file that a value at `path` belongs in, and the path inside that file."""
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
        with_keys = [spot for spot in holders if not spot.only_includes]
        if len(with_keys) > 1 and holders[0].only_includes:
            raise self.refusal(path, with_keys)
        return with_keys[0].file, (*with_keys[0].at, *path[length:])

    def only_spot(self, path: KeyPath) -> Occurrence | None:
        """Where the value at a path stands, if anywhere. Raises LocalError when it is spread over
        several files, or is a whole file."""
        spots = self.spots(path)
        if len(spots) > 1 or (spots and not spots[0].at):
            raise self.refusal(path, spots)
        return spots[0] if spots else None

    def spots(self, path: KeyPath) -> list[Occurrence]:
        """Every occurrence of the value at a path; the one that wins comes first."""
        spots = self.spread(Occurrence(self.root, (), self.documents[self.root].value))
        for depth, segment in enumerate(path):
            lists = [spot for spot in spots if isinstance(spot.value, list)]
            if len(lists) > 1:
                raise self.refusal(path[:depth], lists)
            spots = _merged([inner for spot in spots for inner in self.inside(spot, segment)])
        return spots

    def inside(self, spot: Occurrence, segment: str | int) -> list[Occurrence]:
        value = spot.value
        if isinstance(value, dict) and str(segment) in value and segment != INCLUDE:
            return self.spread(Occurrence(spot.file, (*spot.at, segment), value[str(segment)]))
        index = index_of(segment) if isinstance(value, list) else None
        if isinstance(value, list) and index is not None and index < len(value):
            return self.spread(Occurrence(spot.file, (*spot.at, index), value[index]))
        return []

    def spread(self, spot: Occurrence) -> list[Occurrence]:
        """A value and what it includes; the one that wins comes first."""
        value = spot.value
        if not isinstance(value, dict) or INCLUDE not in value:
            return [spot]
        included = [
            inner
            for path in reversed(included_by(spot.file, value))
            for inner in self.spread(Occurrence(path, (), self.documents[path].value))
        ]
        return [spot, *included]

    def refusal(self, path: KeyPath, spots: list[Occurrence]) -> LocalError:
        files = " and ".join(dict.fromkeys(str(spot.file) for spot in spots))
        what = format_path(path) or "the config"
        return LocalError(
            f"{what} is spread over {files} by `$include`, and this program does not merge files; "
            "nothing was written",
            hint=f"edit {spots[-1].file} by hand, or set a single value inside",
        )


def _merged(spots: list[Occurrence]) -> list[Occurrence]:
    """The occurrences that OpenClaw merges: a value of another type hides those after it."""
    kind = next((kind for kind in (dict, list) if spots and isinstance(spots[0].value, kind)), None)
    if kind is None:
        return spots
    return list(takewhile(lambda spot: isinstance(spot.value, kind), spots))
