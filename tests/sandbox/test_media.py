"""Made media are what their name says, to readers that know nothing of the sandbox."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openclaw_fal.sandbox.media.bits import Bits
from openclaw_fal.sandbox.media.library import Blob, Library
from openclaw_fal.sandbox.media.render import render
from openclaw_fal.sandbox.media.spec import Spec
from tests.support.effort import some

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
VIDEOS = [
    Spec("mp4", "waves on a beach", 1, 1280, 720, 5.0, 24),
    Spec("mp4", "tall", 2, 480, 854, 81 / 16, 16),
    Spec("mp4", "tiny", 3, 2, 2, 1.0, 24),
    Spec("mp4", "", 4, 34, 18, 0.5, 60),
]
MP3S = [
    Spec("mp3", seed=1, seconds=30, rate=44100, bitrate=256000),
    Spec("mp3", seed=2, seconds=3, rate=16000, bitrate=32000),
    Spec("mp3", seed=3, seconds=3, rate=24000, bitrate=256000),
    Spec("mp3", seed=4, seconds=3, rate=32000, bitrate=64000),
]
needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffprobe") and shutil.which("ffmpeg")), reason="ffmpeg is not installed"
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", [(1024, 768), (1, 1), (33, 17), (1536, 64), (512, 2048)])
def test_images(form: str, size: tuple[int, int]) -> None:
    data = render(Spec(form, "a cat on a mat", 5, *size))

    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert (image.format, image.size, image.mode) == (FORMATS[form], size, "RGB")


def test_the_prompt_is_drawn_on_a_colour_of_the_seed() -> None:
    def pixels(text: str, seed: int) -> Image.Image:
        return Image.open(io.BytesIO(render(Spec("png", text, seed, 256, 192))))

    with_text, without, other = pixels("a cat", 1), pixels("", 1), pixels("", 2)

    assert with_text.getpixel((3, 3)) == without.getpixel((3, 3)) != other.getpixel((3, 3))
    assert with_text.tobytes() != without.tobytes()
    assert (255, 255, 255) in {color for _, color in with_text.getcolors(100_000) or []}


@pytest.mark.parametrize(
    "text", ["", "\x00\x1b[2J\r\n\ud800", "שלום 日本 🙂", "x" * 100_000, "word " * 500]
)
def test_any_prompt_can_be_drawn(text: str) -> None:
    data = render(Spec("png", text, 0, 640, 480))
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == (640, 480)


def test_a_flagged_image_is_black() -> None:
    data = render(Spec("png", "secret", 3, 64, 64, black=True))
    with Image.open(io.BytesIO(data)) as image:
        assert image.getcolors() == [(64 * 64, (0, 0, 0))]


@pytest.mark.parametrize("spec", [VIDEOS[1], MP3S[0], Spec("png", "p", 1, 99, 99)])
def test_the_same_spec_gives_the_same_bytes(spec: Spec) -> None:
    assert render(spec) == render(spec)


# MP4, read here box by box


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        yield kind.decode(), data[at + 8 : at + size]
        at += size


def box(data: bytes, *path: str) -> bytes:
    for kind in path:
        data = dict(boxes(data))[kind]
    return data


@pytest.mark.parametrize("spec", VIDEOS, ids=lambda spec: f"{spec.width}x{spec.height}")
def test_video_structure(spec: Spec) -> None:
    data = render(spec)
    assert [kind for kind, _ in boxes(data)] == ["ftyp", "moov", "mdat"]
    frames = round(spec.seconds * spec.rate)

    timescale, duration = struct.unpack_from(">II", box(data, "moov", "mvhd"), 12)
    assert duration / timescale == pytest.approx(spec.seconds, abs=0.5 / spec.rate)
    width, height = struct.unpack_from(">II", box(data, "moov", "trak", "tkhd"), 76)
    assert (width >> 16, height >> 16) == (spec.width, spec.height)

    table = box(data, "moov", "trak", "mdia", "minf", "stbl")
    count = struct.unpack_from(">I", box(table, "stsz"), 8)[0]
    sizes = struct.unpack_from(f">{count}I", box(table, "stsz"), 12)
    assert count == frames
    assert box(table, "stss")[4:] == struct.pack(">II", 1, 1)
    at = struct.unpack_from(">I", box(table, "stco"), 8)[0]
    assert data[at - 4 : at] == b"mdat"
    for number, size in enumerate(sizes):
        (length,) = struct.unpack_from(">I", data, at)
        assert length == size - 4
        unit = data[at + 4 : at + size]
        assert unit[0] == (0x65 if number == 0 else 0x61)
        assert not any(code in unit for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
        at += size
    assert at == len(data)


def test_exp_golomb_codes() -> None:
    bits = Bits().ue(0, 1, 2, 3, 4, 25).trailing()
    assert f"{int.from_bytes(bits.to_bytes(), 'big'):032b}" == "1010011001000010100001101010".ljust(
        32, "0"
    )


# MP3, read here frame by frame


@pytest.mark.parametrize("spec", MP3S, ids=lambda spec: str(spec.rate))
def test_mp3_structure(spec: Spec) -> None:
    data = render(spec)
    at = frames = 0
    while at < len(data):
        sync, second, third = struct.unpack_from(">BBB", data, at)
        assert sync == 0xFF
        version = {0xFB: 1, 0xF3: 2}[second]
        kbps = (
            (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
            if version == 1
            else (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
        )[(third >> 4) - 1]
        rate = ((44100, 48000, 32000) if version == 1 else (22050, 24000, 16000))[third >> 2 & 3]
        assert rate == spec.rate
        at += (144 if version == 1 else 72) * kbps * 1000 // rate + (third >> 1 & 1)
        frames += 1
    assert at == len(data)
    samples = (frames - 1) * (1152 if spec.rate >= 32000 else 576)
    assert samples / spec.rate == pytest.approx(spec.seconds, abs=0.03)
    assert struct.unpack_from(">I", data, data.index(b"Info") + 8)[0] == frames - 1


@pytest.mark.parametrize(("seconds", "rate"), [(2.0, 44100), (30.0, 44100), (190.0, 8000)])
def test_wav(seconds: float, rate: int) -> None:
    with wave.open(io.BytesIO(render(Spec("wav", seed=1, seconds=seconds)))) as file:
        assert file.getframerate() == rate
        assert file.getnframes() / rate == pytest.approx(seconds)
        assert len(set(file.readframes(100))) > 10


def test_a_long_wav_is_small() -> None:
    assert len(render(Spec("wav", seconds=240.0))) < 2 << 20


# And to those who know best


def probed(path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [
            *("ffprobe", "-v", "error", "-count_frames", "-of", "json"),
            *("-show_entries", "format=duration,format_name:stream", str(path)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    merged: dict[str, Any] = found["format"] | found["streams"][0]
    return merged


@needs_ffmpeg
@pytest.mark.exhaustive
@pytest.mark.parametrize("spec", [*some(VIDEOS, 1), *some(MP3S, 1), Spec("wav", seconds=3.0)])
def test_ffmpeg_decodes_it_without_a_word(spec: Spec, tmp_path: Path) -> None:
    path = tmp_path / f"made.{spec.extension}"
    path.write_bytes(render(spec))

    found = probed(path)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
    )

    assert (decoded.returncode, decoded.stderr) == (0, "")
    assert float(found["duration"]) == pytest.approx(spec.seconds, abs=0.05)
    if spec.form == "mp4":
        assert (found["codec_name"], found["profile"]) == ("h264", "Constrained Baseline")
        assert (found["width"], found["height"]) == (spec.width, spec.height)
        assert int(found["nb_read_frames"]) == round(spec.seconds * spec.rate)
    else:
        assert found["codec_name"] == ("mp3" if spec.form == "mp3" else "pcm_s16le")


# The library


def test_rendered_media_are_bounded() -> None:
    library = Library(specs=10, held=50_000)
    for number in range(40):
        spec = Spec("jpeg", "p", number, 320, 240)
        library.put(f"/files/{number}.jpg", spec)
        library.render(spec)

    assert 0 < library.held <= 50_000
    assert library.get("/files/0.jpg") is None
    assert library.get("/files/39.jpg") is not None


def test_large_blobs_are_made_up_on_the_way() -> None:
    blob = Blob(10_000_000, "video/mp4", b"start")
    whole = b"".join(blob.read(0, blob.size))

    assert len(whole) == blob.size
    assert whole[:5] == b"start"
    for start, stop in ((0, 3), (3, 9), (65_530, 65_545), (9_999_990, 10_000_000), (7, 7)):
        assert b"".join(blob.read(start, stop)) == whole[start:stop]
    assert whole[65_536:131_072] != whole[131_072:196_608]
