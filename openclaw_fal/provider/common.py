"""Checks that the plans of images, videos and music share."""

from __future__ import annotations

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import EndpointKind, Kind, MediaRequest, Reference
from openclaw_fal.provider.draft import Draft
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.refs import is_known, misspelt, ref_of, suggested_ids
from openclaw_fal.provider.rows import Row
from openclaw_fal.provider.specs import DEFAULT_MODELS

MAKES: dict[EndpointKind, str] = {
    "image": "is an image model: use openclaw image",
    "video": "is a video model: use openclaw video",
    "music": "is a music model: use openclaw music",
    "other": "makes no image, video or audio (but text, 3D, data or a trained model)",
}
# What is sent to a model of which neither a row nor the catalogue knows anything.
GENERIC: dict[Kind, str] = {
    "image": "its options are sent as for Flux",
    "video": "its options are sent as they are",
    "music": "only the prompt is sent",
}


def check_kind(kind: Kind, model: str, made: EndpointKind | None) -> None:
    """Raises `CapabilityError` for a model that is known to make something other than `kind`."""
    if made is None or made == kind:
        return
    message = f"model {ref_of(model)} {MAKES[made]}"
    default = ref_of(DEFAULT_MODELS[kind])
    violation = Violation("model", ref_of(model), message, f"{kind} models", default)
    raise CapabilityError(
        message,
        violations=(violation,),
        hint=f"the {kind} models: openclaw {kind} models",
        model=model,
    )


def start(request: MediaRequest, row: Row, endpoint: str, lookup: Lookup) -> Draft:
    """A draft with the prompt in it. Raises `UsageError` for a misspelt model id."""
    draft = Draft(request, endpoint, lookup)
    suggested = suggested_ids(request.model, request.kind, lookup)
    ref = ref_of(request.model)
    if suggested and not request.unchecked:
        raise misspelt(request.model, suggested[0])
    if suggested:
        draft.warnings.append(f"{ref} is not known here; sent all the same (--unchecked)")
    elif row.is_catch_all and not is_known(request.model, request.kind, lookup):
        draft.warnings.append(f"nothing is known here of {ref}: {GENERIC[draft.kind]}")
    if not request.prompt.strip():
        draft.reject("prompt", request.prompt, "prompt is empty")
    draft.send("prompt", request.prompt, "prompt", request.prompt)
    return draft


def why_not_taken(draft: Draft, name: str) -> str:
    """The reason that is reported for an ignored option. Where fal's schema of the endpoint is not
    known, the endpoint may take the option under another name, so `--param` is suggested."""
    if draft.schema is not None:
        return f"{draft.endpoint} takes no {name}"
    return f"fal's schema of {draft.endpoint} is not known here; --param sends a field as it is"


def within_limit(
    draft: Draft, key: str, given: tuple[Reference, ...], limit: int, noun: str
) -> bool:
    """Whether the model takes this many references; a violation is added if it does not."""
    if len(given) <= limit:
        return True
    takes = f"at most {limit} {noun}{'s' * (limit != 1)}" if limit else f"no {noun}s"
    message = f"{key}: {draft.model} takes {takes}" + (f", not {len(given)}" if limit else "")
    draft.reject(key, len(given), message, takes, limit)
    return False


def sources(references: tuple[Reference, ...]) -> list[str]:
    return [reference.source for reference in references]
