"""Where output files go, and what is found before the request is sent."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.files.outputs import (
    OutputTarget,
    check_writable,
)
from tests.files.output_support import names, save, target
from tests.support.systems import held_back, special_files


@pytest.mark.parametrize(
    ("output", "saved"),
    [
        (None, "a-lighthouse-at-dawn.png"),
        ("out.png", "out.png"),
        ("out.webp", "out.png"),
        ("out", "out.png"),
        ("folder", "folder/a-lighthouse-at-dawn.png"),
        ("folder/", "folder/a-lighthouse-at-dawn.png"),
        (".", "a-lighthouse-at-dawn.png"),
        ("folder/..", "a-lighthouse-at-dawn.png"),
        ("new/", "new/a-lighthouse-at-dawn.png"),
        ("new/deep/out.png", "new/deep/out.png"),
        ("{model}/{date}/{time}-{kind}", "fal-ai-flux-dev/2026-08-14/093005-image.png"),
        ("{prompt}-{seed}-{id}-{n}.{ext}", "a-lighthouse-at-dawn-77-abcdefgh12-1.png"),
        ("{seed}/x{n}/", "77/x1/a-lighthouse-at-dawn.png"),
        ("{{prompt}}.png", "{prompt}.png"),
        ("{{{kind}}}", "{image}.png"),
        ("br{ce", "br{ce/a-lighthouse-at-dawn.png"),
        ("a}b.png", "a}b.png"),
        ("com{n}.png", "com1_.png"),
    ],
)
def test_where_an_image_goes(tmp_path: Path, output: str | None, saved: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "br{ce").mkdir()
    where = target(output, tmp_path)
    check_writable(where)
    where = OutputTarget.from_json(json.loads(json.dumps(where.as_json())))
    found = save(where, seed=77)
    assert found.path == tmp_path / saved or found.path.resolve() == (tmp_path / saved).resolve()
    assert names(tmp_path) == [saved]


def test_absolute_paths_and_the_home_folder(tmp_path: Path, isolated: Path) -> None:
    assert save(target(str(tmp_path / "x.png"))).path == tmp_path / "x.png"
    assert save(target("~/pictures/")).path.parent == isolated / "pictures"
    assert names(Path.cwd()) == []


def test_the_target_does_not_follow_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = target("out.png", Path.cwd())
    started = Path.cwd()
    monkeypatch.chdir(tmp_path)
    assert save(where).path.parent == started


@pytest.mark.parametrize(
    "output", ["{width}.png", "{}.png", "{prompt", "{prompt!r}", "{n:03}", "{"]
)
def test_unknown_fields(output: str) -> None:
    with pytest.raises(UsageError, match=r"\{prompt\}, \{model\}") as error:
        target(output)
    assert "{{" in (error.value.hint or "")


@pytest.mark.parametrize(
    "output", ["-", "/dev/stdout", "/dev/fd/1", "/dev/null", "", "a\0b", "{ext}/a"]
)
@special_files
def test_what_can_be_no_output(output: str) -> None:
    with pytest.raises(UsageError):
        target(output)


@special_files
def test_special_files_and_dangling_links_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/full")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("pipe", "link"):
        with pytest.raises(UsageError, match="not a regular file"):
            target(name, tmp_path)
    with pytest.raises(UsageError, match="leads nowhere"):
        target("dangling", tmp_path)


def test_a_target_that_is_none() -> None:
    for document in ({}, {"folder": "/"}, {**target().as_json(), "template": "{x}"}):
        with pytest.raises(LocalError):
            OutputTarget.from_json(document)


# Before the request


def test_checking_makes_the_folder_and_nothing_else(tmp_path: Path) -> None:
    check_writable(target("new/{seed}/{prompt}", tmp_path))
    assert list(tmp_path.rglob("*")) == [tmp_path / "new"]


def test_what_is_in_the_way_is_found_before_the_request(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for output in ("file/out.png", "file/", "file/deep/out.png"):
        with pytest.raises(LocalError, match=r"not a folder.*nothing was sent"):
            check_writable(target(output, tmp_path))
    for output in ("x" * 300 + ".png", "x" * 253, "{prompt}" + "ü" * 120 + ".png"):
        with pytest.raises(LocalError, match="too long"):
            check_writable(target(output, tmp_path))
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="needs a folder that nobody can write to"
)
def test_a_folder_that_cannot_be_written_to() -> None:
    with pytest.raises(LocalError, match="nothing can be written to /proc"):
        check_writable(target("/proc/self/"))


@held_back
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LocalError, match="permission denied"):
        check_writable(target(None, tmp_path))
    tmp_path.chmod(0o700)
