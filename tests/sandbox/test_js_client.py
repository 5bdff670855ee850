"""fal's own JavaScript client, unchanged, against the sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.sandbox import Dials, Sandbox

JS = Path(__file__).parent / "js"
LARGE = 91 * 1024 * 1024


def node() -> str:
    """The path of node; the test is skipped without it and without the installed client.

    With OPENCLAW_FAL_REQUIRE_JS=1 that is a failure instead.
    """
    found = shutil.which("node")
    missing = None
    if found is None:
        missing = "node is not installed"
    elif not (JS / "node_modules" / "@fal-ai" / "client").is_dir():
        missing = f"the client is not installed: run `npm ci` in {JS}"
    if missing is None:
        assert found is not None
        return found
    if REQUIRED:
        pytest.fail(missing)
    pytest.skip(missing)


REQUIRED = os.environ.get("OPENCLAW_FAL_REQUIRE_JS") == "1"


@pytest.mark.parametrize("way", ["proxy", "middleware"])
def test_javascript_client(way: str) -> None:
    runner = node()
    dials = Dials(clock="polls", queue_length=2, queue_step=1, run_time=2, log_lines=4)
    with Sandbox(dials) as fal:
        config = fal.client_settings()["@fal-ai/client"]["config"]
        if way == "middleware":
            del config["proxyUrl"]
            hosts = {"fal.run": fal.run_url, "queue.fal.run": fal.queue_url}
            config["middleware"] = {**hosts, "rest.fal.ai": fal.rest_url}
        done = subprocess.run(
            [runner, str(JS / "client.cjs"), json.dumps(config)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        _check(json.loads(done.stdout), fal)
        assert fal.crashes == []


def _check(seen: dict[str, Any], fal: Sandbox) -> None:
    assert seen["run"]["data"]["seed"] == 7
    assert seen["run"]["data"]["images"][0]["width"] == 1024
    assert seen["run"]["requestId"]

    states = [status["status"] for status in seen["statuses"]]
    assert states == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]
    assert [status.get("queue_position") for status in seen["statuses"][:2]] == [1, 0]
    assert len(seen["statuses"][-1]["logs"]) == 4
    assert seen["result"]["requestId"] == seen["requestId"]
    assert seen["result"]["data"]["images"]
    assert seen["cancelDone"]["status"] == 400
    assert seen["cancelWaiting"] is None

    for name in ("polled", "streamed"):
        _check_subscribed(seen[name])

    assert seen["fetched"] == "some bytes"
    assert fal.uploads[0].content_type == "text/plain"
    assert [upload.size for upload in fal.uploads[1:]] == [LARGE, 3]
    assert seen["autoUpload"]["data"]["images"]
    assert fal.leaks == []

    assert seen["invalid"]["name"] == "ValidationError"
    assert seen["invalid"]["body"]["detail"][0]["loc"] == ["body", "num_images"]
    assert seen["invalidQueued"]["status"] == 422
    places = [error["loc"][-1] for error in seen["invalidQueued"]["body"]["detail"]]
    assert places == ["prompt", "num_images"]


def _check_subscribed(seen: dict[str, Any]) -> None:
    states = [update["status"] for update in seen["updates"]]
    assert states[0] == "IN_QUEUE"
    assert "IN_PROGRESS" in states
    assert states[-1] == "COMPLETED"
    messages = [line["message"] for line in seen["updates"][-1]["logs"]]
    assert [message.rpartition("step ")[2] for message in messages] == [
        "1 of 4",
        "2 of 4",
        "3 of 4",
        "4 of 4",
    ]
    assert seen["result"]["requestId"] == seen["enqueued"]
    assert seen["result"]["data"]["video"]["url"].endswith(f"{seen['enqueued']}.mp4")
