"""The live display with rich: one status line, log lines above it, a bar for each transfer."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from openclaw_fal.progress import Progress
from openclaw_fal.ui.rich_blocks import console
from openclaw_fal.ui.text import redacted, safe

if TYPE_CHECKING:
    from openclaw_fal.session import Session

NARROW = 70  # columns below which a bar has no room for its rate


class _Elapsed(ProgressColumn):
    """Seconds since the command began, on the status line only."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self._start = start

    def render(self, task: Task) -> Text:
        if not task.fields.get("status"):
            return Text("")
        seconds = int(time.monotonic() - self._start)
        return Text(f"{seconds // 60}:{seconds % 60:02}", style="cyan")


class LiveProgress(Progress):
    """Redraws in place on stderr and leaves nothing behind; closing it is always safe."""

    def __init__(self, session: Session) -> None:
        import os

        self._session = session
        self._lock = threading.Lock()
        start = time.monotonic()
        plain = session.no_color or bool(os.environ.get("NO_COLOR"))
        self._console = console(sys.stderr, color=not plain)
        wide = self._console.width >= NARROW
        transfer: list[ProgressColumn] = [_OnTransfers(BarColumn(bar_width=24 if wide else 10))]
        transfer.append(_OnTransfers(DownloadColumn()))
        if wide:
            transfer.append(_OnTransfers(TransferSpeedColumn()))
        self._display = RichProgress(
            SpinnerColumn(),
            _Elapsed(start),
            TextColumn("{task.description}", markup=False),
            *transfer,
            console=self._console,
            transient=True,
            refresh_per_second=8,
        )
        self._status: TaskID | None = None
        self._transfers: dict[str, TaskID] = {}

    def phase(self, name: str) -> None:
        self._show(name)

    def queued(self, position: int | None) -> None:
        self._show("queued" if position is None else f"queued, {position} ahead")

    def running(self) -> None:
        self._show("running")

    def log(self, message: str) -> None:
        self._print(f"│ {message}", "dim")

    def note(self, message: str) -> None:
        self._print(f"note: {message}", "yellow")

    def upload(self, name: str, done: int, total: int | None) -> None:
        self._transfer(f"↑ {name}", done, total)

    def download(self, index: int, done: int, total: int | None) -> None:
        self._transfer(f"↓ file {index + 1}", done, total)

    def close(self) -> None:
        with self._lock:
            if self._status is not None:
                self._display.stop()
                self._status = None

    def _show(self, text: str) -> None:
        text = self._clean(text)
        with self._lock:
            if self._status is None:
                self._status = self._display.add_task(text, total=None, status=True)
                self._display.start()
            else:
                self._display.update(self._status, description=text)

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(self._clean(text), style=style), soft_wrap=True)

    def _transfer(self, name: str, done: int, total: int | None) -> None:
        with self._lock:
            if self._status is None:
                return
            if name not in self._transfers:
                shown = self._clean(name)[:40]
                self._transfers[name] = self._display.add_task(shown, total=total, status=False)
            self._display.update(self._transfers[name], completed=done, total=total)

    def _clean(self, text: str) -> str:
        return redacted(safe(text, keep_newlines=False), self._session.secrets)


class _OnTransfers(ProgressColumn):
    """Another column, shown for transfers and empty on the status line."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> Text:
        if task.fields.get("status"):
            return Text("")
        return self._column.render(task)  # type: ignore[return-value]
