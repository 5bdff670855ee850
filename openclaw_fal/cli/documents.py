"""The JSON documents of the commands: what `--json` prints, beside `ok` and `capability`, which the
renderer adds to each one. `openclaw help json` describes them to users.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from openclaw_fal.media import Kind

JsonObject = Mapping[str, object]


CostDocument = Mapping[str, str | None]
"""`estimated` and `billed` as decimal texts (null: unknown), `currency`, and the `source` of the
estimate: history, units, assumed or unknown."""


class Overrides(TypedDict):
    """The options that were not sent as they were given."""

    ignoredOverrides: list[JsonObject]
    adjustedOverrides: list[JsonObject]


class GeneratedDocument(Overrides):
    """OpenClaw's envelope and a few more keys: what image, video and music print, and a job that
    was waited for. `submitted` marks a job that was left on fal's queue (`--async`)."""

    transport: str
    provider: str
    model: str
    attempts: list[JsonObject]
    outputs: list[JsonObject]
    requestId: NotRequired[str]
    jobId: NotRequired[str]
    seed: NotRequired[int]
    billableUnits: NotRequired[str]
    cost: NotRequired[CostDocument]
    repeated: NotRequired[bool]
    flagged: NotRequired[list[int]]
    sandbox: NotRequired[bool]
    submitted: NotRequired[bool]
    warnings: NotRequired[list[str]]


class WireRequest(TypedDict):
    """A request as it would leave: the body is complete, data URIs included."""

    method: str
    url: str
    body: JsonObject


class DryRunDocument(Overrides):
    """What `--dry-run` prints. `uploads` are the files that would be uploaded first."""

    dryRun: bool
    provider: str
    model: str
    request: WireRequest
    cost: CostDocument
    warnings: NotRequired[list[str]]
    uploads: NotRequired[list[JsonObject]]


class JobsDocument(TypedDict):
    """Several jobs of the journal, or the ends of several that were waited for together."""

    jobs: list[JsonObject]
    error: NotRequired[object]


class JobDocument(TypedDict):
    """One job of the journal."""

    job: JsonObject


class ReconcileDocument(TypedDict):
    """What was found at fal of requests whose answer never came."""

    jobs: list[JsonObject]


class OpenedDocument(TypedDict):
    """The files of a job that were handed to the desktop."""

    jobId: str
    files: list[str]


class CancelDocument(TypedDict):
    """What fal said when it was asked to cancel a job."""

    jobId: str
    requestId: str | None
    outcome: str


class PruneDocument(TypedDict):
    """The ids of the jobs that were forgotten."""

    pruned: list[str]


class ModelsDocument(TypedDict):
    """The known models of a kind, and the ref of the default one."""

    default: str
    models: list[JsonObject]


class ModelDocument(TypedDict):
    """One model in full."""

    model: JsonObject


class FoundModelsDocument(TypedDict):
    """Endpoints that were listed or found: `model`, `kind` and `source` of each (the table of known
    limits, or the catalogue of fal's declarations)."""

    models: list[JsonObject]
    catalogue: JsonObject


class ModelFactsDocument(TypedDict):
    """One endpoint in full. `fields` are those that it declares; `price` is null where none is
    known; `siblings` are the other endpoints of its family."""

    model: JsonObject
    fields: list[JsonObject]
    siblings: list[str]
    price: JsonObject | None
    aliases: list[str]


class DefaultModelsDocument(TypedDict):
    """The default model of each kind: `model`, `origin`, `path`, `fallbacks`."""

    defaults: Mapping[Kind, DefaultModelFacts]
    aliases: NotRequired[Mapping[str, str]]
    catalogue: NotRequired[JsonObject]


class AliasesDocument(TypedDict):
    """The user's own short names, and the file that holds them."""

    aliases: Mapping[str, str]
    path: str


class RefreshDocument(TypedDict):
    """What a refresh brought: `skipped` entries of fal's list declare no input; `prices` is null
    where fal was not asked for them."""

    endpoints: int
    skipped: int
    resumed: bool
    prices: int | None
    path: str


class CheckDocument(TypedDict):
    """What differs between the table, the shipped catalogue and fal. With `contradicted`, the
    status is 6."""

    contradicted: bool
    differences: list[JsonObject]
    shipped: JsonObject
    fresh: JsonObject
    error: NotRequired[JsonObject]


class HelpDocument(TypedDict):
    """A help topic, or the list of topics."""

    topic: NotRequired[str]
    text: NotRequired[str]
    topics: NotRequired[list[str]]


class CompletionDocument(TypedDict):
    """A completion script; `paths` are the files where it was installed."""

    shell: str
    script: NotRequired[str]
    paths: NotRequired[list[str]]


class KeyFacts(TypedDict):
    """Where fal's key comes from. `masked` may be shown; `problem` says why a source is broken."""

    set: bool
    source: NotRequired[str]
    label: NotRequired[str]
    masked: NotRequired[str]
    alsoIn: NotRequired[list[str]]
    notes: NotRequired[list[str]]
    problem: NotRequired[str]


class DefaultModelFacts(TypedDict):
    """The default model of a kind, and where it is set; `problem` says why there is none."""

    model: str | None
    origin: str
    fallbacks: list[str]
    path: NotRequired[str]
    timeoutMs: NotRequired[float]
    problem: NotRequired[str]


class SandboxDocument(TypedDict):
    """Where the sandbox is, and how programs are pointed at it."""

    sandbox: bool
    url: str
    config: JsonObject
    environment: JsonObject
    clients: JsonObject


class SpendDocument(TypedDict):
    """What was spent, in groups, and the sum in each currency; amounts are decimal texts."""

    since: str
    until: str
    by: str
    groups: list[JsonObject]
    total: list[JsonObject]
    sandbox: NotRequired[bool]


class SpendCheckDocument(TypedDict):
    """Requests whose bill differs between the journal and fal; amounts are decimal texts, and null
    where nothing is known to be billed."""

    since: str
    until: str
    compared: int
    differences: list[JsonObject]
    notInJournal: int


class BudgetDocument(TypedDict):
    """Limits on spending, with what remains of those for a day or a month."""

    budget: list[JsonObject]


class ProvenanceDocument(TypedDict):
    """What a file says about where it came from. `asServed` says whether it is, without its mark,
    what fal served; `others` names what other programs left in it."""

    path: str
    sha256: str
    mark: JsonObject | None
    embedded: bool
    sidecar: str | None
    asServed: bool | None
    contentCredentials: str | None
    others: list[str]
    credentials: NotRequired[JsonObject]


class StrippedDocument(TypedDict):
    """A file without its mark; `served` says whether it is what fal served."""

    path: str
    served: bool


class GalleryDocument(TypedDict):
    """Where a gallery is, and how many files it shows."""

    path: str
    files: int
