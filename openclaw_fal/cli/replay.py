"""openclaw replay"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from openclaw_fal.cli import option_values, options
from openclaw_fal.cli.groups import Command
from openclaw_fal.cli.option_records import record_options
from openclaw_fal.cli.options import Text, request_option
from openclaw_fal.errors import CapabilityError, LocalError, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import KINDS, Kind, MediaRequest, MediaType, Reference
from openclaw_fal.parameters import KEYS
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job

EPILOG = """\
Examples:
  openclaw replay lighthouse.png --dry-run
  openclaw replay 7k2m --seed random --sandbox
  openclaw replay lighthouse.png --set aspectRatio=16:9 --dry-run
See also: openclaw provenance show, openclaw help provenance"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)

SEEDS = 2**31


class Source(Frozen):
    """The request to make again. `request` holds its options by the specification's names, `seed`
    is the one that fal used. `trusted`: it is from the journal, not from a file."""

    name: str
    kind: Kind
    model: str
    request: Mapping[str, object]
    seed: int | None
    trusted: bool


@app.command(cls=Command, epilog=EPILOG)
@record_options
def replay(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FILE|SIDECAR|JOB", help="What is to be made again.")
    ],
    run: options.RunOptions,
    changes: Annotated[
        list[str] | None,
        request_option(
            "--set", metavar="KEY=VALUE", help="Change an option or a field. Repeatable."
        ),
    ] = None,
    seed: Annotated[
        Text,
        request_option(
            "--seed", metavar="N|random", help="Default: the seed that was used, if it is known."
        ),
    ] = None,
    model: Annotated[
        Text, request_option("--model", "-m", metavar="fal/…", help="Another model.")
    ] = None,
    count: Annotated[int | None, request_option("--count", "-n", help="How many.")] = None,
    image: Annotated[
        list[str] | None,
        request_option(
            "--image", "-i", metavar="FILE|URL", help="Where a reference is now. Repeatable."
        ),
    ] = None,
) -> Result:
    """Make a file again, with other options if you like: from its mark, its sidecar or its job.

    What the source says is planned and checked as if it had been typed.
    """
    from openclaw_fal.cli.media_command import run_media
    from openclaw_fal.provenance.request import request_from

    original = _source(source)
    document = {**original.request, **_changes(original, changes or [], seed, count)}
    finder = _ReferenceFinder(original, image or [])
    request = request_from(original.kind, original.model, document, finder.reference)
    if not original.trusted:
        _refuse_undeclared(request, model)
    request, notes = _with_seed(request, original, model, seed_given=seed is not None)
    result = run_media(
        ctx.obj,
        original.kind,
        lambda endpoint: request.replaced(model=endpoint),
        model or f"fal/{original.model}",
        run,
        replay_of=original.name,
    )
    changed = [
        f"{key}: {_shortened(value)}"
        for key, value in document.items()
        if key not in original.request or original.request[key] != value
    ]
    if changed:
        notes.append(f"changed: {', '.join(changed)}")
    return result.replaced(
        document={**result.document, "replayOf": original.name}, notes=(*notes, *result.notes)
    )


def _source(text: str) -> Source:
    """The source for a file, sidecar or job id. Raises LocalError if it cannot be made again."""
    from openclaw_fal.cli.job_files import job_named
    from openclaw_fal.provenance.read import mark_of, read_sidecar

    path = Path(text)
    if not path.is_file():
        return _of_job(job_named(text, "file"))
    sidecar = read_sidecar(path) if path.suffix.lower() == ".json" else None
    mark = sidecar or mark_of(path, _mime_type(path))
    if mark is None or not isinstance(mark.get("request"), Mapping):
        job = _job_of(path)
        if job is not None:
            return _of_job(job)
        raise LocalError(
            f"{text} does not say how it was made, and no job in the journal made it",
            hint="files say so that are made with --provenance full",
        )
    kind, model, prompt, seed = (mark.get(key) for key in ("kind", "model", "prompt", "seed"))
    if kind not in KINDS or not isinstance(model, str) or len(model) > 200:
        raise LocalError(f"{text} does not say which model made it")
    request = {**cast("Mapping[str, object]", mark["request"]), "prompt": prompt or ""}
    number = seed if isinstance(seed, int) and not isinstance(seed, bool) else None
    return Source(text, kind, model, request, number, False)


def _of_job(job: Job) -> Source:
    if job.request is None:
        raise LocalError(
            f"job {job.id} cannot be made again: its options were not kept",
            hint="jobs of earlier versions keep none",
        )
    return Source(job.id, job.kind, job.model, job.request, job.seed, True)


def _job_of(path: Path) -> Job | None:
    """The job that made a file, by the file's SHA-256."""
    from openclaw_fal.job.wiring import journal

    digest = _sha256(path)
    for job in journal().list():
        if any(digest in (output.sha256, output.served_sha256) for output in job.outputs.values()):
            return job
    return None


def _changes(
    original: Source, texts: list[str], seed: str | None, count: int | None
) -> dict[str, object]:
    """The changed options by the specification's names. A key of --set that is no option changes a
    field of the body, in `params`."""
    names = {name.replace("_", ""): KEYS[name] for name in KEYS}
    names |= {key.lower(): key for key in KEYS.values()}
    changes: dict[str, object] = {}
    old_params = original.request.get("params")
    params = dict(old_params) if isinstance(old_params, Mapping) else {}
    for key, value in option_values.extra_params(texts):
        name = names.get(key.replace("-", "").replace("_", "").lower())
        if name in (None, "params", "images", "videos", "audioRefs"):
            params[key] = value
            changes["params"] = params
        else:
            changes[str(name)] = value
    if count is not None:
        changes["count"] = count
    if seed is not None:
        changes["seed"] = _seed(seed)
    return changes


def _seed(text: str) -> int:
    import secrets

    if text == "random":
        return secrets.randbelow(SEEDS)
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--seed {text[:40]}: takes a whole number or random") from None


def _with_seed(
    request: MediaRequest, original: Source, model: str | None, *, seed_given: bool
) -> tuple[MediaRequest, list[str]]:
    """The request with the original seed, if it is known and the model takes one; else a note."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.plan import plan

    if seed_given or request.seed is not None:
        return request, []
    if original.seed is not None and model is None:
        seeded = request.replaced(seed=original.seed)
        try:
            if all(item.key != "seed" for item in plan(seeded, ENDPOINTS).ignored):
                return seeded, []
        except CapabilityError:
            pass
    return request, ["no seed is known, or the model takes none: similar, not the same"]


def _refuse_undeclared(request: MediaRequest, model: str | None) -> None:
    """Raise CapabilityError when a file's mark, which is untrusted, adds a field to the request
    that the endpoint does not declare."""
    from openclaw_fal.job.user_catalogue import ENDPOINTS
    from openclaw_fal.provider.plan import plan
    from openclaw_fal.provider.refs import parse_ref

    endpoint = parse_ref(model) if model else request.model
    declared = ENDPOINTS.endpoint(plan(request.replaced(model=endpoint), ENDPOINTS).endpoint)
    known = declared.properties if declared else {}
    if unknown := [name for name, _ in request.params if name not in known]:
        raise CapabilityError(
            f"the file asks for {', '.join(map(repr, unknown))}, which {endpoint} does not declare",
            hint="replay its job, or type the request with --param",
        )


class _ReferenceFinder:
    """Finds reference files by their SHA-256: among those of --image, at the path in the journal,
    and among the files of all jobs."""

    def __init__(self, original: Source, sources: list[str]) -> None:
        from openclaw_fal.provenance.request import sha256_of

        self._trusted = original.trusted
        self._files: dict[str, str] = {}
        for source in sources:
            if Reference(source, "image").is_url:
                self._files[sha256_of(source)] = source
            else:
                if not Path(source).is_file():
                    raise LocalError(f"the reference file {source} does not exist")
                self._files[_sha256(Path(source))] = source

    def reference(self, media: MediaType, described: Mapping[str, object]) -> Reference:
        """The reference that a request describes. Raises CapabilityError if it is not found."""
        url = described.get("url")
        if self._trusted and isinstance(url, str):
            return Reference(url, media)
        digest = str(described.get("sha256") or described.get("urlSha256"))
        path = described.get("path")
        if digest in self._files:
            return Reference(self._files[digest], media)
        if self._trusted and isinstance(path, str) and _has_digest(Path(path), digest):
            return Reference(path, media)
        return Reference(self._in_journal(digest, media), media)

    def _in_journal(self, digest: str, media: MediaType) -> str:
        from openclaw_fal.job.wiring import journal

        for job in journal().list():
            for output in job.outputs.values():
                matches = digest in (output.sha256, output.served_sha256)
                if matches and _has_digest(output.path, digest):
                    return str(output.path)
        raise CapabilityError(
            f"a reference {media} is missing: the one with the SHA-256 {digest[:64]}",
            hint="--image FILE names it",
        )


def _has_digest(path: Path, digest: str) -> bool:
    try:
        return path.is_file() and _sha256(path) == digest
    except LocalError:
        return False


def _sha256(path: Path) -> str:
    import hashlib

    from openclaw_fal.atomic import failure

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise failure("read", path, error) from error


def _mime_type(path: Path) -> str:
    from openclaw_fal.cli.provenance import mime_type

    return mime_type(path)


def _shortened(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
