"""Large reference files go to fal's storage first; small ones travel inside the request."""

from __future__ import annotations

import base64
import os
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from openclaw_fal.files.references import INLINE_FILE_LIMIT, INLINE_TOTAL_LIMIT
from openclaw_fal.sandbox.http1 import Request, Response
from tests.support.program import KEY, Openclaw, jobs, process, write_config
from tests.support.queueing import SOON, Hooked, only_job

PNG = b"\x89PNG\r\n\x1a\n"
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isommp42"
MODEL = ("--model", "fal/fal-ai/nano-banana-2")
MIB = 1024 * 1024


def picture(name: str, size: int, fill: bytes = b"\1") -> Path:
    path = Path(name)
    path.write_bytes(PNG + fill * (size - len(PNG)))
    return path


def test_a_large_file_is_uploaded_first_and_its_url_is_sent(
    openclaw: Openclaw, fal: Hooked
) -> None:
    path = picture("Big Photo.png", INLINE_FILE_LIMIT + 1)
    outcome = openclaw("image", "edit", "--file", str(path), "night", "--json")
    assert outcome.status == 0, outcome.out
    (upload,) = fal.uploads
    assert (upload.file_name, upload.content_type) == ("big-photo.png", "image/png")
    assert [item.phase for item in fal.requests] == ["initiate", "upload", "sync", "media"]
    initiate, put, post, media = fal.requests
    assert post.json["image_url"] == upload.url
    assert initiate.headers["authorization"] == f"Key {KEY}"
    assert "authorization" not in put.headers
    assert "authorization" not in media.headers
    assert (put.method, put.size, put.headers["content-type"]) == (
        "PUT",
        path.stat().st_size,
        "image/png",
    )
    assert fal.leaks == []
    assert "upload" in outcome.err
    assert "big-photo.png" in outcome.err


def test_the_uploaded_bytes_are_those_of_the_file(openclaw: Openclaw, fal: Hooked) -> None:
    path = Path("noise.png")
    path.write_bytes(PNG + os.urandom(INLINE_FILE_LIMIT))
    assert openclaw("image", "edit", "--file", str(path), "night").status == 0
    assert fal.uploads[0].data() == path.read_bytes()


def test_a_small_file_travels_inside(openclaw: Openclaw, fal: Hooked) -> None:
    path = picture("small.png", 1000)
    assert openclaw("image", "edit", "--file", str(path), "night").status == 0
    (post,) = fal.posts()
    encoded = base64.b64encode(path.read_bytes()).decode()
    assert post.json["image_url"] == f"data:image/png;base64,{encoded}"
    assert fal.uploads == []


def test_a_url_is_passed_through(openclaw: Openclaw, fal: Hooked) -> None:
    url = "https://example.com/a.png?b=c"
    assert openclaw("image", "edit", "--file", url, "night").status == 0
    assert fal.posts()[0].json["image_url"] == url
    assert fal.uploads == []


def test_standard_input_is_a_file_like_any_other(fal: Hooked) -> None:
    outcome = process("image", "edit", "--file", "-", "night", stdin=PNG + bytes(5 * MIB))
    assert outcome.status == 0, outcome.err
    assert [upload.file_name for upload in fal.uploads] == ["stdin.png"]


def test_the_same_file_twice_is_uploaded_once(openclaw: Openclaw, fal: Hooked) -> None:
    path = picture("a.png", INLINE_FILE_LIMIT + 1)
    os.symlink(path, "link.png")
    names = [str(path), str(path.absolute()), "link.png"]
    references = [word for name in names for word in ("--image", name)]
    assert openclaw("image", "night", *references, *MODEL).status == 0
    (upload,) = fal.uploads
    assert set(fal.posts()[0].json["image_urls"]) == {upload.url}


def uploads_of_three() -> list[str]:
    """Three large files, as the words of a command."""
    paths = [picture(f"{fill}.png", INLINE_FILE_LIMIT + 1, b"%d" % fill) for fill in range(3)]
    return ["image", "night", *(word for path in paths for word in ("--image", str(path))), *MODEL]


def test_several_files_are_uploaded_at_once_and_keep_their_order(
    openclaw: Openclaw, fal: Hooked
) -> None:
    together = threading.Barrier(3, timeout=20)

    def meet(request: Request) -> Response | None:
        if request.method == "PUT":
            together.wait()
        return None

    fal.answer = meet
    outcome = openclaw(*uploads_of_three(), "--json")
    assert outcome.status == 0, outcome.out
    urls = {upload.file_name: upload.url for upload in fal.uploads}
    assert fal.posts()[0].json["image_urls"] == [urls[f"{fill}.png"] for fill in range(3)]


def test_of_several_uploads_one_that_fails_sends_nothing(
    openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    fal.dials.fail("upload", "403", 1)
    outcome = openclaw(*uploads_of_three(), "--json")
    assert outcome.status != 0
    assert fal.posts() == []
    assert jobs(openclaw) == []


def test_several_small_files_that_are_too_much_together(openclaw: Openclaw, fal: Hooked) -> None:
    sizes = [3 * MIB, 2 * MIB, 2 * MIB]
    assert sum(sizes) > INLINE_TOTAL_LIMIT
    paths = [picture(f"{index}.png", size) for index, size in enumerate(sizes)]
    references = [word for path in paths for word in ("--image", str(path))]
    assert openclaw("image", "night", *references, *MODEL).status == 0
    (upload,) = fal.uploads
    first, second, third = fal.posts()[0].json["image_urls"]
    assert first == upload.url
    assert second.startswith("data:image/png;base64,")
    assert third.startswith("data:image/png;base64,")
    assert len(fal.posts()[0].body) < 10 * MIB


def test_a_very_large_video_goes_in_parts(openclaw: Openclaw, fal: Hooked) -> None:
    with Path("long.mp4").open("wb") as file:
        file.write(MP4)
        file.truncate(91 * MIB)
    fal.dials.validate = False
    seedance = "fal/bytedance/seedance-2.0/reference-to-video"
    outcome = openclaw("video", "p", "--video", "long.mp4", "--model", seedance, *SOON)
    assert outcome.status == 0, outcome.err
    (upload,) = fal.uploads
    assert upload.multipart
    puts = [item for item in fal.phase("upload") if item.method == "PUT"]
    assert sorted(put.size for put in puts) == [1 * MIB, *[10 * MIB] * 9]
    assert all("authorization" not in put.headers for put in puts)
    assert upload.url in str(fal.posts()[0].json)


@pytest.mark.parametrize("phase", ["initiate", "upload"])
@pytest.mark.parametrize("kind", ["500", "reset", "cut", "429"])
def test_an_upload_that_fails_for_a_while(
    phase: str, kind: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    picture("a.png", INLINE_FILE_LIMIT + 1)
    fal.dials.fail(phase, kind, 2, request_id=False)
    assert openclaw("image", "edit", "--file", "a.png", "night").status == 0
    assert len(fal.posts()) == 1


@pytest.mark.parametrize("phase", ["initiate", "upload"])
def test_an_upload_that_fails_for_good_sends_nothing(
    phase: str, openclaw: Openclaw, fal: Hooked, pauses: list[float]
) -> None:
    picture("a.png", INLINE_FILE_LIMIT + 1)
    fal.dials.fail(phase, "reset")
    outcome = openclaw("image", "edit", "--file", "a.png", "night", "--json")
    assert outcome.status == 7
    assert "upload" in outcome.json["error"]["message"] or phase == "initiate"
    assert fal.posts() == []
    assert jobs(openclaw) == []


def test_the_deadline_is_over_the_upload_too(openclaw: Openclaw, fal: Hooked) -> None:
    picture("a.png", INLINE_FILE_LIMIT + 1)
    fal.dials.fail("upload", "silent")
    argv = ("image", "edit", "--file", "a.png", "night", "--timeout-ms", "500", "--json")
    outcome = openclaw(*argv)
    assert outcome.status == 7
    assert outcome.json["error"]["code"] == "timeout"
    assert fal.posts() == []


def test_an_upload_address_elsewhere_never_sees_the_key(openclaw: Openclaw, fal: Hooked) -> None:
    picture("a.png", INLINE_FILE_LIMIT + 1)
    with Hooked() as other:
        fal.dials.upload_url = f"{other.url}/upload"
        openclaw("image", "edit", "--file", "a.png", "night")
        assert all("authorization" not in item.headers for item in other.requests)
        assert KEY not in str(other.requests)


def test_the_journal_keeps_the_url_and_no_data(openclaw: Openclaw, fal: Hooked) -> None:
    picture("big.png", INLINE_FILE_LIMIT + 1)
    picture("small.png", 1000)
    argv = ("image", "night", "--image", "big.png", "--image", "small.png", *MODEL)
    assert openclaw(*argv).status == 0
    body = only_job().body
    assert body is not None
    big, small = (Path(name).read_bytes() for name in ("big.png", "small.png"))
    assert body["image_urls"] == [
        {
            "sha256": sha256(big).hexdigest(),
            "size": len(big),
            "type": "image/png",
            "url": fal.uploads[0].url,
        },
        {"sha256": sha256(small).hexdigest(), "size": len(small), "type": "image/png"},
    ]


def test_a_fallback_uses_what_was_uploaded_for_the_first_model(
    openclaw: Openclaw, fal: Hooked
) -> None:
    picture("a.png", INLINE_FILE_LIMIT + 1)
    write_config(
        fal.url,
        imageGenerationModel={
            "primary": "fal/fal-ai/nano-banana-2",
            "fallbacks": ["fal/fal-ai/nano-banana-pro"],
        },
    )

    def down(request: Request) -> Response | None:
        if request.method == "POST" and "nano-banana-2" in request.path:
            return Response.of({"detail": "Application not found"}, 404)
        return None

    fal.answer = down
    assert openclaw("image", "night", "--image", "a.png").status == 0
    assert len(fal.uploads) == 1
    assert fal.posts()[1].json["image_urls"] == [fal.uploads[0].url]
