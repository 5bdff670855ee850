"""Reads a manifest, checks it against what its models accept, and estimates its price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.batches import manifest as manifests
from openclaw_fal.batches.item import PlannedItem
from openclaw_fal.batches.plan import Planned, planned
from openclaw_fal.batches.records import whole_path
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

MAX_BYTES = 512 * 1024 * 1024
STDIN = "-"


class LoadedManifest(Frozen):
    """A manifest that was read. `path` is absolute, or `-` for standard input, kept in `text`;
    `name` is for messages; with `prompts`, each line is a prompt."""

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
) -> LoadedManifest:
    """Read a manifest from a file or standard input (`-`); `text` is standard input as an earlier
    run kept it. `job_file` gives the path for a reference `job:ID`.

    Raises LocalError for a file that cannot be read, UsageError for one that is not a manifest.
    """
    if source == STDIN:
        raw = text.encode("utf-8", "surrogatepass") if text is not None else read_stdin()
        path, name, folder = STDIN, "standard input", Path.cwd()
    else:
        file = whole_path(source)
        raw = _bytes_of(file, source, "the prompts" if prompts else "the manifest")
        path, name, folder = str(file), source, file.parent
    manifest = manifests.read(
        raw, name=name, folder=folder, defaults=defaults, prompts=prompts, job_file=job_file
    )
    kept = raw.decode("utf-8", "replace") if source == STDIN else None
    return LoadedManifest(path, name, manifest, prompts, kept)


def _bytes_of(file: Path, given: str, what: str) -> bytes:
    try:
        if not file.is_file():
            raise LocalError(
                f"{what} {given} {_why_no_file(file)}",
                hint="openclaw help batch shows the format",
            )
        if file.stat().st_size > MAX_BYTES:
            raise LocalError(f"{what} {given} has more than {MAX_BYTES // 2**20} MB")
        return file.read_bytes()
    except OSError as error:
        raise LocalError(f"{what} {given} cannot be read: {reason(error)}") from error


def _why_no_file(path: Path) -> str:
    if path.is_dir():
        return "is a folder"
    return "is not a file, but a device or a pipe" if path.exists() else "does not exist"


def plan(loaded: LoadedManifest, session: Session, *, strict: bool = False) -> Planned:
    """Check every row against what its model accepts. Sends nothing."""
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
    """The estimated price of many items: the sum of the known prices, and how many are unknown."""

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
    """The estimated price of all items together. Sends nothing."""
    from openclaw_fal.journal import bodies

    settings = RunSettings(
        capability="batch.plan", timeout_s=0, sandbox=session.sandbox, assume_cost=assume_cost
    )
    quotes = wiring.quotes(wiring.read_config(session.config), settings)
    total: Money | None = None
    unknown = 0
    estimates: dict[str, Money | None] = {}
    for item in items:
        body = bodies.kept(item.plan.filled(lambda reference: reference.source))
        options = cost_options(item.plan.endpoint, body)
        if options not in estimates:
            estimates[options] = quotes.estimate(item.plan.endpoint, body).amount
        amount = estimates[options]
        if amount is None:
            unknown += 1
        else:
            total = Money(amount.micro + (total.micro if total else 0), amount.currency)
    return Price(total, unknown)


def count_by_model(items: Sequence[PlannedItem]) -> list[tuple[str, int]]:
    """The number of items for each endpoint, the largest first."""
    return Counter(item.plan.endpoint for item in items).most_common()
