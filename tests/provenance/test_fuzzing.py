"""Broken files of every kind: no crash, no unbounded memory, and never a file that is lost.

A seeded sample in the ordinary suite, others in each run with `-m exhaustive`.
"""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from openclaw_fal.errors import LocalError
from openclaw_fal.provenance import xmp
from openclaw_fal.provenance.mark import mark
from openclaw_fal.provenance.read import report, without_mark
from tests.provenance.specimens import NAMES, specimens
from tests.provenance.test_formats import RECORD
from tests.support.effort import effort, is_exhaustive

MEMORY = 12 * 1024 * 1024
INTERESTING = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0")


def broken(random: random.Random, whole: bytes, other: bytes) -> bytes:
    """A file with a few things wrong."""
    data = bytearray(whole)
    for _ in range(random.randint(1, 4)):
        # Most structure stands at the beginning and at the end.
        reach = random.choice((40, 200, 4000, len(data)))
        at = random.randrange(max(1, min(len(data), reach)))
        if random.random() < 0.3:
            at = max(0, len(data) - 1 - at)
        match random.randrange(7):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                data[at : at + 4] = random.choice(INTERESTING)
            case 2:
                del data[at:]
            case 3:
                del data[at : at + random.randint(1, 30)]
            case 4:
                start = random.randrange(max(1, len(other)))
                data[at:at] = other[start : start + random.randint(1, 60)]
            case 5:
                data[at:at] = data[at : at + random.randint(1, 100)]
            case 6:
                data[at : at + 1] = bytes([data[at] ^ 1 << random.randrange(8)] if data else b"")
    return bytes(data)


def chance() -> random.Random:
    seed = random.randrange(2**32) if is_exhaustive() else 20261126
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("mime_type", NAMES)
def test_broken_files_are_marked_or_left_alone(tmp_path: Path, mime_type: str) -> None:
    source = chance()
    wholes = [data for data in specimens(mime_type).values() if len(data) < 60_000]
    for whole in tuple(wholes):
        part = tmp_path / "whole"
        part.write_bytes(whole)
        wholes.append(mark(part, mime_type, RECORD, "full").path.read_bytes())
    part = tmp_path / "part"
    tracemalloc.start()
    try:
        for _ in range(effort(40, 2_000)):
            served = broken(source, source.choice(wholes), source.choice(wholes))
            part.write_bytes(served)
            check(part, mime_type, served)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def check(part: Path, mime_type: str, served: bytes) -> None:
    outcome = mark(part, mime_type, RECORD, "mark")
    assert part.read_bytes() == served
    assert outcome.provenance != "none", outcome.note
    report(part, mime_type)
    if outcome.provenance == "sidecar":
        assert outcome.path == part
        return
    seen = report(outcome.path, mime_type)
    assert seen.embedded
    assert seen.intact, served
    with without_mark(outcome.path, mime_type) as (pieces, intact):
        assert intact
        assert b"".join(pieces) == served
    outcome.path.unlink()


@pytest.mark.exhaustive
def test_broken_packets_are_read_or_not() -> None:
    source = chance()
    whole = xmp.build({"version": 1, "prompt": "a <cat> & ä", "body": {"a": [1, 2.5, None]}})
    for _ in range(effort(500, 50_000)):
        document = xmp.read(broken(source, whole, whole))
        assert document is None or document["version"] == 1


@pytest.mark.parametrize("mime_type", NAMES)
def test_a_large_file_takes_little_memory(tmp_path: Path, mime_type: str) -> None:
    """Many zeros in the right places, in a sparse file."""
    size = 64 * 1024 * 1024
    part = tmp_path / "part"
    head = {
        "video/mp4": b"\0\0\0\x10ftypisom\0\0\0\0" + size.to_bytes(4, "big") + b"mdat",
        "audio/wav": b"RIFF" + (size + 4).to_bytes(4, "little") + b"WAVE"
        b"data" + (size - 8).to_bytes(4, "little"),
    }.get(mime_type)
    if head is None:
        head = specimens(mime_type)["sandbox"]
    with part.open("wb") as file:
        file.write(head)
        at = {"video/mp4": 16, "audio/wav": 12}.get(mime_type, len(head))
        file.truncate(at + size)

    tracemalloc.start()
    try:
        outcome = mark(part, mime_type, RECORD, "mark")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert outcome.path.stat().st_size >= part.stat().st_size
    assert outcome.provenance == "embedded"
    assert peak < MEMORY


def test_reading_what_cannot_be_read_is_an_error_of_its_own(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", Path("a\0b")):
        with pytest.raises(LocalError):
            report(path, "image/png")
