"""The results of image, video, music and `jobs wait`, as documents and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.environment import says_yes
from openclaw_fal.money.cost import cost_document
from openclaw_fal.parameters import option_name
from openclaw_fal.ui.result import Block, Facts, Result
from openclaw_fal.ui.transfers import duration_text

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import (
        DryRunDocument,
        GeneratedDocument,
        JobsDocument,
    )
    from openclaw_fal.job.pickup import Waited
    from openclaw_fal.media import Generated, Output, Plan
    from openclaw_fal.money.cost import Cost
    from openclaw_fal.money.estimate import Estimate
    from openclaw_fal.session import Session

BODY_TEXT_LIMIT = 160


def ignored_document(plan: Plan | None) -> list[Mapping[str, object]]:
    """The value of `ignoredOverrides`."""
    return [item._asdict() for item in plan.ignored] if plan else []


def adjusted_document(plan: Plan | None) -> list[Mapping[str, object]]:
    """The value of `adjustedOverrides`."""
    return [item._asdict() for item in plan.adjusted] if plan else []


def plan_notes(plan: Plan) -> list[str]:
    """A line for each option that is not sent as given, and the plan's warnings."""
    return [
        *(f"ignored: {line}" for line in _ignored(plan)),
        *(f"adjusted: {line}" for line in _adjusted(plan)),
        *plan.warnings,
    ]


def _ignored(plan: Plan) -> list[str]:
    return [f"{option_name(item.key)} {_value(item.value)}: {item.reason}" for item in plan.ignored]


def _adjusted(plan: Plan) -> list[str]:
    return [
        f"{option_name(item.key)} {_value(item.requested)} → {_value(item.applied)}: {item.reason}"
        for item in plan.adjusted
        if str(item.requested) != str(item.applied)
    ]


def _value(value: object) -> str:
    """An option's value as text, or as JSON if it is not text; `3` for 3.0."""
    import json

    if isinstance(value, float) and value.is_integer():
        value = int(value)

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def envelope(
    generated: Generated,
    *,
    plan: Plan | None = None,
    attempts: Sequence[Mapping[str, object]] = (),
    sandbox: bool = False,
) -> GeneratedDocument:
    """OpenClaw's success envelope and a few more keys."""
    document: GeneratedDocument = {
        "transport": "local",
        "provider": "fal",
        "model": generated.model,
        "attempts": list(attempts),
        "outputs": [output.as_json() for output in generated.outputs],
        "ignoredOverrides": ignored_document(plan),
        "adjustedOverrides": adjusted_document(plan),
    }
    if generated.request_id is not None:
        document["requestId"] = generated.request_id
    document["jobId"] = generated.job_id
    if generated.seed is not None:
        document["seed"] = generated.seed
    if generated.billable_units is not None:
        document["billableUnits"] = generated.billable_units
    if generated.cost is not None:
        document["cost"] = generated.cost.as_json()
    if generated.repeated:
        document["repeated"] = True
    if generated.flagged:
        document["flagged"] = list(generated.flagged)
    if sandbox:
        document["sandbox"] = True
    if generated.submitted_only:
        document["submitted"] = True
    if plan and plan.warnings:
        document["warnings"] = list(plan.warnings)
    return document


def generated_result(
    generated: Generated,
    *,
    session: Session,
    plan: Plan | None = None,
    attempts: Sequence[Mapping[str, object]] = (),
    sandbox: bool = False,
    notes: Sequence[str] = (),
    seconds: float | None = None,
) -> Result:
    """The result of one job: the paths on stdout, a panel on stderr. `seconds`: the duration of the
    command."""
    document = envelope(generated, plan=plan, attempts=attempts, sandbox=sandbox)
    if generated.submitted_only:
        fetch = f"submitted; openclaw jobs wait {generated.job_id} fetches it"
        return Result(document, out=(generated.job_id,), notes=(*notes, fetch))
    notes = [*notes, *_flag_notes(generated), *_provenance_notes(generated)]
    out: tuple[Block, ...] = tuple(str(output.path) for output in generated.outputs)
    title = f"done in {duration_text(seconds)}" if seconds is not None else "done"
    rows = _summary(generated, sandbox)
    if generated.outputs:
        rows.append(("next", _next_step(generated.outputs[0], sandbox, session.prog)))
    closing = (Facts(rows, title, framed=True),)
    return Result(document, out=out, notes=tuple(notes), closing=closing)


def _flag_notes(generated: Generated) -> list[str]:
    return [
        f"fal's safety checker flagged {generated.outputs[index].path}; it may be black"
        for index in generated.flagged
    ]


def _provenance_notes(generated: Generated) -> list[str]:
    return [
        f"{output.path.name}: {output.provenance_note}"
        for output in generated.outputs
        if output.provenance_note
    ]


def _summary(generated: Generated, sandbox: bool) -> list[tuple[str, str]]:
    """The rows of the closing panel. Ignored and adjusted options were noted before sending."""
    rows = _labelled("file", [_file_line(output) for output in generated.outputs])
    rows.append(("model", f"fal/{generated.model}" + (" (sandbox)" if sandbox else "")))
    if generated.seed is not None:
        rows.append(("seed", str(generated.seed)))
    if generated.cost is not None:
        rows.append(("cost", _cost_line(generated.cost, generated.billable_units)))
    if generated.request_id:
        rows.append(("request", generated.request_id))
    rows.append(("job", generated.job_id))
    return rows


def _next_step(output: Output, sandbox: bool, prog: str) -> str:
    """A useful next command."""
    import shlex

    from openclaw_fal.ui.layout import whole

    path = output.path
    name = shlex.quote(path.name if path.parent == Path.cwd() else str(path))
    flag = " --sandbox" if sandbox and not says_yes("OPENCLAW_FAL_SANDBOX") else ""
    media = output.mime_type.partition("/")[0]
    if media == "image":
        return "animate it: " + whole(f'{prog} video "it moves" --image {name}{flag}')
    if media == "video":
        return "music for it: " + whole(f'{prog} music "slow piano" --instrumental{flag}')
    if sandbox:
        return f"{prog} onboard stores a key, for the real thing"
    return "see what was made: " + whole(f"{prog} gallery --open")


def name_notes(target: str | None, outputs: Sequence[Output]) -> list[str]:
    """Notes on files whose name differs from the `--output` file name, with the reason."""
    from openclaw_fal.files.sniff import MEDIA_EXTENSIONS

    if target is None or "{" in target or target.endswith(("/", "\\")) or Path(target).is_dir():
        return []
    path = Path(target)
    is_media = path.suffix.lower().lstrip(".") in MEDIA_EXTENSIONS
    stem, suffix = (path.stem, path.suffix) if is_media else (path.name, "")
    notes = []
    for index, output in enumerate(outputs):
        expected = stem + (f"-{index + 1}" if len(outputs) > 1 else "")
        actual = output.path
        reasons = []
        if suffix and actual.suffix != suffix:
            reasons.append(f"it is {output.mime_type}")
        if actual.name.removesuffix(actual.suffix) != expected:
            reasons.append("a file of that name was there (--overwrite replaces it)")
        if reasons:
            notes.append(f"{expected}{suffix} was saved as {actual.name}: {', and '.join(reasons)}")
    return notes


def _cost_line(cost: Cost, units: str | None) -> str:
    """The cost of a job; with fal's billable units where their price is unknown."""
    if cost.billed is not None or not units:
        return str(cost)
    return f"{cost}; fal billed {units} unit{'s' * (float(units) != 1)}"


def _labelled(label: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    return [("" if at else label, line) for at, line in enumerate(lines)]


def _file_line(output: Output) -> str:
    """The file's name with its pixels, seconds and bytes."""
    from openclaw_fal.ui.layout import whole
    from openclaw_fal.ui.transfers import size_text

    facts = []
    if output.width and output.height:
        facts.append(f"{output.width}×{output.height}")
    if output.duration:
        facts.append(f"{output.duration:.1f} s")
    facts.append(size_text(output.size))
    return f"{output.path.name} " + whole(f"({', '.join(facts)})")


def several_results(waited: Sequence[Waited], session: Session) -> Result:
    """The result of `jobs wait` for several jobs. The exit status is 130 if interrupted, else that
    of the first failure."""
    from openclaw_fal.errors import Interrupted
    from openclaw_fal.ui.render import failure_document

    errors = [item.error for item in waited if item.error is not None]
    jobs = [_waited_document(item, session) for item in waited]
    document: JobsDocument = {"jobs": jobs}
    worst = next((error for error in errors if isinstance(error, Interrupted)), None) or next(
        iter(errors), None
    )
    if worst is not None:
        document["error"] = failure_document(worst, session)["error"]
    out = tuple(
        str(output.path)
        for item in waited
        if item.generated is not None
        for output in item.generated.outputs
    )
    problems = tuple(
        f"{item.job.id if item.job else item.wanted}: {item.error.message}"
        + (f" ({item.error.hint})" if item.error.hint else "")
        for item in waited
        if item.error is not None
    )
    return Result(document, out=out, problems=problems, status=worst.status if worst else 0)


def _waited_document(item: Waited, session: Session) -> Mapping[str, object]:
    """The document of one of several jobs: the envelope, or the failure document."""
    from openclaw_fal.ui.render import failure_document, success_document

    if item.generated is not None:
        sandbox = bool(item.job and item.job.sandbox)
        document = envelope(item.generated, sandbox=sandbox)
        return success_document(Result(document), session.capability)
    assert item.error is not None
    return failure_document(item.error, session)


def dry_run_result(
    plan: Plan,
    *,
    url: str,
    body: Mapping[str, object],
    estimate: Estimate,
    uploads: Sequence[Mapping[str, object]] = (),
    notes: Sequence[str] = (),
    sandbox: bool = False,
) -> Result:
    """The result of --dry-run. The JSON is complete; as text, long values and data URIs are cut."""
    import json

    document: DryRunDocument = {
        "dryRun": True,
        "provider": "fal",
        "model": plan.model,
        "request": {"method": "POST", "url": url, "body": dict(body)},
        "ignoredOverrides": ignored_document(plan),
        "adjustedOverrides": adjusted_document(plan),
        "cost": cost_document(estimate.amount, None, estimate.source),
    }
    if plan.warnings:
        document["warnings"] = list(plan.warnings)
    if uploads:
        document["uploads"] = list(uploads)
    view = json.dumps(cut(body), ensure_ascii=False, indent=2)
    notes = [*notes, *(f"{item['path']} would be uploaded first" for item in uploads)]
    notes.append(f"cost: {estimate.detail}" + (" (sandbox money)" if sandbox else ""))
    return Result(document, out=(f"POST {url}", view), notes=(*notes, "dry run: nothing was sent"))


def cut(node: object) -> object:
    """A request body with data URIs and long texts cut, for display."""
    if isinstance(node, str):
        if node.startswith("data:"):
            return f"{node.partition(',')[0]},… ({len(node)} characters)"
        return node if len(node) <= BODY_TEXT_LIMIT else node[: BODY_TEXT_LIMIT - 1] + "…"
    if isinstance(node, Mapping):
        return {key: cut(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [cut(value) for value in node]
    return node
