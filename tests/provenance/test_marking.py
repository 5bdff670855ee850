"""What happens to files that cannot hold a mark, or must not: a sidecar, and never a failure."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.media import Marked
from openclaw_fal.provenance import credentials, xmp
from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.read import report, without_mark
from openclaw_fal.provenance.record import EDITED_BY_AI, LEVELS
from tests.config import samples
from tests.provenance import certificates
from tests.provenance.specimens import (
    COMFYUI,
    NAMES,
    after_ihdr,
    after_soi,
    chunk,
    frame,
    id3,
    png_chunk,
    png_text,
    riff,
    segment,
    specimens,
)
from tests.provenance.test_formats import PROMPT, RECORD

FOREIGN = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:i="http://iptc.org/std/Iptc4xmpCore/1.0/"/>'
PNG, JPEG, WEBP, MP4, MP3, WAV = (specimens(mime_type)["sandbox"] for mime_type in NAMES)
PNG_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"
PNG_WITH_XMP = after_ihdr(PNG, png_chunk(b"iTXt", PNG_XMP + FOREIGN))
PNG_WITH_COMPRESSED_XMP = after_ihdr(PNG, png_chunk(b"iTXt", PNG_XMP[:-4] + b"\1\0\0\0abc"))
JPEG_WITH_XMP = after_soi(JPEG, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + FOREIGN))
COMMENT = b"Exif\0\0UNICODE\0" + "Steps: 1, Sampler: x".encode("utf-16-le")
MP4_OF_COMFYUI = MP4 + samples.box(b"moov", samples.box(b"udta", COMFYUI.encode()))
WEBP_OF_COMFYUI = riff(b"WEBP", WEBP[12:], chunk(b"EXIF", b"workflow:{}"))
JUMBF = b"JP\0\1\0\0\0\1" + b"\0\0\0\x10jumbc2pa"
GEOB = frame(b"GEOB", b"\0application/x-c2pa-manifest-store\0\0\0data")


def marks(folder: Path, served: bytes, mime_type: str, level: str = "mark") -> Marked:
    part = folder / ".a.job-1.part"
    part.write_bytes(served)
    return mark(part, mime_type, RECORD, level)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mime_type", "served"),
    [
        ("image/png", after_ihdr(PNG, png_chunk(b"caBX", b"jumb"))),
        ("image/jpeg", after_soi(JPEG, segment(0xEB, JUMBF))),
        ("image/webp", riff(b"WEBP", WEBP[12:], chunk(b"C2PA", b"jumb"))),
        (
            "video/mp4",
            samples.box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), b"x") + MP4,
        ),
        ("audio/mpeg", id3(3, GEOB) + MP3),
        ("audio/mpeg", id3(3, GEOB, flags=0x80) + MP3),
        ("audio/wav", riff(b"WAVE", WAV[12:], chunk(b"C2PA", b"jumb"))),
    ],
)
@pytest.mark.parametrize("level", ["mark", "full"])
def test_content_credentials_keep_their_file_as_it_is(
    tmp_path: Path, mime_type: str, served: bytes, level: str
) -> None:
    outcome = marks(tmp_path, served, mime_type, level)

    assert outcome.path.read_bytes() == served
    assert outcome.sha256 == outcome.served_sha256
    assert (outcome.provenance, outcome.content_credentials) == ("sidecar", "present")
    assert "content credentials" in (outcome.note or "")
    assert ("prompt" in json.loads(outcome.sidecar or b"")) == (level == "full")


@pytest.mark.parametrize(
    ("mime_type", "served", "why"),
    [
        ("image/png", PNG_WITH_XMP, "another"),
        ("image/png", PNG_WITH_COMPRESSED_XMP, "another"),
        ("image/png", PNG[:-20], "ends"),
        ("image/jpeg", JPEG_WITH_XMP, "another"),
        ("image/jpeg", JPEG[:30], "ends"),
        ("image/webp", riff(b"WEBP", WEBP[12:], chunk(b"XMP ", FOREIGN)), "another"),
        ("image/webp", WEBP[:-2], "shorter"),
        ("video/mp4", samples.mp4(1)[:-5000] + struct.pack(">I4s", 0, b"mdat") + bytes(9), "fit"),
        ("video/mp4", MP4 + struct.pack(">I4s", 0, b"free") + bytes(9), "without a length"),
        ("video/mp4", MP4 + b"junk", "early"),
        ("audio/mpeg", id3(2, b"TT2\0\0\2\0a") + MP3, "version 2.2"),
        ("audio/mpeg", id3(3, frame(b"TIT2", b"\0a"), flags=0x80) + MP3, "rare"),
        ("audio/mpeg", id3(4, flags=0x10) + b"3DI" + bytes(7) + MP3, "rare"),
        ("audio/mpeg", id3(3, b"TIT2\xff\xff\xff\xff\0\0ab") + MP3, "fit"),
        ("audio/mpeg", b"no MPEG at all", "begin"),
        ("audio/wav", b"RF64" + WAV[4:], "begin"),
        ("audio/wav", riff(b"WAVE", WAV[12:], size=2**32 - 1), "stream"),
        ("audio/wav", riff(b"WAVE", WAV[12:], b"abc"), "early"),
        ("image/gif", samples.picture("GIF", 3, 3), "format"),
        ("application/octet-stream", b"\0\1\2", "format"),
    ],
)
def test_a_file_without_room_gets_a_sidecar(
    tmp_path: Path, mime_type: str, served: bytes, why: str
) -> None:
    outcome = marks(tmp_path, served, mime_type)

    assert outcome.path.read_bytes() == served
    assert outcome.provenance == "sidecar"
    assert outcome.content_credentials is None
    assert why in (outcome.note or "")
    assert json.loads(outcome.sidecar or b"")["servedSha256"] == outcome.sha256


def test_a_long_prompt_has_no_room_in_a_jpeg(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(JPEG)
    record = RECORD.replaced(prompt="x" * 70_000)

    assert mark(part, "image/jpeg", record, "mark").provenance == "embedded"
    assert "64 KB" in (mark(part, "image/jpeg", record, "full").note or "")


def test_sidecar_and_off_leave_the_file_alone(tmp_path: Path) -> None:
    sidecar, off = (marks(tmp_path, PNG, "image/png", level) for level in ("sidecar", "off"))

    assert json.loads(sidecar.sidecar or b"")["prompt"] == PROMPT
    assert sidecar.note is None
    assert (off.provenance, off.sidecar, off.note) == ("none", None, None)
    assert off.sha256 == off.served_sha256 == sidecar.sha256
    assert os.listdir(tmp_path) == [".a.job-1.part"]
    assert set(LEVELS) == {"mark", "full", "sidecar", "off"}


def test_an_edit_is_marked_as_one(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(PNG)

    outcome = mark(part, "image/png", RECORD.replaced(edited=True), "mark")

    mark_of = report(outcome.path, "image/png").mark or {}
    assert mark_of["digitalSourceType"] == EDITED_BY_AI


@pytest.mark.parametrize("broken", ["write", "fsync"])
def test_a_full_disk_costs_the_mark_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr("openclaw_fal.provenance.mark.write_new", full)

    outcome = marks(tmp_path, PNG, "image/png")

    assert outcome.path.read_bytes() == PNG
    assert outcome.provenance == "none"
    assert "no space left" in (outcome.note or "")
    assert outcome.sha256 == outcome.served_sha256 is not None
    assert os.listdir(tmp_path) == [".a.job-1.part"]


def test_a_copy_that_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".a.job-1.marked").write_bytes(b"half")

    assert report(marks(tmp_path, PNG, "image/png").path, "image/png").intact


def test_the_mode_of_the_part_file_stays(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(PNG)
    part.chmod(0o640)

    assert mark(part, "image/png", RECORD, "mark").path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("served", "mime_type", "names"),
    [
        (specimens("image/png")["A1111"], "image/png", ("A1111",)),
        (specimens("image/png")["ComfyUI"], "image/png", ("ComfyUI",)),
        (specimens("image/png")["InvokeAI"], "image/png", ("InvokeAI",)),
        (png_text(Dream="x"), "image/png", ("InvokeAI",)),
        (specimens("image/png")["Exif"], "image/png", ("Exif",)),
        (specimens("image/jpeg")["IPTC"], "image/jpeg", ("IPTC",)),
        (specimens("image/jpeg")["comment"], "image/jpeg", ("A1111",)),
        (after_soi(JPEG, segment(0xE1, COMMENT)), "image/jpeg", ("Exif", "A1111")),
        (JPEG_WITH_XMP, "image/jpeg", ("XMP", "IPTC")),
        (WEBP_OF_COMFYUI, "image/webp", ("Exif", "ComfyUI")),
        (MP4_OF_COMFYUI, "video/mp4", ("ComfyUI",)),
        (MP3, "audio/mpeg", ()),
    ],
)
def test_what_other_programs_left_is_named(
    tmp_path: Path, served: bytes, mime_type: str, names: tuple[str, ...]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(served)

    seen = report(path, mime_type)

    assert (seen.foreign, seen.mark, seen.embedded, seen.intact) == (names, None, False, None)


def test_a_changed_file_is_not_intact(tmp_path: Path) -> None:
    path = marks(tmp_path, PNG + b"after", "image/png").path
    path.write_bytes(path.read_bytes()[:-1] + b"R")

    seen = report(path, "image/png")

    assert seen.embedded
    assert seen.intact is False


def test_a_sidecar_is_found_beside_its_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    (tmp_path / "a.png.json").write_bytes(
        marks(tmp_path, PNG, "image/png", "sidecar").sidecar or b""
    )

    seen = report(path, "image/png")
    path.write_bytes(samples.png())
    other = report(path, "image/png")

    assert (seen.sidecar, seen.intact, seen.embedded) == (tmp_path / "a.png.json", True, False)
    assert (seen.mark or {})["prompt"] == PROMPT
    assert (other.sidecar, other.mark) == (None, None)


def test_what_has_no_mark_is_not_stripped(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)

    with pytest.raises(LocalError, match="no mark"), without_mark(path, "image/png"):
        pytest.fail("stripped")


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        FOREIGN,
        b"not XML",
        b"<a" * 1000,
        b"<a>" * 100_000,
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + FOREIGN,
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
        xmp.build({"version": 2}),
        xmp.build({"version": 1}).replace(b"}", b"]"),
        xmp.build({"version": 1, "a": 1}).replace(b"1}", b"1" * 5000 + b"}"),
        xmp.build({"version": 1, "a": 1}).replace(b"1}", b"[" * 50_000 + b"}"),
        xmp.build({"version": 1, "a": "x" * 2_000_000}),
    ],
)
def test_hostile_packets_are_no_marks(packet: bytes) -> None:
    assert xmp.read(packet) is None


def test_every_character_of_a_prompt_comes_back() -> None:
    text = "".join(map(chr, [*range(0x250), *range(0x600, 0x620), 0xFFFE, 0xFFFF, 0x1F5FC])) + "]]>"
    packet = xmp.build({"version": 1, "prompt": text})

    assert (xmp.read(packet) or {})["prompt"] == text


@pytest.fixture
def signing(tmp_path: Path) -> Callable[..., None]:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    return credentials.signer(*certificates.write(tmp_path), "openclaw-fal 0.0")


@pytest.mark.parametrize("mime_type", NAMES)
def test_files_that_are_signed_stay_valid(
    tmp_path: Path, mime_type: str, signing: Callable[..., None]
) -> None:
    original, signed = tmp_path / "original", tmp_path / "signed"
    original.write_bytes(specimens(mime_type)["sandbox"])
    signing(original, signed, mime_type, EDITED_BY_AI)
    before = signed.read_bytes()

    outcome = mark(signed, mime_type, RECORD, "full")

    assert outcome.path.read_bytes() == before
    assert (outcome.provenance, outcome.content_credentials) == ("sidecar", "present")
    verdict = credentials.verify(outcome.path, mime_type)
    assert (verdict.valid, verdict.trusted, verdict.signer) == (True, False, "Test")
    middle = original.read_bytes()[original.stat().st_size // 2 :][:30]
    signed.write_bytes(before.replace(middle, b"\x55" * 30))
    assert not credentials.verify(signed, mime_type).valid


@pytest.mark.parametrize("mime_type", NAMES)
def test_signing_comes_after_the_mark(
    tmp_path: Path, mime_type: str, signing: Callable[..., None]
) -> None:
    part = tmp_path / "a.part"
    part.write_bytes(specimens(mime_type)["sandbox"])

    outcome = mark(part, mime_type, RECORD, "full", signing)

    assert (outcome.provenance, outcome.content_credentials) == ("embedded", "signed")
    assert credentials.verify(outcome.path, mime_type).valid
    seen = report(outcome.path, mime_type)
    assert seen.credentials
    assert (seen.mark or {})["prompt"] == PROMPT
    assert seen.sha256 == outcome.sha256
    assert {path.name for path in tmp_path.iterdir()} == {
        *("a.part", "a.signed", "chain.pem", "key.pem"),
    }


def test_a_signature_that_fails_leaves_the_marked_file(tmp_path: Path) -> None:
    part = tmp_path / "a.part"
    part.write_bytes(PNG)

    def fails(*_: object) -> None:
        raise LocalError("no")

    outcome = mark(part, "image/png", RECORD, "mark", fails)

    assert outcome.provenance == "embedded"
    assert outcome.note == "it could not be signed: no"
    assert report(outcome.path, "image/png").intact


def test_what_cannot_sign_is_refused_at_once(tmp_path: Path, signing: Callable[..., None]) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"

    for pair in ((key, key), (chain, chain), (chain, tmp_path / "missing")):
        with pytest.raises(LocalError, match="--sign"):
            credentials.signer(*pair, "openclaw-fal 0.0")
