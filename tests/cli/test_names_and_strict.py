"""`--overwrite`, the extension of `--output`, and `--strict`: what was asked for, or a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.sandbox import Sandbox
from tests.support.program import Openclaw


def test_an_existing_file_stays_and_the_new_name_is_said(openclaw: Openclaw, fal: Sandbox) -> None:
    Path("banner.png").write_bytes(b"old")
    outcome = openclaw("image", "p", "-o", "banner.png")

    assert Path(outcome.out.strip()).name == "banner-2.png"
    assert Path("banner.png").read_bytes() == b"old"
    assert (
        "note: banner.png was saved as banner-2.png: a file of that name was there "
        "(--overwrite replaces it)\n"
    ) in outcome.err


def test_overwrite_replaces_the_file_that_was_named(openclaw: Openclaw, fal: Sandbox) -> None:
    Path("banner.png").write_bytes(b"old")
    outcome = openclaw("image", "p", "-o", "banner.png", "--overwrite")

    assert Path(outcome.out.strip()).name == "banner.png"
    assert Path("banner.png").read_bytes()[:4] == b"\x89PNG"
    assert "was saved as" not in outcome.err
    assert sorted(path.name for path in Path().iterdir()) == ["banner.png"]


def test_overwrite_with_several_files(openclaw: Openclaw, fal: Sandbox) -> None:
    for index in (1, 2):
        Path(f"out-{index}.png").write_bytes(b"old")
    outcome = openclaw("image", "p", "-n", "2", "-o", "out.png", "--overwrite")

    assert [Path(line).name for line in outcome.lines] == ["out-1.png", "out-2.png"]
    assert all(Path(line).stat().st_size > 3 for line in outcome.lines)


def test_overwrite_never_takes_a_file_of_another_type(openclaw: Openclaw, fal: Sandbox) -> None:
    Path("clip.mp4").write_bytes(b"old")
    outcome = openclaw("video", "p", "-o", "clip.gif", "--overwrite", "--poll-interval", "0.05")

    assert Path("clip.mp4").read_bytes() == b"old"
    assert Path(outcome.out.strip()).name == "clip-2.mp4"
    assert "note: clip.gif was saved as clip-2.mp4: it is video/mp4, and a file" in outcome.err


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("cat.jpg", "jpeg"),
        ("cat.JPEG", "jpeg"),
        ("cat.png", "png"),
        ("cats/", "png"),
        ("v1.2", "png"),
        ("jpg", "png"),
    ],
)
def test_the_extension_asks_for_the_format(openclaw: Openclaw, name: str, format: str) -> None:
    body = openclaw("image", "p", "-o", name, "--dry-run", "--json").json["request"]["body"]

    assert body["output_format"] == format


def test_the_extension_of_a_video_asks_for_its_format(openclaw: Openclaw) -> None:
    model = "fal/fal-ai/longcat-video/distilled/text-to-video/480p"
    words = ("video", "p", "--model", model, "-o", "clip.webm", "--dry-run", "--json")

    assert openclaw(*words).json["request"]["body"]["video_output_type"] == "VP9 (.webm)"


def test_a_file_has_the_extension_that_was_asked_for(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "-o", "cat.jpg")

    assert Path(outcome.out.strip()).name == "cat.jpg"
    assert Path("cat.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert "was saved as" not in outcome.err


def test_an_explicit_format_wins_over_the_extension(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "-o", "cat.jpg", "--output-format", "png")

    assert "note: cat.jpg was saved as cat.png: it is image/png\n" in outcome.err


def test_a_format_that_the_model_cannot_make_is_noted(openclaw: Openclaw, fal: Sandbox) -> None:
    outcome = openclaw("image", "p", "-o", "cat.webp")

    assert outcome.status == 0
    assert "note: cat.webp was saved as cat.png: it is image/png\n" in outcome.err


def test_jpg_is_jpeg(openclaw: Openclaw) -> None:
    outcome = openclaw("image", "p", "--output-format", "jpg", "--dry-run", "--json")

    assert outcome.json["request"]["body"]["output_format"] == "jpeg"


IGNORED = ("video", "waves", "--duration", "6", "--resolution", "1080p")


def test_what_is_ignored_is_noted_with_a_model_that_takes_it(
    openclaw: Openclaw, fal: Sandbox
) -> None:
    outcome = openclaw(*IGNORED, "--dry-run")

    assert "note: ignored: --duration 6: " in outcome.err
    model = outcome.err.partition("note: --model ")[2].split()[0]
    taken = openclaw(*IGNORED, "--model", model, "--dry-run", "--json")
    assert (taken.status, taken.json["ignoredOverrides"]) == (0, [])


@pytest.mark.parametrize("way", ["option", "variable"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_strict_refuses_what_would_be_ignored(
    openclaw: Openclaw,
    fal: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    dry: tuple[str, ...],
) -> None:
    if way == "variable":
        monkeypatch.setenv("OPENCLAW_FAL_STRICT", "1")
    outcome = openclaw(*IGNORED, *dry, *(("--strict",) if way == "option" else ()), "--json")

    assert (outcome.status, outcome.json["error"]["code"]) == (5, "capability")
    keys = [violation["key"] for violation in outcome.json["error"]["violations"]]
    assert keys == ["durationSeconds", "resolution"]
    assert fal.requests == []


def test_strict_lets_through_what_is_sent(openclaw: Openclaw, fal: Sandbox) -> None:
    assert openclaw("image", "p", "--aspect-ratio", "16:9", "--strict").status == 0
