"""The program in a real terminal, wide and narrow: the display while it runs, and what stays."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

if os.name == "nt":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

from tests.ui.terminal import Seen, watch

DIALS = "OPENCLAW_FAL_SANDBOX_DIALS"
# Each state lasts until it has been asked for, so that a slow machine sees all of them too.
SLOW = "clock=polls,stream=off,queue-length=3,queue-step=1,run-time=2,log-text=denoising"
SLOW += ",media-bytes=400000,bandwidth=900000"
FAST = "queue-length=1,queue-step=0.1,run-time=0.3,log-text=denoising"
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9](;[0-9;]*)?m")


def video(*argv: str, columns: int = 80, dials: str = FAST, **env: str) -> Seen:
    argv = ("video", "waves", "--sandbox", "--poll-interval", "0.2", *argv)
    return watch(*argv, columns=columns, env={DIALS: dials, **env})


@pytest.mark.parametrize("columns", [100, 60, 40])
def test_a_video_from_the_queue_to_the_file(columns: int) -> None:
    seen = video(columns=columns, dials=SLOW)
    assert seen.status == 0, seen.text
    for phase in (
        "queued, ",
        "queued, next in line",
        "running",
        "│ denoising",
        "downloading",
        "0:0",
    ):
        assert seen.ever(phase), phase
    assert seen.ever("/400.0 kB")
    assert seen.ever("━")
    assert seen.ever("kB/s") is (columns >= 60)
    # Nothing of it is left: the path, and the closing panel.
    path = str(Path.cwd() / "waves.mp4")
    assert "".join(seen.screen).startswith(path)
    rest = seen.text.replace("\n", "")[len(path) :]
    framed = columns > 40  # narrower, a frame would break what is to be copied
    assert rest.startswith("╭─ done in " if framed else "done in ")
    assert "denoising" not in rest
    assert not re.search("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏━↓]", rest)
    assert seen.screen[-1].endswith("╯" if framed else "--sandbox")
    # It was never seen half drawn, and a killed process would not have hidden the cursor.
    for state in seen.states:
        assert len(re.findall("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", state)) <= 1, state
    assert "\x1b[?25l" not in seen.raw
    assert "\x1b[2J" not in seen.raw


def test_several_downloads_have_a_line_each_in_order() -> None:
    env = {DIALS: "media-bytes=300000,bandwidth=400000"}
    seen = watch("image", "p", "-n", "4", "--sandbox", env=env, columns=80)
    full = [state for state in seen.states if all(f"file {n}" in state for n in range(1, 5))]
    assert full
    for state in full:
        assert re.findall(r"↓ file (\d)", state) == ["1", "2", "3", "4"]
    assert len([line for line in seen.screen if line.endswith(".png")]) == 4


def test_an_upload_has_a_bar() -> None:
    from PIL import Image

    Image.frombytes("RGB", (1300, 1300), os.urandom(1300 * 1300 * 3)).save("photo.png")
    model = "fal/fal-ai/wan/v2.2-a14b/image-to-video"
    seen = watch(
        *("video", "it moves", "-i", "photo.png", "-m", model, "--sandbox"),
        env={DIALS: "latency=0.3"},
        columns=80,
    )
    assert seen.status == 0, seen.text
    assert seen.ever("↑ photo.png")


def test_no_color_draws_the_same_without_colour() -> None:
    plain = video(NO_COLOR="1", dials="media-bytes=300000,bandwidth=600000")
    assert plain.ever("━")
    assert not COLOUR.search(plain.raw)
    assert COLOUR.search(video().raw)
    assert not COLOUR.search(video("--no-color").raw)


def test_verbose_keeps_the_models_log() -> None:
    seen = video("--verbose")
    assert seen.text.count("│ denoising") == 3


def test_the_log_of_a_failed_job_stays_above_the_error() -> None:
    env = {DIALS: f"{FAST},log-text=out of memory,error=it failed"}
    seen = watch("video", "waves", "--sandbox", env=env, columns=60)
    assert seen.status == 6
    assert seen.screen[0] == "│ out of memory"
    errors = [line for line in seen.screen if line.startswith("error: ")]
    assert len(errors) == 1
    assert any(line.startswith("  request  ") for line in seen.screen)
    assert any(line.startswith("  job      ") for line in seen.screen)


def test_in_ci_a_terminal_gets_few_plain_lines_with_times() -> None:
    seen = video(CI="1")
    assert "\x1b" not in seen.raw
    stamped = [line for line in seen.screen if re.match(r" *\d+\.\ds  ", line)]
    assert 5 <= len(stamped) <= 12
    assert any("queued" in line for line in stamped)
    assert any(line.startswith("file     waves.mp4 (") for line in seen.screen)


def test_quiet_shows_the_path_alone() -> None:
    seen = video("--quiet")
    assert seen.raw.split() == [str(Path.cwd() / "waves.mp4")]


def test_json_on_a_terminal_is_one_document_after_the_display() -> None:
    import json

    seen = video("--json", columns=100)
    assert seen.ever("running")
    assert json.loads(seen.text)["ok"] is True


@pytest.mark.parametrize("columns", [100, 60])
def test_a_rejection_is_wrapped_between_words(columns: int) -> None:
    seen = watch("image", "p", "-n", "9", "--aspect-ratio", "7:5", columns=columns)
    assert seen.status == 5
    assert seen.screen[0].startswith("error: fal-ai/flux/dev does not take this request")
    assert any(line.startswith("  - --count 9: fal-ai/flux/dev") for line in seen.screen)
    assert "    closest: 4" in seen.screen
    words = seen.text.split()
    assert {"--aspect-ratio", "2.35:1,", "16:9,", "closest:", "4:3"} <= set(words)


def test_tables_fit_a_narrow_terminal() -> None:
    for argv in (["image", "models"], ["config", "show"], ["help", "sandbox"], ["help"]):
        seen = watch(*argv, columns=60, rows=200)
        assert seen.status == 0
        assert all(len(line) <= 60 for line in seen.screen)
    models = watch("image", "models", columns=60, rows=60).screen
    assert "* fal/fal-ai/flux/dev" in models
    assert "  fal/openai/gpt-image-2.5/sunburst/text-to-image" in models  # refs stay whole


def test_a_preview_is_drawn_with_half_blocks_where_nothing_better_is() -> None:
    pytest.importorskip("textual_image")
    seen = watch("image", "a lighthouse", "--sandbox", "--preview", columns=60)
    assert seen.status == 0, seen.text
    assert "▀" * 20 in seen.text
    assert any(line.startswith("done in ") for line in seen.screen)


def test_the_width_is_that_of_the_terminal_where_stdout_is_a_pipe() -> None:
    import fcntl
    import pty
    import struct
    import subprocess
    import termios

    from tests.support.program import command

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    run = subprocess.run(
        command("image", "p", "--size", "banana"),
        stdout=subprocess.PIPE,
        stderr=slave,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
        check=False,
    )
    os.close(slave)
    text = os.read(master, 65536).decode()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    os.close(master)
    assert run.returncode == 2
    assert len(lines) > 1
    assert all(len(line) <= 50 for line in lines), lines
