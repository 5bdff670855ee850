"""Prompts, options, reference files and output paths that nobody means well with."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest
from PIL import Image

from openclaw_fal.sandbox import Sandbox
from tests.cli.queueing import Hooked
from tests.program import Openclaw, Outcome, jobs, process, write_config
from tests.trust.checks import HOSTILE, limited, linux, posix, refused, shell, sparse, strict

MEGABYTE = "a lighthouse, " * 75_000
PROMPTS = {
    "controls": HOSTILE,
    "a NUL": "a\0b",
    "a megabyte": MEGABYTE,
    "right to left": "منارة عند الفجر \u202e nwad",
    "Hebrew": "מגדלור בזריחה",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🇨🇭 at 🌅",
    "combining": "Z̸̢a̷l̶g̵o̸" * 20,
    "line ends": "one\r\ntwo\rthree\u2028four\u2029five\x85six",
    "only white space inside": "a\t\v\f b",
    "a path": "../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a device": "con",
    "a hidden file": ".bashrc",
    "a template": "{prompt}{seed}{{}}%s%n$HOME`id`$(id)",
    "quotes": "\"'`\\",
    "an option": "--json",
    "a dash and more": "-o x",
    "JSON": '{"a": "b\\u0000"}',
    "markup": "[bold red]x[/] :smile: <b>&amp;</b>",
    "astral": "\U0001f3f4\U000e0067\U000e0062\U0010ffff\ufeff\ufffe",
    "not normalised": "e\u0301 é ﬁ ①",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_a_prompt_is_sent_exactly_and_names_its_file_sanely(
    name: str, openclaw: Openclaw, fal: Hooked
) -> None:
    prompt = PROMPTS[name]
    outcome = openclaw("image", "--prompt", prompt, "--json")
    assert outcome.status == 0, outcome.err[:2000]
    assert fal.posts()[0].json["prompt"] == prompt
    path = Path(strict(outcome.out)["outputs"][0]["path"])
    assert path.parent == Path.cwd()
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,60}\.png", path.name)
    assert os.listdir() == [path.name]
    (job,) = jobs(openclaw)
    assert job["prompt"] == prompt or (
        len(prompt) > 2000 and prompt.startswith(job["prompt"][:1999])
    )


@pytest.mark.parametrize("name", ["controls", "a NUL", "a megabyte", "emoji", "line ends"])
def test_a_prompt_from_standard_input(name: str, fal: Hooked) -> None:
    outcome = process("image", "-", "--json", stdin=PROMPTS[name].encode())
    assert outcome.status == 0, outcome.err[:2000]
    assert fal.posts()[0].json["prompt"] == PROMPTS[name]


@pytest.mark.parametrize(
    "argv",
    [
        ["image", "a\udcffb"],
        ["image", "p", "--param", "style=\udcff"],
        ["image", "p", "--model", "fal/x/\udcff"],
        ["image", "p", "--quality", "\udcff", "--model", "fal/openai/gpt-image-2"],
        ["image", "p", "--size", "\udcff"],
        ["image", "p", "--image", "\udcff.png"],
        ["image", "p", "--image", "https://x/\udcff.png"],
        ["video", "p", "--duration", "\udcff"],
        ["music", "p", "--lyrics", "\udcff"],
        ["music", "p", "--lyrics-file", "\udcff"],
        ["music", "p", "--format", "\udcff"],
        ["jobs", "show", "\udcff"],
        ["jobs", "wait", "\udcff"],
        ["config", "set", "agents.defaults.mediaMaxMb", "\udcff"],
        ["config", "set", "agents.\udcff", "1"],
        ["\udcff"],
    ],
)
def test_arguments_that_are_no_text(argv: list[str], openclaw: Openclaw, fal: Hooked) -> None:
    refused(openclaw(*argv, "--json"), {2, 3, 5})
    assert fal.posts() == []


def test_a_prompt_that_is_no_text_or_too_long_is_refused(fal: Hooked) -> None:
    for data in (b"\xff\xfe", b"a" * (8 * 1024 * 1024 + 1)):
        outcome = process("image", "-", "--json", stdin=data)
        refused(outcome, 2)
    assert fal.requests == []


# Options


@pytest.mark.parametrize(
    ("argv", "field", "value"),
    [
        (["--prompt=--json"], "prompt", "--json"),
        (["--prompt", "-o"], "prompt", "-o"),
        (["--", "--help"], "prompt", "--help"),
        (["p", "--seed=-5"], "seed", -5),
        (["p", "--seed", "-5"], "seed", -5),
        (["p", "--param", "x=--json"], "x", "--json"),
        (["p", "--param=--x=-1"], "--x", -1),
    ],
)
def test_values_that_look_like_flags(
    argv: list[str], field: str, value: object, openclaw: Openclaw, fal: Hooked
) -> None:
    fal.dials.validate = False
    outcome = openclaw("image", *argv)
    assert outcome.status == 0, outcome.err
    assert fal.posts()[0].json[field] == value


@pytest.mark.parametrize(
    "output",
    ["-x.png", "--json", "-", "--", "x y.png", "a\nb.png", "ü\u202e.png", "~.png", "%41.png"],
)
def test_output_names_that_look_like_something_else(
    output: str, openclaw: Openclaw, fal: Hooked
) -> None:
    outcome = openclaw("image", "p", f"--output={output}", "--json")
    if output == "-":
        refused(outcome, 2)
        assert fal.posts() == []
        return
    assert outcome.status == 0, outcome.out
    (saved,) = Path.cwd().iterdir()
    assert saved.name == (output if output.endswith(".png") else f"{output}.png")


@pytest.mark.parametrize(
    "ref",
    [
        "fal/../secrets", "fal/fal-ai/../../x", "fal/fal-ai/flux/dev/..", "fal/a b/c", "fal/a//b",
        "fal/a/b?x=1", "fal/a/b#x", "fal//a", "fal/", "fal", "/fal/a/b", "fal/a/%2e%2e/b",
        "fal/a\\..\\b", "fal/a\n/b", "fal/a/b\r\nX-Evil: 1", "fal/\0/b", "fal/a/\u202e", "fal/a/.",
        "https://fal.run/a/b", "fal/https://evil.example/a", "fal/@evil.example/a",
        "fal/a/" + "b" * 5000, "", " ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("noun", ["image", "video", "music"])
def test_refs_that_lead_elsewhere(noun: str, ref: str, openclaw: Openclaw, fal: Hooked) -> None:
    refused(openclaw(noun, "p", "--model", ref, "--json"), {2, 5})
    write_config(fal.url, **{f"{noun}GenerationModel": {"primary": ref}})
    refused(openclaw(noun, "p", "--json"), {2, 3})
    assert fal.requests == []
    assert jobs(openclaw) == []


@pytest.mark.parametrize(
    "argv",
    [
        ["--timeout-ms", "1" + "0" * 400],
        ["--timeout-ms", "9" * 5000],
        ["--seed", "9" * 400],
        ["--count", "9" * 400],
        ["--poll-interval", "1e9"],
        ["--poll-interval", "nan"],
        ["--poll-interval", "inf"],
        ["--size", "9" * 400 + "x1"],
        ["--aspect-ratio", "1:" + "9" * 5000],
        ["--param", "x=" + "[" * 5000],
        ["--param", "x=" + "[" * 90 + "]" * 90],
        *(["--param", f"x={'[' * depth}{']' * depth}"] for depth in (150, 500, 700, 900, 980)),
        *(["--param", "x=" + '{"a":' * depth + "1" + "}" * depth] for depth in (150, 500, 900)),
        ["--param", "x=" + "9" * 5000],
        ["--param", "x=1e999"],
        ["--param", "x=NaN"],
        ["--param", "=1"],
    ],
)  # fmt: skip
def test_numbers_and_values_beyond_all_bounds(
    argv: list[str], openclaw: Openclaw, fal: Hooked
) -> None:
    for more in ([], ["--dry-run"], ["--queue"]):
        outcome = openclaw("image", "p", *argv, *more, "--json")
        assert outcome.status in (0, 2, 5, 6), outcome.out[-2000:]
        strict(outcome.out)
        assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "value", ["1e400", "Infinity", "NaN", "-1", "9" * 400, "true", '"5"', "[]"]
)
def test_config_values_beyond_all_bounds(value: str, openclaw: Openclaw, fal: Hooked) -> None:
    path = write_config(fal.url)
    for defaults in (
        f'{{"mediaMaxMb": {value}}}',
        f'{{"imageGenerationModel": {{"primary": "fal/fal-ai/flux/dev", "timeoutMs": {value}}}}}',
        f'{{"imageGenerationModel": {value}}}',
        f'{{"imageGenerationModel": {{"primary": {value}, "fallbacks": {value}}}}}',
    ):
        base = f'"models": {{"providers": {{"fal": {{"baseUrl": "{fal.url}"}}}}}}'
        path.write_text(f'{{{base}, "agents": {{"defaults": {defaults}}}}}')
        for argv in (
            ["image", "p"],
            ["config", "show"],
            ["config", "validate"],
            ["config", "get", "agents"],
        ):
            outcome = openclaw(*argv, "--json")
            assert outcome.status in (0, 3), outcome.out
            strict(outcome.out)


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


@posix
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


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read everything")
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


@posix
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


@posix
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


@posix
def test_a_deleted_folder_in_a_process_of_its_own(fal: Hooked) -> None:
    outcome = shell('mkdir gone && cd gone && rmdir ../gone && "$@"', "image", "p", "--json")
    refused(outcome, 3)
    assert fal.posts() == []


AS_NOBODY = """
import encodings.ascii, encodings.idna, encodings.latin_1, encodings.utf_8_sig, getpass
import importlib, os, pkgutil, sys, sqlite3, _sqlite3, h11, pyjson5, PIL
import filelock, platformdirs, rich.console, tomli_w, typer, typer.main, certifi, ssl, json, zlib
import openclaw_fal
for found in pkgutil.walk_packages(openclaw_fal.__path__, "openclaw_fal."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
from openclaw_fal.__main__ import main
os.setgroups([]); os.setgid(65534); os.setuid(65534)
raise SystemExit(main(sys.argv[1:]))
"""


def unprivileged(*argv: str, **env: str) -> Outcome:
    """Run the program as a user who may not write everywhere."""
    import subprocess

    code = AS_NOBODY if os.geteuid() == 0 else AS_NOBODY.replace("os.set", "# os.set")
    done = subprocess.run(
        [sys.executable, "-c", code, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **env},
        timeout=60,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that an unprivileged user reaches, made the current one."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="openclaw-fal-test-"))
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


@linux
def test_read_only_homes_and_folders(shared: Path, key: str) -> None:
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
        env = {"HOME": str(home), "OPENCLAW_FAL_HOME": str(home / "fal")}
        output = ("--output", f"{writable}/")
        error = refused(unprivileged("image", "p", *output, "--json", **env), 3)
        assert "OPENCLAW_FAL_HOME" in error["hint"]
        refused(unprivileged("onboard", "--json", **env), 3)
        refused(unprivileged("config", "set", "a.b", "1", "--json", **env), 3)
        refused(unprivileged("image", "p", "--output", "/x.png", "--json", **env), 3)
        assert fal.posts() == []
        for argv in (["jobs", "list"], ["config", "show"], ["image", "models"]):
            assert unprivileged(*argv, **env).status == 0
        env["OPENCLAW_FAL_HOME"] = str(writable / "fal")
        refused(unprivileged("image", "p", "--json", **env), 3)  # the current folder is read-only
        assert fal.posts() == []
        outcome = unprivileged("image", "p", *output, "--json", **env)
        assert outcome.status == 0, outcome.out + outcome.err
    import shutil

    shutil.rmtree(shared)
