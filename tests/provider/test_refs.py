"""Model refs: which are fal's, which are malformed, and which known one was meant."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.errors import UsageError
from openclaw_fal.media import Kind
from openclaw_fal.provider.refs import (
    is_fal_ref,
    known_refs,
    parse_ref,
    ref_of,
    resolve,
    similar_ids,
    suggested_ids,
)
from openclaw_fal.provider.specs import known_models
from tests.provider.support import plan, request


@pytest.mark.parametrize(
    "endpoint",
    ["fal-ai/flux/dev", "krea/v2/medium/text-to-image", "openai/gpt-image-2.5/flare/edit", "a/b"],
)
def test_a_ref_is_fal_and_an_endpoint_id(endpoint: str) -> None:
    assert is_fal_ref("fal/" + endpoint)
    assert parse_ref("fal/" + endpoint) == endpoint


@pytest.mark.parametrize(
    "ref",
    [
        "fal/",
        "fal/flux",
        "fal//flux/dev",
        "fal/fal-ai/flux/dev/",
        "fal/fal-ai//dev",
        "fal/fal-ai/../admin",
        "fal/./flux",
        "fal/fal-ai/flux dev",
        " fal/fal-ai/flux/dev",
        "fal/fal-ai/flux/dev ",
        "fal/fal-ai/flux/dev\n",
        "fal/fal-ai/flux?x=1",
        "fal/fal-ai/flux#top",
        "fal/fal-ai/flux\x00",
        "fal/fal-ai\\flux",
        "fal/fal-ai/fl%75x",
        "fal/user:pw@host/x",
        "fal/fal-ai/flüx",
        "fal/" + "a/" * 200 + "b",
        "",
        "flux",
        "/",
    ],
)
def test_malformed_refs_are_wrong_usage(ref: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parse_ref(ref)
    assert "fal/fal-ai/flux/dev" in str(wrong.value.hint)
    assert wrong.value.message.isprintable()


def test_a_missing_prefix_is_hinted_at() -> None:
    with pytest.raises(UsageError) as wrong:
        parse_ref("fal-ai/flux/dev")
    assert "fal/fal-ai/flux/dev" in str(wrong.value.hint)


def test_another_provider_is_named() -> None:
    with pytest.raises(UsageError) as wrong:
        parse_ref("google/gemini-3-pro-image")
    assert "google" in wrong.value.message
    assert not is_fal_ref("google/gemini-3-pro-image")


def test_another_provider_with_an_endpoint_at_fal_is_hinted_at() -> None:
    with pytest.raises(UsageError) as wrong:
        parse_ref("openai/gpt-image-2")
    assert "openai" in wrong.value.message
    assert "fal/openai/gpt-image-2" in str(wrong.value.hint)


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("image", "fal-ai/flux/deev", "fal/fal-ai/flux/dev"),
        ("image", "fal-ai/nano-bannana", "fal/fal-ai/nano-banana"),
        ("image", "krea/v2/medium", "fal/krea/v2/medium/text-to-image"),
        ("image", "openai/gpt-image-2.5/flare", "fal/openai/gpt-image-2.5/flare/text-to-image"),
        ("video", "fal-ai/minimax/video-01-liv", "fal/fal-ai/minimax/video-01-live"),
        ("video", "fal-ai/wan/v2.2-a14b", "fal/fal-ai/wan/v2.2-a14b/text-to-video"),
        (
            "video",
            "bytedance/seedance-2.0/text2video",
            "fal/bytedance/seedance-2.0/text-to-video",
        ),
        ("music", "fal-ai/minimax-musik/v2.6", "fal/fal-ai/minimax-music/v2.6"),
    ],
)
def test_the_known_model_that_was_meant(kind: Kind, given: str, wanted: str) -> None:
    assert ref_of(suggested_ids(given, kind, read)[0]) == wanted
    with pytest.raises(UsageError) as refused:
        plan(request(kind, given))
    assert wanted in refused.value.message
    assert "--unchecked" in str(refused.value.hint)
    made = plan(request(kind, given, unchecked=True))
    assert made.endpoint == given
    assert any("--unchecked" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("kind", "endpoint"),
    [
        ("image", "fal-ai/flux/dev"),
        ("image", "fal-ai/flux/dev/image-to-image"),
        ("image", "openai/gpt-image-2/edit"),
        ("image", "fal-ai/recraft/v3/text-to-image"),
        ("image", "fal-ai/nano-banana-3"),
        ("image", "fal-ai/flux/pro"),
        ("image", "fal-ai/recraft-v3"),
        ("video", "fal-ai/veo3.1"),
        ("video", "fal-ai/kling-video/v2.6/master/text-to-video"),
        ("music", "fal-ai/some-other/music"),
    ],
)
def test_known_and_merely_other_models_get_no_hint(kind: Kind, endpoint: str) -> None:
    assert suggested_ids(endpoint, kind, read) == []
    images = 1 if endpoint.endswith(("/edit", "/image-to-image")) else 0
    options: dict[str, Any] = {"images": images} if kind == "image" else {}
    warnings = plan(request(kind, endpoint, **options)).warnings
    assert not any("did you mean" in warning for warning in warnings)


def test_known_refs_can_be_parsed() -> None:
    kinds: tuple[Kind, ...] = ("image", "video", "music")
    for kind in kinds:
        refs = known_refs(kind)
        assert len(refs) == len(set(refs)) >= 3
        assert all(parse_ref(ref) for ref in refs)
    assert known_refs("image")[0] == "fal/fal-ai/flux/dev"


@pytest.mark.parametrize(
    ("name", "first", "also"),
    [
        ("nano-banana", "fal-ai/nano-banana", "fal-ai/nano-banana-2"),
        ("flux", "fal-ai/flux/dev", "fal-ai/flux/schnell"),
        ("fluxx", "fal-ai/flux/dev", "fal-ai/flux/schnell"),
        ("flux/dev", "fal-ai/flux/dev", "fal-ai/flux/dev"),
        ("kling-video/v2.1/master", "", ""),
        ("", "", ""),
        ("qqqq", "", ""),
    ],
)
def test_what_a_short_or_misspelt_name_may_mean(name: str, first: str, also: str) -> None:
    ids = [*known_models("image"), *read.ids("image")]
    names = similar_ids(name, ids)
    assert names[:1] == ([first] if first else [])
    assert not also or also in names
    assert len(names) <= 5


@pytest.mark.parametrize("name", ["nano-banana", "flux", "fal/flux", "seedance"])
def test_a_name_that_is_no_ref_fails_with_the_candidates(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_ref(name, read)
    assert "did you mean fal/" in str(refused.value.hint)


def test_an_alias_is_the_users_own_name_for_a_ref() -> None:
    aliases = {"banana": "fal/fal-ai/nano-banana-2"}
    assert resolve("banana", aliases, read) == "fal-ai/nano-banana-2"
    assert resolve("fal/fal-ai/flux/dev", aliases, read) == "fal-ai/flux/dev"
    with pytest.raises(UsageError):
        resolve("apple", aliases, read)
