"""Job states, parsed from fal's status answers and stream events."""

from __future__ import annotations

from typing import NamedTuple

from openclaw_fal.fal.reports import NOTHING, Report, report_of
from openclaw_fal.fal.wire import NotJson, mapping, text_of, whole
from openclaw_fal.text import clean

LONGEST_LOG = 4000
MOST_LOGS = 10_000  # lines of one answer
PENDING = frozenset({"IN_QUEUE", "QUEUED", "STARTED", "PROCESSING", "IN_PROGRESS"})
WAITING = frozenset({"IN_QUEUE", "QUEUED"})
FAILED = frozenset({"FAILED", "ERROR"})
CANCELLED = frozenset({"CANCELLED", "CANCELED"})


class LogLine(NamedTuple):
    timestamp: str
    message: str


class Queued(NamedTuple):
    """The job waits; `position` is the number of jobs ahead, None if fal does not say."""

    position: int | None = None
    logs: tuple[LogLine, ...] = ()


class Running(NamedTuple):
    """The model is processing the job."""

    logs: tuple[LogLine, ...] = ()


class Completed(NamedTuple):
    """The job has ended. Only its result tells whether it succeeded."""

    logs: tuple[LogLine, ...] = ()
    report: Report = NOTHING


class Stopped(NamedTuple):
    """The job failed or was cancelled (`known`), or is in a state that this version lacks."""

    state: str
    logs: tuple[LogLine, ...] = ()
    report: Report = NOTHING

    @property
    def known(self) -> bool:
        return self.state in FAILED | CANCELLED


Status = Queued | Running | Completed | Stopped


def status_of(payload: object, *, key: str | None = None) -> Status:
    """The state in a status answer. Raises NotJson when there is none in it."""
    fields = mapping(payload)
    word = text_of(fields.get("status"))
    if word is None:
        raise NotJson("no status")
    state = clean(word, key=key, limit=60).upper()
    logs = _logs(fields.get("logs"), key)
    if state in PENDING:
        if state in WAITING:
            return Queued(whole(fields.get("queue_position")), logs)
        return Running(logs)
    if state == "COMPLETED":  # a `message` beside it may be no error, so it is not read
        named = ("error", "error_type", "detail")
        failure = {name: fields[name] for name in named if name in fields}
        return Completed(logs, report_of(failure, key=key))
    return Stopped(state, logs, report_of(fields, key=key))


def _logs(value: object, key: str | None) -> tuple[LogLine, ...]:
    lines = []
    for entry in value[-MOST_LOGS:] if isinstance(value, list) else ():
        fields = entry if isinstance(entry, dict) else {"message": entry}
        message = text_of(fields.get("message"))
        if message:
            stamp = fields.get("timestamp")
            shown = clean(message, key=key, limit=LONGEST_LOG)
            lines.append(LogLine(clean(str(stamp), limit=64) if stamp else "", shown))
    return tuple(lines)
