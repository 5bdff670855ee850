"""openclaw provenance show | strip | verify"""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.provenance import credentials
from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.record import MADE_BY_AI
from tests.provenance import certificates
from tests.provenance.specimens import NAMES, specimens
from tests.provenance.test_formats import PROMPT, RECORD
from tests.support.program import Openclaw

SERVED = specimens("image/png")["A1111"]


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A marked picture in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("part").write_bytes(SERVED)
    return mark(Path("part"), "image/png", RECORD, "full").path.rename("a.png")


def test_show_names_the_mark_and_what_others_left(openclaw: Openclaw, picture: Path) -> None:
    shown = openclaw("provenance", "show", "a.png")
    document = openclaw("provenance", "show", "a.png", "--json").json

    assert shown.status == 0
    assert "fal-ai/flux/dev (fal.ai)" in shown.out
    assert "A1111" in shown.out
    assert "\x01" not in shown.out
    assert document["capability"] == "provenance.show"
    assert document["mark"]["prompt"] == PROMPT
    assert (document["asServed"], document["embedded"], document["others"]) == (
        True,
        True,
        ["A1111"],
    )


@pytest.mark.parametrize("mime_type", NAMES)
def test_strip_gives_back_what_fal_served_and_leaves_the_file(
    openclaw: Openclaw, tmp_path: Path, mime_type: str
) -> None:
    served = specimens(mime_type)["sandbox"]
    part, path = tmp_path / "part", tmp_path / f"a.{NAMES[mime_type]}"
    part.write_bytes(served)
    mark(part, mime_type, RECORD, "full").path.rename(path)
    before = path.read_bytes()

    first, second = (openclaw("provenance", "strip", str(path)) for _ in range(2))

    assert first.lines == [str(path.with_stem("a-stripped"))]
    assert second.lines == [str(path.with_stem("a-stripped-2"))]
    assert Path(first.lines[0]).read_bytes() == Path(second.lines[0]).read_bytes() == served
    assert path.read_bytes() == before != served


def test_strip_writes_over_nothing_but_the_file_itself(openclaw: Openclaw, picture: Path) -> None:
    Path("there.png").write_bytes(b"mine")

    taken = openclaw("provenance", "strip", "a.png", "--output", "there.png")
    both = openclaw("provenance", "strip", "a.png", "--output", "x.png", "--in-place")
    written = openclaw("provenance", "strip", "a.png", "-o", "x.png", "--json")
    before = picture.read_bytes()
    in_place = openclaw("provenance", "strip", "a.png", "--in-place")

    assert (taken.status, both.status, written.status, in_place.status) == (3, 2, 0, 0)
    assert Path("there.png").read_bytes() == b"mine"
    assert written.json["path"] == str(Path("x.png").absolute())
    assert written.json["served"] is True
    assert before != picture.read_bytes() == Path("x.png").read_bytes() == SERVED
    assert not [path for path in Path().iterdir() if path.name.endswith(".tmp")]
    assert openclaw("provenance", "strip", "a.png").status == 3


def test_verify_tells_a_changed_file_from_one_as_served(openclaw: Openclaw, picture: Path) -> None:
    good = openclaw("provenance", "verify", "a.png")
    data = bytearray(picture.read_bytes())
    data[-5] ^= 1
    picture.write_bytes(data)
    changed = openclaw("provenance", "verify", "a.png")
    Path("plain.png").write_bytes(SERVED)
    unmarked = openclaw("provenance", "verify", "plain.png", "--json")
    missing = openclaw("provenance", "verify", "missing.png")

    assert (good.status, changed.status, unmarked.status, missing.status) == (0, 3, 3, 3)
    assert "what fal served, and its mark" in good.out
    assert "changed since fal served it" in changed.err
    assert unmarked.json["error"]["code"] == "config"
    assert "does not exist" in missing.err


def test_verify_checks_content_credentials(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    monkeypatch.chdir(tmp_path)
    sign = credentials.signer(*certificates.write(tmp_path), "openclaw-fal 0.0")
    Path("plain.jpg").write_bytes(specimens("image/jpeg")["sandbox"])
    sign(Path("plain.jpg"), Path("signed.jpg"), "image/jpeg", MADE_BY_AI)
    data = bytearray(Path("signed.jpg").read_bytes())
    data[-50] ^= 1
    Path("changed.jpg").write_bytes(data)

    good = openclaw("provenance", "verify", "signed.jpg", "--json")
    changed = openclaw("provenance", "verify", "changed.jpg")
    shown = openclaw("provenance", "show", "signed.jpg")
    stripped = openclaw("provenance", "strip", "signed.jpg")

    assert good.json["credentials"]["valid"] is True
    assert good.json["credentials"]["signer"] == "Test"
    assert good.json["contentCredentials"] == "present"
    assert changed.status == 3
    assert "assertion.dataHash.mismatch" in changed.err
    assert "content credentials" in shown.out
    assert stripped.status == 3


def test_verify_without_the_extra_says_what_to_install(
    openclaw: Openclaw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.provenance.specimens import after_soi, segment
    from tests.provenance.test_marking import JPEG, JUMBF

    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    path = tmp_path / "a.jpg"
    path.write_bytes(after_soi(JPEG, segment(0xEB, JUMBF)))

    outcome = openclaw("provenance", "verify", str(path))

    assert outcome.status == 2
    assert 'pip install "openclaw-fal[c2pa]"' in outcome.err
