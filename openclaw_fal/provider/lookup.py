"""What `plan` asks of a catalogue: it is passed in, so that the rules stay free of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from openclaw_fal.media import Endpoint, Kind


class Lookup(Protocol):
    """A catalogue of endpoints: `openclaw_fal.catalogue.read.Catalogue` is one."""

    def endpoint(self, endpoint: str, /) -> Endpoint | None:
        """The endpoint with this id, if it is known."""

    def siblings(self, endpoint: str, /) -> Sequence[str]:
        """The other ids of its family, the closest first."""

    def ids(self, kind: Kind, /) -> Sequence[str]:
        """The ids of all endpoints of one kind."""


class NothingKnown:
    """A catalogue without endpoints: all but the models of the table get the generic rule."""

    def endpoint(self, endpoint: str, /) -> Endpoint | None:
        return None

    def siblings(self, endpoint: str, /) -> Sequence[str]:
        return ()

    def ids(self, kind: Kind, /) -> Sequence[str]:
        return ()


NOTHING_KNOWN = NothingKnown()
