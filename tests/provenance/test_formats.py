"""Marks in six formats: in, read by programs that know nothing of ours, and out again."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import wave
from pathlib import Path

import pytest
from PIL import Image

from openclaw_fal.media import Marked
from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.read import report, without_mark
from openclaw_fal.provenance.record import Level, Record
from tests.provenance.specimens import ALL, NAMES, specimens
from tests.support.effort import some

PROMPT = "Ein „Leuchtturm“ <bei> Tag & Nacht\n\x01 منارة \U0001f5fc"
RECORD = Record(
    kind="image",
    model="fal-ai/flux/dev",
    endpoint="fal-ai/flux/dev",
    created=1_786_700_000.0,
    tool="openclaw-fal 0.0",
    request_id="req-1",
    seed=7,
    prompt=PROMPT,
    request={"count": 1},
    body={"prompt": PROMPT, "image_url": f"sha256:{'0' * 64}"},
    references=("0" * 64,),
)
each = pytest.mark.parametrize(("mime_type", "name"), ALL)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


def marked(
    folder: Path, mime_type: str, name: str, level: Level = "full"
) -> tuple[bytes, Path, Marked]:
    """The served bytes, the marked file, and what was said about it."""
    served = specimens(mime_type)[name]
    part = folder / f"served.{NAMES[mime_type]}"
    part.write_bytes(served)
    outcome = mark(part, mime_type, RECORD, level)
    assert outcome.note is None
    assert outcome.provenance == "embedded"
    assert part.read_bytes() == served
    path = outcome.path.rename(folder / f"marked.{NAMES[mime_type]}")
    return served, path, outcome


@each
def test_a_mark_is_read_back_and_comes_out_without_a_trace(
    tmp_path: Path, mime_type: str, name: str
) -> None:
    served, path, outcome = marked(tmp_path, mime_type, name)

    seen = report(path, mime_type)

    assert seen.embedded
    assert seen.intact
    assert seen.problem is None
    assert not seen.credentials
    assert seen.mark is not None
    assert seen.mark["prompt"] == PROMPT
    assert seen.mark["body"] == RECORD.body
    assert seen.sha256 == outcome.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert seen.mark["servedSha256"] == outcome.served_sha256 == hashlib.sha256(served).hexdigest()
    with without_mark(path, mime_type) as (pieces, intact):
        assert b"".join(pieces) == served
        assert intact


@each
def test_the_smallest_mark_holds_nothing_of_the_request(
    tmp_path: Path, mime_type: str, name: str
) -> None:
    _, path, _ = marked(tmp_path, mime_type, name, "mark")

    mark_of = report(path, mime_type).mark

    assert mark_of is not None
    assert set(mark_of) == {
        *("version", "digitalSourceType", "aiSystem", "creatorTool", "date", "requestId"),
        "servedSha256",
    }
    assert b"Leuchtturm" not in path.read_bytes()


@needs("exiftool")
@pytest.mark.parametrize("mime_type", NAMES)
def test_exiftool_reads_every_mark(tmp_path: Path, mime_type: str) -> None:
    paths = []
    for number, name in enumerate(specimens(mime_type)):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths.append(marked(folder, mime_type, name)[1])

    done = subprocess.run(
        ["exiftool", "-json", "-G", "-XMP:all", "-warning", *map(str, paths)],
        capture_output=True,
        check=False,
    )
    documents = json.loads(done.stdout)

    assert len(documents) == len(paths)
    for document in documents:
        assert document["XMP:DigitalSourceType"] == (
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
        ), document
        assert document["XMP:CreatorTool"] == "openclaw-fal 0.0"
        assert document["XMP:CreateDate"].startswith("2026:08:14")
        assert document["XMP:AISystemUsed"] == "fal-ai/flux/dev (fal.ai)"


@pytest.mark.parametrize(
    ("mime_type", "name"), [case for case in ALL if case[0].startswith("image/")]
)
def test_pillow_finds_the_same_pixels(tmp_path: Path, mime_type: str, name: str) -> None:
    served, path, _ = marked(tmp_path, mime_type, name)

    with Image.open(io.BytesIO(served)) as before, Image.open(path) as after:
        frames = getattr(before, "n_frames", 1)
        assert (after.mode, after.size) == (before.mode, before.size)
        assert getattr(after, "n_frames", 1) == frames
        for at in range(frames):
            before.seek(at)
            after.seek(at)
            assert after.tobytes() == before.tobytes()
        assert dict(after.getexif()) == dict(before.getexif())
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        # The packet reaches Pillow's own reader of XMP, too.
        assert b"trainedAlgorithmicMedia" in str(after.info.get("xmp", "")).encode() or (
            b"trainedAlgorithmicMedia" in str(after.info).encode()
        )


@pytest.mark.parametrize("name", specimens("audio/wav"))
def test_wave_finds_the_same_samples(tmp_path: Path, name: str) -> None:
    served, path, _ = marked(tmp_path, "audio/wav", name)

    with wave.open(io.BytesIO(served)) as before, wave.open(str(path)) as after:
        assert after.getparams() == before.getparams()
        assert after.readframes(10**9) == before.readframes(10**9)


@pytest.mark.parametrize("name", specimens("audio/mpeg"))
def test_mutagen_finds_the_same_sound_and_tags(tmp_path: Path, name: str) -> None:
    mp3 = pytest.importorskip("mutagen.mp3", reason="mutagen is not installed")
    served, path, _ = marked(tmp_path, "audio/mpeg", name)

    before, after = mp3.MP3(tmp_path / "served.mp3"), mp3.MP3(path)

    assert after.info.length == pytest.approx(before.info.length)
    assert (after.info.bitrate, after.info.sample_rate) == (
        before.info.bitrate,
        before.info.sample_rate,
    )
    tags = {key: str(value) for key, value in (before.tags or {}).items()}
    new = {key: str(value) for key, value in after.tags.items() if not key.startswith("PRIV:XMP")}
    assert new == tags
    assert served in path.read_bytes() or tags or name.startswith("tag")


@needs("ffmpeg")
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("mime_type", "name"),
    some(
        (
            case
            for case in ALL
            if case[0][:5] in ("audio", "video")
            and case[1] not in ("sound only", "boxes in another order", "large header")
        ),
        8,
    ),
)
def test_ffmpeg_finds_the_same_streams(tmp_path: Path, mime_type: str, name: str) -> None:
    """The same codecs, and the same packets at the same times."""
    _, path, _ = marked(tmp_path, mime_type, name)
    files = (tmp_path / f"served.{NAMES[mime_type]}", path)
    lists = (tmp_path / "served.md5", tmp_path / "marked.md5")
    words = ["ffmpeg", "-v", "error", *(word for file in files for word in ("-i", str(file)))]
    for number, packets in enumerate(lists):
        words += ["-map", str(number), "-c", "copy", "-f", "framemd5", str(packets)]

    subprocess.run(words, stdin=subprocess.DEVNULL, check=True)

    served, after = (packets.read_text() for packets in lists)
    assert "#codec_id 0: " in served
    assert served == after


def test_there_are_ten_specimens_of_each_format() -> None:
    assert {mime_type: len(specimens(mime_type)) >= 10 for mime_type in NAMES} == dict.fromkeys(
        NAMES, True
    )
