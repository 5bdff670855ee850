"""The inputs (JSON Schema 2020-12) and outputs that fal declares for the endpoints of the rows.

Names, types, enums, defaults and required fields: fal's generated client types of 2026-08-02.
`minimum`, `maximum` and `maxItems`: fal's model pages. fal ignores an input field that an endpoint
does not declare, and answers 422 to a wrong enum or type (for a queued job only when its result
is fetched). A `note` says where a schema was taken from when fal's types lack the endpoint.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from openclaw_fal.media import Schema

DATA = Path(__file__).with_name("endpoints.json")


class EndpointSchema(TypedDict):
    """One endpoint of `endpoints.json`."""

    input: Schema
    outputFields: list[str]
    note: NotRequired[str]


@cache
def endpoints() -> dict[str, EndpointSchema]:
    """The declarations by endpoint id."""
    return cast(dict[str, EndpointSchema], json.loads(DATA.read_bytes()))
