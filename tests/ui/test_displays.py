"""The displays of a running job, fed with events and a clock of our own."""

from __future__ import annotations

import sys

import pytest

from openclaw_fal.errors import Interrupted, JobFailed
from openclaw_fal.progress import Progress
from openclaw_fal.session import Session
from openclaw_fal.ui import progress as plain
from openclaw_fal.ui.drawing import Glyphs, transfer_line
from openclaw_fal.ui.live import LiveProgress
from openclaw_fal.ui.progress import PlainProgress, progress_for
from openclaw_fal.ui.transfers import (
    Transfer,
    amount_text,
    clock_text,
    duration_text,
    queue_text,
    size_text,
)

NEVER = 1e9


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def texts(display: LiveProgress, width: int = 80, height: int = 40) -> list[str]:
    return ["".join(text for text, _ in line) for line in display.lines(width, height)]


def live(clock: Clock, session: Session | None = None) -> LiveProgress:
    return LiveProgress(session or Session(), delay_s=NEVER, clock=clock)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.strip().partition("  ")[2] for line in capsys.readouterr().err.splitlines()]


# Words and numbers


def test_amounts() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 999_949, 999_950, 2.5e9)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "999.9 kB",
        "1.0 MB",
        "2.5 GB",
    ]
    assert amount_text(1_500_000, 3_000_000) == "1.5/3.0 MB"
    assert amount_text(1_500_000, None) == "1.5 MB"
    assert [clock_text(seconds) for seconds in (0.9, 65, 3600)] == ["0:00", "1:05", "1:00:00"]
    assert [duration_text(s) for s in (0.04, 59.9, 59.96, 3600)] == [
        "0.0 s",
        "59.9 s",
        "0:59 min",
        "1:00:00 h",
    ]
    assert [queue_text(position) for position in (None, 0, 3)] == [
        "queued",
        "queued, next in line",
        "queued, 3 ahead",
    ]


def test_the_rate_is_that_of_the_last_seconds(clock: Clock) -> None:
    transfer = Transfer("x", clock)
    assert transfer.rate is None
    for clock.now in range(1, 11):
        transfer.moved(int(clock.now) * 100, 10_000)
    assert transfer.rate == pytest.approx(100)
    for clock.now in range(11, 20):
        transfer.moved(transfer.done + 1000, 20_000)
    assert transfer.rate == pytest.approx(1000)
    assert transfer.remaining_s is not None
    clock.now = 20
    transfer.moved(20_000, 20_000)
    assert transfer.finished
    assert transfer.rate == pytest.approx(1000)  # of the whole time
    assert transfer.remaining_s is None


def test_a_transfer_that_starts_again_has_no_negative_rate(clock: Clock) -> None:
    transfer = Transfer("x", clock)
    clock.now = 1
    transfer.moved(1000, 2000)
    clock.now = 2
    transfer.moved(0, 2000)
    assert transfer.rate is None
    assert transfer.share == 0


# The live display


def test_the_status_has_the_time_of_the_whole_command(clock: Clock) -> None:
    display = live(clock)
    clock.now = 3
    display.queued(2)
    clock.now = 65
    assert texts(display)[0].endswith("queued, 2 ahead  1:05")
    display.running()
    assert texts(display)[0].endswith("running  1:05")


@pytest.mark.parametrize("width", [20, 30, 40, 60, 100])
def test_no_line_is_wider_than_the_terminal(clock: Clock, width: int) -> None:
    display = live(clock)
    display.phase("submitting to bytedance/seedance-2.0/fast/reference-to-video")
    display.log("a log line that is much longer than the terminal is wide " * 3)
    clock.now = 1
    display.upload("a-photo-with-a-long-name-界界界界.png", 500_000, 2_000_000)
    display.download(0, 1_000_000, None)
    for line in texts(display, width):
        assert len(line) <= width + 4  # the wide characters count twice, in a label cut to fit


def test_a_narrow_line_drops_the_time_left_first_then_the_rate(clock: Clock) -> None:
    transfer = Transfer("↓ file 1", clock)
    clock.now = 1
    transfer.moved(1_000_000, 3_000_000)

    def line(width: int) -> str:
        return "".join(text for text, _ in transfer_line(transfer, 8, width, Glyphs("utf-8")))

    assert line(80) == "  ↓ file 1  ━━━━━━━━────────────────  1.0/3.0 MB  1.0 MB/s  0:02 left"
    assert line(48) == "  ↓ file 1  ━━━─────────  1.0/3.0 MB  1.0 MB/s"[:12] + line(48)[12:]
    assert "left" not in line(48)
    assert "MB/s" in line(48)
    assert "MB/s" not in line(34)
    assert "1.0/3.0 MB" in line(34)
    assert line(24) == "  ↓ file 1  1.0/3.0 MB"


def test_log_lines_go_when_the_download_begins(clock: Clock) -> None:
    display = live(clock)
    display.running()
    for number in range(9):
        display.log(f"step {number}")
    assert texts(display)[:-1] == [f"│ step {number}" for number in range(5, 9)]
    display.upload("x", 5, 5)
    display.phase("downloading")
    assert len(texts(display)) == 1


def test_several_jobs_have_a_status_each(clock: Clock) -> None:
    display = live(clock)
    first, second = display.job("7k2m"), display.job("8abc")
    first.running()
    second.queued(1)
    first.log("step 1")
    first.log("step 2")
    assert [line[2:] for line in texts(display)] == [
        "7k2m: running  0:00",
        "│ step 2",
        "8abc: queued, 1 ahead  0:00",
    ]
    first.close()
    assert len(texts(display)) == 1


def test_more_lines_than_the_terminal_has_are_not_drawn(clock: Clock) -> None:
    display = live(clock)
    display.phase("downloading 50 files")
    for index in range(50):
        display.download(index, 1, 2)
    assert len(texts(display, height=10)) == 9


def test_ascii_where_the_terminal_knows_nothing_else() -> None:
    for encoding in ("ascii", "cp1252", None, "no-such-encoding"):
        glyphs = Glyphs(encoding)
        shown = "".join(vars(glyphs).values())
        assert shown.isascii()
    assert not "".join(vars(Glyphs("utf-8")).values()).isascii()


def test_text_of_others_cannot_drive_the_terminal_nor_show_the_key(clock: Clock) -> None:
    session = Session()
    session.secrets.add("a-key-that-is-secret")
    display = live(clock, session)
    display.phase("generating \x1b[2J with a-key-that-is-secret\r\n")
    display.log("\x1b]0;title\x07 a-key-that-is-secret")
    shown = "".join(texts(display))
    assert shown.isprintable()
    assert "a-key-that-is-secret" not in shown


def test_a_failed_job_leaves_its_log_and_an_interrupted_one_does_not(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    for error, left in ((JobFailed("x"), ["│ out of memory"]), (Interrupted("x"), [])):
        display = live(clock)
        display.running()
        display.log("out of memory")
        try:
            raise error
        except type(error):
            display.close()
        display.close()
        assert capsys.readouterr().err.splitlines() == left


def test_a_quick_job_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    display = LiveProgress(Session(), delay_s=NEVER)
    display.phase("generating")
    display.download(0, 1, 1)
    display.close()
    assert capsys.readouterr().err == ""


# Plain lines


def test_a_line_for_each_state_and_the_position_now_and_then(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    display = PlainProgress(Session(), clock=clock)
    display.phase("submitting to m")
    for position in range(100, 0, -1):
        clock.now += 1
        display.queued(position)
    clock.now += 1
    display.running()
    display.log("step")
    display.running()
    display.phase("downloading")
    lines = said(capsys)
    assert lines[:3] == ["submitting to m", "queued, 100 ahead", "queued, 90 ahead"]
    assert len([line for line in lines if line.startswith("queued")]) == 10
    assert lines[-3:] == ["running", "| step", "downloading"]


def test_a_sign_of_life_a_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainProgress(Session(), clock=clock)
    for clock.now in range(0, 600, 5):
        display.running()
    assert capsys.readouterr().err.splitlines()[:3] == [
        "  0.0s  running",
        "  1:00  running",
        "  2:00  running",
    ]


def test_many_log_lines_are_cut_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()
    for session.verbose in (False, True):
        display = PlainProgress(session)
        for number in range(100):
            display.log(f"step {number}")
        lines = said(capsys)
        assert len(lines) == (100 if session.verbose else plain.LOG_LINES + 1)


def test_transfers_are_said_once_when_they_are_there(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    display = PlainProgress(Session(), clock=clock)
    for done in range(0, 3_000_001, 500_000):
        display.upload("photo.png", done, 3_000_000)
        clock.now += 1
        display.download(1, done, 3_000_000)
    assert said(capsys) == [
        "uploaded photo.png (3.0 MB, 500.0 kB/s)",
        "downloaded file 2 (3.0 MB, 500.0 kB/s)",
    ]


def test_lines_of_several_jobs_say_which(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainProgress(Session(), clock=clock)
    first, second = display.job("7k2m"), display.job("8abc")
    for _ in range(3):
        first.running()
        second.queued(0)
    first.note("the stream broke")
    assert said(capsys) == [
        "7k2m: running",
        "8abc: queued, next in line",
        "7k2m: note: the stream broke",
    ]


def test_which_display(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    assert isinstance(progress_for(session), PlainProgress)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_for(session), LiveProgress)
    monkeypatch.setenv("CI", "true")
    assert isinstance(progress_for(session), PlainProgress)
    session.quiet = True
    assert type(progress_for(session)) is Progress
