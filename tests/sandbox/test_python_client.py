"""fal's own Python client, unchanged, against the sandbox."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fal_client
import httpx
import pytest

from openclaw_fal.catalogue import read
from openclaw_fal.fal import results
from openclaw_fal.media import Endpoint
from openclaw_fal.sandbox import Dials, Sandbox
from tests.sandbox.inputs import plain

FLUX = "fal-ai/flux/dev"
VIDEO = "fal-ai/kling-video/v2.1/master/text-to-video"
KEY = "an-id:a-secret"
TEN = random.Random(10).sample(
    [endpoint for endpoint in read.shipped().endpoints() if endpoint.kind != "other"], 10
)


def steps() -> Dials:
    """Two positions, two statuses in progress: counted in polls, so that no test has to wait."""
    return Dials(clock="polls", queue_length=2, queue_step=1, run_time=2, log_lines=4)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as running:
        yield running
    assert running.crashes == []


@pytest.fixture
def fal(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    sandbox.dials = steps()
    sandbox.clear()
    return sandbox


@pytest.fixture
def client(fal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[fal_client.SyncClient]:
    """A client whose connections are closed afterwards: it leaves those of uploads open itself."""
    client = fal_client.SyncClient(key=KEY)
    opened: list[httpx.Client] = []
    open_one = fal_client.SyncClient._get_cdn_client

    def kept(self: fal_client.SyncClient) -> httpx.Client:
        opened.append(open_one(self))
        return opened[-1]

    monkeypatch.setattr(fal_client.SyncClient, "_get_cdn_client", kept)
    yield client
    for each in [client._client, *opened]:
        each.close()


def test_run(client: fal_client.SyncClient, fal: Sandbox) -> None:
    result = client.run(FLUX, {"prompt": "a cat", "seed": 11, "num_images": 2})

    assert result["seed"] == 11
    assert result["has_nsfw_concepts"] == [False, False]
    assert [image["width"] for image in result["images"]] == [1024, 1024]
    assert result["images"][0]["url"].startswith("https://v3.fal.media/files/")
    [post] = fal.posts(FLUX)
    assert (post.phase, post.role, post.status) == ("sync", "run", 200)
    assert post.headers["authorization"] == f"Key {KEY}"


def test_media_come_from_fals_media_host(client: fal_client.SyncClient, fal: Sandbox) -> None:
    image = client.run(FLUX, {"prompt": "a cat", "output_format": "png"})["images"][0]

    answer = httpx.get(image["url"])

    assert answer.headers["content-type"] == "image/png"
    assert len(answer.content) == image["file_size"]
    assert fal.leaks == []


def test_submit_and_status_with_logs(client: fal_client.SyncClient) -> None:
    handle = client.submit(VIDEO, {"prompt": "waves"})

    seen = [handle.status(with_logs=True) for _ in range(5)]

    assert seen[0] == fal_client.Queued(position=1)
    assert seen[1] == fal_client.Queued(position=0)
    assert isinstance(seen[3], fal_client.InProgress)
    assert seen[3].logs is not None
    assert len(seen[3].logs) == 2
    assert isinstance(seen[4], fal_client.Completed)
    assert seen[4].logs is not None
    assert "step 4 of 4" in seen[4].logs[-1]["message"]
    assert "inference_time" in seen[4].metrics
    assert seen[4].error is None


def test_iterate_events(client: fal_client.SyncClient) -> None:
    handle = client.submit(VIDEO, {"prompt": "waves"})

    kinds = [type(event).__name__ for event in handle.iter_events(interval=0)]

    assert kinds == ["Queued", "Queued", "InProgress", "InProgress", "Completed"]


def test_result_by_request_id_alone(client: fal_client.SyncClient) -> None:
    handle = client.submit(VIDEO, {"prompt": "waves"})
    assert handle.response_url.endswith(f"/fal-ai/kling-video/requests/{handle.request_id}")

    direct = handle.get(interval=0)
    again = client.result(VIDEO, handle.request_id)

    assert direct == again
    assert direct["video"]["content_type"] == "video/mp4"


def test_subscribe(client: fal_client.SyncClient) -> None:
    seen: list[fal_client.Status] = []
    ids: list[str] = []

    result = client.subscribe(
        VIDEO,
        {"prompt": "waves"},
        with_logs=True,
        interval=0,
        on_enqueue=ids.append,
        on_queue_update=seen.append,
    )

    assert result["video"]["url"].endswith(f"/{ids[0]}.mp4")
    assert isinstance(seen[-1], fal_client.Completed)


@pytest.mark.parametrize("endpoint", TEN, ids=lambda endpoint: endpoint.id)
def test_endpoints_of_the_catalogue(
    client: fal_client.SyncClient, fal: Sandbox, endpoint: Endpoint
) -> None:
    result = client.subscribe(endpoint.id, plain(endpoint), interval=0)

    assert set(result) == set(endpoint.outputs)
    files = results.remote_files(result)
    assert files
    assert all(len(httpx.get(file.url).content) == file.size for file in files if file.size)


def test_cancel(client: fal_client.SyncClient, fal: Sandbox) -> None:
    fal.dials = Dials(queue_length=1, queue_step=3600)
    waiting = client.submit(VIDEO, {"prompt": "waves"})
    waiting.cancel()
    with pytest.raises(fal_client.client.FalClientHTTPError) as cancelled:
        client.result(VIDEO, waiting.request_id)
    assert cancelled.value.status_code == 499

    fal.dials = Dials()
    done = client.submit(VIDEO, {"prompt": "waves"})
    done.get()
    with pytest.raises(fal_client.client.FalClientHTTPError) as late:
        done.cancel()
    assert late.value.status_code == 400


def test_upload_to_the_cdn(client: fal_client.SyncClient, fal: Sandbox) -> None:
    url = client.upload(b"some bytes", "text/plain", "notes of today.txt")

    assert url.startswith("https://v3.fal.media/files/")
    assert httpx.get(url).content == b"some bytes"
    upload = fal.uploads[-1]
    assert (upload.file_name, upload.content_type) == ("notes of today.txt", "text/plain")


def test_upload_to_storage(client: fal_client.SyncClient, fal: Sandbox) -> None:
    url = client.upload(b"other bytes", "image/png", "a.png", repository="fal")

    assert httpx.get(url).content == b"other bytes"
    assert [item.phase for item in fal.leaks] == ["upload"]  # which this client does, and must not


def test_upload_in_parts(
    client: fal_client.SyncClient, fal: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fal_client.client, "MULTIPART_THRESHOLD", 1000)
    monkeypatch.setattr(fal_client.client, "MULTIPART_CHUNK_SIZE", 400)
    data = os.urandom(1500)

    url = client.upload(data, "video/mp4", "a.mp4")

    assert httpx.get(url).content == data
    assert fal.uploads[-1].sha256 == hashlib.sha256(data).hexdigest()


def test_a_wrong_input_is_422(client: fal_client.SyncClient) -> None:
    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        client.run(FLUX, {"prompt": "a cat", "num_images": 9})

    assert caught.value.status_code == 422
    [error] = caught.value.response.json()["detail"]
    assert error["loc"] == ["body", "num_images"]
    assert error["type"] == "less_than_equal"


def test_a_wrong_input_in_the_queue_shows_in_the_result(client: fal_client.SyncClient) -> None:
    handle = client.submit(VIDEO, {"prompt": "waves", "duration": 5})

    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        handle.get(interval=0)

    assert caught.value.status_code == 422
    assert caught.value.response.json()["detail"][0]["loc"] == ["body", "duration"]


def test_dials_by_header(client: fal_client.SyncClient) -> None:
    headers = {"X-Sandbox-Dials": "content-policy"}
    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        client.run(FLUX, {"prompt": "a cat"}, headers=headers)

    assert caught.value.error_type == "content_policy_violation"


def test_stream(client: fal_client.SyncClient) -> None:
    [event] = client.stream(FLUX, {"prompt": "a cat"})

    assert event["images"]


DIRECT = """
import json, fal_client
handle = fal_client.submit("fal-ai/flux/dev", {"prompt": "a cat"})
print(json.dumps({"url": handle.status_url, "result": handle.get(interval=0),
                  "run": fal_client.run("fal-ai/flux/dev", {"prompt": "a cat", "seed": 5})}))
"""


def test_by_its_host_variables_alone(sandbox: Sandbox, isolated: Path) -> None:
    """FAL_RUN_HOST and FAL_QUEUE_RUN_HOST, which the client reads when it is imported."""
    sandbox.dials = steps()
    env = sandbox.client_settings()["fal-client, without a proxy (no uploads)"]["env"]

    done = subprocess.run(
        [sys.executable, "-c", DIRECT],
        env={**os.environ, **env, "HOME": str(isolated)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["url"].startswith(sandbox.queue_url.replace("http:", "https:"))
    assert seen["run"]["seed"] == 5
    assert seen["result"]["images"]
