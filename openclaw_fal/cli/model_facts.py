"""What fal declares for one endpoint, field by field: for `models show` and for `--help`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from openclaw_fal.errors import UsageError

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import JsonObject
    from openclaw_fal.media import Made, Schema

LIMITS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
MANY = 12  # values of an enum that are listed for people; --json has all


def endpoint_named(name: str) -> str:
    """The endpoint id of a ref, or of one of the user's short names.

    Raises UsageError for an endpoint that is not known, with those that may be meant.
    """
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


def made_by(endpoint: str) -> Made:
    """What a known endpoint makes."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.specs import kind_of

    return kind_of(endpoint, ENDPOINTS) or "other"


def declared_fields(endpoint: str) -> list[JsonObject]:
    """Each declared input field, those that are required first; empty where fal's schema is not
    known."""
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
        field.update({word: choice[word] for word in LIMITS if word in choice})
        if isinstance(parts := choice.get("properties"), Mapping):
            field["properties"] = list(parts)
    if "default" in schema:
        field["default"] = schema["default"]
    field["takes"] = takes(schema)
    return field


def field_rows(fields: list[JsonObject]) -> list[tuple[str, str]]:
    """The fields for people: the name, and what it takes."""
    return [(str(field["name"]), _words(field)) for field in fields]


def _words(field: JsonObject) -> str:
    text = str(field["takes"])
    values = field.get("values")
    if isinstance(values, list) and len(values) > MANY:
        shown = ", ".join(str(value) for value in values[:MANY])
        rest = " or an object" if text.endswith(" or an object") else ""
        text = f"one of {shown}, … ({len(values)} values){rest}"
    parts_of_object = field.get("properties")
    if isinstance(parts_of_object, list) and parts_of_object:
        text = text.replace("an object", f"{{{', '.join(map(str, parts_of_object))}}}")
    default = field.get("default")
    shown_default = default if isinstance(default, str) else json.dumps(default)
    parts = [
        "required" if field["required"] else "",
        text,
        f"default {shown_default}" if "default" in field and default not in ("", None) else "",
    ]
    return "; ".join(part for part in parts if part)


def price_of(endpoint: str, api: str) -> Mapping[str, object] | None:
    """fal's price of an endpoint as a document; None where none is known."""
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
