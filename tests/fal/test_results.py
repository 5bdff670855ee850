"""Files and facts in results of every form."""

from __future__ import annotations

import pytest

from openclaw_fal.fal import results
from openclaw_fal.fal.results import MOST_FILES, Facts, facts, remote_files
from openclaw_fal.media import RemoteFile

A, B = "https://v3.fal.media/a.png", "https://v3.fal.media/b.png"
DATA = "data:image/png;base64,AAAA"
FILE = {"url": A, "content_type": "image/png", "file_name": "a.png", "file_size": 5}


@pytest.mark.parametrize(
    ("payload", "urls"),
    [
        ({"images": [{"url": A}, {"url": B}]}, [A, B]),
        ({"images": {"url": A}}, [A]),
        ({"images": [A, B]}, [A, B]),
        ({"image": {"url": A}}, [A]),
        ({"image": A}, [A]),
        ({"video": {"url": A}}, [A]),
        ({"video": [{"url": A}, {"url": B}]}, [A, B]),
        ({"videos": [{"url": A}]}, [A]),
        ({"video_url": A}, [A]),
        ({"audio": A}, [A]),
        ({"audio": {"url": A}}, [A]),
        ({"audio": [{"url": A}]}, [A]),
        ({"audio_file": {"url": A}}, [A]),
        ({"audio_url": A}, [A]),
        ({"url": A}, [A]),
        ({"images": [{"url": DATA}]}, [DATA]),
        ({"images": [{"url": A}, {"url": A}, {"url": B}]}, [A, B]),
        ({"images": [{"url": A}], "image": {"url": A}}, [A]),
        ({"response": {"images": [{"url": A}]}}, [A]),
        ({"data": {"video": {"url": A}}}, [A]),
        ({"output": [A, B]}, [A, B]),
        ({"output": A}, [A]),
        ({"response": {"data": {"audio": {"url": A}}}}, [A]),
        ([{"images": [{"url": A}]}], [A]),
        ({"scene": {"render": {"url": A, "content_type": "model/x"}}}, [A]),
        ({"image_url": B, "video": {"url": A}}, [A]),
        ({"image_url": B, "mystery": FILE}, [A]),
        ({"input": {"image": {"url": B, "file_size": 1}}, "mystery": FILE}, [A]),
        ({"image_url": A}, [A]),
        ({"images": []}, []),
        ({"images": None, "video": None}, []),
        ({"video": "no url"}, []),
        ({"video": {"url": None}}, []),
        ({"video": {"url": 5}}, []),
        ({"prompt": "see https://example.com"}, []),
        (None, []),
        ("x", []),
        (5, []),
    ],
)
def test_files_are_found(payload: object, urls: list[str]) -> None:
    assert [file.url for file in remote_files(payload)] == urls


def test_what_is_known_about_a_file() -> None:
    payload = {"images": [{**FILE, "width": 8, "height": 6.0}]}
    assert remote_files(payload) == [RemoteFile(A, "image/png", "a.png", 5, 8, 6)]


def test_untrue_facts_are_left_out() -> None:
    file = {
        "url": A,
        "content_type": 5,
        "file_name": None,
        "file_size": -1,
        "width": "8",
        "height": 0,
    }
    assert remote_files({"video": file}) == [RemoteFile(A)]
    name = remote_files({"video": {"url": A, "file_name": "a\x1b[2J\n.png"}})[0].file_name
    assert name == "a .png"


def test_hostile_depth_and_number_are_bounded() -> None:
    deep: object = {"url": A, "file_size": 1}
    for _ in range(500):
        deep = {"x": deep}
    assert remote_files(deep) == []
    many = {"images": [{"url": f"{A}?{number}"} for number in range(10_000)]}
    assert len(remote_files(many)) == MOST_FILES


def test_the_bound_holds_for_all_fields_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_FILES", 3)
    answer = {"images": [{"url": f"{A}?{n}"} for n in (1, 2)], "video": {"url": f"{A}?3"}}
    assert len(remote_files({**answer, "audio": {"url": f"{A}?4"}})) == 3


def test_facts_beside_the_files() -> None:
    payload = {
        "images": [{"url": A}, {"url": B}],
        "seed": 2**64,
        "description": "d",
        "has_nsfw_concepts": [False, True],
    }
    found = Facts(2**64, "d", (1,))
    assert facts(payload) == found
    assert facts({"response": payload}) == found
    assert facts({"seed": 2**64, "data": {**payload, "seed": None}}) == found


def test_flags_of_other_forms() -> None:
    files = {"images": [{"url": A}, {"url": B}]}
    assert facts({**files, "has_nsfw_concepts": True}).flagged == (0, 1)
    assert facts({**files, "has_nsfw_concepts": False}).flagged == ()
    assert facts({**files, "has_nsfw_concepts": "yes"}).flagged == ()
    assert facts({"seed": True}) == Facts()
    assert facts(None) == Facts()


def test_every_file_of_a_large_result_is_named() -> None:
    urls = [f"https://v3.fal.media/{number}.png" for number in range(300)]

    found = remote_files({"images": [{"url": url} for url in urls]})

    assert [file.url for file in found] == urls


PIXEL = "iVBORw0KGgo" + "A" * 200


@pytest.mark.parametrize(
    "image",
    [
        {"b64_json": PIXEL, "content_type": "image/png"},
        {"content": PIXEL, "content_type": "image/png"},
        {"url": PIXEL, "content_type": "image/png"},
        {"content": f"data:image/png;base64,{PIXEL}"},
    ],
    ids=str,
)
def test_media_that_stand_in_the_answer(image: dict[str, object]) -> None:
    (file,) = remote_files({"images": [image]})

    assert file.url == f"data:image/png;base64,{PIXEL}"


def test_bare_base64_is_media_too() -> None:
    (file,) = remote_files({"image": PIXEL})

    assert file.url == f"data:application/octet-stream;base64,{PIXEL}"


@pytest.mark.parametrize("text", ["a cat", "x" * 30, "https://v3.fal.media/a.png " * 9])
def test_text_is_no_media(text: str) -> None:
    assert all(not file.url.startswith("data:") for file in remote_files({"image": text}))


def test_a_url_without_a_scheme_is_https() -> None:
    (file,) = remote_files({"images": [{"url": "//v3.fal.media/a.png"}]})

    assert file.url == "https://v3.fal.media/a.png"


@pytest.mark.parametrize("size", [2**63, 10**400, 1e300, -1, True, "7"])
def test_sizes_that_cannot_be_meant_count_as_unknown(size: object) -> None:
    (file,) = remote_files({"images": [{"url": "https://x.example/a.png", "file_size": size}]})

    assert file.size is None
