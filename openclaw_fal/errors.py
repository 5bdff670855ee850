"""Every error that the program can end with: one class per exit status.

    OpenClawFalError      1  internal
    ├── UsageError        2  usage
    ├── LocalError        3  config          the config or another local file
    ├── AuthError         4  auth            no key, or fal does not accept it
    ├── CapabilityError   5  capability      the request breaks what the model takes
    ├── Conflict          5  conflict        the key of another request; nothing was sent
    ├── JobFailed         6  job_failed      fal took the job and it failed
    │   └── ContentPolicy 6  content_policy
    ├── Unreachable       7  network         fal could not be reached
    │   ├── TimedOut      7  timeout
    │   └── RateLimited   7  rate_limited
    ├── BillingError      8  billing         locked, or out of balance
    ├── BudgetError       9  budget          the budget does not allow it; nothing was sent
    └── Interrupted     130  interrupted

`code` is the stable word of the JSON failure document, `status` the exit status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


class Violation(NamedTuple):
    """One option that breaks what the model takes.

    `key` is the specification's parameter name (`aspectRatio`, `durationSeconds`, …), `supported`
    the values or the limit that the model takes, `closest` the nearest value that it would take.
    """

    key: str
    value: object
    message: str
    supported: tuple[object, ...] | str | None = None
    closest: object = None


class OpenClawFalError(Exception):
    """A failure with a message for people and a code for programs.

    `message` says what was wrong and what is allowed; `hint` names the command that fixes it.
    `http_status` and `request_id` are fal's; `job_id` is ours. `may_be_billed` is true unless fal
    provably never took the request, or bills nothing for this answer. `outputs` are files that were
    saved nevertheless; `attempts` are the models that were tried before, as in JSON documents;
    `raw` is the part that arrived of a paid answer that could not be read.
    """

    status: ClassVar[int] = 1
    code: ClassVar[str] = "internal"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        http_status: int | None = None,
        error_type: str | None = None,
        request_id: str | None = None,
        job_id: str | None = None,
        may_be_billed: bool = False,
        model: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.http_status = http_status
        self.error_type = error_type
        self.request_id = request_id
        self.job_id = job_id
        self.may_be_billed = may_be_billed
        self.model = model
        self.raw = b""
        self.outputs: Sequence[Any] = ()  # of media.Output, which this module cannot import
        self.attempts: Sequence[Mapping[str, object]] = ()


class UsageError(OpenClawFalError):
    """Wrong usage of the command line."""

    status = 2
    code = "usage"


class LocalError(OpenClawFalError):
    """The config or another local file is invalid, or cannot be read or written."""

    status = 3
    code = "config"


class AuthError(OpenClawFalError):
    """There is no key, or fal does not accept it."""

    status = 4
    code = "auth"


class CapabilityError(OpenClawFalError):
    """The request breaks what the model takes; nothing was sent. Carries all violations."""

    status = 5
    code = "capability"

    def __init__(
        self,
        message: str,
        *,
        violations: tuple[Violation, ...] = (),
        hint: str | None = None,
        model: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, model=model)
        self.violations = violations


class Conflict(OpenClawFalError):
    """A key or an item of a batch was sent before as another request; nothing was sent now."""

    status = 5
    code = "conflict"


class JobFailed(OpenClawFalError):
    """fal took the job and it failed: validation, or an error of the model."""

    status = 6
    code = "job_failed"


class ContentPolicy(JobFailed):
    """fal's content policy refused the input or the output. Never retried."""

    code = "content_policy"


class Unreachable(OpenClawFalError):
    """fal could not be reached, or the connection broke.

    `may_have_arrived` is true when a POST was cut after it may have reached fal: such a request is
    never sent again, because a second one would be a second bill.
    """

    status = 7
    code = "network"

    def __init__(self, message: str, *, may_have_arrived: bool = False, **facts: object) -> None:
        super().__init__(message, **facts)  # type: ignore[arg-type]
        self.may_have_arrived = may_have_arrived


class TimedOut(Unreachable):
    """Time ran out, here or in fal's queue."""

    code = "timeout"


class RateLimited(Unreachable):
    """fal answered 429 until time ran out: the request was not taken."""

    code = "rate_limited"


class BillingError(OpenClawFalError):
    """The account is locked or out of balance. A new key does not help."""

    status = 8
    code = "billing"


class BudgetError(OpenClawFalError):
    """The budget does not allow the request; nothing was sent.

    `budget` holds the limit, what is spent, what remains and what was asked for, as decimal texts.
    """

    status = 9
    code = "budget"

    def __init__(
        self,
        message: str,
        *,
        budget: Mapping[str, str | None] | None = None,
        hint: str | None = None,
        model: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, model=model)
        self.budget = budget or {}


class Interrupted(OpenClawFalError):
    """Ctrl-C, SIGTERM or SIGHUP."""

    status = 130
    code = "interrupted"


NO_KEY = "there is no fal key: none in FAL_KEY, and none stored"


def no_key(message: str = NO_KEY, fix: str = "openclaw onboard stores one") -> AuthError:
    """The error of a command that needs a key and has none."""
    return AuthError(message, hint=f"{fix}; --sandbox tries it without a key, at no cost")
