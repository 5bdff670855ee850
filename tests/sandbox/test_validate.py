"""The validator agrees with JSON Schema on what is wrong, and words it as fal does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from openclaw_fal.provider.schemas import endpoints
from openclaw_fal.sandbox import size_rules
from openclaw_fal.sandbox.validate import check, json_error
from tests.support.effort import effort

LOOSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 300),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(["", "5", "10", "1:1", "720p", "1K", "png", "auto", "medium"]),
    st.lists(st.sampled_from(["data:,", 5, None, {"image_url": "data:,"}, {}]), max_size=16),
    st.fixed_dictionaries({}, optional={"width": st.integers(), "height": st.text(max_size=2)}),
)


def errors(endpoint: str, body: object) -> list[dict[str, Any]]:
    return check(endpoints()[endpoint]["input"], body, lambda url: False)[0]


def open_schema(schema: Any) -> Any:
    """fal ignores undeclared fields, and takes null where an option has no default."""
    if isinstance(schema, list):
        return [open_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {
        key: open_schema(value) for key, value in schema.items() if key != "additionalProperties"
    }
    for name, part in opened.get("properties", {}).items():
        if "default" not in part and name not in opened.get("required", []):
            opened["properties"][name] = {"anyOf": [part, {"type": "null"}]}
    return opened


@settings(max_examples=effort(30, 2_000))
@given(st.data())
def test_it_agrees_with_json_schema(data: st.DataObject) -> None:
    endpoint = data.draw(st.sampled_from(sorted(endpoints())))
    schema = endpoints()[endpoint]["input"]
    names = sorted(schema["properties"])
    body = data.draw(st.dictionaries(st.sampled_from(names), LOOSE, max_size=6))
    if data.draw(st.booleans()):
        body["prompt"] = "a cat"
    wrong = not Draft202012Validator(open_schema(schema)).is_valid(body)

    found = errors(endpoint, body)
    words = [
        error for error in found if error["type"] not in ("file_download_error", "image_load_error")
    ]

    assert bool(words) == wrong


FLUX = "fal-ai/flux/dev"
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        FLUX,
        {},
        {"loc": ["body", "prompt"], "msg": "Field required", "type": "missing", "input": {}},
    ),
    (
        FLUX,
        {"prompt": "p", "num_images": 0},
        {
            "loc": ["body", "num_images"],
            "msg": "Input should be greater than or equal to 1",
            "type": "greater_than_equal",
            "ctx": {"ge": 1},
            "input": 0,
        },
    ),
    (
        FLUX,
        {"prompt": "p", "output_format": "gif"},
        {
            "loc": ["body", "output_format"],
            "msg": "Input should be 'jpeg' or 'png'",
            "type": "literal_error",
            "ctx": {"expected": "'jpeg' or 'png'"},
            "input": "gif",
        },
    ),
    (
        "fal-ai/kling-video/v2.1/master/text-to-video",
        {"prompt": "p", "duration": 5},
        {
            "loc": ["body", "duration"],
            "msg": "Input should be '5' or '10'",
            "type": "literal_error",
            "ctx": {"expected": "'5' or '10'"},
            "input": 5,
        },
    ),
    (
        "xai/grok-imagine-image/edit",
        {"prompt": "p", "image_urls": ["data:,"] * 4},
        {
            "loc": ["body", "image_urls"],
            "msg": "List should have at most 3 items after validation, not 4",
            "type": "too_long",
            "ctx": {"field_type": "List", "max_length": 3, "actual_length": 4},
            "input": ["data:,"] * 4,
        },
    ),
    (
        "krea/v2/medium/text-to-image",
        {"prompt": "p", "image_style_references": [{"strength": 1}]},
        {
            "loc": ["body", "image_style_references", 0, "image_url"],
            "msg": "Field required",
            "type": "missing",
            "input": {"strength": 1},
        },
    ),
]


@pytest.mark.parametrize(("endpoint", "body", "expected"), CASES)
def test_words(endpoint: str, body: dict[str, Any], expected: dict[str, Any]) -> None:
    assert errors(endpoint, body) == [expected]


def test_all_errors_at_once() -> None:
    found = errors(FLUX, {"num_images": "two", "seed": "x", "sync_mode": 1})
    assert [(error["loc"][-1], error["type"]) for error in found] == [
        ("prompt", "missing"),
        ("num_images", "int_type"),
        ("seed", "int_type"),
        ("sync_mode", "bool_type"),
    ]


def test_a_union_reports_its_branches() -> None:
    found = errors(FLUX, {"prompt": "p", "image_size": "huge"})
    assert [error["loc"] for error in found] == [
        ["body", "image_size", "Literal"],
        ["body", "image_size", "object"],
    ]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.com/a.png", None),
        ("data:image/png;base64,aGk=", None),
        ("data:image/png;base64,", "image_load_error"),
        ("data:image/png;base64,%%%", "image_load_error"),
        ("data:image/png", "image_load_error"),
        ("/home/me/a.png", "file_download_error"),
        ("file:///etc/passwd", "file_download_error"),
        ("http://gone/", "file_download_error"),
    ],
)
def test_references(url: str, kind: str | None) -> None:
    schema = endpoints()["fal-ai/flux/dev/image-to-image"]["input"]
    body = {"prompt": "p", "image_url": url}
    found, _ = check(schema, body, lambda url: "gone" in url)
    assert [error["type"] for error in found] == ([kind] if kind else [])


def test_references_in_lists() -> None:
    body: dict[str, Any] = {"prompt": "p", "image_urls": ["data:image/png;base64,aGk=", "nowhere"]}
    assert errors("fal-ai/nano-banana/edit", body)[0]["loc"] == ["body", "image_urls", 1]
    body = {"prompt": "p", "image_style_references": [{"image_url": "nowhere"}]}
    found = errors("krea/v2/large/text-to-image", body)
    assert found[0]["loc"] == ["body", "image_style_references", 0, "image_url"]


def test_long_inputs_are_not_repeated() -> None:
    body = {"prompt": "p", "image_url": "data:image/png;base64," + "%" * 5_000_000}
    found = errors("fal-ai/flux/dev/image-to-image", body)
    assert len(str(found)) < 3000


def test_unknown_fields_are_named() -> None:
    schema = endpoints()[FLUX]["input"]
    assert check(schema, {"prompt": "p", "size": 1, "n": 2}, lambda url: False) == (
        [],
        ["size", "n"],
    )


def test_json_errors() -> None:
    [error] = json_error("Expecting value", 3)
    assert (error["loc"], error["type"]) == (["body", 3], "json_invalid")


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ((1024, 1024), 0),
        ((1536, 1024), 0),
        ((3840, 2160), 0),
        ((1000, 1024), 1),
        ((512, 512), 1),
        ((3840, 3840), 1),
        ((4096, 1024), 2),
        ((0, 0), 1),
    ],
)
def test_gpt_image_sizes(size: tuple[int, int], count: int) -> None:
    body = {"prompt": "p", "image_size": {"width": size[0], "height": size[1]}}
    assert len(size_rules.check("openai/gpt-image-2", body)) == count
    assert size_rules.check("fal-ai/flux/dev", body) == []
