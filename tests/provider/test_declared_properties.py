"""Over every media endpoint of the catalogue that no row names: what is let through is right.

jsonschema is the referee: no body that the declared schema refuses, no field that it does not
declare, no endpoint that does not exist, and every option is sent, adjusted, ignored or rejected.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from openclaw_fal.catalogue import read
from openclaw_fal.errors import CapabilityError
from openclaw_fal.media import Endpoint, Plan
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider import fields
from openclaw_fal.provider.schema import sample
from openclaw_fal.provider.specs import kind_of_row
from tests.provider.support import FILES, body, plan, request
from tests.provider.test_properties import count_references
from tests.support.effort import effort

SEED = 20_260_802
KINDS = ("image", "video", "music")
RATIOS = [
    "1:1",
    "16:9",
    "9:16",
    "4:3",
    "3:2",
    "2:3",
    "21:9",
    "2.35:1",
    "1:8",
    "16/9",
    "auto",
    "7:5",
]
SHARED: dict[str, list[Any]] = {
    "style": ["anime", "realistic", "x"],
    "negativePrompt": ["blurry", ""],
    "seed": [0, 7, 2**53 + 1],
    "steps": [1, 4, 28, 500],
    "guidance": [0.0, 3.5, 7, 99.5],
}
OPTIONS: dict[str, dict[str, list[Any]]] = {
    "image": {
        "count": [1, 2, 4, 5, 0],
        "size": ["1024x1024", "1024x576", "800x600", "1536x1024", "4000x17", "square_hd"],
        "aspectRatio": RATIOS,
        "resolution": ["1K", "2K", "4K", "0.5K", "1080p", "720P", "8K"],
        "outputFormat": ["png", "jpeg", "jpg", "webp", "gif", "PNG"],
        "quality": ["low", "High", "auto", "90"],
        "background": ["transparent", "auto", "red"],
        "creativity": ["low", "HIGH", "0.35", "7"],
        "images": [1, 2, 5, 15],
        **SHARED,
    },
    "video": {
        "durationSeconds": [1, 4, 5, "6", "8s", 10, 12.5, 30, 600, "auto"],
        "size": ["1280x720", "1024x1024", "720x1280", "1920x1080", "640x480", "auto"],
        "aspectRatio": RATIOS,
        "resolution": ["480p", "720P", "1080p", "4K", "512P", "2K", "auto", "low"],
        "audio": [True, False],
        "watermark": [True, False],
        "outputFormat": ["mp4", "webm", "gif", "png"],
        "images": [1, 2, 5],
        "videos": [1, 2, 4],
        "audios": [1, 2],
        **SHARED,
    },
    "music": {
        "lyrics": ["la la"],
        "instrumental": [True, False],
        "durationSeconds": [1, 5, 30, "60", 190, 240, 241, 12.5],
        "format": ["mp3", "wav", "FLAC", "aiff"],
        **SHARED,
    },
}
REPORTED = {"audios": "audioRefs"}


def outside_the_table(kind: str) -> list[str]:
    return [name for name in read.ids(kind) if kind_of_row(name) is None]  # type: ignore[arg-type]


@cache
def known(name: str) -> Endpoint:
    endpoint = read.endpoint(name)
    assert endpoint is not None, f"{name} does not exist"
    return endpoint


@cache
def referee(name: str) -> Draft202012Validator:
    return Draft202012Validator(known(name).input)


def check_sent(made: Plan, kind: str, options: dict[str, Any]) -> None:
    endpoint = known(made.endpoint)
    assert endpoint.kind == kind
    sent = body(made)
    referee(made.endpoint).validate(sent)
    assert sent.keys() <= endpoint.properties.keys()
    ignored = {entry.key for entry in made.ignored}
    adjusted = {entry.key for entry in made.adjusted}
    assert len(ignored) == len(made.ignored)
    assert len(adjusted) == len(made.adjusted)
    assert not ignored & adjusted
    given = {REPORTED.get(key, key) for key in options}
    assert ignored | adjusted <= given | {"prompt"}
    json.dumps([*made.ignored, *made.adjusted], allow_nan=False)
    for key, value in options.items():
        if key == "params":
            assert all(sent[name] == wanted for name, wanted in value)
            continue
        reported = REPORTED.get(key, key) in ignored | adjusted
        assert reported or shows(key, value, made), (key, value, made)


def shows(key: str, value: Any, made: Plan) -> bool:
    """Whether the body holds the value of an option, in whatever field."""
    if key in FILES:
        return bool(count_references(made.body, FILES[key]) == value)
    words = {_plain(leaf) for leaf in _leaves(made.body)}
    if key == "size" and "x" in str(value):
        return all(edge in words for edge in value.split("x")) or value in words
    if key == "aspectRatio":
        return _plain(value).replace("/", ":") in words
    if key in ("resolution", "outputFormat", "format"):
        word = _plain(value)
        spellings = {word, word.removesuffix("p"), {"jpg": "jpeg", "jpeg": "jpg"}.get(word, word)}
        return bool(spellings & words)
    if key == "durationSeconds":
        return bool({_plain(value), f"{value}s", _plain(value).removesuffix("s")} & words)
    return _plain(value) in words


def _leaves(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [leaf for value in node.values() for leaf in _leaves(value)]
    if isinstance(node, list):
        return [leaf for value in node for leaf in _leaves(value)]
    return [node]


def _plain(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:g}" if value < 10**6 else str(value)
    try:
        return f"{float(value):g}" if not isinstance(value, bool) else str(value)
    except (TypeError, ValueError):
        return str(value).strip().lower()


def check_refused(error: CapabilityError, options: dict[str, Any]) -> None:
    assert error.violations
    given = {REPORTED.get(key, key) for key in options}
    for entry in error.violations:
        assert entry.key in KEYS.values()
        assert entry.message
        # Either an option that was given, or a field that the endpoint requires.
        assert entry.key in given or entry.value is None, entry
    json.dumps([entry._asdict() for entry in error.violations], allow_nan=False)


def outcome(kind: str, name: str, options: dict[str, Any]) -> str:
    try:
        made = plan(request(kind, name, **options))
    except CapabilityError as error:
        check_refused(error, options)
        return "rejected"
    check_sent(made, kind, options)
    return "sent"


@cache
def needed(kind: str, name: str) -> dict[str, Any]:
    """What the plainest request to an endpoint needs: reference files, else `--param`s."""
    try:
        plan(request(kind, name))
    except CapabilityError as error:
        missing = {entry.key for entry in error.violations if entry.value is None}
        names = {"images": "images", "videos": "videos", "audioRefs": "audios"}
        files = {names[key]: 1 for key in missing if names.get(key) in OPTIONS[kind]}
        filled = {
            field
            for key in files
            for table in (fields.ONE_FILE, fields.FILES)
            for field in table[{"audios": "audio_refs"}.get(key, key)]
        }
        declared = known(name)
        others = set(declared.required) - filled - set(fields.PROMPT)
        params = tuple((field, sample(declared.properties[field])) for field in sorted(others))
        return {**files, **({"params": params} if params else {})}
    return {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
def test_every_option_alone(kind: str) -> None:
    names = outside_the_table(kind)
    chosen = random.Random(SEED).sample(names, effort(min(20, len(names)), len(names)))
    seen: Counter[str] = Counter()
    for name in chosen:
        base = needed(kind, name)
        seen[outcome(kind, name, base)] += 1
        for key, values in OPTIONS[kind].items():
            for value in values:
                seen[outcome(kind, name, {**base, key: value})] += 1
    assert seen["sent"] > seen["rejected"] / 2, seen


@pytest.mark.exhaustive
def test_random_mixes() -> None:
    draw = random.Random(SEED)
    names = {kind: outside_the_table(kind) for kind in KINDS}
    seen: Counter[str] = Counter()
    for _ in range(effort(600, 20_000)):
        kind = draw.choice(KINDS)
        name = draw.choice(names[kind])
        share = draw.random() / 2
        options = {
            key: draw.choice(values)
            for key, values in OPTIONS[kind].items()
            if draw.random() < share
        }
        seen[outcome(kind, name, {**needed(kind, name), **options})] += 1
    assert seen["sent"] > effort(40, 100), seen


def test_the_whole_catalogue_is_meant() -> None:
    assert sum(len(outside_the_table(kind)) for kind in KINDS) > 1_150
