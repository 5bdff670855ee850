"""The declared input fields of an endpoint, for `models show` and `--help`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from openclaw_fal.errors import UsageError

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import JsonObject
    from openclaw_fal.media import EndpointKind, Schema

LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
MANY = 12  # values of an enum that are shown without --json


def endpoint_named(name: str) -> str:
    """The endpoint id of a ref or alias. Raises UsageError, with suggestions, if it is unknown."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider import refs
    from openclaw_fal.provider.specs import declared_input, kind_of_row
    from openclaw_fal.store.aliases import aliases_for

    endpoint = refs.resolve(name, aliases_for(name), ENDPOINTS)
    if declared_input(endpoint, ENDPOINTS) is None and kind_of_row(endpoint) is None:
        raise unknown(endpoint)
    return endpoint


def unknown(endpoint: str) -> UsageError:
    """The error for an endpoint that neither the table nor the catalogue knows."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider import refs

    near = refs.similar_ids(endpoint, ENDPOINTS.ids())
    if near:
        hint = f"did you mean {' or '.join(map(refs.ref_of, near))}?"
    else:
        word = endpoint.rpartition("/")[2]
        hint = f"openclaw models search {word}; openclaw models refresh fetches fal's newest"
    return UsageError(f"{refs.ref_of(endpoint)} is not known here", hint=hint)


def kind_of_endpoint(endpoint: str) -> EndpointKind:
    """The kind of output of a known endpoint."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.specs import kind_of

    return kind_of(endpoint, ENDPOINTS) or "other"


def declared_fields(endpoint: str) -> list[JsonObject]:
    """The declared input fields, required ones first; none if the schema is unknown."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.specs import declared_input

    schema = declared_input(endpoint, ENDPOINTS)
    if schema is None:
        return []
    required = schema.get("required", ())
    fields = [_field(name, part, name in required) for name, part in schema["properties"].items()]
    return sorted(fields, key=lambda field: not field["required"])


def _field(name: str, schema: Schema, required: bool) -> JsonObject:
    from openclaw_fal.provider.schema import alternatives, members, takes

    choices = list(alternatives(schema))
    types = dict.fromkeys(str(choice["type"]) for choice in choices if "type" in choice)
    field: dict[str, object] = {"name": name, "required": required}
    if types:
        field["type"] = " or ".join(types)
    if values := members(schema):
        field["values"] = list(values)
    for choice in choices:
        field.update({limit: choice[limit] for limit in LIMITS if limit in choice})
        if isinstance(parts := choice.get("properties"), Mapping):
            field["properties"] = list(parts)
    if "default" in schema:
        field["default"] = schema["default"]
    field["takes"] = takes(schema)
    return field


def field_rows(fields: list[JsonObject]) -> list[tuple[str, str]]:
    """The fields as text: the name, and the values that it takes."""
    return [(str(field["name"]), _description(field)) for field in fields]


def _description(field: JsonObject) -> str:
    text = str(field["takes"])
    values = field.get("values")
    if isinstance(values, list) and len(values) > MANY:
        shown = ", ".join(str(value) for value in values[:MANY])
        or_object = " or an object" if text.endswith(" or an object") else ""
        text = f"one of {shown}, … ({len(values)} values){or_object}"
    properties = field.get("properties")
    if isinstance(properties, list) and properties:
        text = text.replace("an object", f"{{{', '.join(map(str, properties))}}}")
    default = field.get("default")
    shown_default = default if isinstance(default, str) else json.dumps(default)
    parts = [
        "required" if field["required"] else "",
        text,
        f"default {shown_default}" if "default" in field and default not in ("", None) else "",
    ]
    return "; ".join(part for part in parts if part)


def price_of(endpoint: str, api: str) -> Mapping[str, object] | None:
    """fal's price of an endpoint as a JSON object; None if unknown."""
    from openclaw_fal.job.quoting import price_cache

    price = price_cache(api).get(endpoint)
    if price is None:
        return None
    return {
        "unitPrice": price.unit_price,
        "unit": price.unit,
        "currency": price.currency,
        "text": str(price),
        "fetchedAt": price.fetched_at,
    }
