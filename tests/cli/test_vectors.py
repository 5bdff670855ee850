"""Every recorded case through the command line: exact request, or rejection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.program import Openclaw

VECTORS = Path(__file__).parents[1] / "data" / "vectors"
CASES = [
    json.loads(line)
    for path in sorted(VECTORS.glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
OPTIONS = {
    "count": "--count",
    "size": "--size",
    "aspectRatio": "--aspect-ratio",
    "resolution": "--resolution",
    "outputFormat": "--output-format",
    "quality": "--quality",
    "background": "--background",
    "creativity": "--creativity",
    "durationSeconds": "--duration",
    "lyrics": "--lyrics",
    "format": "--format",
    "seed": "--seed",
}
FLAGS = {
    "audio": ("--audio", "--no-audio"),
    "instrumental": ("--instrumental", "--no-instrumental"),
}
REFERENCES = {
    "images": ("--image", ".png", b"\x89PNG\r\n\x1a\n" + bytes(24)),
    "videos": ("--video", ".mp4", b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42"),
    "audios": (
        "--audio-ref",
        ".mp3",
        b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00" + bytes(64),
    ),
}


def argv(case: dict[str, Any], folder: Path) -> list[str]:
    words = [case["kind"], "p", "--model", case["model"], "--dry-run", "--json"]
    for key, value in case["params"].items():
        if key in REFERENCES:
            option, suffix, content = REFERENCES[key]
            for index in range(value):
                path = folder / f"{index}{suffix}"
                path.write_bytes(content)
                words += [option, str(path)]
        elif key in FLAGS:
            words.append(FLAGS[key][0 if value else 1])
        else:
            words += [OPTIONS[key], str(value)]
    return words


def cut(node: Any) -> Any:
    if isinstance(node, str) and node.startswith("data:"):
        return node.partition(";")[0]
    if isinstance(node, dict):
        return {key: cut(value) for key, value in node.items()}
    return [cut(value) for value in node] if isinstance(node, list) else node


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_recorded_case(case: dict[str, Any], openclaw: Openclaw, tmp_path: Path) -> None:
    outcome = openclaw(*argv(case, tmp_path))
    document, expected = outcome.json, case["expect"]
    if expected["outcome"] == "reject":
        assert outcome.status == 5
        assert document["error"]["code"] == "capability"
        assert document["error"]["violations"]
        return
    assert outcome.status == 0, outcome.err
    assert urlsplit(document["request"]["url"]).path == expected["path"]
    assert cut(document["request"]["body"]) == expected["body"]
    assert {item["key"] for item in document["ignoredOverrides"]} == set(expected["ignored"])
