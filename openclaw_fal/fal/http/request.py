"""An HTTP request with its limits, as one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.urls import Url
from openclaw_fal.frozen import Frozen

STALL = 30.0  # default seconds without a byte, after which a request fails
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Body(Protocol):
    """A request body of `length` bytes. It is iterated anew for each attempt."""

    @property
    def length(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...


class Request(Frozen):
    """One HTTP request and its limits.

    `stall`: seconds for which the server may stay silent. `fresh`: use a new connection, since the
    server may close an idle one while the request is being sent. `public_only`: connect only to
    public addresses. `on_sending` is called right before the first byte is sent. `needs_key`: fail
    when there is no key.
    """

    method: str
    url: Url
    deadline: Deadline
    stall: float = STALL
    headers: Mapping[str, str] = NO_HEADERS
    body: Body | None = None
    fresh: bool = False
    public_only: bool = False
    on_sending: Callable[[], object] | None = None
    needs_key: bool = True

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The request with these headers as defaults: its own headers win."""
        return self.replaced(headers={**headers, **self.headers})
