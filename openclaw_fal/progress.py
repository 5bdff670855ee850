"""How jobs and batches report their progress."""

from __future__ import annotations

from openclaw_fal.frozen import Frozen


class Progress:
    """Receives the progress of a job, from any thread. This base class ignores it."""

    def job(self, label: str) -> Progress:
        """A display for one of several jobs that are watched together."""
        return self

    def phase(self, name: str) -> None:
        """The job entered a phase: "submitting", "waiting", "downloading", …"""

    def queued(self, position: int | None) -> None:
        """The job waits in fal's queue; `position` counts the jobs ahead, where fal says it."""

    def running(self) -> None:
        """The model works on the job."""

    def log(self, message: str) -> None:
        """The model logged a line; each is reported once."""

    def note(self, message: str) -> None:
        """Something that the user should know: a retry, a fallback, a lost stream."""

    def upload(self, name: str, done: int, total: int | None) -> None:
        """`done` of `total` bytes of the reference file `name` have been sent."""

    def download(self, index: int, done: int, total: int | None) -> None:
        """`done` of `total` bytes of output `index` (from 0) have arrived; total may be unknown."""

    def close(self) -> None:
        """Nothing more will come. May be called twice."""


class Counts(Frozen):
    """The number of items of a batch in each state."""

    total: int
    done: int
    failed: int
    uncertain: int
    submitted: int
    running: int
    fetching: int
    pending: int
