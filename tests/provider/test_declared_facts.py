"""What is said of an endpoint of the catalogue is what `plan` does with each option."""

from __future__ import annotations

import json
import random
import shlex
from typing import Any

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.cli.option_values import extra_params
from openclaw_fal.errors import CapabilityError
from openclaw_fal.provider.refs import parse_ref
from tests.provider.support import describe, keys, plan, request
from tests.provider.test_declared_properties import (
    KINDS,
    OPTIONS,
    REPORTED,
    SEED,
    needed,
    outside_the_table,
)
from tests.support.effort import effort


def fate(kind: str, name: str, key: str, value: Any, images: dict[str, int]) -> str:
    """What `plan` does with an option beside what the endpoint needs anyway."""
    try:
        made = plan(request(kind, name, **{**needed(kind, name), **images, key: value}))
    except CapabilityError as error:
        return "rejected" if REPORTED.get(key, key) in keys(error.violations) else "other"
    return "ignored" if REPORTED.get(key, key) in keys(made.ignored) else "sent"


def said(mode: dict[str, Any], key: str) -> str:
    key = REPORTED.get(key, key)
    return next(
        fate
        for fate, name in (
            ("sent", "options"),
            ("ignored", "ignoredOptions"),
            ("rejected", "rejectedOptions"),
        )
        if key in mode[name]
    )


ONCE_WRONG = {
    "image": ["fal-ai/ip-adapter-face-id"],
    "video": ["fal-ai/workflow-utilities/scale-video", "minimax/h3/text-to-video"],
    "music": [],
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
def test_the_fate_of_every_option(kind: Any) -> None:
    names = outside_the_table(kind)
    sample = random.Random(SEED).sample(names, effort(12, len(names)))
    for name in {*sample, *ONCE_WRONG[kind]}:
        document = describe(kind, name)
        assert json.loads(json.dumps(document)) == document
        modes: list[tuple[Any, dict[str, int]]] = [(document, {})]
        if "withReferences" in document:
            modes.append((document["withReferences"], {"images": 1}))
        for mode, images in modes:
            for key, values in OPTIONS[kind].items():
                if images and key == "images":
                    continue
                seen = {fate(kind, name, key, value, images) for value in values}
                expected = said(mode, key)
                if expected == "sent":
                    assert "ignored" not in seen or key == "resolution", (name, key, seen)
                elif expected == "ignored":
                    assert "sent" not in seen or key in ("outputFormat", "resolution"), (name, key)
                elif key not in ("count", "images"):
                    assert seen <= {"rejected", "ignored", "other"}, (name, key, seen)


def test_a_size_by_name_is_sent_as_width_and_height() -> None:
    made = plan(request("image", "fal-ai/ip-adapter-face-id", size="landscape_4_3"))
    assert (made.body["width"], made.body["height"]) == (1024, 768)
    assert [(entry.key, entry.applied) for entry in made.adjusted] == [("size", "1024x768")]
    assert fate("image", "fal-ai/ip-adapter-face-id", "size", "auto", {}) == "rejected"


@pytest.mark.parametrize("kind", KINDS)
def test_every_named_value_is_taken(kind: Any) -> None:
    names = outside_the_table(kind)
    for name in random.Random(SEED).sample(names, effort(12, len(names))):
        document = describe(kind, name)
        for key, option in document["options"].items():
            if isinstance(option["takes"], list) and key not in ("size", "count"):
                for value in option["takes"][:12]:
                    assert fate(kind, name, key, value, {}) != "rejected", (name, key, value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_is_a_command_that_works(kind: Any) -> None:
    names = outside_the_table(kind)
    for name in random.Random(SEED).sample(names, effort(20, len(names))):
        program, noun, *words = shlex.split(describe(kind, name)["example"])
        assert (program, noun) == ("openclaw", kind)
        prompt, options = words.pop(), {}
        given = list(zip(words[::2], words[1::2], strict=True))
        assert parse_ref(dict(given)["--model"], read) == name
        flags = {"--image": "images", "--video": "videos", "--audio-ref": "audios"}
        options = {flags[flag]: 1 for flag, _ in given if flag in flags}
        params = extra_params([value for flag, value in given if flag == "--param"])
        assert plan(request(kind, name, prompt=prompt, params=params, **options))
