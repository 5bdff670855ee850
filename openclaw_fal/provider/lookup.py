"""The catalogue as `plan` sees it, which is passed in: planning reads none of the user's files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from openclaw_fal.media import Endpoint, Kind


class Lookup(Protocol):
    """A catalogue of endpoints: `openclaw_fal.catalogue.read.Catalogue` is one."""

    def endpoint(self, endpoint: str, /) -> Endpoint | None:
        """The endpoint with this id, if it is known."""

    def siblings(self, endpoint: str, /) -> Sequence[str]:
        """The other ids of the endpoint's family, those with the longest common path first."""

    def ids(self, kind: Kind, /) -> Sequence[str]:
        """The ids of all endpoints of one kind."""


class NothingKnown:
    """An empty catalogue: models without a row get the generic rule."""

    def endpoint(self, endpoint: str, /) -> Endpoint | None:
        return None

    def siblings(self, endpoint: str, /) -> Sequence[str]:
        return ()

    def ids(self, kind: Kind, /) -> Sequence[str]:
        return ()


NOTHING_KNOWN = NothingKnown()
