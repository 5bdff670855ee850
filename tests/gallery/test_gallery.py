"""openclaw gallery: the page, as text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from openclaw_fal.gallery.entries import Entry, href
from openclaw_fal.gallery.page import page
from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.record import Record
from tests.config import samples
from tests.support.program import Openclaw

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> ' \" & \u2028 \u202e \ud800"
)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(text)
    return parser.seen


def entries(text: str) -> Any:
    return json.loads(text.split('id="entries">')[1].split("</script>")[0])


def test_hostile_prompts_stay_data() -> None:
    plain, hostile = (
        page(text, [Entry(name=text, kind="image", prompt=text, model=text, command=text)])
        for text in ("a", HOSTILE)
    )

    assert [tag for tag, _ in elements(hostile)] == [tag for tag, _ in elements(plain)]
    hostile.encode("utf-8")
    assert entries(hostile)[0]["prompt"] == HOSTILE.replace("\ud800", "?")


def test_nothing_comes_from_elsewhere() -> None:
    text = page("a", [])
    policy = next(a["content"] for t, a in elements(text) if a.get("http-equiv"))

    assert "http" not in text.replace("http-equiv", "")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src 'self' file:; media-src 'self' file:;")
    assert "unsafe" not in policy
    assert not [a for _, a in elements(text) if any(key.startswith("on") for key in a)]
    assert {tag for tag, a in elements(text) if "src" in a or "href" in a} == set()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b/c d.png", "c%20d.png"),
        ("/a/c#?.png", "../c%23%3F.png"),
        ("/a/b/x:y.png", "x%3Ay.png"),
        ("/a/b/ü.png", "%C3%BC.png"),
        ("/a/b/%41.png", "%2541.png"),
    ],
)
def test_names_become_urls(path: str, expected: str) -> None:
    assert href(Path(path), Path("/a/b/page.html")) == expected


def test_a_folder_with_and_without_marks(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = Record(
        kind="image",
        model="fal-ai/flux/dev",
        endpoint="fal-ai/flux/dev",
        created=0.0,
        tool="openclaw-fal 0.0",
        prompt=HOSTILE.replace("\ud800", ""),
        seed=7,
        request={},
    )
    Path("part").write_bytes(samples.png())
    mark(Path("part"), "image/png", record, "full").path.rename("it's.png")
    mark(Path("part"), "image/png", record, "mark").path.rename("small.png")
    Path("below/deeper").mkdir(parents=True)
    Path("below/deeper/plain.wav").write_bytes(samples.wav(1))
    Path("below/.hidden.png").write_bytes(samples.png())
    Path("below/broken.png").write_bytes(b"no picture")

    outcome = openclaw("gallery", ".", "--json")
    shown = {entry["name"]: entry for entry in entries(Path("gallery.html").read_text("utf-8"))}

    assert outcome.status == 0
    assert outcome.json["path"] == str(tmp_path / "gallery.html")
    assert outcome.json["files"] == 4
    assert set(shown) == {"it's.png", "small.png", "plain.wav", "broken.png"}
    assert shown["it's.png"]["command"] == """openclaw replay 'it'"'"'s.png'"""
    assert shown["it's.png"]["prompt"] == record.prompt
    assert shown["it's.png"]["seed"] == "7"
    assert "command" not in shown["small.png"]
    assert shown["plain.wav"]["kind"] == "music"
    assert shown["plain.wav"]["href"] == "below/deeper/plain.wav"


def test_the_files_of_jobs(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = openclaw("image", "a <b>cat</b>", "--sandbox", "--json", "--seed", "5").json
    second = openclaw("image", "a dog", "--sandbox", "--json", "--count", "2").json
    Path(second["outputs"][1]["path"]).unlink()

    everything = openclaw("gallery", "--output", "sheet.html")
    one = openclaw("gallery", first["jobId"], "-o", "one.html")
    shown = entries(Path("sheet.html").read_text("utf-8"))

    sheet = str(tmp_path / "sheet.html")
    assert (everything.status, one.status, everything.lines) == (0, 0, [sheet])
    assert [entry["prompt"] for entry in shown] == ["a dog", "a dog", "a <b>cat</b>"]
    assert ["href" in entry for entry in shown] == [True, False, True]
    assert shown[2]["seed"] == "5"
    assert shown[2]["command"] == f"openclaw replay {first['jobId']}"
    assert len(entries(Path("one.html").read_text("utf-8"))) == 1
    assert openclaw("gallery", "nojob").status == 2


def test_only_a_gallery_is_replaced(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.html").write_text("mine", encoding="utf-8")

    refused = openclaw("gallery", "-o", "mine.html")
    odd = openclaw("gallery", "-o", "mine.png")
    twice = [openclaw("gallery", ".").status for _ in range(2)]

    assert (refused.status, odd.status, twice) == (3, 2, [0, 0])
    assert Path("mine.html").read_text("utf-8") == "mine"
    assert not re.findall("tmp", " ".join(path.name for path in Path().iterdir()))
