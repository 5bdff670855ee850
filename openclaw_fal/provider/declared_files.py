"""Puts reference files into the fields that an endpoint, or a sibling endpoint, declares."""

from __future__ import annotations

from collections.abc import Iterator

from openclaw_fal.media import Endpoint, MediaRequest, Reference, Schema
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider import fields
from openclaw_fal.provider.common import sources
from openclaw_fal.provider.draft import Draft
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.refs import ref_of
from openclaw_fal.provider.schema import of_type

NOUNS = {"images": "reference image", "videos": "reference video", "audio_refs": "audio reference"}
NAMED_SIBLINGS = 5


def destination(request: MediaRequest, known: Endpoint, lookup: Lookup) -> Endpoint:
    """The endpoint to send to: `known`, or a sibling if there are images and only that takes them.

    Siblings are the ids that `fields.SIBLINGS` derives from the id of `known`.
    """
    if not getattr(request, "images", ()) or takes_files(known, "images"):
        return known
    for name in _sibling_ids(known):
        sibling = lookup.endpoint(name)
        if sibling and sibling.kind == known.kind and takes_files(sibling, "images"):
            return sibling
    return known


def takes_files(endpoint: Endpoint, option: str) -> bool:
    """Whether the endpoint has a field for reference files of this kind."""
    return field_for_files(endpoint, option) is not None


def field_for_files(endpoint: Endpoint, option: str) -> str | None:
    """The field for a list of files, else the field for a single file."""
    return _list_field(endpoint, option) or _single_field(endpoint, option)


def field_for_file(endpoint: Endpoint, option: str) -> str | None:
    """The field that a single file goes into: a required field before an optional one."""
    single, many = _single_field(endpoint, option), _list_field(endpoint, option)
    if many in endpoint.required and single not in endpoint.required:
        return many
    return single or many


def most_files(endpoint: Endpoint, option: str) -> int | None:
    """The largest number of reference files that the endpoint takes; None without a limit."""
    many = _list_field(endpoint, option)
    if many is None:
        return 1 if _single_field(endpoint, option) else 0
    choice = _array(endpoint.properties[many])
    most: int | None = choice.get("maxItems") if choice else None
    return most


def add_references(draft: Draft, request: MediaRequest, endpoint: Endpoint, lookup: Lookup) -> None:
    """Send or reject the reference images, videos and audio files of the request."""
    for option in NOUNS:
        files: tuple[Reference, ...] = getattr(request, option, ())
        if files:
            _add(draft, option, files, endpoint, lookup)


def _sibling_ids(endpoint: Endpoint) -> Iterator[str]:
    base, _, last = endpoint.id.rpartition("/")
    for word in fields.SIBLINGS.get(endpoint.kind, ()):
        if last in fields.REPLACED:
            yield f"{base}/{word}"
        yield f"{endpoint.id}/{word}"


def _add(
    draft: Draft,
    option: str,
    files: tuple[Reference, ...],
    endpoint: Endpoint,
    lookup: Lookup,
) -> None:
    single, many = _single_field(endpoint, option), _list_field(endpoint, option)
    if len(files) == 1 and single and single == field_for_file(endpoint, option):
        draft.send(single, files[0], KEYS[option], sources(files))
    elif many:
        _send_list(draft, option, files, many, endpoint.properties[many])
    else:
        _refuse(draft, option, len(files), bool(single), endpoint, lookup)


def _send_list(
    draft: Draft, option: str, files: tuple[Reference, ...], name: str, schema: Schema
) -> None:
    key, count = KEYS[option], len(files)
    choice = _array(schema)
    assert choice is not None
    most, least = choice.get("maxItems", count), choice.get("minItems", 0)
    if not least <= count <= most:
        limit = f"at most {most}" if count > most else f"at least {least}"
        takes = f"{limit} {NOUNS[option]}s"
        message = f"{key}: {draft.endpoint} takes {takes}, not {count}"
        draft.reject(key, count, message, takes, most if count > most else least)
        return
    wrapper = _wrapper(choice["items"])
    value = [{wrapper: file} for file in files] if wrapper else list(files)
    draft.send(name, value, key, sources(files))


def _refuse(
    draft: Draft, option: str, count: int, takes_one: bool, endpoint: Endpoint, lookup: Lookup
) -> None:
    """Reject files that the endpoint has no field for, and name siblings that take them."""
    takes = f"1 {NOUNS[option]}, not {count}" if takes_one else f"no {NOUNS[option]}s"
    others = []
    for name in lookup.siblings(endpoint.id):
        sibling = lookup.endpoint(name)
        if sibling is None or sibling.kind != endpoint.kind:
            continue
        takes_single = not takes_one and count == 1 and _single_field(sibling, option)
        if takes_single or _list_field(sibling, option):
            others.append(ref_of(name))
    named = ", ".join(others[:NAMED_SIBLINGS])
    hint = f"; of its family these take {'it' if count == 1 else 'them'}: {named}" if named else ""
    message = f"{KEYS[option]}: {endpoint.id} takes {takes}{hint}"
    supported: tuple[object, ...] | str = f"1 {NOUNS[option]}" if takes_one else takes
    draft.reject(KEYS[option], count, message, tuple(others) or supported, 1 if takes_one else None)


def _single_field(endpoint: Endpoint, option: str) -> str | None:
    """The field for a single file."""
    declared = endpoint.properties
    names = [name for name in fields.ONE_FILE[option] if name in declared]
    return endpoint.first([name for name in names if of_type(declared[name], "string")])


def _list_field(endpoint: Endpoint, option: str) -> str | None:
    """The field for a list of files."""
    declared = endpoint.properties
    names = [name for name in fields.FILES[option] if name in declared]
    return endpoint.first([name for name in names if _array(declared[name])])


def _array(schema: Schema) -> Schema | None:
    """The alternative that is a list of URLs, or of objects that need nothing but a URL."""
    choice = of_type(schema, "array")
    items = choice.get("items", {}) if choice else {}
    return choice if items.get("type") == "string" or _wrapper(items) else None


def _wrapper(items: Schema) -> str | None:
    """The name of the URL inside an object of the list: `image_url` of `[{"image_url": …}]`."""
    for name in ("image_url", "url"):
        if name in items.get("properties", {}) and set(items.get("required", ())) <= {name}:
            return name
    return None
