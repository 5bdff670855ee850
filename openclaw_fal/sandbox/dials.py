"""The dials: settings of the sandbox's speed, load, results and failures.

As text, for the command line, the environment and the `X-Sandbox-Dials` header:

    latency=0.2,queue-length=3,run-time=1.5,fail=submit:503:2,fail=media:cut:1

or as a JSON object with the same names. In the text form values are percent-encoded, so that they
can hold commas, colons and control characters.
"""

from __future__ import annotations

import json
from dataclasses import Field, dataclass, field, fields
from typing import TypeVar
from urllib.parse import unquote

from openclaw_fal.errors import UsageError
from openclaw_fal.sandbox.faults import KINDS, OPTIONS, PHASES, Fault

HEADER = "x-sandbox-dials"
ENVIRONMENT = "OPENCLAW_FAL_SANDBOX_DIALS"
_CHOICES = {
    "clock": ("time", "polls"),
    "media_form": ("object", "bare", "null", "string", "list", "flat"),
}


T = TypeVar("T")


def _dial(default: T, meaning: str) -> T:
    return field(default=default, metadata={"meaning": meaning})


@dataclass
class Dials:
    """The settings. Times are in seconds, sizes in bytes. They may be changed while it runs."""

    # Time
    latency: float = _dial(0.0, "before every answer of the API")
    media_latency: float = _dial(0.0, "before every media file")
    run_time: float = _dial(0.0, "how long a model runs, synchronous or queued")
    queue_length: int = _dial(0, "positions to count down before a queued job runs")
    queue_step: float = _dial(0.1, "how long each position takes")
    clock: str = _dial("time", "polls: queue-step and run-time count status answers, not seconds")
    # Queue
    log_lines: int = _dial(3, "log lines that a run writes")
    log_window: int = _dial(10, "how many of the last lines a status shows")
    log_text: str = _dial("", "another text for every log line")
    stream: bool = _dial(True, "whether there is a status stream")
    stream_comment: float = _dial(15.0, "between the comments that keep the stream alive")
    queue_urls: str = _dial("full", "none: submits answer no URLs; a URL: theirs start with it")
    # Results
    error: str = _dial("", "COMPLETED with this error; the result answers error-status")
    error_type: str = _dial("", "the type of that error")
    error_status: int = _dial(500, "the status of that result")
    state: str = _dial("", "another last state than COMPLETED, such as FAILED or CANCELLED")
    pending_state: str = _dial("", "another word for IN_PROGRESS")
    nsfw: bool = _dial(False, "flagged and black")
    content_policy: bool = _dial(False, "422 content_policy_violation")
    wrap: str = _dial("plain", "another word: the result stands under this key")
    media_form: str = _dial(
        "object", "bare, null, string, list or flat: the forms that media have been seen in"
    )
    seed: int | None = _dial(None, "the seed in results, whatever was asked for")
    # Media
    media_url: str = _dial("", "every media URL in results")
    upload_url: str = _dial("", "the address that initiated uploads are sent to")
    media_type: str = _dial("", "the content type, in results and answers")
    file_name: str = _dial("", "the file name in results")
    media_bytes: int = _dial(0, "media of this size, of made-up bytes")
    bandwidth: int = _dial(0, "bytes per second on each connection that serves media")
    ranges: bool = _dial(True, "whether Range requests are honoured")
    # Requests
    validate: bool = _dial(True, "check inputs against the endpoints' schemas")
    max_body: int = _dial(10 * 1024 * 1024, "larger bodies get 413; 0 for no limit")
    echo_auth: bool = _dial(False, "errors repeat the Authorization header")
    any_endpoint: bool = _dial(False, "answer for ids that no list of fal's endpoints has, too")
    # Money
    unit_price: float = _dial(0.0, "USD for each unit; 0 for each endpoint's own price")
    unit: str = _dial("", "another unit for every price, such as images or compute seconds")
    billable_units: float = _dial(0.0, "units that each result is billed; 0 for what it comes to")
    bill_invalid: bool = _dial(False, "a 422 is billed as well, which may happen at fal")
    balance: float = _dial(1e6, "USD on the account; once that is billed: 403 User is locked")
    concurrency: int = _dial(0, "queued jobs that run at once; 0 for no limit")
    admin: bool = _dial(True, "whether any key may ask for billing events, or none (403)")
    history_delay: float = _dial(0.0, "until a request shows up in the list of requests")
    history_unfinished: bool = _dial(True, "whether the list has requests that still run")
    # Failures
    faults: list[Fault] = field(default_factory=list)

    def fail(
        self, phase: str, kind: str | int, count: int | None = None, **options: object
    ) -> Fault:
        """Add a fault for the next `count` requests of the phase (None: for all).

        `options` are the fields of `Fault`: after, status, type, detail, body, retry_after, to, …
        """
        fault = Fault.checked({"phase": phase, "kind": str(kind), "count": count, **options})
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    def fault(self, phase: str) -> Fault | None:
        """The fault for a request of this phase, which counts as one use of it; None if there is
        none."""
        return next((fault for fault in list(self.faults) if fault.applies(phase)), None)

    @classmethod
    def parse(cls, text: str) -> Dials:
        """Parse the text or JSON form. Raises UsageError with the dial and its allowed values."""
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
        """The dials as JSON values, which `parse` accepts."""
        values: dict[str, object] = {item.name: getattr(self, item.name) for item in fields(self)}
        values["faults"] = [fault.as_dict() for fault in self.faults]
        return values


def explain() -> str:
    """Help text: all dials, phases and kinds of faults, with their meaning."""
    lines = ["DIALS, as name=value, separated by commas:"]
    for item in fields(Dials):
        if item.name != "faults":
            default = "" if item.default in ("", None) else _default_text(item.default)
            lines.append(f"  {item.name.replace('_', '-')}={default}".ljust(26) + meaning(item))
    lines += ["  fail=PHASE:KIND[:COUNT][:OPTION=VALUE…], several joined with +", "PHASES:"]
    lines.append("  " + " ".join(PHASES))
    lines += ["KINDS:", "  an HTTP status".ljust(26) + "the answer; with " + OPTIONS]
    lines += [f"  {name}".ljust(26) + text for name, text in KINDS.items()]
    return "\n".join(lines)


def meaning(item: Field[object]) -> str:
    """What a dial does."""
    return str(item.metadata["meaning"])


def _default_text(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return str(default).removesuffix(".0")


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
        allowed = _CHOICES.get(key, (text,))
        if text not in allowed:
            raise UsageError(f"{key}: {' or '.join(allowed)} is wanted, not {text!r}")
        return text
    try:
        number = float(text) if isinstance(default, float) else int(text)
    except ValueError:
        raise UsageError(f"{key}: a number is wanted, not {text!r}") from None
    if default is not None and not 0 <= number < 1e15:
        raise UsageError(f"{key}: a number from 0 up is wanted, not {text!r}")
    return number
