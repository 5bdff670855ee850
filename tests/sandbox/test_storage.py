from __future__ import annotations

import hashlib
import os
import time
from typing import Any

import httpx
import pytest

from openclaw_fal.sandbox import Limits, Sandbox

INITIATE = "/storage/upload/initiate?storage_type=fal-cdn-v3"
MULTIPART = "/storage/upload/initiate-multipart?storage_type=fal-cdn-v3"
FILE = {"file_name": "a b.png", "content_type": "image/png"}
KEY = {"Authorization": "Key k"}


def part_url(upload_url: str, number: int | str) -> str:
    base, _, query = upload_url.partition("?")
    return f"{base}/{number}?{query}"


def test_one_file(fal: Sandbox, http: httpx.Client, public: httpx.Client) -> None:
    place = http.post(INITIATE, json=FILE).json()
    data = os.urandom(300_000)

    answer = public.put(place["upload_url"], content=data, headers={"Content-Type": "image/png"})

    assert answer.status_code == 200
    found = public.get(place["file_url"])
    assert (found.content, found.headers["content-type"]) == (data, "image/png")
    [upload] = fal.uploads
    assert (upload.file_name, upload.size, upload.complete) == ("a b.png", len(data), True)
    assert upload.sha256 == hashlib.sha256(data).hexdigest()
    assert upload.data() == data
    assert fal.phase("upload")[0].size == len(data)
    assert fal.leaks == []


def test_a_key_sent_to_the_upload_address_is_noticed(fal: Sandbox, http: httpx.Client) -> None:
    place = http.post(INITIATE, json=FILE).json()
    http.put(place["upload_url"], content=b"x")
    http.get(place["file_url"])
    assert [item.phase for item in fal.leaks] == ["upload", "media"]


def test_a_chunked_body(fal: Sandbox, http: httpx.Client, public: httpx.Client) -> None:
    place = http.post(INITIATE, json=FILE).json()
    public.put(place["upload_url"], content=iter([b"one ", b"two ", b"three"]))
    assert public.get(place["file_url"]).content == b"one two three"


def test_parts_in_any_order(fal: Sandbox, http: httpx.Client, public: httpx.Client) -> None:
    place = http.post(MULTIPART, json=FILE).json()
    data = [os.urandom(50_000) for _ in range(3)]
    done = []
    for number in (3, 1, 2):
        answer = public.put(part_url(place["upload_url"], number), content=data[number - 1])
        assert answer.json()["partNumber"] == number
        assert answer.headers["etag"] == answer.json()["etag"]
        done.append(answer.json())

    answer = public.post(part_url(place["upload_url"], "complete"), json={"parts": done})

    assert answer.status_code == 200
    assert public.get(place["file_url"]).content == b"".join(data)
    assert fal.uploads[0].sha256 == hashlib.sha256(b"".join(data)).hexdigest()


def test_a_part_again_replaces_it(http: httpx.Client, public: httpx.Client) -> None:
    place = http.post(MULTIPART, json=FILE).json()
    public.put(part_url(place["upload_url"], 1), content=b"old")
    part = public.put(part_url(place["upload_url"], 1), content=b"new").json()
    public.post(part_url(place["upload_url"], "complete"), json={"parts": [part]})
    assert public.get(place["file_url"]).content == b"new"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"partNumber": 1}],
        [{"partNumber": 1, "etag": '"wrong"'}],
        [{"partNumber": 2, "etag": "{etag}"}],
        "none",
        None,
    ],
)
def test_a_wrong_list_of_parts(http: httpx.Client, public: httpx.Client, parts: Any) -> None:
    place = http.post(MULTIPART, json=FILE).json()
    etag = public.put(part_url(place["upload_url"], 1), content=b"x").json()["etag"]
    if isinstance(parts, list):
        parts = [
            part | {"etag": part["etag"].replace("{etag}", etag)} if "etag" in part else part
            for part in parts
        ]
    url = part_url(place["upload_url"], "complete")
    assert public.post(url, json={"parts": parts}).status_code in (400, 422)
    assert public.get(place["file_url"]).status_code == 404


def test_addresses_are_checked(http: httpx.Client, public: httpx.Client) -> None:
    place = http.post(INITIATE, json=FILE).json()
    plain = place["upload_url"].partition("?")[0]
    assert public.put(plain, content=b"x").status_code == 403
    assert public.put(plain + "?signature=0", content=b"x").status_code == 403
    multi = http.post(MULTIPART, json=FILE).json()["upload_url"]
    assert public.put(part_url(multi, 0), content=b"x").status_code == 400
    assert public.put(part_url(multi, "first"), content=b"x").status_code == 400


def test_initiating_needs_a_key_and_names(http: httpx.Client) -> None:
    assert http.post(INITIATE, json={}).status_code == 422
    assert http.post(INITIATE, json={"file_name": 1, "content_type": 2}).status_code == 422
    assert http.post(INITIATE, content=b"{").status_code == 422
    del http.headers["Authorization"]
    assert http.post(INITIATE, json=FILE).status_code == 401


def test_file_names_cannot_leave_their_place(http: httpx.Client, public: httpx.Client) -> None:
    body = FILE | {"file_name": "../../../etc/passwd\r\nX: y"}
    place = http.post(INITIATE, json=body).json()
    assert public.put(place["upload_url"], content=b"x").status_code == 200
    assert public.get(place["file_url"]).content == b"x"


def test_a_run_needs_its_reference_uploaded(http: httpx.Client, public: httpx.Client) -> None:
    place = http.post(INITIATE, json=FILE).json()
    body = {"prompt": "p", "image_url": place["file_url"]}
    early = http.post("/fal-ai/flux/dev/image-to-image", json=body)
    public.put(place["upload_url"], content=b"x")
    late = http.post("/fal-ai/flux/dev/image-to-image", json=body)

    assert early.status_code == 422
    assert early.json()["detail"][0]["type"] == "file_download_error"
    assert late.status_code == 200


def test_another_upload_address(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.upload_url = "http://10.0.0.1/upload"
    assert http.post(INITIATE, json=FILE).json()["upload_url"] == "http://10.0.0.1/upload"


def test_uploads_are_bounded(public: httpx.Client) -> None:
    with Sandbox(limits=Limits(uploads=5, uploaded=10_000)) as fal:
        for _ in range(12):
            place = public.post(fal.url + INITIATE, json=FILE, headers=KEY).json()
            public.put(place["upload_url"], content=b"x" * 4000)
        kept = fal.uploads
        folder = kept[-1].path.parent if kept[-1].path else None
        assert folder is not None
        assert len(kept) <= 3
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 12_000
    assert not folder.exists()


# Media


@pytest.fixture
def url(http: httpx.Client) -> str:
    body = {"prompt": "a cat", "output_format": "png"}
    found: str = http.post("/fal-ai/flux/dev", json=body).json()["images"][0]["url"]
    return found


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-5", -5, None), ("bytes=5-5", 5, 6)],
)
def test_ranges(
    fal: Sandbox, public: httpx.Client, url: str, asked: str, start: int, stop: int | None
) -> None:
    whole = fal.media(url)
    answer = public.get(url, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[start:stop]
    first = start if start >= 0 else len(whole) + start
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"


def test_ranges_that_cannot_be_met(fal: Sandbox, public: httpx.Client, url: str) -> None:
    size = len(fal.media(url))
    answer = public.get(url, headers={"Range": f"bytes={size}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert public.get(url, headers={"Range": "lines=1-2"}).status_code == 200


def test_if_range(public: httpx.Client, url: str) -> None:
    etag = public.get(url).headers["etag"]
    for given, status in ((etag, 206), ('"other"', 200)):
        headers = {"Range": "bytes=5-", "If-Range": given}
        assert public.get(url, headers=headers).status_code == status


def test_a_server_without_ranges(fal: Sandbox, public: httpx.Client, url: str) -> None:
    fal.dials.ranges = False
    answer = public.get(url, headers={"Range": "bytes=5-"})
    assert (answer.status_code, answer.content) == (200, fal.media(url))
    assert "accept-ranges" not in answer.headers


def test_head(fal: Sandbox, public: httpx.Client, url: str) -> None:
    answer = public.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(fal.media(url))


def test_media_of_any_size(fal: Sandbox, http: httpx.Client, public: httpx.Client) -> None:
    fal.dials.media_bytes = 5_000_000
    result = http.post("/fal-ai/flux/dev", json={"prompt": "p", "output_format": "png"}).json()
    file = result["images"][0]
    whole = public.get(file["url"]).content
    part = public.get(file["url"], headers={"Range": "bytes=3000000-3000099"})

    assert file["file_size"] == len(whole) == 5_000_000
    assert whole.startswith(b"\x89PNG")
    assert whole == fal.media(file["url"])
    assert part.content == whole[3_000_000:3_000_100]
    fal.dials.media_bytes = 10
    assert public.get(file["url"]).content == whole[:10]


def test_bandwidth(fal: Sandbox, public: httpx.Client, url: str) -> None:
    size = len(fal.media(url))
    fal.dials.bandwidth = size * 10
    began = time.monotonic()
    assert len(public.get(url).content) == size
    assert time.monotonic() - began >= 0.1


def test_unknown_media(public: httpx.Client, fal: Sandbox) -> None:
    for path in (
        "/files/nothing.png",
        "/files/a/b",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files/a/..%2fb",
    ):
        assert public.get(fal.url + path).status_code == 404
