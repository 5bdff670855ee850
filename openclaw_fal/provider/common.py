"""The rules that images, videos and music share."""

from __future__ import annotations

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import Kind, MediaRequest, Reference
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.refs import closest_known, ref_of
from openclaw_fal.provider.specs import DEFAULT_MODELS, declared_fields, kind_of
from openclaw_fal.provider.values import whole_number


def check_kind(kind: Kind, model: str) -> None:
    """Raises `CapabilityError` for a model that is known to make something else."""
    made = kind_of(model)
    if made is None or made == kind:
        return
    noun = {"image": "an image", "video": "a video", "music": "a music"}[made]
    default = ref_of(DEFAULT_MODELS[kind])
    message = f"model {ref_of(model)} is {noun} model: use openclaw {made}"
    wrong = Violation("model", ref_of(model), message, f"{kind} models", default)
    raise CapabilityError(
        message,
        violations=(wrong,),
        hint=f"the {kind} models: openclaw {kind} models",
        model=model,
    )


def start(request: MediaRequest, endpoint: str) -> Draft:
    """A draft with the prompt in it."""
    draft = Draft(request.kind, request.model, endpoint)
    if not request.prompt.strip():
        draft.reject("prompt", request.prompt, "prompt: it is empty")
    draft.send("prompt", request.prompt, "prompt", request.prompt)
    closest = closest_known(request.model, request.kind)
    if closest is not None:
        asked = ref_of(request.model)
        draft.warnings.append(f"{asked} is not a model known here; did you mean {closest}?")
    return draft


def add_seed(draft: Draft, seed: int | None) -> None:
    """Sent where the endpoint declares `seed`."""
    if seed is None:
        return
    number = whole_number(seed)
    if number is None:
        draft.reject("seed", seed, f"seed {shown(seed)}: it must be a whole number")
        return
    declared = declared_fields(draft.endpoint)
    if declared is not None and "seed" in declared:
        draft.send("seed", number, "seed", seed)
    else:
        draft.ignore("seed", seed, not_taken(draft, "seed"))


def not_taken(draft: Draft, name: str) -> str:
    """Why an option is ignored; an endpoint of unknown schema may still take it by `--param`."""
    if declared_fields(draft.endpoint) is not None:
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
