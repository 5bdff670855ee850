"""Model refs: `fal/` and an endpoint id, as OpenClaw's config and `--model` spell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openclaw_fal.errors import UsageError
from openclaw_fal.media import KINDS, Kind
from openclaw_fal.provider.lookup import NOTHING_KNOWN, Lookup
from openclaw_fal.provider.specs import ROWS, kind_of_row, known_models

PREFIX = "fal/"
MAX_LENGTH = 200
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
SIMILARITY = 0.65  # as difflib's ratio, of one part of an id
CANDIDATES = 5
EXAMPLE = "a ref is fal/ and an endpoint id, for example fal/fal-ai/flux/dev"


def is_fal_ref(ref: str) -> bool:
    """Whether the ref names fal as its provider; it may still be malformed."""
    return ref.startswith(PREFIX)


def ref_of(endpoint: str) -> str:
    return PREFIX + endpoint


def parse_ref(ref: str, lookup: Lookup = NOTHING_KNOWN) -> str:
    """`fal/fal-ai/flux/dev` to `fal-ai/flux/dev`.

    Raises `UsageError` for anything else, with suggestions from `lookup`.
    """
    if not is_fal_ref(ref):
        raise _not_fal(ref, lookup)
    endpoint = ref.removeprefix(PREFIX)
    reason = _malformed(endpoint)
    if reason:
        raise UsageError(
            f"the model ref {_shown(ref)} is malformed: {reason}",
            hint=_did_you_mean(similar_ids(endpoint, _all_ids(lookup))) or EXAMPLE,
        )
    return endpoint


def resolve(name: str, aliases: Mapping[str, str], lookup: Lookup) -> str:
    """The endpoint id of a ref or of one of the user's own aliases.

    Raises `UsageError` for a name that is neither, with suggestions from `lookup`.
    """
    return parse_ref(aliases.get(name, name), lookup)


def known_refs(kind: Kind) -> list[str]:
    """The refs of the models of one kind that listings show, in their order."""
    return [ref_of(model) for model in known_models(kind)]


def suggested_ids(endpoint: str, kind: Kind, lookup: Lookup) -> list[str]:
    """The known endpoint ids that a misspelt or shortened id probably stands for.

    Empty for an id that is known, and for one that differs from a known id by its version only:
    that is another model, not a misspelling.
    """
    if is_known(endpoint, kind, lookup):
        return []
    return similar_ids(endpoint, _ids(kind, lookup))


def misspelt(endpoint: str, suggested: str) -> UsageError:
    """The error of an id that is not known, with the one that was probably meant. A suggestion is
    never run without asking: the request costs money."""
    asked = ref_of(endpoint)
    return UsageError(
        f"{asked} is not a model known here; did you mean {ref_of(suggested)}?",
        hint=f"if {asked} is right, --unchecked sends it all the same",
        model=endpoint,
    )


def is_known(endpoint: str, kind: Kind, lookup: Lookup) -> bool:
    """Whether a row or the catalogue names the endpoint."""
    if endpoint in known_models(kind) or any(endpoint in row.match for row in ROWS[kind]):
        return True
    from openclaw_fal.provider.schemas import endpoints

    return endpoint in endpoints() or lookup.endpoint(endpoint) is not None


def similar_ids(name: str, ids: Sequence[str]) -> list[str]:
    """The ids that `name` may be a part or a misspelling of, the most likely first."""
    word = name.strip("/").lower()
    if not word:
        return []
    if "/" in word:
        longer = [id_ for id_ in ids if id_.endswith("/" + word) or id_.startswith(word + "/")]
        return longer[:CANDIDATES] or _misspelt(word, ids)
    matches = [id_ for id_ in ids if any(part.startswith(word) for part in id_.split("/"))]
    # A whole part first: `flux` is closer to `fal-ai/flux/dev` than to `fal-ai/flux-pro`.
    matches.sort(key=lambda id_: word not in id_.split("/"))
    if not matches:
        from difflib import get_close_matches

        names = {part for id_ in ids for part in id_.split("/")[1:2]}
        close = get_close_matches(word, sorted(names), n=2, cutoff=SIMILARITY)
        matches = [id_ for part in close for id_ in ids if part in id_.split("/")]
    return matches[:CANDIDATES]


def _misspelt(word: str, ids: Sequence[str]) -> list[str]:
    """The ids that differ from `word` by a few letters in one part.

    Empty if one differs by its version only: then `word` is another version, not a misspelling.
    """
    from difflib import SequenceMatcher

    parts, similarity = word.split("/"), {}
    for id_ in ids:
        id_parts = id_.split("/")
        pairs = [pair for pair in zip(parts, id_parts, strict=False) if pair[0] != pair[1]]
        if len(parts) != len(id_parts) or len(pairs) != 1:
            continue
        if _without_version(pairs[0][0]) == _without_version(pairs[0][1]):
            return []
        similarity[id_] = SequenceMatcher(None, *pairs[0]).ratio()
    close = [id_ for id_ in similarity if similarity[id_] >= SIMILARITY]
    return sorted(close, key=lambda id_: -similarity[id_])[:CANDIDATES]


def _ids(kind: Kind, lookup: Lookup) -> list[str]:
    """Every known id of a kind, those of the rows first."""
    from openclaw_fal.provider.schemas import endpoints

    of_rows = (id_ for id_ in endpoints() if kind_of_row(id_) == kind)
    return list(dict.fromkeys((*known_models(kind), *of_rows, *lookup.ids(kind))))


def _all_ids(lookup: Lookup) -> list[str]:
    return [id_ for kind in KINDS for id_ in _ids(kind, lookup)]


def _not_fal(ref: str, lookup: Lookup) -> UsageError:
    provider, slash, _ = ref.partition("/")
    if not slash or _malformed(ref):
        hint = _did_you_mean(similar_ids(ref, _all_ids(lookup))) or EXAMPLE
        return UsageError(f"{_shown(ref)} is not a model ref", hint=hint)
    if provider == "fal-ai":
        return UsageError(
            f"the model ref {ref} lacks its provider", hint=f"did you mean {ref_of(ref)}?"
        )
    message = f"{ref} is a model of the provider {provider}; this program runs fal's"
    if kind_of_row(ref) is not None or lookup.endpoint(ref) is not None:
        return UsageError(message, hint=f"fal's endpoint of that name is {ref_of(ref)}")
    return UsageError(message, hint=_did_you_mean(similar_ids(ref, _all_ids(lookup))) or EXAMPLE)


def _did_you_mean(ids: Sequence[str]) -> str:
    return f"did you mean {' or '.join(map(ref_of, ids))}?" if ids else ""


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


def _without_version(part: str) -> str:
    """A part of an id without its words that have digits: `recraft` of `recraft-v3`."""
    words = part.split("-")
    return "-".join(word for word in words if not any(letter.isdigit() for letter in word))
