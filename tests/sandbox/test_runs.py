"""Synchronous runs: who may, what comes back, and in which shape."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from PIL import Image

from openclaw_fal.provider.schemas import endpoints
from openclaw_fal.sandbox import Dials, Sandbox

FLUX = "/fal-ai/flux/dev"


def sample(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An input with the required fields."""
    values = {"prompt": "a cat", "image_url": "https://example.com/a.png"}
    values_of_lists = {"image_urls": ["data:image/png;base64,aGk="]}
    return {name: (values | values_of_lists)[name] for name in schema["required"]}


@pytest.mark.parametrize("endpoint", endpoints())
def test_every_named_endpoint_answers_its_declared_fields(
    fal: Sandbox, http: httpx.Client, public: httpx.Client, endpoint: str
) -> None:
    declared = endpoints()[endpoint]
    is_video = "video" in declared["outputFields"]
    answer = http.post(f"/{endpoint}", json=sample(declared["input"]))
    assert answer.status_code == 200, answer.text
    assert ("request_id" in answer.json()) == is_video
    result = http.get(answer.json()["response_url"]).json() if is_video else answer.json()

    assert sorted(result) == sorted(declared["outputFields"])
    files = result.get("images") or [result.get("video") or result.get("audio")]
    for file in files:
        found = public.get(file["url"])
        assert found.headers["content-type"] == file["content_type"]
        assert len(found.content) == file["file_size"]
        assert found.content == fal.media(file["url"])
    assert fal.leaks == []


@pytest.mark.parametrize(
    ("endpoint", "body", "size"),
    [
        ("fal-ai/flux/dev", {}, (1024, 768)),
        ("fal-ai/flux/dev", {"image_size": "square_hd"}, (1024, 1024)),
        ("fal-ai/flux/dev", {"image_size": "portrait_16_9"}, (576, 1024)),
        ("fal-ai/flux/dev", {"image_size": {"width": 1536, "height": 640}}, (1536, 640)),
        ("fal-ai/flux/dev", {"image_size": {"width": 64}}, (64, 512)),
        ("fal-ai/nano-banana", {"aspect_ratio": "2:3"}, (683, 1024)),
        ("fal-ai/nano-banana-pro", {"aspect_ratio": "16:9", "resolution": "2K"}, (2048, 1152)),
        ("xai/grok-imagine-image", {"aspect_ratio": "19.5:9", "resolution": "1k"}, (1024, 473)),
        ("krea/v2/medium/text-to-image", {"aspect_ratio": "2.35:1"}, (1024, 436)),
        ("fal-ai/recraft/v3/text-to-image", {"image_size": "square"}, (512, 512)),
    ],
)
def test_image_sizes(
    http: httpx.Client,
    public: httpx.Client,
    endpoint: str,
    body: dict[str, Any],
    size: tuple[int, int],
) -> None:
    file = http.post(f"/{endpoint}", json={"prompt": "p", **body}).json()["images"][0]

    assert (file["width"], file["height"]) == size
    with Image.open(io.BytesIO(public.get(file["url"]).content)) as image:
        assert image.size == size


@pytest.mark.parametrize(
    ("asked", "kind", "ending"),
    [
        (None, "image/jpeg", ".jpg"),
        ("png", "image/png", ".png"),
        ("jpeg", "image/jpeg", ".jpg"),
    ],
)
def test_output_format(http: httpx.Client, asked: str | None, kind: str, ending: str) -> None:
    body = {"prompt": "p"} | ({"output_format": asked} if asked else {})
    file = http.post(FLUX, json=body).json()["images"][0]
    assert file["content_type"] == kind
    assert file["file_name"].endswith(ending)


@pytest.mark.parametrize(
    ("endpoint", "body", "seconds", "size"),
    [
        ("fal-ai/minimax/video-01-live", {}, 5.0, (1280, 720)),
        ("fal-ai/kling-video/v2.1/master/text-to-video", {"duration": "10"}, 10.0, (1280, 720)),
        (
            "fal-ai/wan/v2.2-a14b/text-to-video",
            {"num_frames": 49, "resolution": "480p", "aspect_ratio": "9:16"},
            49 / 16,
            (480, 854),
        ),
        (
            "bytedance/seedance-2.0/text-to-video",
            {"duration": "4", "resolution": "4k", "aspect_ratio": "1:1"},
            4.0,
            (1108, 1108),
        ),
        ("fal-ai/veo3.1", {"duration": "8s"}, 8.0, (1280, 720)),
        ("fal-ai/heygen/v2/video-agent", {"config": {"duration": 6}}, 6.0, (720, 1280)),
    ],
)
def test_videos_have_the_asked_duration_and_shape(
    fal: Sandbox,
    http: httpx.Client,
    endpoint: str,
    body: dict[str, Any],
    seconds: float,
    size: tuple[int, int],
) -> None:
    fal.dials.unit = "seconds"
    job = http.post(f"/{endpoint}", json={"prompt": "p", **body}).json()
    answer = http.get(job["response_url"])
    units = answer.headers["x-fal-billable-units"]
    spec = fal.spec(answer.json()["video"]["url"])

    assert (spec.width, spec.height) == size
    assert spec.seconds == pytest.approx(seconds)
    assert float(units) == math.ceil(seconds)


@pytest.mark.parametrize(
    ("endpoint", "body", "form", "seconds"),
    [
        ("fal-ai/minimax-music/v2.6", {}, "mp3", 30.0),
        ("fal-ai/minimax-music/v2.6", {"audio_setting": {"format": "wav"}}, "wav", 30.0),
        ("fal-ai/ace-step/prompt-to-audio", {"duration": 12}, "wav", 12.0),
        ("fal-ai/ace-step/prompt-to-audio", {}, "wav", 60.0),
        ("fal-ai/stable-audio-25/text-to-audio", {"seconds_total": 7}, "wav", 7.0),
    ],
)
def test_sound_has_the_asked_duration(
    fal: Sandbox,
    http: httpx.Client,
    endpoint: str,
    body: dict[str, Any],
    form: str,
    seconds: float,
) -> None:
    result = http.post(f"/{endpoint}", json={"prompt": "p", **body}).json()
    spec = fal.spec(result["audio"]["url"])
    assert (spec.form, spec.seconds) == (form, seconds)


def test_seeds(http: httpx.Client, fal: Sandbox) -> None:
    large = 2**60 + 1
    asked = http.post(FLUX, json={"prompt": "p", "seed": large}).json()
    assert asked["seed"] == large
    fal.dials.seed = 9
    assert http.post(FLUX, json={"prompt": "p"}).json()["seed"] == 9


def test_data_uris(http: httpx.Client) -> None:
    body = {"prompt": "p", "sync_mode": True, "output_format": "png"}
    url = http.post(FLUX, json=body).json()["images"][0]["url"]
    head, _, data = url.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")


def test_flagged_images(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.nsfw = True
    result = http.post(FLUX, json={"prompt": "p", "num_images": 2}).json()
    assert result["has_nsfw_concepts"] == [True, True]
    with Image.open(io.BytesIO(fal.media(result["images"][0]["url"]))) as image:
        assert image.convert("L").getextrema() == (0, 0)


def test_wrapping(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.wrap = "response"
    assert list(http.post(FLUX, json={"prompt": "p"}).json()) == ["response"]


@pytest.mark.parametrize("form", ["object", "bare", "null", "string", "list", "flat"])
@pytest.mark.parametrize(
    ("endpoint", "name"),
    [("fal-ai/flux/dev", "images"), ("fal-ai/minimax-music/v2.6", "audio")],
)
def test_media_forms(fal: Sandbox, http: httpx.Client, form: str, endpoint: str, name: str) -> None:
    fal.dials.media_form = form
    result = http.post(f"/{endpoint}", json={"prompt": "p"}).json()
    found = result.get(name)
    if name == "images" and form in ("object", "bare", "null", "string"):
        [found] = found
    if form == "string":
        assert found.startswith(fal.media_url)
    elif form == "bare":
        assert list(found) == ["url"]
    elif form == "null":
        assert {key for key, value in found.items() if value is not None} == {"url"}
    elif form == "list":
        assert isinstance(found, dict if name == "images" else list)
    elif form == "flat":
        assert result["image" if name == "images" else "audio_file"]["url"]
    else:
        assert found["file_size"] > 0


def test_hostile_files(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials.media_url = "http://169.254.169.254/latest/meta-data"
    fal.dials.file_name = "../../.bashrc\x00\x1b[2J"
    fal.dials.media_type = "text/html"
    file = http.post(FLUX, json={"prompt": "p"}).json()["images"][0]
    assert (file["url"], file["file_name"], file["content_type"]) == (
        fal.dials.media_url,
        fal.dials.file_name,
        "text/html",
    )


# Who may


@pytest.mark.parametrize("header", [None, "Key", "Bearer token", "Key sandbox-bad-key", "nonsense"])
def test_without_a_good_key(http: httpx.Client, header: str | None) -> None:
    del http.headers["Authorization"]
    headers = {"Authorization": header} if header else {}
    answer = http.post(FLUX, json={"prompt": "p"}, headers=headers)
    assert answer.status_code == 401
    assert isinstance(answer.json()["detail"], str)
    assert answer.headers["x-fal-request-id"]


def test_a_locked_account(http: httpx.Client) -> None:
    answer = http.post(FLUX, json={"prompt": "p"}, headers={"Authorization": "Key sandbox-locked"})
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")


@pytest.mark.parametrize(
    "path", ["/sandbox/not-found", "/fal-ai/not-found-model", "/one", "/a/b c"]
)
def test_unknown_models(http: httpx.Client, path: str) -> None:
    answer = http.post(path, json={"prompt": "p"})
    assert answer.status_code == 404
    assert "not found" in answer.json()["detail"]


def test_bodies_that_are_no_input(http: httpx.Client) -> None:
    broken = http.post(FLUX, content=b"{nope")
    assert broken.status_code == 422
    assert broken.json()["detail"][0]["type"] == "json_invalid"
    for body in (b"[]", b'"text"', b"null", b"[" * 100_000):
        assert http.post(FLUX, content=body).status_code == 422


def test_too_large_a_body(fal: Sandbox, http: httpx.Client) -> None:
    image = "data:image/png;base64," + "A" * (11 << 20)
    body = {"prompt": "p", "image_url": image}
    assert http.post("/fal-ai/flux/dev/image-to-image", json=body).status_code == 413
    fal.dials.max_body = 0
    assert http.post("/fal-ai/flux/dev/image-to-image", json=body).status_code == 200


def test_unknown_fields_are_ignored_and_logged() -> None:
    lines: list[str] = []
    with Sandbox(log=lines.append) as fal:
        headers = {"Authorization": "Key k"}
        body = {"prompt": "p", "aspect_ratio": "1:1"}
        answer = httpx.post(fal.url + FLUX, json=body, headers=headers)
    assert answer.status_code == 200
    assert any("aspect_ratio" in line and "fal-ai/flux/dev" in line for line in lines)
    assert any(line.startswith("POST /fal-ai/flux/dev 200 ") for line in lines)


def test_the_run_takes_its_time(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(run_time=0.05, latency=0.05)
    answer = http.post(FLUX, json={"prompt": "p"})
    assert answer.elapsed.total_seconds() >= 0.1
    assert answer.json()["timings"]["inference"] == 0.05


def test_a_start_timeout(fal: Sandbox, http: httpx.Client) -> None:
    fal.dials = Dials(queue_length=1, queue_step=3600)
    headers = {"X-Fal-Request-Timeout": "0.01"}
    answer = http.post(FLUX, json={"prompt": "p"}, headers=headers)
    assert answer.status_code == 504
    assert answer.headers["x-fal-request-timeout-type"] == "user"


def test_strict_addresses(fal: Sandbox, http: httpx.Client, public: httpx.Client) -> None:
    body = {"prompt": "p"}
    ran = http.post(f"{fal.run_url}/fal-ai/minimax/video-01-live", json=body).json()
    queued = http.post(f"{fal.queue_url}{FLUX}", json=body).json()

    assert ran["video"]["url"].startswith(f"{fal.url}/~media/files/")
    assert public.get(ran["video"]["url"]).status_code == 200
    assert queued["status_url"].startswith(f"{fal.queue_url}/fal-ai/flux/requests/")
    assert http.get(queued["status_url"]).json()["response_url"] == queued["response_url"]
    assert http.get(queued["response_url"]).json()["images"]
    assert http.get(f"{fal.run_url}/fal-ai/flux/requests/{queued['request_id']}").status_code == 405
    assert http.get(f"{fal.api_url}/models").json()["models"]
    assert http.post(f"{fal.rest_url}{FLUX}", json=body).status_code == 404
