"""openclaw replay: from a mark, a sidecar or the journal; what is embedded is not trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.media import REFERENCES, Kind, Reference
from openclaw_fal.options import REQUESTS
from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.record import Record
from openclaw_fal.provenance.request import request_document, request_from
from tests.provenance.specimens import specimens
from tests.support.program import Openclaw, in_process


@pytest.fixture
def openclaw(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Openclaw:
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX", "1")
    monkeypatch.chdir(tmp_path)
    return in_process(capfd)


WORDS = [
    "image",
    "cat",
    "--seed",
    "7",
    "--steps",
    "20",
    "--aspect-ratio",
    "16:9",
    "--param",
    "guidance_scale=3.5",
]


def body(openclaw: Openclaw, *words: str) -> Any:
    outcome = openclaw(*words, "--dry-run", "--json")
    assert outcome.status == 0, outcome.err
    return outcome.json["request"]["body"]


@pytest.mark.parametrize("source", ["mark", "sidecar", "job", "file of a job"])
def test_it_asks_for_the_same_and_changes_only_what_is_set(openclaw: Openclaw, source: str) -> None:
    level = {"mark": "full", "sidecar": "sidecar"}.get(source, "mark")
    made = openclaw(*WORDS, "--provenance", level, "--json").json
    path = made["outputs"][0]["path"]
    name = {"sidecar": f"{path}.json", "job": made["jobId"]}.get(source, path)
    typed = body(openclaw, *WORDS)

    assert body(openclaw, "replay", name) == typed
    assert body(openclaw, "replay", name, "--seed", "8") == {**typed, "seed": 8}
    assert body(openclaw, "replay", name, "--set", "prompt=a dog") == {**typed, "prompt": "a dog"}
    assert body(openclaw, "replay", name, "--set", "guidance_scale=4") == {
        **typed,
        "guidance_scale": 4,
    }
    square = body(openclaw, "replay", name, "--set", "aspect-ratio=1:1")
    assert {key for key in typed if typed[key] != square[key]} == {"image_size"}
    assert body(openclaw, "replay", name, "--count", "2") == {**typed, "num_images": 2}
    assert body(openclaw, "replay", name, "--seed", "random")["seed"] != 7


VALUES: dict[str, object] = {"int": 3, "float": 2.5, "bool": True, "str": "x", "SizeField": "x"}


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_option_of_a_request_can_be_kept_and_read(kind: Kind) -> None:
    cls: Any = REQUESTS[kind]
    given = {
        name: (Reference(f"{name}.bin", "image"),)
        if name in REFERENCES
        else (("strength", 0.5),)
        if name == "params"
        else next(
            value for words, value in VALUES.items() if words in str(cls.__annotations__[name])
        )
        for name in cls.fields()
        if name != "unchecked"
    }
    request = cls(**given)
    document = request_document(request, lambda reference: {"path": reference.source})
    kept = json.loads(json.dumps(document))
    again = request_from(kind, "x", kept, lambda _, item: Reference(str(item["path"]), "image"))
    assert again == request.replaced(model="x")


def test_it_runs_and_says_what_it_repeats(openclaw: Openclaw) -> None:
    made = openclaw("image", "a cat", "--json").json

    assert body(openclaw, "replay", made["jobId"])["seed"] == made["seed"]
    again = openclaw("replay", made["jobId"], "--json")
    kept = openclaw("jobs", "show", again.json["jobId"], "--json").json["job"]

    assert again.status == 0
    assert again.json["replayOf"] == kept["replayOf"] == made["jobId"]
    assert again.json["seed"] == made["seed"]


def test_references_are_found_by_what_they_are(openclaw: Openclaw) -> None:
    Path("cat.png").write_bytes(specimens("image/png")["sandbox"])
    made = openclaw("image", "p", "-i", "cat.png", "--provenance", "full", "--json").json
    path = made["outputs"][0]["path"]

    from_job = body(openclaw, "replay", made["jobId"])
    Path("cat.png").rename("moved.png")
    missing = openclaw("replay", path, "--dry-run")
    also = openclaw("replay", made["jobId"], "--dry-run")
    given = body(openclaw, "replay", path, "--image", "moved.png")

    assert (missing.status, also.status) == (5, 5)
    assert "SHA-256" in missing.err
    assert given == from_job
    assert given["seed"] == made["seed"]  # the file and the journal know the seed that fal chose
    assert given["image_url"].startswith("data:image/png")


def test_without_what_it_takes_it_says_so(openclaw: Openclaw) -> None:
    Path("a.png").write_bytes(specimens("image/png")["sandbox"])

    assert openclaw("replay", "a.png").status == 3
    assert openclaw("replay", "nothing").status == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"request": {"images": [{"path": "/etc/passwd"}]}},
        {"request": {"images": [{"url": "http://evil.example/a.png"}]}},
        {"request": {"images": ["/etc/passwd"]}},
        {"request": {"images": [{}] * 1000}},
        {"request": {"count": "rm -rf"}},
        {"request": {"count": True}},
        {"request": {"seed": 1.5}},
        {"request": {"unchecked": True}},
        {"request": {"base_url": "http://evil.example"}},
        {"request": {"output": "/etc/cron.d/x"}},
        {"request": {"headers": {"X": "y"}}},
        {"request": {"params": {"prompt": "another"}}},
        {"request": {"params": {"no_such_field": 1}}},
        {"request": {"params": [1]}},
        {"request": {"params": {"a": json.loads("[" * 50 + "]" * 50)}}},
        {"request": {"aspectRatio": "7:3"}},
        {"request": []},
        {"kind": "shell"},
        {"model": "http://evil.example/model"},
        {"model": "../../etc"},
        {"model": 7},
        {"prompt": {"a": 1}},
    ],
)
def test_a_mark_that_was_tampered_with_gives_no_request(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    part = Path("part")
    part.write_bytes(specimens("image/png")["sandbox"])
    record = Record(
        kind="image",
        model="fal-ai/flux/dev",
        endpoint="fal-ai/flux/dev",
        created=0.0,
        tool="openclaw-fal 0.0",
        prompt="p",
        request={},
    )
    path = mark(part, "image/png", record.replaced(**changes), "full").path.rename("a.png")

    outcome = openclaw("replay", str(path), "--dry-run", "--json")

    assert outcome.status in (2, 3, 5), outcome.out
    assert outcome.json["ok"] is False
    assert not Path("/etc/cron.d/x").exists()
