"""Random options for every model with a declared schema: what is let through is right."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from openclaw_fal.errors import CapabilityError
from openclaw_fal.media import Plan, Reference
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider.schemas import endpoints
from openclaw_fal.provider.specs import kind_of_row
from tests.provider.support import FILES, body, plan, request
from tests.support.effort import effort, is_exhaustive

DRAWS = {"image": effort(400, 11_000), "video": effort(400, 7_500), "music": effort(150, 2_500)}
SCHEMAS = endpoints()
VALIDATORS = {
    endpoint: Draft202012Validator(schema["input"]) for endpoint, schema in SCHEMAS.items()
}
HEYGEN = "fal-ai/heygen/v2/video-agent"
RATIO_WORDS = """
    1:1 16:9 9:16 4:3 3:4 3:2 2:3 4:5 5:4 21:9 2.35:1 4:1 1:8 8:1 20:9 19.5:9 2:1 1:2 7:5
    auto adaptive 0:1 x
"""
RATIOS = RATIO_WORDS.split()
OPTIONS: dict[str, dict[str, list[Any]]] = {
    "image": {
        "count": [1, 2, 3, 4, 1, 2, 5, 0, True],
        "size": ["1024x1024", "1024x1536", "1536X1024", "1024x1792", "800x600", "auto", "0x1"],
        "aspectRatio": RATIOS,
        "resolution": ["1K", "2K", "4K", "1k", "2k", "0.5K", "8K"],
        "outputFormat": ["png", "jpeg", "PNG", "webp", "jpg"],
        "quality": ["auto", "low", "medium", "High", "xhigh"],
        "background": ["transparent", "opaque", "auto"],
        "creativity": ["raw", "low", "MEDIUM", "high", "max"],
        "seed": [0, 7, -1, 2**53 + 1, 1.5],
        "images": [1, 1, 2, 3, 4, 10, 11, 14, 15],
    },
    "video": {
        "durationSeconds": [1, 4, 5, 6, 8, 10, 11, 15, 16, "5", 5.0, 2.5, float("nan"), "auto"],
        "size": ["1280x720", "720x1280", "1920x1080", "480x480", "3840x2160", "1024x1024", "x"],
        "aspectRatio": RATIOS,
        "resolution": ["480P", "480p", "580P", "720P", "1080P", "4K", "2K"],
        "audio": [True, False],
        "watermark": [True, False],
        "seed": [0, 7, 2**53 + 1, True],
        "images": [1, 1, 1, 2, 6, 9, 10],
        "videos": [1, 3, 4],
        "audios": [1, 3, 4],
    },
    "music": {
        "lyrics": ["la la", "verse\nchorus"],
        "instrumental": [True, True, False],
        "durationSeconds": [1, 5, 30, 190, 191, 240, 241, 12.5, "60", float("inf")],
        "format": ["mp3", "wav", "MP3", "flac"],
        "seed": [0, 7, "x"],
    },
}
ALIASES = ["xai/grok-imagine-image/quality"]
MODELS = {
    kind: [model for model in [*sorted(SCHEMAS), *ALIASES] if kind_of_row(model) == kind]
    for kind in OPTIONS
}
# How an option shows in the body, unless it is reported as ignored or adjusted.
FIELDS = {
    "count": "num_images",
    "resolution": "resolution",
    "aspectRatio": "aspect_ratio",
    "outputFormat": "output_format",
    "quality": "quality",
    "background": "background",
    "creativity": "creativity",
    "seed": "seed",
    "audio": "generate_audio",
    "lyrics": "lyrics",
}


def decoded(kind: str, raw: bytes) -> tuple[str, dict[str, Any]]:
    """A model and options from random bytes; zeros give the first model and no options."""
    number = int.from_bytes(raw, "big")
    number, index = divmod(number, len(MODELS[kind]))
    options: dict[str, Any] = {}
    for key, values in OPTIONS[kind].items():
        number, choice = divmod(number, 4 * len(values))
        if choice >= 3 * len(values):
            options[key] = values[choice - 3 * len(values)]
    return MODELS[kind][index], options


def check_body(made: Plan) -> None:
    """The body follows the declared schema, and has no field that it does not declare."""
    sent = body(made)
    declared = SCHEMAS[made.endpoint]["input"]["properties"]
    undeclared = set(sent) - set(declared)
    if made.endpoint == HEYGEN:
        undeclared.discard("image_url")
        sent.pop("image_url", None)
    assert not undeclared
    VALIDATORS[made.endpoint].validate(sent)


def shows(key: str, value: Any, made: Plan) -> bool:
    """Whether the body holds the value of an option."""
    if key in FILES:
        return bool(count_references(made.body, FILES[key]) == value)
    if key == "size":
        dimensions = made.body.get("image_size")
        shown = isinstance(dimensions, dict) and "{width}x{height}".format(**dimensions)
        return shown == str(value).lower()
    if key == "durationSeconds":
        sent = made.body.get("duration", made.body.get("seconds_total"))
        return sent is not None and int(sent) == int(value)  # type: ignore[call-overload]
    if key == "instrumental":
        return made.body.get("is_instrumental", made.body.get("instrumental")) is value
    if key == "format":
        setting = made.body.get("audio_setting")
        return isinstance(setting, dict) and bool(setting["format"] == value.lower())
    return str(made.body.get(FIELDS.get(key, key))).lower() == str(value).lower()


def count_references(node: object, wanted: Reference) -> int:
    if isinstance(node, dict):
        return sum(count_references(value, wanted) for value in node.values())
    if isinstance(node, list):
        return sum(count_references(value, wanted) for value in node)
    return int(node == wanted)


def check_fates(made: Plan, options: dict[str, Any]) -> None:
    """Every option is in the body or reported; nothing is reported that was not given."""
    name = {"audios": "audioRefs"}
    ignored = {entry.key: entry for entry in made.ignored}
    adjusted = {entry.key: entry for entry in made.adjusted}
    assert len(ignored) == len(made.ignored)
    assert len(adjusted) == len(made.adjusted)
    assert not ignored.keys() & adjusted.keys()
    json.dumps([*made.ignored, *made.adjusted], allow_nan=False)
    assert ignored.keys() | adjusted.keys() <= {name.get(key, key) for key in options}
    for key, value in options.items():
        key_in_report = name.get(key, key)
        if key_in_report in ignored:
            assert ignored[key_in_report].value == (str(value) if value != value else value)
            assert ignored[key_in_report].reason
        elif key_in_report in adjusted:
            assert adjusted[key_in_report].requested == value
            assert adjusted[key_in_report].reason
        else:
            assert shows(key, value, made), key


def check(kind: str, model: str, options: dict[str, Any]) -> str | None:
    """The endpoint that the request goes to; None when it is refused."""
    try:
        made = plan(request(kind, model, **options))
    except CapabilityError as error:
        check_refusal(error, options)
        return None
    check_body(made)
    check_fates(made, options)
    return made.endpoint


def check_refusal(refused: CapabilityError, options: dict[str, Any]) -> None:
    """It names options that were given, or the reference image that is missing."""
    named = {entry.key for entry in refused.violations}
    given_keys = {{"audios": "audioRefs"}.get(key, key) for key in options}
    assert named
    assert named <= (given_keys | {"images"}) & set(KEYS.values())
    json.dumps([entry._asdict() for entry in refused.violations], allow_nan=False)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", OPTIONS)
def test_what_is_let_through_is_declared_and_nothing_is_lost(kind: str) -> None:
    reached: Counter[str | None] = Counter()

    @settings(
        max_examples=DRAWS[kind],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(min_size=12, max_size=12))
    def draw(raw: bytes) -> None:
        model, options = decoded(kind, raw)
        reached[check(kind, model, options)] += 1

    draw()
    expected = {model for model in MODELS[kind] if model not in ALIASES}
    assert sum(reached.values()) >= DRAWS[kind]
    assert set(reached) - {None} <= expected
    if is_exhaustive():
        assert set(reached) - {None} == expected
    assert sum(reached.values()) - reached[None] > DRAWS[kind] / 5


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_single_option_of_every_model(kind: str) -> None:
    """Not random: each value of each option alone, with and without a reference image."""
    sent = 0
    for model in MODELS[kind]:
        for key, values in OPTIONS[kind].items():
            for value in values:
                images = [{}] if kind == "music" or key == "images" else [{}, {"images": 1}]
                for more in images:
                    sent += check(kind, model, {key: value, **more}) is not None
    assert sent > 100 * (kind != "music")
