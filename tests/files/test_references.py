"""Reference files: nothing hangs, nothing is taken for what it is not, memory stays bounded."""

from __future__ import annotations

import base64
import io
import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openclaw_fal.errors import LocalError
from openclaw_fal.files import references
from openclaw_fal.files.references import (
    INLINE_FILE_LIMIT,
    INLINE_TOTAL_LIMIT,
    LocalFile,
    check_url,
    data_uri,
    load,
    must_upload,
)
from openclaw_fal.media import MediaType, Reference
from tests.config import samples
from tests.support.effort import effort
from tests.support.systems import held_back, links, not_on_windows, special_files

MEDIA: list[tuple[MediaType, str, bytes, str]] = [
    ("image", "a.png", samples.png(), "image/png"),
    ("image", "a.png", samples.picture("JPEG", 4, 4), "image/jpeg"),
    ("image", "noname", samples.picture("WEBP", 4, 4), "image/webp"),
    ("video", "a.mp4", samples.mp4(1), "video/mp4"),
    ("video", "a.mp4", b"\x00\x01 not known by its bytes", "video/mp4"),
    ("audio", "a.mp3", samples.mp3(3), "audio/mpeg"),
    ("audio", "a.wav", samples.wav(0.1), "audio/wav"),
    ("audio", "a.m4a", samples.mp4(1, brand=b"M4A "), "audio/mp4"),
    ("audio", "a.mp4", samples.mp4(1, size=(0, 0)), "audio/mp4"),
]


def write(name: str, data: bytes) -> str:
    Path(name).write_bytes(data)
    return name


@pytest.mark.parametrize(("media", "name", "data", "mime_type"), MEDIA)
def test_types_by_the_first_bytes(media: MediaType, name: str, data: bytes, mime_type: str) -> None:
    local = load(Reference(write(name, data), media))
    assert (local.mime_type, local.size) == (mime_type, len(data))
    assert local.path == Path.cwd() / name
    head, _, encoded = data_uri(local).partition(",")
    assert head == f"data:{mime_type};base64"
    assert base64.b64decode(encoded, validate=True) == data
    with local.open() as file:
        assert file.read() == data


@pytest.mark.parametrize(
    ("media", "name", "data", "words"),
    [
        ("image", "a.png", b"%PDF-1.7\n...", "is not an image file: it is application/pdf"),
        ("image", "a.png", b"some words", "it is text"),
        ("image", "a.png", samples.mp4(1), "it is video/mp4"),
        ("image", "a.dat", b"\0\1\2\3", "it is of an unknown type"),
        ("image", "a.mp4", b"\0\1\2\3", "it is video/mp4"),
        ("video", "a.mp4", samples.png(), "is not a video file: it is image/png"),
        ("video", "a.gif", samples.picture("GIF", 2, 2), "it is image/gif"),
        ("audio", "a.mp3", samples.mp4(1), "is not an audio file: it is video/mp4"),
        ("audio", "a.mp3", b"<!doctype html>", "it is text/html"),
        ("audio", "a.mp3", b'{"a": 1}', "it is application/json"),
    ],
)
def test_what_is_not_what_its_option_takes(
    media: MediaType, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(LocalError, match=words) as error:
        load(Reference(write(name, data), media))
    assert error.value.status == 3
    assert name in error.value.message


def test_what_is_no_file() -> None:
    Path("folder").mkdir()
    write("empty.png", b"")
    for source, words in {
        "folder": "is a folder",
        "missing.png": "does not exist",
        "missing/x.png": "does not exist",
        "empty.png": "is empty",
        "empty.png/x": "cannot be read: not a directory" if os.name == "posix" else "",
        "": "empty",
        "a\0b": "NUL",
        "x" * 5000: "cannot be read" if os.name == "posix" else "",
        "ftp://example.org/a.png": "neither a file nor an http",
        "file:///missing/a.png": "does not exist",
        "data:image/png;base64," + "A" * 9999: "neither a file nor an http",
    }.items():
        with pytest.raises(LocalError, match=words) as error:
            load(Reference(source, "image"))
        assert len(error.value.message) < 400


@special_files
def test_pipes_devices_sockets_and_links() -> None:
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    Path("to-pipe").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for source, words in {
            "pipe": "is a named pipe",
            "to-pipe": "is a named pipe",
            "/dev/zero": "is a device",
            "/dev/tty": "is a device",
            "socket": "is a socket",
            "loop": "cannot be read",
            "dangling": "is a link that leads nowhere",
        }.items():
            with pytest.raises(LocalError, match=words):
                load(Reference(source, "image"))


@special_files
def test_a_pipe_that_takes_the_place_of_a_file_does_not_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    regular = os.stat(write("a.png", samples.png()))
    os.mkfifo("pipe")
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda *_args, **_options: regular)
        with pytest.raises(LocalError, match="is a named pipe"):
            load(Reference("pipe", "image"))


@held_back
def test_an_unreadable_file() -> None:
    Path(write("a.png", samples.png())).chmod(0)
    with pytest.raises(LocalError, match="cannot be read: permission denied"):
        load(Reference("a.png", "image"))


def test_a_file_that_changes_is_noticed() -> None:
    local = load(Reference(write("a.png", samples.png()), "image"))
    write("a.png", samples.png() + b"more")
    for use in (lambda: data_uri(local), local.open):
        with pytest.raises(LocalError, match="changed"):
            use()
    Path("a.png").unlink()
    with pytest.raises(LocalError, match="does not exist"):
        data_uri(local)


def test_names_are_safe_to_send_and_true_to_the_bytes() -> None:
    name = write("Ünïcode \u202e gpj.exe.txt", samples.png())
    assert load(Reference(name, "image")).name == "unicode-gpj-exe.png"
    assert load(Reference(write("🦊.jpg", samples.png()), "image")).name == "image.png"


@links
def test_two_names_of_one_file() -> None:
    write("a.png", samples.png())
    write("other.png", samples.png())
    Path("link.png").symlink_to("a.png")
    sources = ["a.png", "./a.png", "link.png", "other.png"]
    keys = [load(Reference(source, "image")).key for source in sources]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_a_home_folder(isolated: Path) -> None:
    (isolated / "a.png").write_bytes(samples.png())
    assert load(Reference("~/a.png", "image")).path == isolated / "a.png"


# Standard input


def test_standard_input() -> None:
    local = load(Reference("-", "image"), stdin=io.BytesIO(samples.png()))
    assert (local.path, local.name, local.mime_type) == (None, "stdin.png", "image/png")
    assert base64.b64decode(data_uri(local).partition(",")[2]) == samples.png()
    assert repr(samples.png())[2:12] not in repr(local)


def test_standard_input_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(LocalError, match="empty"):
        load(Reference("-", "image"), stdin=io.BytesIO())
    with pytest.raises(LocalError, match="cannot be read"):
        load(Reference("-", "image"), stdin=closed)
    with pytest.raises(LocalError, match="standard input is not an image file"):
        load(Reference("-", "image"), stdin=io.BytesIO(b"words"))
    monkeypatch.setattr(references, "STDIN_LIMIT", 1000)
    with pytest.raises(LocalError, match="holds more than"):
        load(Reference("-", "image"), stdin=io.BytesIO(samples.png() + bytes(1000)))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(LocalError, match="empty"):
        load(Reference("-", "image"))


def test_the_process_own_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(samples.png())))
    assert load(Reference("-", "image")).size == len(samples.png())


# URLs


@pytest.mark.parametrize(
    "url",
    ["https://example.org/a.png", "HTTP://h:8080/x?a=b#c", "http://[::1]:80/", "https://ü.de/ä"],
)
def test_urls_are_passed_through(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "https:///path",
        "https://:80/",
        "http://h:port/",
        "http://h:99999/",
        "http://[::1/",
        "https://example.org/a b",
        "https://example.org/\n",
        "https://exa\tmple.org/",
        "https://example.org/\x1b[31m",
        "https://example.org\\@evil/",
        "ftp://example.org/",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(LocalError, match="not a valid"):
        check_url(url)


@settings(max_examples=effort(40, 2_000))
@given(st.text(max_size=60).map(lambda text: "https://" + text))
@example("https://\u2100.example/")
def test_no_url_makes_it_fail(url: str) -> None:
    try:
        assert check_url(url) == url
    except LocalError:
        return


# What travels inside the request

MiB = 1024 * 1024


@pytest.mark.parametrize(
    ("sizes", "upload"),
    [
        ([], set()),
        ([INLINE_FILE_LIMIT], set()),
        ([INLINE_FILE_LIMIT + 1], {0}),
        ([3 * MiB, 3 * MiB], set()),
        ([3 * MiB, 3 * MiB + 1, 10], {1}),
        ([MiB] * 6, set()),
        ([MiB] * 6 + [1], {5}),
        ([9 * MiB, 100, 9 * MiB], {0, 2}),
    ],
)
def test_large_files_are_uploaded(sizes: list[int], upload: set[int]) -> None:
    assert must_upload(sizes) == upload


@given(st.lists(st.integers(0, 8 * MiB), max_size=20))
def test_what_stays_fits_into_a_request(sizes: list[int]) -> None:
    upload = must_upload(sizes)
    inline = [size for index, size in enumerate(sizes) if index not in upload]
    assert sum(inline) <= INLINE_TOTAL_LIMIT
    assert all(size <= INLINE_FILE_LIMIT for size in inline)
    if upload and sum(inline) + min(sizes[index] for index in upload) <= INLINE_TOTAL_LIMIT:
        assert min(sizes[index] for index in upload) > INLINE_FILE_LIMIT, "needlessly uploaded"


def test_a_data_uri_of_nine_megabytes_takes_less_than_four_times_the_file() -> None:
    import tracemalloc

    size = 9_000_000
    local = load(Reference(write("a.png", samples.png() + bytes(size)), "image"))
    tracemalloc.start()
    uri = data_uri(local)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(uri) == len("data:image/png;base64,") + (local.size + 2) // 3 * 4
    assert peak < 4 * size, f"{peak / size:.2f} times the file"


@pytest.mark.parametrize("size", [1, 2, 3, references._CHUNK - 1, references._CHUNK + 1])
def test_base64_across_chunks(size: int) -> None:
    data = os.urandom(size)
    local = LocalFile("x.png", size, "image/png", data=data)
    assert data_uri(local) == "data:image/png;base64," + base64.b64encode(data).decode()


@not_on_windows("a path there begins with a drive")
@pytest.mark.parametrize(
    "form",
    [
        "file://{}",
        "file://localhost{}",
        "FILE:{}",
        "'{}'",
        '"{}"',
        " {} ",
        "'file://{}'",
        "dragged",
    ],
)
def test_paths_as_file_managers_and_terminals_give_them(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    written = str(path).replace(" ", "%20") if "file:" in form.lower() else str(path)
    form = str(path).replace(" ", "\\ ") if form == "dragged" else form

    assert load(Reference(form.format(written), "image")).path == path


def test_a_name_that_really_has_quotes_is_taken_as_it_is(tmp_path: Path) -> None:
    path = Path("'quoted'.png'")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))

    assert load(Reference(str(path), "image")).size == 48


def test_a_file_url_of_another_machine_is_refused() -> None:
    with pytest.raises(LocalError, match="on another machine"):
        load(Reference("file://nas/photo.png", "image"))
