"""Results of generating, as documents and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openclaw_fal.ui.result import Block, Facts, Result

if TYPE_CHECKING:
    from openclaw_fal.errors import OpenClawFalError
    from openclaw_fal.ports import Generated
    from openclaw_fal.media import Output, Plan

BODY_TEXT_LIMIT = 160


def overrides(plan: Plan | None) -> dict[str, object]:
    """`ignoredOverrides` and `adjustedOverrides` of the envelope."""
    return {
        "ignoredOverrides": [item._asdict() for item in plan.ignored] if plan else [],
        "adjustedOverrides": [item._asdict() for item in plan.adjusted] if plan else [],
    }


def plan_notes(plan: Plan) -> list[str]:
    """One line for each option that was not sent as it was given."""
    notes = [f"{item.key}={item.value} was not sent: {item.reason}" for item in plan.ignored]
    notes += [
        f"{item.key}={item.requested} is sent as {item.applied}: {item.reason}"
        for item in plan.adjusted
    ]
    return [*notes, *plan.warnings]


def envelope(
    generated: Generated,
    *,
    capability: str,
    plan: Plan | None = None,
    attempts: Sequence[Mapping[str, object]] = (),
    sandbox: bool = False,
) -> dict[str, object]:
    """OpenClaw's success envelope and a few more keys."""
    document: dict[str, object] = {
        "ok": True,
        "capability": capability,
        "transport": "local",
        "provider": "fal",
        "model": generated.model,
        "attempts": list(attempts),
        "outputs": [output_document(output) for output in generated.outputs],
        **overrides(plan),
    }
    more = {
        "requestId": generated.request_id,
        "jobId": generated.job_id,
        "seed": generated.seed,
        "billableUnits": generated.billable_units,
        "flagged": list(generated.flagged) or None,
        "sandbox": sandbox or None,
        "submitted": generated.submitted_only or None,
    }
    document.update((key, value) for key, value in more.items() if value is not None)
    return document


def output_document(output: Output) -> dict[str, object]:
    document: dict[str, object] = {
        "path": str(output.path),
        "mimeType": output.mime_type,
        "size": output.size,
        "width": output.width,
        "height": output.height,
        "duration": output.duration,
        "url": output.url.partition(",")[0] if output.url.startswith("data:") else output.url,
    }
    return {key: value for key, value in document.items() if value is not None}


def generated_result(
    generated: Generated,
    *,
    capability: str,
    plan: Plan | None = None,
    attempts: Sequence[Mapping[str, object]] = (),
    sandbox: bool = False,
    notes: Sequence[str] = (),
) -> Result:
    """The result of one job: the paths on stdout, a closing panel on stderr."""
    document = envelope(
        generated, capability=capability, plan=plan, attempts=attempts, sandbox=sandbox
    )
    notes = [*notes, *(plan_notes(plan) if plan else ()), *_flag_notes(generated)]
    if generated.submitted_only:
        notes.append(f"submitted; openclaw jobs wait {generated.job_id} fetches it")
        return Result(document, out=(generated.job_id,), notes=tuple(notes))
    out: tuple[Block, ...] = tuple(str(output.path) for output in generated.outputs)
    closing = (Facts(_summary(generated, sandbox)),)
    return Result(document, out=out, notes=tuple(notes), closing=closing)


def _flag_notes(generated: Generated) -> list[str]:
    return [
        f"fal's safety checker flagged {generated.outputs[index].path}; it may be black"
        for index in generated.flagged
    ]


def _summary(generated: Generated, sandbox: bool) -> list[tuple[str, str]]:
    rows = [("file", _file_line(output)) for output in generated.outputs]
    rows.append(("model", f"fal/{generated.model}" + (" (sandbox)" if sandbox else "")))
    if generated.seed is not None:
        rows.append(("seed", str(generated.seed)))
    if generated.billable_units:
        rows.append(("billed", f"{generated.billable_units} units"))
    if generated.request_id:
        rows.append(("request", generated.request_id))
    rows.append(("job", generated.job_id))
    return rows


def _file_line(output: Output) -> str:
    from openclaw_fal.ui.progress import size_text

    facts = []
    if output.width and output.height:
        facts.append(f"{output.width}×{output.height}")
    if output.duration:
        facts.append(f"{output.duration:.1f} s")
    facts.append(size_text(output.size))
    return f"{output.path.name}  ({', '.join(facts)})"


def several_results(
    finished: Sequence[tuple[Any, Generated]], failures: Sequence[tuple[str, OpenClawFalError]]
) -> Result:
    """`jobs wait` of several jobs: one document; the status is that of the first failure."""
    jobs: list[dict[str, object]] = [
        envelope(generated, capability="jobs.wait", sandbox=job.sandbox)
        for job, generated in finished
    ]
    jobs += [
        {
            "ok": False,
            "jobId": error.job_id or job_id,
            "error": {"code": error.code, "message": error.message},
        }
        for job_id, error in failures
    ]
    document = {"ok": not failures, "capability": "jobs.wait", "jobs": jobs}
    if failures:
        first = failures[0][1]
        document["error"] = {"code": first.code, "message": first.message}
    out = tuple(str(output.path) for _, generated in finished for output in generated.outputs)
    notes = tuple(f"{job_id}: {error.message}" for job_id, error in failures)
    status = failures[0][1].status if failures else 0
    return Result(document, out=out, notes=notes, status=status)


def dry_run_result(
    plan: Plan,
    *,
    capability: str,
    url: str,
    body: Mapping[str, object],
    uploads: Sequence[Mapping[str, object]] = (),
) -> Result:
    """What would be sent. The JSON is complete; for people, long texts and data URIs are cut."""
    import json

    document: dict[str, object] = {
        "ok": True,
        "dryRun": True,
        "capability": capability,
        "provider": "fal",
        "model": plan.model,
        "request": {"method": "POST", "url": url, "body": dict(body)},
        **overrides(plan),
    }
    if uploads:
        document["uploads"] = list(uploads)
    view = json.dumps(cut(body), ensure_ascii=False, indent=2)
    notes = [*plan_notes(plan), *(f"{item['path']} would be uploaded first" for item in uploads)]
    return Result(document, out=(f"POST {url}", view), notes=(*notes, "dry run: nothing was sent"))


def cut(node: object) -> object:
    """A request body for people: data URIs and long texts are cut."""
    if isinstance(node, str):
        if node.startswith("data:"):
            return f"{node.partition(',')[0]},… ({len(node)} characters)"
        return node if len(node) <= BODY_TEXT_LIMIT else node[: BODY_TEXT_LIMIT - 1] + "…"
    if isinstance(node, Mapping):
        return {key: cut(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return [cut(value) for value in node]
    return node
