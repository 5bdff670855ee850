"""Reference files and output paths that nobody means well with, and disks that are full."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from openclaw_fal.sandbox import Sandbox
from tests.support.canary import WATCH, traces_in_folder
from tests.support.program import Openclaw, Outcome, jobs, process, python
from tests.support.queueing import Hooked
from tests.support.systems import held_back, linux, not_on_windows, special_files
from tests.trust.checks import limited, refused, shell, sparse, strict

# Reference files


def with_reference(openclaw: Openclaw, path: str | Path) -> Outcome:
    return openclaw("image", "edit", "--file", str(path), "p", "--json")


def special(kind: str) -> Path:
    """Something in the place of a reference file."""
    path = Path("it.png")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "link to a pipe":
        os.mkfifo("pipe")
        path.symlink_to("pipe")
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("PNG")
    elif kind == "a web page":
        path.write_text("<!doctype html><p>not found")
    elif kind == "a PDF":
        path.write_bytes(b"%PDF-1.7\n" + bytes(100))
    elif kind == "a sound":
        path.write_bytes(b"ID3\x04" + bytes(200))
    elif kind == "noise":
        path.write_bytes(bytes(range(256)))
    else:
        return Path(kind)
    return path


@special_files
@pytest.mark.parametrize(
    "kind",
    [
        "folder", "pipe", "socket", "dangling link", "link to itself", "link to a device",
        "link to a pipe", "empty", "text", "a web page", "a PDF", "a sound", "/dev/zero",
        "/dev/null", "/dev/stdin", "/proc/self/mem", "missing.png", "a\0b.png", "",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA", "http://", "https://a b/", "https://[", "x" * 5000,
    ],
)  # fmt: skip
def test_reference_files_that_are_none(kind: str, openclaw: Openclaw, fal: Hooked) -> None:
    refused(with_reference(openclaw, special(kind)), {2, 3})
    assert fal.requests == []
    assert jobs(openclaw) == []


@held_back
def test_an_unreadable_reference_file(openclaw: Openclaw, fal: Hooked) -> None:
    Image.new("RGB", (4, 4)).save("it.png")
    os.chmod("it.png", 0)
    assert "ermission" in refused(with_reference(openclaw, "it.png"), 3)["message"]
    assert fal.requests == []


def test_a_reference_file_goes_by_its_bytes_not_its_name(openclaw: Openclaw, fal: Hooked) -> None:
    Image.new("RGB", (4, 4)).save("photo.txt", "PNG")
    Image.new("RGB", (4, 4)).save("photo.gif", "JPEG")
    for name, mime in (("photo.txt", "image/png"), ("photo.gif", "image/jpeg")):
        fal.clear()
        assert with_reference(openclaw, name).status == 0
        assert fal.posts()[0].json["image_url"].startswith(f"data:{mime};base64,")


@linux
def test_a_huge_reference_file_is_not_read_into_memory(fal: Hooked) -> None:
    sparse("huge.png", 3 * 1024**3)
    outcome = limited(
        {"RLIMIT_AS": 700 * 1024**2},
        "image",
        "edit",
        "--file",
        "huge.png",
        "p",
        "--dry-run",
        "--json",
    )
    assert outcome.status == 0, outcome.err
    assert strict(outcome.out)["uploads"] == [
        {"path": "huge.png", "size": 3 * 1024**3, "mimeType": "image/png"}
    ]
    assert fal.requests == []
    os.unlink("huge.png")


@linux
def test_a_large_reference_file_is_uploaded_in_little_memory(fal: Hooked) -> None:
    size = 95 * 1024**2
    sparse("large.png", size)
    outcome = limited(
        {"RLIMIT_AS": 700 * 1024**2}, "image", "edit", "--file", "large.png", "p", "--json"
    )
    assert outcome.status == 0, outcome.out + outcome.err
    (upload,) = fal.uploads
    assert fal.posts()[0].json["image_url"] == upload.url
    assert fal.leaks == []
    os.unlink("large.png")


# Outputs


@special_files
@pytest.mark.parametrize(
    "output",
    [
        "link.png", "dangling.png", "pipe.png", "/dev/null", "/dev/stdout", "/dev/fd/1",
        "file.txt/x.png", "file.txt/", "/proc/x.png", "a\0b.png", ".", "..", "/", "missing/..",
        "{nope}", "{", "}", "{ext}/x.png",
    ],
)  # fmt: skip
def test_outputs_that_are_links_devices_or_nothing(
    output: str, openclaw: Openclaw, fal: Hooked
) -> None:
    Path("mine.png").write_text("mine")
    Path("file.txt").write_text("mine")
    Path("link.png").symlink_to("mine.png")
    Path("dangling.png").symlink_to("elsewhere.png")
    os.mkfifo("pipe.png")
    before = sorted(os.listdir())
    os.mkdir("inner")
    if output in (".", "..", "/", "missing/..", "link.png"):
        os.chdir("inner")
        output = "../link.png" if output == "link.png" else output
    outcome = openclaw(
        "image", "p", "--output", output, "--dry-run" if output == "/" else "-q", "--json"
    )
    if outcome.status != 0:
        refused(outcome, {2, 3})
        assert fal.posts() == []
    else:
        assert output in (".", "..", "/", "../link.png", "}")
    os.chdir(Path.cwd().parent if Path.cwd().name == "inner" else ".")
    assert Path("mine.png").read_text() == Path("file.txt").read_text() == "mine"
    assert not Path("elsewhere.png").exists()
    assert set(before) <= set(os.listdir())
    assert stat.S_ISFIFO(os.stat("pipe.png").st_mode)


def test_a_name_that_is_too_long(openclaw: Openclaw, fal: Hooked) -> None:
    for output in ("x" * 300 + ".png", "ü" * 200 + ".png", "x" * 300 + "/"):
        outcome = openclaw("image", "p", "--output", output, "--json")
        if outcome.status != 0:
            refused(outcome, 3)
    assert len(fal.posts()) == len([path for path in Path.cwd().iterdir() if path.is_file()])


@linux
def test_a_disk_that_fills_up_keeps_what_was_paid_for(openclaw: Openclaw, fal: Hooked) -> None:
    fal.dials.media_bytes = 3_000_000
    # The journal's file is smaller than this, the media are larger.
    outcome = limited({"RLIMIT_FSIZE": 1_000_000}, "image", "p", "--json")
    error = refused(outcome, 3)
    assert "part file" in error["message"]
    assert f"openclaw jobs wait {error['jobId']}" in error["hint"]
    assert jobs(openclaw)[0]["state"] == "completed"
    assert not list(Path.cwd().glob("*.png"))
    later = openclaw("jobs", "wait", error["jobId"], "--json")
    assert later.status == 0
    (output,) = later.json["outputs"]
    assert Path(output["path"]).read_bytes() == fal.media(output["url"])
    assert len(fal.posts()) == 1


@linux
def test_a_disk_without_room_for_the_journal_sends_nothing(fal: Hooked) -> None:
    refused(limited({"RLIMIT_FSIZE": 1000}, "image", "p", "--json"), 3)
    assert fal.posts() == []


@not_on_windows("the current folder cannot be removed there")
def test_a_current_folder_that_is_gone(openclaw: Openclaw, fal: Hooked) -> None:
    gone = Path.cwd() / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    error = refused(openclaw("image", "p", "--json"), 3)
    assert "cd" in error["message"]
    refused(openclaw("image", "p", "--config", "relative.json", "--json"), 3)
    refused(openclaw("image", "edit", "--file", "x.png", "p", "--json"), 3)
    assert fal.posts() == []
    for argv in (["config", "show"], ["jobs", "list"], ["image", "models"], ["--help"]):
        assert openclaw(*argv).status == 0
    outcome = openclaw("image", "p", "--output", str(gone.parent / "x.png"))
    assert outcome.status in (0, 3)
    assert process("config", "show").status == 0


@not_on_windows("the current folder cannot be removed there")
def test_a_deleted_folder_in_a_process_of_its_own(fal: Hooked) -> None:
    outcome = shell('mkdir gone && cd gone && rmdir ../gone && "$@"', "image", "p", "--json")
    refused(outcome, 3)
    assert fal.posts() == []


AS_NOBODY = """
import json, os, sys
from openclaw_fal.__main__ import main
for number, (argv, env) in enumerate(json.load(sys.stdin)):
    streams = [os.open(f"{sys.argv[1]}/{number}.{end}", os.O_WRONLY) for end in ("out", "err")]
    if os.fork() == 0:
        os.dup2(streams[0], 1)
        os.dup2(streams[1], 2)
        os.environ.update(env)
        if os.geteuid() == 0:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
        raise SystemExit(main(argv))
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


def unprivileged(folder: Path, *runs: tuple[list[str], dict[str, str]]) -> list[Outcome]:
    """Run the program with these arguments and variables as a user who may not write everywhere.
    The modules are loaded before, by a user who may read them: it is a fork."""
    streams = [(folder / f"{number}.out", folder / f"{number}.err") for number in range(len(runs))]
    for out, err in streams:
        out.touch()
        err.touch()
    parent = python(AS_NOBODY, folder, talks=True)
    statuses, said = parent.communicate(json.dumps(runs).encode(), timeout=120)
    assert parent.returncode == 0, said
    outcomes = []
    for status, (out, err) in zip(statuses.split(), streams, strict=True):
        WATCH.seen(f"unprivileged {runs}", out.read_bytes(), err.read_bytes())
        outcomes.append(Outcome(int(status), out.read_text(), err.read_text()))
    return outcomes


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that an unprivileged user reaches, made the current one."""
    with tempfile.TemporaryDirectory(prefix="openclaw-fal-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.chdir(folder)
        yield folder
        assert traces_in_folder(folder)[0] == []
        monkeypatch.undo()


@linux
def test_read_only_homes_and_folders(shared: Path, tmp_path: Path, key: str) -> None:
    home = shared / "home"
    (home / ".openclaw").mkdir(parents=True)
    writable = shared / "writable"
    writable.mkdir()
    writable.chmod(0o777)
    with Sandbox() as fal:
        (home / ".openclaw" / "openclaw.json").write_text(
            '{"models": {"providers": {"fal": {"baseUrl": "' + fal.url + '"}}}}'
        )
        os.chmod(home, 0o555)
        closed = {"HOME": str(home), "OPENCLAW_FAL_HOME": str(home / "fal")}
        opened = {**closed, "OPENCLAW_FAL_HOME": str(writable / "fal")}
        output = ["--output", f"{writable}/"]
        *others, jobs_of, config_of, here, outcome = unprivileged(
            tmp_path,
            (["image", "p", *output, "--json"], closed),
            (["onboard", "--json"], closed),
            (["config", "set", "a.b", "1", "--json"], closed),
            (["image", "p", "--output", "/x.png", "--json"], closed),
            (["jobs", "list"], closed),
            (["config", "show"], closed),
            (["image", "p", "--json"], opened),  # the current folder is read-only
            (["image", "p", *output, "--json"], opened),
        )
        errors = [refused(other, 3) for other in (*others, here)]
        assert "OPENCLAW_FAL_HOME" in errors[0]["hint"]
        assert (jobs_of.status, config_of.status) == (0, 0)
        assert outcome.status == 0, outcome.out + outcome.err
