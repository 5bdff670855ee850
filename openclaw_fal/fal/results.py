"""Reads a result: its files, in every layout that models and proxies use, and its other facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from openclaw_fal.fal.reports import (
    CONTENT_POLICY,
    DEPTH,
    WRAPPERS,
    Report,
    layers,
    report_of,
)
from openclaw_fal.fal.wire import mapping, text_of, whole
from openclaw_fal.media import RemoteFile
from openclaw_fal.text import clean

FILE_KEYS = (
    "images", "image", "videos", "video", "audios", "audio", "audio_file", "audio_files",
    "video_url", "video_urls", "audio_url", "audio_urls", "file", "files",
)  # fmt: skip
# Input fields that an answer may repeat.
ECHOES = frozenset({"image_url", "image_urls", "input", "inputs", "request", "arguments"})
MOST_FILES = 10_000
_URL = ("http://", "https://", "data:", "//")
_INLINE = ("b64_json", "base64", "content", "data")
_BASE64 = r"[A-Za-z0-9+/_-]{64,}={0,2}"
_REFUSES = r"(?i)polic(?:y|ies)|guideline|safety|violat|prohibit|inappropriate|explicit"
_FILE_FACTS = ("content_type", "file_name", "file_size")


class Facts(NamedTuple):
    """What a result holds beside files. `flagged`: the indices of files that the safety checker
    flagged; a flagged image is often plain black."""

    seed: int | None = None
    description: str | None = None
    flagged: tuple[int, ...] = ()


def remote_files(payload: object) -> list[RemoteFile]:
    """The files of a result, in its order, each URL once.

    Tried in this order until one finds files: the known keys, at the top or in a wrapper; any
    object that looks like a file; URLs under the names of input fields (`ECHOES`).
    """
    for find in (_known, _any_file, _echoed):
        files: dict[str, RemoteFile] = {}
        for file in find(payload, DEPTH):
            files.setdefault(file.url, file)
            if len(files) >= MOST_FILES:
                break
        if files:
            return list(files.values())
    return []


def facts(payload: object, *, key: str | None = None) -> Facts:
    """Seed, description and flags, each from the outermost layer (see `layers`) that has it."""
    objects = list(layers(payload))

    def first(name: str) -> object:
        values = (fields.get(name) for fields in objects)
        return next((value for value in values if value is not None), None)

    seed, description = first("seed"), text_of(first("description"))
    return Facts(
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        description=clean(description, key=key, limit=100_000) if description else None,
        flagged=_flagged(first("has_nsfw_concepts"), len(remote_files(payload))),
    )


def refusal(payload: object, *, key: str | None = None) -> Report:
    """The failure in a result without files: an error, or a description in which the model refuses.
    A description that names a policy counts as a content-policy refusal."""
    report = report_of(payload, key=key)
    description = facts(payload, key=key).description
    if report.message or description is None:
        return report
    refused = (CONTENT_POLICY,) if re.search(_REFUSES, description) else ()
    return report.with_more(Report(refused, clean(description)))


def _flagged(value: object, count: int) -> tuple[int, ...]:
    if isinstance(value, list):
        return tuple(index for index, flag in enumerate(value[:MOST_FILES]) if flag is True)
    return tuple(range(max(count, 1))) if value is True else ()


def _known(payload: object, depth: int) -> Iterator[RemoteFile]:
    if not depth:
        return
    if isinstance(payload, list):
        for item in payload[:MOST_FILES]:
            yield from _known(item, depth - 1)
        return
    fields = mapping(payload)
    files = [file for name in FILE_KEYS for file in _files(fields.get(name), DEPTH)]
    if not files and isinstance(fields.get("url"), str):
        files = list(_files(fields, 1))
    yield from files
    if not files:
        for value in filter(None, map(fields.get, WRAPPERS)):
            yield from _known(value, depth - 1)
            if isinstance(value, (str, list)):
                yield from _files(value, depth)


def _files(value: object, depth: int) -> Iterator[RemoteFile]:
    """The files in the value of a known key: an object, a URL, or a list of these."""
    if not depth:
        return
    if isinstance(value, list):
        for item in value[:MOST_FILES]:
            yield from _files(item, depth - 1)
    elif isinstance(value, str):
        if _is_url(value):
            yield RemoteFile(_mended(value))
        elif uri := _inline(value, None):
            yield RemoteFile(uri)
    elif isinstance(value, dict):
        url = text_of(value.get("url"))
        if url:
            yield _file(_inline(url, value) or _mended(url), value)
            return
        for name in _INLINE:
            if uri := _inline(value.get(name), value):
                yield _file(uri, value)
                return


def _is_url(text: str) -> bool:
    return text[:16].lstrip().lower().startswith(_URL)


def _mended(url: str) -> str:
    """The URL without white space; `//host/path` becomes https."""
    url = url.strip()
    return f"https:{url}" if url.startswith("//") else url


def _inline(value: object, fields: Mapping[str, object] | None) -> str | None:
    """The data URI for media that an answer holds as bare base64 or as a data URI; else None."""
    if not isinstance(value, str):
        return None
    if value[:5].lower() == "data:":
        return value
    text = value.strip()
    if _is_url(text) or not re.fullmatch(_BASE64, text[:4096].replace("\n", "")[:4000]):
        return None
    kind = text_of((fields or {}).get("content_type")) or "application/octet-stream"
    return f"data:{clean(kind, limit=100)};base64,{text}"


def _file(url: str, fields: Mapping[str, object]) -> RemoteFile:
    content_type, name = text_of(fields.get("content_type")), text_of(fields.get("file_name"))
    return RemoteFile(
        url,
        clean(content_type, limit=100) if content_type else None,
        clean(name, limit=255) if name else None,
        whole(fields.get("file_size")),
        whole(fields.get("width")) or None,
        whole(fields.get("height")) or None,
    )


def _any_file(value: object, depth: int) -> Iterator[RemoteFile]:
    """Objects at any place with a URL and a field that only files have (`_FILE_FACTS`)."""
    if not depth:
        return
    if isinstance(value, list):
        for item in value[:MOST_FILES]:
            yield from _any_file(item, depth - 1)
    elif isinstance(value, dict):
        url = value.get("url")
        if isinstance(url, str) and _is_url(url) and any(map(value.__contains__, _FILE_FACTS)):
            yield _file(_mended(url), value)
            return
        for name, item in value.items():
            if name not in ECHOES:
                yield from _any_file(item, depth - 1)


def _echoed(payload: object, depth: int) -> Iterator[RemoteFile]:
    for layer in layers(payload, depth):
        for name in ("image_url", "image_urls"):
            yield from _files(layer.get(name), depth)
