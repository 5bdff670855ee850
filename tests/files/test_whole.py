"""Files that are cut anywhere are not whole, by the word of their format; all others are."""

from __future__ import annotations

import io
import struct

import pytest

from openclaw_fal.files import sniff
from openclaw_fal.files.whole import truncation
from openclaw_fal.sandbox.media.render import render
from openclaw_fal.sandbox.media.spec import Spec
from tests.provenance.specimens import ALL, png_chunk, riff, specimens


def why_short(data: bytes) -> str | None:
    return truncation(io.BytesIO(data), len(data))


def made(form: str) -> bytes:
    return render(Spec(form, "p", 1, 64, 48, 1.0, 8 if form == "mp4" else 16_000, 64_000))


OGG = b"OggS\0\2" + bytes(20) + b"\2\7\5" + b"x" * 12
EBML = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
OTHERS = {
    "gif": b"GIF89a" + bytes(20) + b"\x21\xf9;",
    "gif with padding": b"GIF89a" + bytes(20) + b";\0\0",
    "avi": riff(b"AVI ", b"LIST\4\0\0\0movi"),
    "aiff": b"FORM" + struct.pack(">I", 24) + b"AIFF" + b"c" * 20,
    "ogg": OGG + OGG,
    "webm": EBML + b"\x18\x53\x80\x67\x40\x20" + b"c" * 32,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g/>" * 9 + b"</svg>\n",
    "avif": b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x0cmeta1234" + b"\0\0\0\x10mdat" + b"d" * 8,
}
SILENT = {"gif with padding": 2, "svg": 2, "avi": 1, "aiff": 1}
"""Bytes at the end that say nothing."""
BOUNDARIES = {"ogg": range(41, 45), "avif": [28]}
"""Where a cut cannot be seen: between two parts of the file."""


@pytest.mark.parametrize("name", OTHERS)
def test_a_small_file_of_each_format(name: str) -> None:
    data = OTHERS[name]
    assert why_short(data) is None
    for size in range(16, len(data) - SILENT.get(name, 0)):
        if sniff.sniff(data[:size]) and size not in BOUNDARIES.get(name, ()):
            assert why_short(data[:size]) is not None, size


@pytest.mark.parametrize(("mime_type", "name"), ALL)
def test_no_whole_file_is_called_short(mime_type: str, name: str) -> None:
    assert why_short(specimens(mime_type)[name]) is None


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "mp4", "mp3", "wav"])
def test_files_that_are_cut_anywhere_are_short(form: str) -> None:
    data = made(form)
    assert why_short(data) is None
    sizes = range(len(data) // 8, len(data) - 2, len(data) // 41)
    unseen = [size for size in sizes if why_short(data[:size]) is None]
    assert len(unseen) <= (form == "mp3"), unseen  # one may lie between two frames


@pytest.mark.parametrize(
    "data",
    [
        EBML + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"c" * 32,
        b"RIFF" + b"\xff" * 4 + b"WAVEfmt ",
        b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov\0\0\0\0mdat" + bytes(99),
        b"ID3\3\0\0\0\0\0\0" + bytes(5000),
        b"BM" + bytes(12) + b"\x28" + bytes(50),
        b"no media at all",
        b"",
    ],
    ids=[
        "a stream of WebM",
        "a stream of WAV",
        "an open box",
        "no frame",
        "BMP",
        "text",
        "nothing",
    ],
)
def test_where_nothing_tells_a_file_counts_as_whole(data: bytes) -> None:
    assert why_short(data) is None


def test_a_jpeg_with_a_thumbnail_is_cut_where_its_own_picture_ends() -> None:
    jpeg = made("jpeg")
    thumbnail = struct.pack(">BBH", 0xFF, 0xE1, 2 + len(jpeg)) + jpeg
    data = jpeg[:2] + thumbnail + jpeg[2:]
    assert why_short(data) is None
    assert why_short(data[:-2]) == "the JPG file has no end"


def test_a_png_of_endless_chunks_is_not_read_without_end() -> None:
    assert why_short(b"\x89PNG\r\n\x1a\n" + png_chunk(b"tEXt", b"") * 200_001) is None
