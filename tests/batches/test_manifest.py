"""What a manifest says, in each of its forms, and what is reported of rows that say nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_fal.batches.manifest import Manifest, read
from openclaw_fal.errors import CapabilityError, UsageError
from openclaw_fal.media import ImageRequest, Reference, VideoRequest
from openclaw_fal.options import REQUESTS, options_of, request_from
from openclaw_fal.parameters import KEYS


def manifest(text: str, name: str = "m.jsonl", **more: object) -> Manifest:
    defaults = more.pop("defaults", {})
    assert isinstance(defaults, dict)
    return read(
        text.encode(), name=name, folder=Path("/there"), defaults=defaults, prompts=bool(more)
    )


def problems(text: str, name: str = "m.jsonl") -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in manifest(text, name).problems]


def test_rows_take_the_defaults_and_override_them() -> None:
    found = manifest(
        '{"defaults": {"model": "fal/a", "aspectRatio": "16:9", "kind": "video"}}\n'
        '\n{"id": "x", "prompt": "one"}\n{"id": 7, "prompt": "two", "aspectRatio": "1:1"}\n',
        defaults={"model": "fal/b"},
    )
    assert found.problems == ()
    assert [(row.line, row.id, row.kind, row.options) for row in found.rows] == [
        (3, "x", "video", {"model": "fal/b", "aspectRatio": "16:9", "prompt": "one"}),
        (4, "7", "video", {"model": "fal/b", "aspectRatio": "1:1", "prompt": "two"}),
    ]


def test_an_id_made_from_the_row_stays_when_other_rows_come_and_go() -> None:
    one = manifest('{"prompt": "a"}\n{"prompt": "b"}\n{"prompt": "a"}')
    other = manifest('{"prompt": "new"}\n{"prompt": "b"}\n{"prompt": "a"}\n{"prompt": "a"}')
    ids = {(row.options["prompt"], row.id) for row in one.rows}
    assert len({made for _, made in ids}) == 3
    assert {(row.options["prompt"], row.id) for row in other.rows} > ids


def test_a_sweep_is_the_product_of_its_lists() -> None:
    found = manifest('{"id": "s", "prompt": "p", "sweep": {"seed": [1, 2], "size": ["a", "b"]}}')
    assert [(row.id, row.options["seed"], row.options["size"]) for row in found.rows] == [
        ("s-1", 1, "a"),
        ("s-2", 1, "b"),
        ("s-3", 2, "a"),
        ("s-4", 2, "b"),
    ]


def test_csv_cells_have_the_types_of_their_options() -> None:
    text = (
        "id,kind,prompt,count,durationSeconds,audio,images,params.guidance_scale,params.style\n"
        'a,image,"a cat,\nsleeping",2,,,x.png;https://h/y.png,3.5,plain\n'
        "b,video,waves,,5,true,,,\n"
    )
    found = manifest(text, "m.csv")
    assert found.problems == ()
    first, second = found.rows
    assert first.options == {
        "prompt": "a cat,\nsleeping",
        "count": 2,
        "images": ["/there/x.png", "https://h/y.png"],
        "params": {"guidance_scale": 3.5, "style": "plain"},
    }
    assert second.options == {"prompt": "waves", "durationSeconds": 5, "audio": True}


def test_prompts_are_one_a_line() -> None:
    found = manifest("a cat\n\n  a dog  \r\n", "p.txt", prompts=True)
    assert [row.options for row in found.rows] == [{"prompt": "a cat"}, {"prompt": "a dog"}]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"prompt": "a"}\n{"prompt"', 2, "not JSON"),
        ("[1]", 1, "not a JSON object"),
        ("[" * 100_000, 1, "nested too deeply"),
        ('{"id": "x", "prompt": "a"}\n{"id": "x", "prompt": "b"}', 2, "line 1 too"),
        ('{"id": "", "prompt": "a"}', 1, "1 to 200"),
        ('{"id": true, "prompt": "a"}', 1, "string or a whole number"),
        ('{"kind": "song", "prompt": "a"}', 1, "image, video or music, not song"),
        ('{"kind": ["x"], "prompt": "a"}', 1, "image, video or music"),
        ('{"prompt": "a", "sweep": {"seed": []}}', 1, "at least one value"),
        ('{"prompt": "a", "sweep": {"id": [1]}}', 1, "cannot be swept"),
        ('{"prompt": "a", "sweep": [1]}', 1, "object of lists"),
        ('{"prompt": "a", "output": 3}', 1, "output must be a string"),
        ('{"prompt": "a", "images": ["-"]}', 1, "standard input"),
        ('{"prompt": "a"}\n{"defaults": {}}', 2, "first line only"),
        ('{"defaults": {"id": "x"}}\n{"prompt": "a"}', 1, "not to the defaults"),
    ],
)
def test_a_bad_row_is_named_by_its_line(text: str, line: int, words: str) -> None:
    ((found, message),) = problems(text)
    assert found == line
    assert words in message


def test_csv_rows_that_do_not_fit_are_named() -> None:
    text = "id,prompt,count,audio\na,p,x,\nb,p,1,perhaps\nc,p,1,,,\n"
    assert [line for line, _ in problems(text, "m.csv")] == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "m.jsonl", "no rows"),
        ("a,a\n1,2\n", "m.csv", "twice"),
        ('a,b\n"x,1\n', "m.csv", "not CSV"),
    ],
)
def test_what_is_no_manifest_is_refused(text: str, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        manifest(text, name)


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(UsageError, match="line 2"):
        read(b"{}\n\xff", name="m", folder=Path(), defaults={})


def test_options_make_the_request_that_gives_them_back() -> None:
    options = {
        "model": "m",
        "prompt": "p",
        "count": 2,
        "aspectRatio": "1:1",
        "images": ["a.png"],
        "params": {"x": [1]},
    }
    request = request_from("image", options)
    assert request == ImageRequest(
        "m", "p", count=2, aspect_ratio="1:1", images=(Reference("a.png", "image"),),
        params=(("x", [1]),),
    )  # fmt: skip
    assert options_of(request) == options


def test_every_option_that_is_refused_is_reported() -> None:
    bad = {"model": "m", "prompt": "p", "aspect": "1:1", "seed": "x", "audio": "loud", "images": 1}
    with pytest.raises(CapabilityError) as caught:
        request_from("video", bad)
    reported = {violation.key: violation for violation in caught.value.violations}
    assert set(reported) == {"aspect", "seed", "audio", "images"}
    assert reported["aspect"].closest == "aspectRatio"
    with pytest.raises(CapabilityError, match="lyrics"):
        request_from("video", {"model": "m", "prompt": "p", "lyrics": "la"})


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_option_has_a_json_name(kind: str) -> None:
    fields = set(REQUESTS[kind].fields()) - {"model", "unchecked"}  # type: ignore[index]
    assert fields <= set(KEYS)
    assert not [KEYS[field] for field in fields if "_" in KEYS[field]]


def test_a_duration_may_be_a_word() -> None:
    request = request_from("video", {"model": "m", "durationSeconds": "auto"})
    assert isinstance(request, VideoRequest)
    assert request.duration == "auto"


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "kind", "prompt", "sweep", "images", "output", "x", "defaults"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=3), inner, max_size=3)
                ),
                max_leaves=6,
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_rows_become_items_or_problems(rows: list[dict[str, object]]) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    try:
        found = manifest(text)
    except UsageError:
        return
    ids = [row.id for row in found.rows]
    assert len(ids) == len(set(ids))
    assert all(1 <= problem.line <= len(rows) for problem in found.problems)
