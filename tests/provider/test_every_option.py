"""Every option of a request changes what is sent to every known model, or is reported. Whoever adds
an option and forgets one of its places hears of it here."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_fal.catalogue import read as catalogue
from openclaw_fal.errors import CapabilityError
from openclaw_fal.media import REFERENCES, Kind, Reference
from openclaw_fal.options import REQUESTS
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider.plan import plan
from openclaw_fal.provider.specs import known_models

APART = {"model", "prompt", "unchecked"}
VALUES: dict[str, object] = {
    "aspect_ratio": "9:16",
    "audio": True,
    "background": "opaque",
    "count": 2,
    "creativity": "high",
    "duration": 7,
    "format": "wav",
    "guidance": 2.5,
    "instrumental": True,
    "output_format": "jpeg",
    "params": (("a_field_of_mine", 1),),
    "quality": "low",
    "resolution": "2K",
    "seed": 3,
    "size": "640x480",
    "steps": 11,
}

NEEDED: tuple[dict[str, object], ...] = (
    {},
    {"lyrics": "la la"},
    {"images": (Reference("https://example.com/a.png", "image"),)},
    {"images": tuple(Reference(f"https://example.com/{n}.png", "image") for n in range(2))},
)
"""What a model may need beside the prompt."""


@pytest.mark.parametrize("kind", REQUESTS)
def test_each_option_is_sent_or_reported(kind: Kind) -> None:
    cls: Any = REQUESTS[kind]
    for model in known_models(kind):
        needed, plain = next(
            (needed, planned)
            for needed in NEEDED
            if set(needed) <= set(cls.fields())
            and (planned := _planned(cls(model, "a prompt", **needed)))[0]
        )
        for name in set(cls.fields()) - APART - set(needed):
            value = VALUES.get(name, "some words")
            if name in REFERENCES:
                value = (Reference("https://example.com/a", REFERENCES[name]),)
            asked = _planned(cls(model, "a prompt", **needed, **{name: value}))
            assert asked != plain or KEYS[name] in asked[1], f"{model} drops {name}"


def _planned(request: Any) -> tuple[object, frozenset[str]]:
    """The endpoint and the body, and the keys that are reported."""
    try:
        planned = plan(request, catalogue)
    except CapabilityError as error:
        return None, frozenset(violation.key for violation in error.violations)
    keys = {item.key for item in planned.ignored} | {item.key for item in planned.adjusted}
    return (planned.endpoint, planned.body), frozenset(keys)
