"""A manifest before it is run: read, checked against what its models take, and priced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.batches import manifest as manifests
from openclaw_fal.batches.item import PlannedItem
from openclaw_fal.batches.plan import Planned, planned
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen
from openclaw_fal.job import wiring
from openclaw_fal.job.settings import RunSettings, choose_model
from openclaw_fal.media import Kind
from openclaw_fal.money.amount import Money
from openclaw_fal.money.estimate import cost_options
from openclaw_fal.text import reason

if TYPE_CHECKING:
    from openclaw_fal.session import Session

MOST_BYTES = 512 * 1024 * 1024
STDIN = "-"


class Loaded(Frozen):
    """A manifest as it was read: `path` is absolute, or `-`; `text` is that of standard input."""

    path: str
    name: str
    manifest: manifests.Manifest
    prompts: bool = False
    text: str | None = None


def load(
    source: str,
    *,
    defaults: Mapping[str, object],
    prompts: bool = False,
    read_stdin: Callable[[], bytes],
    text: str | None = None,
    job_file: manifests.JobFile | None = None,
) -> Loaded:
    """Read a manifest from a file or standard input (`-`); `text` is one that was kept. `job_file`
    gives the file that `job:ID` stands for.

    Raises LocalError for a file that cannot be read, UsageError for what is no manifest.
    """
    if source == STDIN:
        raw = text.encode("utf-8", "surrogatepass") if text is not None else read_stdin()
        path, name, folder = STDIN, "standard input", Path.cwd()
    else:
        file = Path(source).expanduser().absolute()
        raw = _bytes_of(file, source)
        path, name, folder = str(file), source, file.parent
    manifest = manifests.read(
        raw, name=name, folder=folder, defaults=defaults, prompts=prompts, job_file=job_file
    )
    kept = raw.decode("utf-8", "replace") if source == STDIN else None
    return Loaded(path, name, manifest, prompts, kept)


def _bytes_of(file: Path, given: str) -> bytes:
    try:
        if not file.is_file():
            raise LocalError(
                f"the manifest {given} {_why_no_file(file)}",
                hint="openclaw help batch shows what a manifest is",
            )
        if file.stat().st_size > MOST_BYTES:
            raise LocalError(f"the manifest {given} has more than {MOST_BYTES // 2**20} MB")
        return file.read_bytes()
    except OSError as error:
        raise LocalError(f"the manifest {given} cannot be read: {reason(error)}") from error


def _why_no_file(path: Path) -> str:
    if path.is_dir():
        return "is a folder"
    return "is no file, but a device or a pipe" if path.exists() else "does not exist"


def plan(loaded: Loaded, session: Session, *, strict: bool = False) -> Planned:
    """Check every row against what its model takes. Sends nothing."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.plan import plan as plan_of

    config = wiring.read_config(session.config)
    defaults: dict[Kind, str] = {}

    def endpoint_of(kind: Kind, ref: str | None) -> str:
        if ref is None:
            if kind not in defaults:
                defaults[kind] = choose_model(kind, None, config).endpoint
            return defaults[kind]
        return choose_model(kind, ref, config).endpoint

    return planned(
        loaded.manifest,
        endpoint_of=endpoint_of,
        plan_of=lambda request: plan_of(request, ENDPOINTS).replaced(request=request),
        strict=strict,
    )


class Price(Frozen):
    """What the items of a plan will cost: the sum of what is known, and how many are not."""

    total: Money | None
    unknown: int

    def __str__(self) -> str:
        if self.total is None:
            return "unknown"
        return f"{self.total}" + (f", and {self.unknown} unknown" if self.unknown else "")

    def as_json(self) -> dict[str, object]:
        """The price in JSON documents."""
        return {
            "estimated": self.total.decimal if self.total else None,
            "currency": self.total.currency if self.total else "USD",
            "unknownItems": self.unknown,
        }


def price(items: Sequence[PlannedItem], session: Session, assume_cost: str | None) -> Price:
    """The estimate for all items together. Asks nobody."""
    from openclaw_fal.journal import bodies

    settings = RunSettings(
        capability="batch.plan", timeout_s=0, sandbox=session.sandbox, assume_cost=assume_cost
    )
    quotes = wiring.quotes(wiring.read_config(session.config), settings)
    total: Money | None = None
    unknown = 0
    known: dict[str, Money | None] = {}
    for item in items:
        body = bodies.kept(item.plan.filled(lambda reference: reference.source))
        options = cost_options(item.plan.endpoint, body)
        if options not in known:
            known[options] = quotes.estimate(item.plan.endpoint, body).amount
        money = known[options]
        if money is None:
            unknown += 1
        else:
            total = Money(money.micro + (total.micro if total else 0), money.currency)
    return Price(total, unknown)


def by_model(items: Sequence[PlannedItem]) -> list[tuple[str, int]]:
    """How many items ask which endpoint, the most first."""
    return Counter(item.plan.endpoint for item in items).most_common()
