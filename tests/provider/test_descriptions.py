"""Listings say what `plan` enforces: each limit is read from there and tried inside and outside."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from openclaw_fal.errors import CapabilityError
from openclaw_fal.media import Kind
from openclaw_fal.provider.refs import known_refs, parse_ref
from tests.provider.support import describe, keys, listing, plan, request

KINDS: tuple[Kind, ...] = ("image", "video", "music")
OTHERS: dict[Kind, list[str]] = {
    "image": [
        "fal-ai/flux/dev/image-to-image",
        "openai/gpt-image-2/edit",
        "openai/gpt-image-2.5/sunburst/edit",
        "xai/grok-imagine-image/quality/edit",
        "fal-ai/nano-banana-pro/edit",
        "someone/some-model",
    ],
    "video": ["fal-ai/minimax/video-01-live/image-to-video", "someone/some-video-model"],
    "music": ["fal-ai/some-other/music"],
}
DOCUMENTS = [
    document
    for kind in KINDS
    for document in [*listing(kind), *(describe(kind, other) for other in OTHERS[kind])]
    if "options" not in document  # those of the catalogue: test_declared_facts
]
ALL = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["model"])
RATIO_WORDS = "1:1 16:9 9:16 3:2 2:3 4:5 21:9 2.35:1 4:1 1:8 20:9 19.5:9 2:1 7:5 auto adaptive"
RATIOS = RATIO_WORDS.split()
SAMPLES: dict[str, Any] = {
    "size": "1024x1024",
    "aspectRatio": "1:1",
    "resolution": "1K",
    "outputFormat": "png",
    "quality": "low",
    "background": "opaque",
    "creativity": "low",
    "seed": 1,
    "durationSeconds": 5,
    "audio": True,
    "watermark": True,
    "lyrics": "la la",
    "instrumental": True,
    "format": "wav",
}


def outcome(document: dict[str, Any], **options: Any) -> str:
    """`sent`, `ignored` or `rejected`: what `plan` does with the first option."""
    key = next(iter(options))
    try:
        made = plan(request(document["kind"], parse_ref(document["model"]), **options))
    except CapabilityError as refused:
        named = [entry.key for entry in refused.violations]
        return "rejected" if {"audios": "audioRefs"}.get(key, key) in named else f"other: {named}"
    return "ignored" if key in keys(made.ignored) else "sent"


def modes(document: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The limits without and with a reference image, and the options that lead there."""
    required = dict(document["requiredReferences"])
    found: list[tuple[dict[str, Any], dict[str, Any]]] = [(document, required)]
    if "withReferences" in document and not required:
        found.append((document["withReferences"], {"images": 1}))
    return found


def check_choice(document: dict[str, Any], key: str, name: str, candidates: list[str]) -> None:
    """Every listed value goes; every other candidate is refused, or ignored if that is listed."""
    for limits, references in modes(document):
        taken = limits.get(name, document.get(name))
        for value in taken or ():
            assert outcome(document, **{key: value}, **references) == "sent"
        for value in set(candidates) - set(taken or ()):
            fate = outcome(document, **{key: value}, **references)
            if key in limits["ignoredOptions"]:
                assert fate == "ignored"
            else:
                assert fate == ("sent" if taken is None else "rejected"), value


@ALL
def test_aspect_ratios(document: dict[str, Any]) -> None:
    if document["kind"] != "music":
        check_choice(document, "aspectRatio", "aspectRatios", RATIOS)


@ALL
def test_resolutions(document: dict[str, Any]) -> None:
    if document["kind"] == "image":
        check_choice(document, "resolution", "resolutions", ["0.5K", "1K", "2K", "4K", "8K"])
    elif document["kind"] == "video":
        check_choice(document, "resolution", "resolutions", ["480p", "580p", "720p", "4k", "360p"])


@ALL
def test_image_words(document: dict[str, Any]) -> None:
    if document["kind"] == "image":
        formats = ["png", "jpeg", "webp", "gif"]
        check_choice(document, "outputFormat", "outputFormats", formats)
        check_choice(document, "quality", "qualities", ["low", "xhigh", "best"])
        check_choice(document, "background", "backgrounds", ["opaque", "green"])
        check_choice(document, "creativity", "creativities", ["raw", "extreme"])


@ALL
def test_sizes(document: dict[str, Any]) -> None:
    if document["kind"] == "music":
        return
    for limits, references in modes(document):
        for size in limits["sizes"]:
            assert outcome(document, size=size, **references) == "sent"
        rule = limits["sizeRule"]
        if rule is None:
            assert outcome(document, size="1024x1024", **references) == "ignored"
        elif rule.startswith("any"):
            assert outcome(document, size="1600x1200", **references) == "sent"
            fate = "rejected" if document["sizeLimits"] else "sent"
            assert outcome(document, size="1601x1201", **references) == fate
        elif "short edge" in rule:
            assert outcome(document, size="1280x720", **references) == "sent"
            assert outcome(document, size="1280x721", **references) == "rejected"
            full = outcome(document, size="1920x1080", **references)
            assert full == ("sent" if "1080" in rule else "rejected")
        else:
            assert outcome(document, size="1600x1200", **references) == "rejected"


@ALL
def test_counts(document: dict[str, Any]) -> None:
    most, references = document["maxCount"], document["requiredReferences"]
    if document["kind"] == "image":
        for count in range(1, most + 1):
            assert outcome(document, count=count, **references) == "sent"
        for count in (0, most + 1):
            assert outcome(document, count=count, **references) == "rejected"


@ALL
def test_references(document: dict[str, Any]) -> None:
    if document["kind"] == "music":
        return
    limits = {
        "images": document["maxReferenceImages"],
        "videos": document["maxReferenceVideos"],
        "audios": document["maxReferenceAudios"],
    }
    for key, most in limits.items():
        if document["kind"] == "image" and key != "images":
            assert most == 0
            continue
        more = {"images": 1} if key != "images" else {}
        if most:
            assert outcome(document, **{key: most}, **more) == "sent"
        assert outcome(document, **{key: most + 1}, **more) == "rejected"
    files = document.get("maxReferenceFiles")
    if files:
        assert outcome(document, images=files - 3, videos=3) == "sent"
        assert outcome(document, audios=1, images=files - 3, videos=3) == "rejected"
    if document["requiredReferences"]:
        assert outcome(document, images=0) == "rejected"


@ALL
def test_where_a_request_goes(document: dict[str, Any]) -> None:
    for limits, references in modes(document):
        made = plan(request(document["kind"], parse_ref(document["model"]), **references))
        assert made.endpoint == limits["endpoint"]
        if document["declaredFields"] and limits is document:
            undeclared = set(made.body) - set(document["declaredFields"])
            assert undeclared <= {"image_url"}


@ALL
def test_durations(document: dict[str, Any]) -> None:
    if document["kind"] == "image":
        return
    references, limits = document["requiredReferences"], document["durations"]
    if limits is None:
        assert outcome(document, durationSeconds=999, **references) == "sent"
        return
    if limits["min"] is None:
        assert outcome(document, durationSeconds=999, **references) == "ignored"
        return
    values = limits["values"] or range(limits["min"], limits["max"] + 1)
    inside = "sent" if limits["sent"] else "ignored"
    assert limits["sent"] == ("durationSeconds" not in document["ignoredOptions"])
    for seconds in range(limits["max"] + 2):
        expected = inside if seconds in values else "rejected"
        assert outcome(document, durationSeconds=seconds, **references) == expected
    assert outcome(document, durationSeconds=limits["min"] + 0.5, **references) == "rejected"


@ALL
def test_music_options(document: dict[str, Any]) -> None:
    if document["kind"] != "music":
        return
    for key in ("lyrics", "instrumental"):
        assert outcome(document, **{key: SAMPLES[key]}) == document[key]
    for makes in ("mp3", "wav"):
        fate = outcome(document, format=makes)
        if document["formats"] is None:
            assert fate == "ignored"
        else:
            assert fate == ("sent" if makes in document["formats"] else "rejected")
    if document["lyrics"] == document["instrumental"] == "sent":
        both = outcome(document, lyrics="la la", instrumental=True)
        assert both == ("sent" if document["lyricsWithInstrumental"] else "rejected")


@ALL
def test_ignored_and_rejected_options(document: dict[str, Any]) -> None:
    for limits, references in modes(document):
        for key in limits["ignoredOptions"]:
            assert outcome(document, **{key: SAMPLES[key]}, **references) == "ignored"
        for key in limits["rejectedOptions"]:
            assert outcome(document, **{key: SAMPLES[key]}, **references) == "rejected"
        assert not set(limits["ignoredOptions"]) & set(limits["rejectedOptions"])
        if document["kind"] != "music":
            seed = outcome(document, seed=1, **references)
            assert (seed == "ignored") == ("seed" in limits["ignoredOptions"])
        if document["kind"] == "video":
            sound = outcome(document, audio=False, **references)
            assert (sound == "sent") == limits["audio"]


@ALL
def test_an_example_is_a_command_that_works(document: dict[str, Any]) -> None:
    program, kind, *words = shlex.split(document["example"])
    assert (program, kind) == ("openclaw", document["kind"])
    edits = words[0] == "edit"
    words = words[1:] if edits else words
    prompt, given = words[-1], dict(zip(words[:-1:2], words[1:-1:2], strict=True))
    assert given.pop("--model") == document["model"]
    images = given.pop("--file" if edits else "--image", None)
    assert not given
    options = {"images": 1} if images else {}
    assert plan(request(kind, parse_ref(document["model"]), prompt=prompt, **options))


@ALL
def test_a_document_is_json_with_sources(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document)) == document
    assert all(name.isalpha() and name[0].islower() for name in document)
    assert document["sources"]
    assert document["family"]


def test_a_listing_holds_the_known_models_and_marks_the_default() -> None:
    for kind in KINDS:
        documents = listing(kind)
        assert [document["model"] for document in documents] == known_refs(kind)
        assert [document["default"] for document in documents].index(True) == 0
        assert sum(bool(document["default"]) for document in documents) == 1
        assert all(document["known"] for document in documents)


def test_any_other_endpoint_can_be_described() -> None:
    document = describe("image", "someone/some-model")
    assert (document["known"], document["closest"]) == (False, None)
    assert document["declaredFields"] is None
    near = describe("image", "fal-ai/flux/deev")
    assert near["closest"] == "fal/fal-ai/flux/dev"


def test_a_model_of_another_kind_is_not_described() -> None:
    with pytest.raises(CapabilityError):
        describe("image", "fal-ai/minimax/video-01-live")


def test_the_models_of_the_specification_are_listed() -> None:
    assert {"fal/fal-ai/flux/dev", "fal/krea/v2/large/text-to-image"} <= set(known_refs("image"))
    assert {
        "fal/fal-ai/minimax/video-01-live",
        "fal/fal-ai/heygen/v2/video-agent",
        "fal/fal-ai/kling-video/v2.1/master/text-to-video",
        "fal/fal-ai/wan/v2.2-a14b/text-to-video",
        "fal/fal-ai/wan/v2.2-a14b/image-to-video",
        *(
            f"fal/bytedance/seedance-2.0/{path}{mode}-to-video"
            for path in ("", "fast/")
            for mode in ("text", "image", "reference")
        ),
    } <= set(known_refs("video"))
    assert len(known_refs("music")) == 3
