"""Marks on the way of a request: in the file before it has its name, in the journal, in JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from openclaw_fal.provenance import credentials
from openclaw_fal.provenance.read import report
from openclaw_fal.sandbox import Sandbox
from tests.provenance import certificates
from tests.provenance.specimens import specimens
from tests.support.program import KEY, Openclaw, in_process, write_config


@pytest.fixture
def openclaw(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Openclaw:
    monkeypatch.delenv("OPENCLAW_FAL_PROVENANCE")
    monkeypatch.setenv("OPENCLAW_FAL_SANDBOX", "1")
    monkeypatch.chdir(tmp_path)
    return in_process(capfd)


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("words", "mime_type"),
    [
        (("image", "p"), "image/png"),
        (("image", "p", "--output-format", "jpeg"), "image/jpeg"),
        (("video", "p", "--poll-interval", "0.05"), "video/mp4"),
        (("music", "p"), "audio/mpeg"),
        (("music", "p", "--model", "fal/fal-ai/ace-step/prompt-to-audio"), "audio/wav"),
    ],
)
def test_every_file_is_marked_before_it_has_its_name(
    openclaw: Openclaw, words: tuple[str, ...], mime_type: str
) -> None:
    document = openclaw(*words, "--json").json
    output = document["outputs"][0]
    kept = openclaw("jobs", "show", document["jobId"], "--json").json["job"]["outputs"][0]
    seen = report(Path(output["path"]), mime_type)

    assert output["mimeType"] == mime_type
    assert output["provenance"] == "embedded"
    assert output["sha256"] == sha256(output["path"]) == kept["sha256"]
    assert output["size"] == Path(output["path"]).stat().st_size
    assert output["servedSha256"] == kept["servedSha256"] != output["sha256"]
    assert seen.intact
    assert (seen.mark or {})["servedSha256"] == output["servedSha256"]
    assert (seen.mark or {})["requestId"] == document["requestId"]
    assert "prompt" not in (seen.mark or {})
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


def test_full_says_what_it_takes_to_make_it_again_and_nothing_of_the_user(
    openclaw: Openclaw,
) -> None:
    Path("secret name.png").write_bytes(specimens("image/png")["sandbox"])
    words = ("image", "a cat", "--provenance", "full", "--seed", "7", "-i", "secret name.png")
    output = openclaw(*words, "--json").json["outputs"][0]
    url = "https://example.com/a.png?token=abcdef"
    other = openclaw("image", "edit", "p", "--file", url, "--provenance", "full", "--json")

    mark = report(Path(output["path"]), "image/png").mark or {}
    assert mark["prompt"] == "a cat"
    assert mark["seed"] == 7
    assert mark["references"] == [sha256("secret name.png")]
    assert mark["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")  # type: ignore[attr-defined]
    text = Path(output["path"]).read_bytes()
    for private in (b"secret name", str(Path.cwd()).encode(), b"base64"):
        assert private not in text
    if other.status == 0:
        assert b"token" not in Path(other.json["outputs"][0]["path"]).read_bytes()


def test_a_sidecar_gets_a_free_name(openclaw: Openclaw) -> None:
    Path("p.png.json").write_text("mine", encoding="utf-8")
    outcome = openclaw("image", "p", "--provenance", "sidecar", "--json").json["outputs"][0]

    assert Path("p.png.json").read_text(encoding="utf-8") == "mine"
    assert Path(outcome["sidecar"]).name == "p.png-2.json"
    assert json.loads(Path(outcome["sidecar"]).read_bytes())["prompt"] == "p"
    assert outcome["provenance"] == "sidecar"
    assert outcome["sha256"] == outcome["servedSha256"] == sha256("p.png")


def test_off_and_the_environment(openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch) -> None:
    off = openclaw("image", "p", "--provenance", "off", "--json").json["outputs"][0]
    monkeypatch.setenv("OPENCLAW_FAL_PROVENANCE", "full")
    full = openclaw("image", "p", "--json").json["outputs"][0]
    monkeypatch.setenv("OPENCLAW_FAL_PROVENANCE", "nonsense")
    wrong = openclaw("image", "p")

    assert (off["provenance"], off["sha256"]) == ("none", off["servedSha256"])
    assert (report(Path(full["path"]), "image/png").mark or {})["prompt"] == "p"
    assert wrong.status == 2
    assert "takes mark, full, sidecar, off" in wrong.err


def test_a_mark_that_fails_costs_a_note_and_not_the_file(
    openclaw: Openclaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("openclaw_fal.provenance.xmp.build", broken)
    outcome = openclaw("image", "p", "--json")
    plain = openclaw("image", "p")

    assert outcome.status == plain.status == 0
    assert outcome.json["outputs"][0]["provenance"] == "none"
    assert "no provenance was written: broken" in plain.err
    assert Path("p.png").is_file()


def test_signing(openclaw: Openclaw, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    chain, key = map(str, certificates.write(tmp_path))

    refused = openclaw("image", "p", "--sign", key, key)
    signed = openclaw("image", "p", "--sign", chain, key, "--json")

    assert refused.status == 3
    assert not openclaw("jobs", "list", "--json").json["jobs"][1:]
    output = signed.json["outputs"][0]
    assert output["contentCredentials"] == "signed"
    assert credentials.verify(Path(output["path"]), "image/png").valid
    assert output["sha256"] == sha256(output["path"])


def test_a_job_that_is_picked_up_later_is_signed_as_it_was_asked_for(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    chain, key = certificates.write(tmp_path)
    words = ("image", "--async", "--sign", chain.name, key.name, "--json")

    monkeypatch.delenv("OPENCLAW_FAL_SANDBOX")
    monkeypatch.setenv("FAL_KEY", KEY)
    with Sandbox() as fal:
        write_config(fal.url)
        first, second = (openclaw(*words, prompt).json["jobId"] for prompt in "pq")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        signed = openclaw("jobs", "wait", first, "--json").json["outputs"][0]
        key.unlink()
        unsigned = openclaw("jobs", "wait", second, "--json")

    assert credentials.verify(Path(signed["path"]), "image/png").valid
    assert unsigned.status == 0
    assert "could not be signed" in unsigned.json["outputs"][0]["provenanceNote"]


def test_the_items_of_a_batch_are_signed(openclaw: Openclaw, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    chain, key = map(str, certificates.write(tmp_path))
    Path("prompts.txt").write_text("a cat\n")

    refused = openclaw("image", "--prompts", "prompts.txt", "--sign", key, key)
    run = openclaw("image", "--prompts", "prompts.txt", "--sign", chain, key, "--json")

    assert refused.status == 3
    output = run.json["items"][0]["outputs"][0]
    assert credentials.verify(Path(output["path"]), "image/png").valid
