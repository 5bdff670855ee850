"""A request as one value, which travels from whoever wants it to the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.urls import Url
from openclaw_fal.frozen import Frozen

STALL = 30.0  # seconds of silence after which a request that may go again does so
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Body(Protocol):
    """The bytes of a request, as often as it is sent; `length` of them."""

    @property
    def length(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...


class Request(Frozen):
    """One HTTP request and its limits.

    `stall` is how many seconds the other side may stay silent. `fresh` takes a connection that was
    never used, since one that was kept may be closed by the server while the request is on its way.
    `public_only` connects to addresses of the open internet only. `leaving` is called right before
    the first byte leaves. What does not `needs_key` is asked without one where there is none.
    """

    method: str
    url: Url
    deadline: Deadline
    stall: float = STALL
    headers: Mapping[str, str] = NO_HEADERS
    body: Body | None = None
    fresh: bool = False
    public_only: bool = False
    leaving: Callable[[], object] | None = None
    needs_key: bool = True

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The request with these headers where it does not name them itself."""
        return self.replaced(headers={**headers, **self.headers})
