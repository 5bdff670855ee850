"""Turns fal's description of a model (OpenAPI 3.0) into an `Endpoint`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from openclaw_fal.media import Endpoint, EndpointKind, Json

MAX_DEPTH = 30  # of $refs and nested schemas; ends a schema that refers to itself
KEPT_WORDS = """
    type enum const default minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
    minLength maxLength minItems maxItems required
"""
KEPT = frozenset(KEPT_WORDS.split())
# What an endpoint makes, by the fields of its answer; the first match decides.
OUTPUTS: tuple[tuple[EndpointKind, tuple[str, ...]], ...] = (
    ("video", ("video", "videos", "video_url")),
    ("image", ("image", "images")),
    ("music", ("audio", "audios", "audio_file", "audio_url")),
)
# What an endpoint makes, by the last word of fal's category, if no field of the answer tells.
CATEGORIES: Mapping[str, EndpointKind] = {
    "image": "image",
    "video": "video",
    "audio": "music",
    "music": "music",
    "speech": "music",
}


def endpoint_of(model: Json) -> Endpoint | None:
    """The endpoint that an entry of `/v1/models?expand=openapi-3.0` describes.

    None for an entry without an id or without the schema of its input.
    """
    name, document = model.get("endpoint_id"), model.get("openapi")
    if not isinstance(name, str) or not name or not isinstance(document, Mapping):
        return None
    body = _input(document)
    if body is None:
        return None
    schema = {"type": "object", **_plain(body, document), "additionalProperties": False}
    outputs = tuple(sorted(_outputs(document)))
    metadata = model.get("metadata")
    category = metadata.get("category") if isinstance(metadata, Mapping) else None
    return Endpoint(name, kind_of(outputs, str(category)), schema, outputs)


def kind_of(outputs: Iterable[str], category: str = "") -> EndpointKind:
    """What an endpoint makes, by the fields of its answer, else by fal's category."""
    names = set(outputs)
    for made, words in OUTPUTS:
        if names & set(words):
            return made
    return CATEGORIES.get(category.rpartition("-")[2], "other")


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    paths = document.get("paths")
    for path, methods in (paths if isinstance(paths, Mapping) else {}).items():
        for method, operation in (methods if isinstance(methods, Mapping) else {}).items():
            if isinstance(operation, Mapping):
                yield str(path), str(method), operation


def _input(document: Json) -> Json | None:
    """The schema of the request body: that of the POST with a JSON body."""
    for _, method, operation in _operations(document):
        schema = _json_schema(operation.get("requestBody"))
        if method == "post" and schema is not None:
            body = _resolved(schema, document)
            if isinstance(body.get("properties"), Mapping):
                return body
    return None


def _outputs(document: Json) -> list[str]:
    """The fields of the answer: to the GET of a queued request, else to the POST."""
    of_post: list[str] = []
    for path, method, operation in _operations(document):
        responses = operation.get("responses")
        answer = responses.get("200") if isinstance(responses, Mapping) else None
        schema = _json_schema(answer)
        if schema is None or path.endswith(("/status", "/cancel")):
            continue
        names = list(_resolved(schema, document).get("properties", {}))
        if method == "get":
            return names
        if "request_id" not in names:  # a queue's answer to a POST has only the request's id
            of_post = of_post or names
    return of_post


def _json_schema(holder: object) -> Json | None:
    content = holder.get("content") if isinstance(holder, Mapping) else None
    media = content.get("application/json") if isinstance(content, Mapping) else None
    schema = media.get("schema") if isinstance(media, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def _resolved(schema: Json, document: Json) -> Json:
    """The schema that `$ref` points to, merged with the keywords beside the `$ref`."""
    for _ in range(MAX_DEPTH):
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return schema
        target: object = document
        for part in ref.removeprefix("#/").split("/"):
            target = target.get(part) if isinstance(target, Mapping) else None
        if not isinstance(target, Mapping):
            return {}
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return {}


def _plain(schema: Json, document: Json, depth: int = 0) -> dict[str, object]:
    """The schema with references resolved, without titles, descriptions and the type `null`."""
    if depth > MAX_DEPTH:
        return {}
    schema = _resolved(schema, document)
    for part in schema.get("allOf", ()):
        schema = {**_resolved(part, document), **schema}
    plain = {key: value for key, value in schema.items() if key in KEPT}
    choices = [
        _plain(choice, document, depth + 1)
        for choice in (schema.get("anyOf") or schema.get("oneOf") or ())
    ]
    choices = [choice for choice in choices if choice.get("type") != "null"]
    if len(choices) == 1:
        plain = {**choices[0], **plain}
    elif choices:
        plain["anyOf"] = choices
    if plain.get("default", ...) is None:
        del plain["default"]
    for limit in ("exclusiveMinimum", "exclusiveMaximum"):  # a flag in OpenAPI 3.0
        if plain.get(limit) is True:
            plain[limit] = plain.pop(limit.removeprefix("exclusive").lower(), None)
        if plain.get(limit) is False or plain.get(limit, ...) is None:
            del plain[limit]
    if isinstance(schema.get("properties"), Mapping):
        plain["properties"] = {
            name: _plain(inner, document, depth + 1) for name, inner in schema["properties"].items()
        }
        plain["additionalProperties"] = schema.get("additionalProperties", False) is not False
    if isinstance(schema.get("items"), Mapping):
        plain["items"] = _plain(schema["items"], document, depth + 1)
    return plain
