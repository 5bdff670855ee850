"""The rules that images, videos and music share."""

from __future__ import annotations

from openclaw_fal.errors import CapabilityError, UsageError, Violation
from openclaw_fal.media import Kind, Made, MediaRequest, Reference
from openclaw_fal.provider.draft import Draft
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.refs import is_known, meant, ref_of
from openclaw_fal.provider.rows import Row
from openclaw_fal.provider.specs import DEFAULT_MODELS

MAKES: dict[Made, str] = {
    "image": "is an image model: use openclaw image",
    "video": "is a video model: use openclaw video",
    "music": "is a music model: use openclaw music",
    "other": "makes no image, video or audio (but text, 3D, data or a trained model)",
}


GENERIC: dict[Kind, str] = {
    "image": "its options are sent as for Flux",
    "video": "its options are sent as they are",
    "music": "only the prompt is sent",
}


def check_kind(kind: Kind, model: str, made: Made | None) -> None:
    """Raises `CapabilityError` for a model that is known to make something else."""
    if made is None or made == kind:
        return
    message = f"model {ref_of(model)} {MAKES[made]}"
    default = ref_of(DEFAULT_MODELS[kind])
    wrong = Violation("model", ref_of(model), message, f"{kind} models", default)
    raise CapabilityError(
        message,
        violations=(wrong,),
        hint=f"the {kind} models: openclaw {kind} models",
        model=model,
    )


def start(request: MediaRequest, row: Row, endpoint: str, lookup: Lookup) -> Draft:
    """A draft with the prompt in it. Raises `UsageError` for a misspelt model id."""
    draft = Draft(request, endpoint, lookup)
    near = meant(request.model, request.kind, lookup)
    asked = ref_of(request.model)
    if near and not request.unchecked:
        raise _misspelt(request.model, near)
    if near:
        draft.warnings.append(f"{asked} is not known here; sent all the same (--unchecked)")
    elif row.is_catch_all and not is_known(request.model, request.kind, lookup):
        draft.warnings.append(f"nothing is known here of {asked}: {GENERIC[draft.kind]}")
    if not request.prompt.strip():
        draft.reject("prompt", request.prompt, "prompt: it is empty")
    draft.send("prompt", request.prompt, "prompt", request.prompt)
    return draft


def _misspelt(model: str, near: list[str]) -> UsageError:
    """A paid request is no place to guess which model was meant."""
    return UsageError(
        f"{ref_of(model)} is not a model known here; did you mean {ref_of(near[0])}?",
        hint=f"if {ref_of(model)} is right, --unchecked sends it all the same",
        model=model,
    )


def not_taken(draft: Draft, name: str) -> str:
    """Why an option is ignored; an endpoint of unknown schema may still take it by `--param`."""
    if draft.schema is not None:
        return f"{draft.endpoint} takes no {name}"
    return f"fal's schema of {draft.endpoint} is not known here; --param sends a field as it is"


def within(draft: Draft, key: str, given: tuple[Reference, ...], limit: int, noun: str) -> bool:
    """Whether no more references were given than the model takes; reported otherwise."""
    if len(given) <= limit:
        return True
    takes = f"at most {limit} {noun}{'s' * (limit != 1)}" if limit else f"no {noun}s"
    message = f"{key}: {draft.model} takes {takes}, not {len(given)}"
    draft.reject(key, len(given), message, takes, limit)
    return False


def sources(references: tuple[Reference, ...]) -> list[str]:
    return [reference.source for reference in references]
