"""What tests of batches share: manifests, results, and what must hold of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from openclaw_fal.sandbox import Dials
from tests.support.queueing import Hooked

QUICK = Dials(queue_length=0, run_time=0.05)


def write(name: str, rows: list[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return name


def numbered(items: int, **more: Any) -> str:
    return write("m.jsonl", [{"id": f"i{n}", "prompt": f"p{n}", **more} for n in range(items)])


def lines(folder: str = "out") -> list[dict[str, Any]]:
    text = (Path(folder) / "results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def check_file(fal: Hooked, output: dict[str, Any]) -> None:
    """The file is what was served, or what its mark made of it."""
    served, data = fal.media(output["url"]), Path(output["path"]).read_bytes()
    if "sha256" not in output:
        assert data == served
        return
    assert hashlib.sha256(data).hexdigest() == output["sha256"]
    assert hashlib.sha256(served).hexdigest() == output["servedSha256"]


def check_whole(fal: Hooked, count: int, folder: str = "out") -> None:
    """Every item once in the results, once on disk with the bytes that were served, once sent."""
    found = lines(folder)
    assert sorted(line["id"] for line in found) == sorted(f"i{n}" for n in range(count))
    assert {line["state"] for line in found} == {"done"}
    files = sorted(path.name for path in Path(folder).glob("*.png"))
    assert files == sorted(f"i{n}.png" for n in range(count))
    for line in found:
        (output,) = line["outputs"]
        check_file(fal, output)
    sent = Counter(json.loads(post.body)["prompt"] for post in fal.posts())
    assert sent == {f"p{n}": 1 for n in range(count)}
