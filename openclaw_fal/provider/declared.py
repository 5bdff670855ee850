"""The exact request for an endpoint without a row, from the schema in the catalogue.

Each option becomes the field that the endpoint declares for it (`provider/fields.py`), in the
declared form, or is ignored and reported, or is rejected. The finished body is checked against the
schema.
"""

from __future__ import annotations

from openclaw_fal.media import (
    Endpoint,
    ImageRequest,
    MediaRequest,
    MusicRequest,
    Plan,
    VideoRequest,
)
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider import fields
from openclaw_fal.provider.declared_files import add_references, destination, takes_files
from openclaw_fal.provider.declared_geometry import add_geometry
from openclaw_fal.provider.declared_values import add_count, add_duration, add_format, add_plain
from openclaw_fal.provider.draft import Draft
from openclaw_fal.provider.durations import accepted_seconds
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.music_rows import MAX_SECONDS
from openclaw_fal.provider.schema import Problem, problems

# The option that fills each field, for the message about a required field that is missing.
OPTIONS = {
    name: KEYS[option]
    for table in (fields.ONE_FILE, fields.FILES, fields.PLAIN)
    for option, names in table.items()
    for name in names
} | dict.fromkeys((*fields.SECONDS, *fields.MILLISECONDS, *fields.FRAMES), "durationSeconds")
FILE_WORDS = {"images": "an image", "videos": "a video", "audioRefs": "audio"}


def plan_declared(request: MediaRequest, known: Endpoint, lookup: Lookup) -> Plan:
    """Raises `CapabilityError` with every violation."""
    endpoint = destination(request, known, lookup)
    draft = Draft(request, endpoint.id, lookup)
    _add_prompt(draft, endpoint, request.prompt)
    if isinstance(request, ImageRequest):
        add_count(draft, request.count)
        add_format(draft, "outputFormat", request.output_format)
        add_geometry(draft, request)
    elif isinstance(request, VideoRequest):
        add_format(draft, "outputFormat", request.output_format)
        add_geometry(draft, request)
        add_duration(draft, request.duration)
    else:
        _add_music(draft, request)
    add_references(draft, request, endpoint, lookup)
    for option in fields.PLAIN:
        add_plain(draft, option, _given(request, option))
    draft.add_params()
    _check_whole(draft, request, endpoint)
    return draft.finished()


def _given(request: MediaRequest, option: str) -> str | float | bool | None:
    """An option of the request; blank lyrics count as none."""
    value: str | float | bool | None = getattr(request, option, None)
    return None if option == "lyrics" and not str(value or "").strip() else value


def _add_music(draft: Draft, request: MusicRequest) -> None:
    add_format(draft, "format", request.format)
    seconds = range(1, MAX_SECONDS + 1)
    if request.duration is not None and accepted_seconds(draft, request.duration, seconds):
        add_duration(draft, request.duration)


def _add_prompt(draft: Draft, endpoint: Endpoint, prompt: str) -> None:
    """Send the prompt in the endpoint's text field. It may be empty where it is not required."""
    name = endpoint.first(fields.PROMPT)
    if not prompt.strip():
        if name in endpoint.required:
            draft.reject("prompt", prompt, "prompt is empty")
    elif name is not None:
        draft.send(name, prompt, "prompt", prompt)
    else:
        draft.ignore("prompt", prompt, f"{endpoint.id} takes no prompt")


def _option(name: str, draft: Draft, request: MediaRequest, endpoint: Endpoint) -> str:
    """The key of the option that can still fill a field; `params` if none can."""
    key = OPTIONS.get(name, "params")
    files = next((option for option in fields.FILES if KEYS[option] == key), None)
    if files and not (hasattr(request, files) and takes_files(endpoint, files)):
        return "params"
    return "params" if draft.has_sent(key) else key


def _check_whole(draft: Draft, request: MediaRequest, endpoint: Endpoint) -> None:
    """Reject required fields that are missing, and values that the schema refuses."""
    assert draft.schema is not None
    rejected = {entry.key for entry in draft.violations}
    given = {name for name, _ in request.params}
    for problem in problems(draft.body, draft.schema):
        key = _option(problem.name, draft, request, endpoint)
        if problem.missing and key not in rejected:
            draft.reject_problem(key, None, _missing(draft, problem, key), problem)
        elif not problem.missing and problem.name not in given:
            message = f"{problem.name}: {draft.endpoint} takes {problem.takes}"
            draft.reject_problem(key, draft.body[problem.name], message, problem)


def _missing(draft: Draft, problem: Problem, key: str) -> str:
    by_option = f"give {FILE_WORDS[key]}, or " if key in FILE_WORDS else ""
    return (
        f"{key}: {draft.endpoint} requires {problem.name} ({problem.takes}): "
        f"{by_option}--param {problem.name}=…"
    )
