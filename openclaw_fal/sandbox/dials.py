"""The dials: how slow, how busy, how broken and how hostile the sandbox is.

Written as text for the command line, the environment and the `X-Sandbox-Dials` header:

    latency=0.2,queue-length=3,run-time=1.5,fail=submit:503:2,fail=media:cut:1

or as a JSON object with the same names. In the text form `%XX` stands for any byte, so that a value
can hold commas, colons or control characters.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from urllib.parse import unquote

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox.faults import Fault

HEADER = "x-sandbox-dials"
ENVIRONMENT = "OPENCLAW_FAL_SANDBOX_DIALS"


@dataclass
class Dials:
    """What can be turned. Times are in seconds, sizes in bytes. Change them while it runs."""

    # Time
    latency: float = 0.0  # before every answer of the API
    media_latency: float = 0.0  # before every media file
    run_time: float = 0.0  # how long a model runs, synchronous or queued
    queue_length: int = 0  # positions to count down before a queued job runs
    queue_step: float = 0.1  # how long each position takes
    clock: str = "time"  # "polls": queue_step and run_time count status answers, not seconds
    # Queue
    log_lines: int = 3  # log lines that a run writes
    log_window: int = 10  # how many of the last lines a status shows
    log_text: str = ""  # another text for every log line
    stream: bool = True  # whether there is a status stream
    stream_comment: float = 15.0  # between the comments that keep the stream alive
    queue_urls: str = "full"  # "none": submits answer no URLs; a URL: theirs start with it
    # Results
    error: str = ""  # COMPLETED with this error; the result answers error_status
    error_type: str = ""
    error_status: int = 500
    state: str = ""  # another last state than COMPLETED, such as FAILED or CANCELLED
    pending_state: str = ""  # another word for IN_PROGRESS
    nsfw: bool = False  # flagged and black
    content_policy: bool = False  # 422 content_policy_violation
    wrap: str = "plain"  # another word: the result stands under this key
    media_form: str = "object"  # "bare", "string", "list", "flat" or "null": see results.py
    seed: int | None = None  # the seed in results, whatever was asked for
    # Media
    media_url: str = ""  # every media URL in results
    upload_url: str = ""  # the address that initiated uploads are sent to
    media_type: str = ""  # the content type, in results and answers
    file_name: str = ""  # the file name in results
    media_bytes: int = 0  # media of this size, of made-up bytes
    bandwidth: int = 0  # bytes per second on each connection that serves media
    ranges: bool = True  # whether Range requests are honoured
    # Requests
    validate: bool = True  # check inputs against the endpoints' schemas
    max_body: int = 10 * 1024 * 1024  # larger bodies get 413; 0 for no limit
    echo_auth: bool = False  # errors repeat the Authorization header
    # Failures
    faults: list[Fault] = field(default_factory=list)

    def fail(
        self, phase: str, kind: str | int, count: int | None = None, **options: object
    ) -> Fault:
        """Add a fault: the next `count` requests of the phase (all if None) get it.

        `options` are the fields of `Fault`: after, status, type, detail, body, retry_after, to, …
        """
        fault = Fault.checked({"phase": phase, "kind": str(kind), "count": count, **options})
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Take all faults away."""
        self.faults.clear()

    def fault(self, phase: str) -> Fault | None:
        """The fault that strikes this request, which uses up one of its count."""
        return next((fault for fault in list(self.faults) if fault.strikes(phase)), None)

    @classmethod
    def parse(cls, text: str) -> Dials:
        """Read the text or JSON form. Raises UsageError naming the dial and what it takes."""
        dials = cls()
        stripped = text.strip()
        if stripped.startswith("{"):
            for name, value in _json_object(stripped).items():
                _set_json(dials, name, value)
            return dials
        for item in filter(None, (part.strip() for part in stripped.split(","))):
            name, equals, value = item.partition("=")
            if name == "fail":
                dials.faults += [Fault.parse(spec) for spec in value.split("+")]
            else:
                _set_text(dials, name, value if equals else "1")
        return dials

    def as_dict(self) -> dict[str, object]:
        """The dials as JSON-ready values: what `parse` reads back."""
        shown: dict[str, object] = {item.name: getattr(self, item.name) for item in fields(self)}
        shown["faults"] = [fault.as_dict() for fault in self.faults]
        return shown


def _json_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise UsageError(f"the sandbox's dials are not valid JSON: {exc}") from None
    assert isinstance(value, dict)
    return value


def _set_json(dials: Dials, name: str, value: object) -> None:
    if name.replace("-", "_") == "faults":
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise UsageError("faults: a list of objects is wanted")
        dials.faults = [Fault.checked(item) for item in value]
        return
    _set_text(dials, name, value if isinstance(value, str) else json.dumps(value))


def _set_text(dials: Dials, name: str, text: str) -> None:
    known = {item.name for item in fields(dials)} - {"faults"}
    key = name.strip().replace("-", "_")
    if key not in known:
        raise UsageError(
            f"there is no dial {name.strip()!r}",
            hint="dials: fail, " + ", ".join(sorted(item.replace("_", "-") for item in known)),
        )
    setattr(dials, key, _value(key, getattr(Dials, key), unquote(text)))


def _value(key: str, default: object, text: str) -> object:
    if isinstance(default, bool):
        word = text.strip().lower()
        if word in ("1", "true", "yes", "on"):
            return True
        if word in ("0", "false", "no", "off"):
            return False
        raise UsageError(f"{key}: on or off is wanted, not {text!r}")
    if isinstance(default, str):
        return text
    try:
        number = float(text) if isinstance(default, float) else int(text)
    except ValueError:
        raise UsageError(f"{key}: a number is wanted, not {text!r}") from None
    if default is not None and not 0 <= number < 1e15:
        raise UsageError(f"{key}: a number from 0 up is wanted, not {text!r}")
    return number
