"""What a file is, and how large and long: by its bytes, whatever they are."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openclaw_fal.files import sniff
from openclaw_fal.files.measure import Facts, measure
from openclaw_fal.files.sniff import FileType
from tests.config import samples
from tests.support.effort import effort

EBML = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"

KNOWN: list[tuple[bytes, FileType]] = [
    (samples.png(), sniff.PNG),
    (samples.picture("JPEG", 9, 9), sniff.JPEG),
    (samples.picture("GIF", 9, 9), sniff.GIF),
    (samples.picture("BMP", 9, 9), sniff.BMP),
    (samples.picture("TIFF", 9, 9), sniff.TIFF),
    (samples.picture("WEBP", 9, 9), sniff.WEBP),
    (samples.box(b"ftyp", b"avif", bytes(4), b"mif1avif"), sniff.AVIF),
    (samples.box(b"ftyp", b"mif1", bytes(4), b"mif1avif"), sniff.AVIF),
    (samples.box(b"ftyp", b"heic", bytes(4), b"mif1heic"), sniff.HEIC),
    (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', sniff.SVG),
    (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made -->\n<svg width="1"/>', sniff.SVG),
    (samples.mp4(1), sniff.MP4),
    (samples.mp4(1, brand=b"qt  "), sniff.MOV),
    (samples.mp4(1, brand=b"M4A "), sniff.M4A),
    (samples.mp4(1)[24:], sniff.MOV),
    (EBML + b"....V_VP9...A_OPUS", sniff.WEBM),
    (EBML + b"....A_OPUS", sniff.WEBM_AUDIO),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", sniff.MKV),
    (b"RIFF\0\0\0\0AVI LIST", sniff.AVI),
    (samples.mp3(3), sniff.MP3),
    (samples.mp3(3, tagged=True), sniff.MP3),
    (b"\xff\xf3\x40\xc4\0\0\0", sniff.MP3),
    (samples.wav(0.1), sniff.WAV),
    (samples.flac(1), sniff.FLAC),
    (b"OggS\0\x02", sniff.OGG),
    (b"\xff\xf1\x50\x80\x02\x1f\xfc", sniff.AAC),
    (b"FORM\0\0\0\0AIFFCOMM", sniff.AIFF),
    (b"%PDF-1.7\n", sniff.PDF),
    (b"PK\x03\x04\0\0", sniff.ZIP),
    (b"  <!DOCTYPE html><html>", sniff.HTML),
    (b"<html><head><title>502 Bad Gateway</title></head>", sniff.HTML),
    (b"<!-- proxy -->\n<HTML><svg/>", sniff.HTML),
    (b'{"detail": "not found"}', sniff.JSON),
    (b"[]", sniff.JSON),
    (b'{"images": [' + b'{"url": "https://x"}, ' * 999, sniff.JSON),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', sniff.XML),
]


@pytest.mark.parametrize(
    ("data", "kind"), KNOWN, ids=[f"{n}-{k[1].extension}" for n, k in enumerate(KNOWN)]
)
def test_kinds_by_their_first_bytes(data: bytes, kind: FileType) -> None:
    assert sniff.sniff(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"plain words",
        b"{not json}",
        b"[fake image]",
        b"< 3",
        b"\xff\xfe<\0h\0t\0m\0l\0",  # UTF-16 with a byte order mark is no MPEG frame
        b"\xff\xfea\0",
        b"BMW is a car maker",
        b"RIFF\0\0\0\0????",
        b"\0\0\0\x18ftyx",
    ],
)
def test_what_is_not_known(data: bytes) -> None:
    assert sniff.sniff(data) is None


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/png", sniff.PNG),
        ("IMAGE/JPEG; charset=binary", sniff.JPEG),
        ("image/jpg", sniff.JPEG),
        ("audio/mp3", sniff.MP3),
        ("video/mp4;codecs=avc1", sniff.MP4),
        ("application/octet-stream", None),
        ("../../etc/passwd", None),
        ("", None),
        (None, None),
    ],
)
def test_declared_types(mime_type: str | None, kind: FileType | None) -> None:
    assert sniff.by_mime_type(mime_type) == kind


def test_types_by_name() -> None:
    assert sniff.by_extension("a/b.tar.JPEG") == sniff.JPEG
    assert sniff.by_extension("png") is None
    assert sniff.by_extension("a.txt") is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"words\n", True),
        ("Grüße".encode(), True),
        ("Grüße".encode()[:-2], True),
        (b"\xef\xbb\xbfbom", True),
        (b"caf\xe9 au lait", False),
        (b"a\0b", False),
        (b"", False),
    ],
)
def test_text(data: bytes, text: bool) -> None:
    assert sniff.is_text(data) is text


def facts(data: bytes) -> Facts:
    return measure(io.BytesIO(data), len(data), sniff.sniff(data))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "AVIF"])
@pytest.mark.parametrize("size", [(1, 1), (301, 7), (16, 700)])
def test_width_and_height_of_images(form: str, size: tuple[int, int]) -> None:
    from PIL import features

    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    assert facts(samples.picture(form, *size)) == Facts(*size)


def test_width_and_height_of_their_variants() -> None:
    assert facts(samples.picture("WEBP", 40, 30, lossless=True)) == Facts(40, 30)
    exif = b"Exif\0\0" + bytes(60_000)
    assert facts(samples.picture("WEBP", 40, 30, exif=exif)) == Facts(40, 30)
    assert facts(samples.picture("JPEG", 40, 30, progressive=True, exif=exif)) == Facts(40, 30)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (samples.wav(1.5), Facts(duration=1.5)),
        (samples.wav(1.5, data_size=0xFFFFFFFF), Facts(duration=1.5)),
        (samples.wav(1.5, data_size=0), Facts(duration=1.5)),
        (samples.mp4(5.04), Facts(64, 48, 5.04)),
        (samples.mp4(5.04, moov_last=False, large=True), Facts(64, 48, 5.04)),
        (samples.mp4(30, brand=b"M4A ", size=(0, 0)), Facts(duration=30.0)),
        (samples.mp3(100), Facts(duration=round(100 * 417 / 16000, 3))),
        (samples.mp3(100, tagged=True), Facts(duration=round(100 * 417 / 16000, 3))),
        (samples.mp3(10, xing=1000), Facts(duration=round(1000 * 1152 / 44100, 3))),
        (samples.flac(2.5), Facts(duration=2.5)),
        (b"%PDF-1.7", Facts()),
        (b"?", Facts()),
    ],
)
def test_durations(data: bytes, expected: Facts) -> None:
    assert facts(data) == expected


class Counting(io.BytesIO):
    """Counts what is read."""

    calls = 0
    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.calls += 1
        self.bytes_read += len(data)
        return data


KINDS = (*sniff.MEDIA_TYPES, None)
HOSTILE = st.one_of(
    st.binary(max_size=400),
    st.builds(
        lambda data, at, noise: data[:at] + noise + data[at + len(noise) :],
        st.sampled_from([data for data, _ in KNOWN]),
        st.integers(0, 300),
        st.binary(max_size=40),
    ),
    st.builds(
        lambda data, end: data[:end], st.sampled_from([d for d, _ in KNOWN]), st.integers(0, 600)
    ),
)


@settings(max_examples=effort(60, 5_000))
@given(data=HOSTILE, kind=st.sampled_from(KINDS))
@example(data=b"\xff\xd8" + b"\xff" * 5000, kind=sniff.JPEG)
@example(data=b"\xff\xd8" + b"\xff\xe0\0\0" * 5000, kind=sniff.JPEG)
@example(
    data=samples.box(b"moov", samples.box(b"trak", b"\0\0\0\x08free" * 999) * 50), kind=sniff.MP4
)
@example(data=b"\0\0\0\x01moov" + b"\xff" * 8, kind=sniff.MP4)
@example(data=b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 5000, kind=sniff.WAV)
@example(data=samples.wav(1).replace(b"\x80\x3e\0\0", bytes(4)), kind=sniff.WAV)
@example(data=samples.wav(1).replace(b"\x80\x3e\0\0", b"\0\0\0\x31"), kind=sniff.WAV)
def test_no_file_makes_it_fail_or_read_without_end(data: bytes, kind: FileType | None) -> None:
    sniff.sniff(data)
    sniff.is_text(data)
    file = Counting(data)
    found = measure(file, len(data), kind)
    assert file.calls <= 10_000
    assert file.bytes_read <= 100_000
    assert (found.width is None) == (found.height is None)
    assert all(value is None or value > 0 for value in found)
