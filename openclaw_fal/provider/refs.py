"""Model refs: `fal/` and an endpoint id, as OpenClaw's config and `--model` spell them."""

from __future__ import annotations

from openclaw_fal.errors import UsageError
from openclaw_fal.media import Kind
from openclaw_fal.provider.specs import ROWS, kind_of, known_models

PREFIX = "fal/"
MAX_LENGTH = 200
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
SIMILARITY = 0.88  # of difflib: one or two letters wrong


def is_fal_ref(ref: str) -> bool:
    """Whether the ref names fal as its provider; it may still be malformed."""
    return ref.startswith(PREFIX)


def ref_of(endpoint: str) -> str:
    return PREFIX + endpoint


def parse_ref(ref: str) -> str:
    """`fal/fal-ai/flux/dev` to `fal-ai/flux/dev`. Raises `UsageError` for anything else."""
    if not is_fal_ref(ref):
        raise _not_fal(ref)
    endpoint = ref.removeprefix(PREFIX)
    wrong = _malformed(endpoint)
    if wrong:
        raise UsageError(
            f"the model ref {_shown(ref)} is malformed: {wrong}",
            hint="a ref is fal/ and an endpoint id, for example fal/fal-ai/flux/dev",
        )
    return endpoint


def known_refs(kind: Kind) -> list[str]:
    """The refs of the models of one kind that listings show, in their order."""
    return [ref_of(model) for model in known_models(kind)]


def closest_known(endpoint: str, kind: Kind) -> str | None:
    """The ref of the known model that a misspelt or shortened endpoint id probably means.

    None for an id that is known, and for one that differs from a known one by its version only:
    that is another model, not a misspelling.
    """
    listed = known_models(kind)
    if endpoint in listed:
        return None
    from openclaw_fal.provider.schemas import ENDPOINTS

    named = [known for known in ENDPOINTS if known not in listed and kind_of(known) == kind]
    known = [*listed, *named]
    if endpoint in known or any(endpoint in row.match for row in ROWS[kind]):
        return None
    longer = next((model for model in known if model.startswith(endpoint + "/")), None)
    if longer is not None:
        return ref_of(longer)
    from difflib import get_close_matches

    for close in get_close_matches(endpoint, known, n=1, cutoff=SIMILARITY):
        if _without_version(close) != _without_version(endpoint):
            return ref_of(close)
    return None


def _not_fal(ref: str) -> UsageError:
    provider, slash, _ = ref.partition("/")
    hint = "a ref is fal/ and an endpoint id, for example fal/fal-ai/flux/dev"
    if not slash or _malformed(ref):
        return UsageError(f"{_shown(ref)} is not a model ref", hint=hint)
    if provider == "fal-ai":
        return UsageError(
            f"the model ref {ref} lacks its provider", hint=f"did you mean {ref_of(ref)}?"
        )
    message = f"{ref} is a model of the provider {provider}; this program runs fal's"
    if kind_of(ref) is not None:
        hint = f"fal's endpoint of that name is {ref_of(ref)}"
    return UsageError(message, hint=hint)


def _malformed(endpoint: str) -> str:
    """What is wrong with an endpoint id; empty when it is well-formed."""
    if len(endpoint) > MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    segments = endpoint.split("/")
    if "" in segments:
        return "a part of it is empty"
    if any(segment in (".", "..") for segment in segments):
        return "it holds `.` or `..` as a part"
    strange = next((letter for letter in endpoint if letter != "/" and letter not in LETTERS), "")
    if strange:
        return f"it holds {strange!r}"
    return "" if len(segments) > 1 else "an endpoint id has at least two parts"


def _shown(ref: str) -> str:
    text = ref if ref.isprintable() and ref.strip() == ref else repr(ref)
    return text if len(text) <= 80 else text[:79] + "…"


def _without_version(endpoint: str) -> str:
    return "".join(letter for letter in endpoint if not letter.isdigit() and letter != ".")
