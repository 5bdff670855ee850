"""Downloads: nothing wrong under a final name, and nothing written over."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from openclaw_fal import atomic
from openclaw_fal.errors import LocalError, Unreachable
from openclaw_fal.files.outputs import (
    PartFile,
    save_raw_answer,
)
from openclaw_fal.media import Output, RemoteFile
from tests.config import samples
from tests.files.output_support import JOB, JPEG, PNG, REMOTE, names, save, target
from tests.support.program import python
from tests.support.systems import limits, links, not_on_windows, permissions, special_files


def test_the_facts_of_an_output(tmp_path: Path) -> None:
    found = save(target(None, tmp_path), samples.mp4(5.04), remote=RemoteFile("https://x/a.bin"))
    assert found == Output(
        tmp_path / "a-lighthouse-at-dawn.mp4",
        "video/mp4",
        len(samples.mp4(5.04)),
        "https://x/a.bin",
        64,
        48,
        5.04,
    )


@pytest.mark.parametrize(
    ("remote", "extension", "mime_type"),
    [
        (RemoteFile("u", "video/mp4"), ".mp4", "video/mp4"),
        (RemoteFile("u", "nonsense/..", "x.MP3"), ".mp3", "audio/mpeg"),
        (RemoteFile("u", "text/x-shellscript", "evil.sh"), ".bin", "application/octet-stream"),
        (RemoteFile("u", None, "../../x/.bashrc"), ".bin", "application/octet-stream"),
    ],
)
def test_unknown_bytes_go_by_what_fal_says_if_that_is_media(
    tmp_path: Path, remote: RemoteFile, extension: str, mime_type: str
) -> None:
    found = save(target("out", tmp_path), b"\x01\x02 unknown", remote=remote)
    assert found.path == tmp_path / f"out{extension}"
    assert found.mime_type == mime_type


def test_the_data_uri_of_an_output_is_not_carried_along(tmp_path: Path) -> None:
    found = save(target(None, tmp_path), remote=RemoteFile("data:image/png;base64,QUJD"))
    assert found.url == "data:image/png"


def test_several_outputs_are_numbered(tmp_path: Path) -> None:
    where = target("out.png", tmp_path, count=2)
    assert [save(where, index=i, count=2).path.name for i in range(2)] == ["out-1.png", "out-2.png"]
    assert [save(where, index=i, count=2).path.name for i in range(2)] == [
        "out-1-2.png",
        "out-2-2.png",
    ]
    assert save(target("x{n}.png", tmp_path, count=2), index=1, count=2).path.name == "x2.png"


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "out.jpg").write_bytes(b"mine")
    (tmp_path / "out-2.jpg").mkdir()
    if os.name == "posix":
        (tmp_path / "out-3.jpg").symlink_to(tmp_path / "victim")
    assert save(target("out.png", tmp_path), JPEG).path == tmp_path / (
        "out-4.jpg" if os.name == "posix" else "out-3.jpg"
    )
    assert (tmp_path / "out.jpg").read_bytes() == b"mine"
    assert not (tmp_path / "victim").exists()


@links
def test_a_link_to_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / "link.png").symlink_to("mine.png")
    assert save(target("link.png", tmp_path)).path == tmp_path / "link-2.png"
    assert (tmp_path / "mine.png").read_bytes() == b"mine"


@permissions
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mode_is_that_of_any_new_file(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        assert stat.S_IMODE(save(target(None, tmp_path)).path.stat().st_mode) == mode
    finally:
        os.umask(before)


def test_nothing_stands_under_the_final_name_before_the_end(tmp_path: Path) -> None:
    part = PartFile(target("out.png", tmp_path), JOB, 0, 1)
    part.write(PNG[:20])
    assert names(tmp_path) == [f".out.png.{JOB}-1.part"]
    part.write(PNG[20:])
    part.finish(REMOTE)
    assert names(tmp_path) == ["out.png"]


def test_a_part_file_is_taken_up_where_it_ends(tmp_path: Path) -> None:
    where = target(None, tmp_path)
    with PartFile(where, JOB, 0, 1) as part:
        part.write(PNG[:30])
    with PartFile(where, "otherjob00", 0, 1) as other, PartFile(where, JOB, 1, 2) as second:
        assert other.offset == second.offset == 0
        other.discard()
        second.discard()
    with PartFile(where, JOB, 0, 1) as part:
        assert part.offset == 30
        part.write(PNG[30:])
        assert part.finish(REMOTE).path.read_bytes() == PNG
    assert len(names(tmp_path)) == 1


def test_a_part_file_can_begin_anew(tmp_path: Path) -> None:
    with PartFile(target(None, tmp_path), JOB, 0, 1) as part:
        part.write(b"wrong" * 1000)
        part.restart()
        assert part.offset == 0
        part.write(PNG)
        assert part.finish(REMOTE).path.read_bytes() == PNG


@not_on_windows("an open file keeps its name there")
def test_a_part_file_that_already_has_its_final_name_is_left_to_it(tmp_path: Path) -> None:
    """A process that is killed between the two steps of the rename leaves this behind."""
    where = target("out.png", tmp_path)
    with PartFile(where, JOB, 0, 1) as part:
        part.write(PNG)
    os.link(part.path, tmp_path / "out.png")
    with PartFile(where, JOB, 0, 1) as again:
        assert again.offset == 0
        again.write(JPEG)
        again.restart()
    assert (tmp_path / "out.png").read_bytes() == PNG


@special_files
def test_links_and_pipes_in_the_place_of_the_part_file(tmp_path: Path) -> None:
    part = tmp_path / f".out.{JOB}-1.part"
    part.symlink_to(tmp_path / "victim")
    with pytest.raises(LocalError, match="cannot be made"):
        PartFile(target("out", tmp_path), JOB, 0, 1)
    assert not (tmp_path / "victim").exists()
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(LocalError, match="not a regular file"):
        PartFile(target("out", tmp_path), JOB, 0, 1)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html><title>502</title>", "a web page"),
        (b'{"detail": "expired"}', "JSON"),
        (b'<?xml version="1.0"?><Error/>', "XML"),
        (b"", "an empty file"),
    ],
)
def test_what_cannot_be_media_gets_no_name(tmp_path: Path, data: bytes, what: str) -> None:
    where = target(None, tmp_path)
    with pytest.raises(Unreachable, match=f"sent {what}") as error:
        save(where, data)
    assert error.value.hint == f"openclaw jobs wait {JOB}"
    assert [name for name in names(tmp_path) if not name.endswith(".part")] == []
    with PartFile(where, JOB, 0, 1) as part:
        assert part.offset == 0, "it must be fetched anew"


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    assert save(target("out.png", tmp_path)).path.name == "out.png"
    assert save(target("out.png", tmp_path), JPEG).path.name == "out.jpg"
    assert save(target("out.png", tmp_path)).path.name == "out-2.png"
    assert names(tmp_path) == ["out-2.png", "out.jpg", "out.png"]


def test_a_name_that_cannot_be_given_keeps_the_part_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(part: Path, final: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(atomic, "_move", fails)
    with pytest.raises(LocalError, match="read-only file system") as error:
        save(target("out.png", tmp_path))
    assert error.value.hint == f"openclaw jobs wait {JOB}"
    assert (tmp_path / f".out.png.{JOB}-1.part").read_bytes() == PNG


SAVE = """
import sys
from datetime import datetime
from pathlib import Path
from openclaw_fal.media import RemoteFile
from openclaw_fal.files.outputs import PartFile, plan_target
cwd = Path(sys.argv[1])
target = plan_target("same.png", prompt="p", kind="image", model="m", cwd=cwd, count=1)
for number in range(10):
    with PartFile(target, f"{sys.argv[2]}job{number}", 0, 1) as part:
        data = b"\\x89PNG\\r\\n\\x1a\\n" + f"{sys.argv[2]}-{number}".encode() * 5000
        part.write(data)
        print(part.finish(RemoteFile("u")).path)
"""


def test_processes_with_the_same_target_all_get_a_file(tmp_path: Path) -> None:
    processes = [python(SAVE, tmp_path, number) for number in range(4)]
    paths: list[str] = []
    for number, process in enumerate(processes):
        answer, _ = process.communicate()
        assert process.returncode == 0
        for count, path in enumerate(answer.decode().split()):
            paths.append(path)
            data = Path(path).read_bytes()
            assert data == b"\x89PNG\r\n\x1a\n" + f"{number}-{count}".encode() * 5000
    assert len(set(paths)) == 40
    expected = {"same.png", *(f"same-{number}.png" for number in range(2, 41))}
    assert set(names(tmp_path)) == expected


def test_threads_with_the_same_target(tmp_path: Path) -> None:
    where = target("same.png", tmp_path)
    threads = [
        threading.Thread(target=save, args=(where,), kwargs={"job": f"job{number}"})
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(tmp_path)) == 8


LIMITED = """
import resource, signal, sys
from pathlib import Path
from openclaw_fal.errors import LocalError
from openclaw_fal.files.outputs import PartFile, check_writable, plan_target, save_raw_answer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
cwd = Path(sys.argv[1])
target = plan_target("out.png", prompt="p", kind="image", model="m", cwd=cwd, count=1)
try:
    check_writable(target)
except LocalError as error:
    print("before:", error.message)
part = PartFile(target, "abcdefgh12", 0, 1)
try:
    for _ in range(100):
        part.write(bytes(999))
except LocalError as error:
    print("while:", error.message, "/", error.hint, "/", part.offset)
try:
    save_raw_answer(target, "abcdefgh12", bytes(99_999))
except LocalError as error:
    print("answer:", error.status)
"""


@limits
def test_a_full_disk_is_found_and_keeps_what_has_arrived(tmp_path: Path) -> None:
    answer, _ = python(LIMITED, tmp_path).communicate()
    before, during, unreadable = answer.decode().splitlines()
    assert before.startswith(f"before: nothing can be written to {tmp_path}: file too large")
    part = tmp_path / ".out.png.abcdefgh12-1.part"
    assert during.startswith(f"while: the part file {part} cannot be written: file too large")
    assert "kept" in during
    assert during.endswith("openclaw jobs wait abcdefgh12 / 50000")
    assert part.stat().st_size == 50_000
    assert unreadable == "answer: 3"
    assert list(tmp_path.iterdir()) == [part]


# Answers that hold no media


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'{"odd": true}', "out.json"),
        (b"<html>", "out.txt"),
        (b"\xff\xfe\0", "out.raw"),
        (b"[" * 100_000, "out.txt"),
        (b"", "out.txt"),
    ],
)
def test_an_unreadable_answer_is_kept_beside_the_media(
    tmp_path: Path, raw: bytes, name: str
) -> None:
    where = target("out.png", tmp_path)
    path = save_raw_answer(where, JOB, raw)
    assert path == tmp_path / name
    assert path.read_bytes() == raw
    again = save_raw_answer(where, JOB, raw + b" ")
    assert again == path.with_stem("out-2")
    assert path.read_bytes() == raw
    assert len(names(tmp_path)) == 2
