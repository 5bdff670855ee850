"""Plain inputs for endpoints of the catalogue."""

from __future__ import annotations

from openclaw_fal.media import Endpoint, Schema


def plain(endpoint: Endpoint) -> dict[str, object]:
    """An input with the required fields and nothing else."""
    return {name: value(endpoint.properties[name], name) for name in endpoint.required}


def value(schema: Schema, name: str = "") -> object:
    """A value that the schema takes."""
    for word in ("default", "const"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return value(schema["anyOf"][0], name)
    kind = schema.get("type")
    if kind == "array":
        return [value(schema.get("items", {}), name)]
    if kind == "object":
        parts = schema.get("properties", {})
        return {part: value(parts[part], part) for part in schema.get("required", ())}
    if kind == "string":
        return "https://example.com/a.bin" if "url" in name else "a cat"
    return {"integer": 1, "number": 1, "boolean": True}.get(str(kind), "a cat")
