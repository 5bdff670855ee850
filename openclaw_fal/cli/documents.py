"""The types of the JSON documents that commands print with `--json`. The renderer adds `ok` and
`capability` to each. `openclaw help json` describes them to users.
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
    """The result of image, video, music and `jobs wait`: OpenClaw's envelope and a few more keys.
    `submitted` marks a job that was left in fal's queue (`--async`)."""

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
    """A request as it would be sent. The body is complete, data URIs included."""

    method: str
    url: str
    body: JsonObject


class DryRunDocument(Overrides):
    """The result of `--dry-run`. `uploads` are the files that would be uploaded first."""

    dryRun: bool
    provider: str
    model: str
    request: WireRequest
    cost: CostDocument
    warnings: NotRequired[list[str]]
    uploads: NotRequired[list[JsonObject]]


class JobsDocument(TypedDict):
    """Several jobs of the journal, or the results of several that were waited for."""

    jobs: list[JsonObject]
    error: NotRequired[object]


class JobDocument(TypedDict):
    """One job of the journal."""

    job: JsonObject


class ReconcileDocument(TypedDict):
    """The outcomes of the search at fal for uncertain jobs."""

    jobs: list[JsonObject]


class OpenedDocument(TypedDict):
    """The files of a job that were opened."""

    jobId: str
    files: list[str]


class CancelDocument(TypedDict):
    """fal's answer to the request to cancel a job."""

    jobId: str
    requestId: str | None
    outcome: str


class PruneDocument(TypedDict):
    """The ids of the jobs that were removed from the journal."""

    pruned: list[str]


class ModelsDocument(TypedDict):
    """The known models of a kind, and the ref of the default one."""

    default: str
    models: list[JsonObject]


class ModelDocument(TypedDict):
    """One model in full."""

    model: JsonObject


class FoundModelsDocument(TypedDict):
    """Listed or found endpoints with `model`, `kind` and `source` (the table of known limits, or
    the catalogue of fal's declarations)."""

    models: list[JsonObject]
    catalogue: JsonObject


class ModelFactsDocument(TypedDict):
    """One endpoint in full. `fields` are its declared inputs; `price` is null if unknown;
    `siblings` are the other endpoints of its family."""

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
    """The user's aliases of models, and the file that holds them."""

    aliases: Mapping[str, str]
    path: str


class RefreshDocument(TypedDict):
    """The counts of a refresh. `skipped`: entries of fal's list without a declared input; `prices`
    is null if they were not fetched."""

    endpoints: int
    skipped: int
    resumed: bool
    prices: int | None
    path: str


class CheckDocument(TypedDict):
    """The differences between the table, the shipped catalogue and fal. With `contradicted`, the
    exit status is 6."""

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
    """The source of fal's key, and the key masked. `problem`: why a source cannot be used."""

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
    """The sandbox's URL, and the settings that make programs use it."""

    sandbox: bool
    url: str
    config: JsonObject
    environment: JsonObject
    clients: JsonObject


class SpendDocument(TypedDict):
    """Spending in groups, and its sum in each currency. Amounts are decimal texts."""

    since: str
    until: str
    by: str
    groups: list[JsonObject]
    total: list[JsonObject]
    sandbox: NotRequired[bool]


class SpendCheckDocument(TypedDict):
    """Requests whose charge differs between the journal and fal. Amounts are decimal texts, null if
    unknown."""

    since: str
    until: str
    compared: int
    differences: list[JsonObject]
    notInJournal: int


class BudgetDocument(TypedDict):
    """Limits on spending; those for a day or month with the remaining amount."""

    budget: list[JsonObject]


class ProvenanceDocument(TypedDict):
    """The provenance of a file. `asServed`: without its mark it equals what fal served; `others`:
    metadata of other programs in it."""

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
    """A file without its mark. `served`: it equals what fal served."""

    path: str
    served: bool


class GalleryDocument(TypedDict):
    """The path of a gallery, and the number of its files."""

    path: str
    files: int
