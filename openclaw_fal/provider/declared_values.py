"""Sends text, numbers, durations and formats in the form that an endpoint declares."""

from __future__ import annotations

from openclaw_fal.media import MediaRequest, Schema
from openclaw_fal.parameters import KEYS
from openclaw_fal.provider import fields
from openclaw_fal.provider.common import why_not_taken
from openclaw_fal.provider.draft import Draft, shown
from openclaw_fal.provider.durations import DURATION
from openclaw_fal.provider.image_rows import FORMATS
from openclaw_fal.provider.numbers import number_in, seconds_in, whole_number
from openclaw_fal.provider.schema import fits, members, of_type, problem_of
from openclaw_fal.provider.values import SPELLINGS, closest_word

MAX_IMAGES = 4  # specification, image table: max images
SHARED = ("style", "negative_prompt", "seed", "steps", "guidance")


def add_plain(draft: Draft, option: str, value: str | float | bool | None) -> None:
    """Send text, a number or a flag in the first field of the option that can hold it."""
    if value is None or (option == "seed" and not is_seed(draft, value)):
        return
    key, words = KEYS[option], option.replace("_", " ")
    for name, schema in usable(draft, fields.PLAIN[option]):
        if holds(schema, value):
            send_fitting(draft, key, value, name, spelled(value, schema))
            return
    if option in fields.NEEDED and value is not False:
        draft.reject(key, value, f"{key}: {draft.endpoint} takes no {words}", f"no {words}")
    else:
        draft.ignore(key, value, why_not_taken(draft, words))


def add_shared(draft: Draft, request: MediaRequest) -> None:
    """The options that no row has a rule for: sent where the endpoint declares them."""
    for option in SHARED:
        add_plain(draft, option, getattr(request, option))


def is_seed(draft: Draft, seed: object) -> bool:
    """Reject a seed that is no whole number, even where it would not be sent."""
    if whole_number(seed) is None:
        draft.reject("seed", seed, f"seed {shown(seed)}: it must be a whole number")
        return False
    return True


def usable(draft: Draft, names: tuple[str, ...]) -> list[tuple[str, Schema]]:
    """The declared fields among `names` that no other option has filled."""
    declared = draft.schema["properties"] if draft.schema is not None else {}
    return [(name, declared[name]) for name in names if name in declared and name not in draft.body]


def holds(schema: Schema, value: object) -> bool:
    """Whether the type of a field can hold the value; limits and enum members are not checked."""
    if isinstance(value, bool):
        return of_type(schema, "boolean") is not None
    return bool(members(schema)) or of_type(schema, "string", "number", "integer") is not None


def spelled(value: object, schema: Schema) -> object:
    """The value in the spelling and type of the schema; unchanged where neither matches."""
    if isinstance(value, bool):
        return value
    number = number_in(value)
    for member in members(schema):
        same_word = str(member).lower() == str(value).strip().lower()
        if same_word or (number is not None and number_in(member) == number):
            return member
    if of_type(schema, "string"):
        return str(value)
    if number is not None and of_type(schema, "number", "integer"):
        return int(number) if number == int(number) else number
    return value


def send_fitting(draft: Draft, key: str, given: object, name: str, value: object) -> bool:
    """Send a value that fits its field, else reject it; returns whether it was sent."""
    assert draft.schema is not None
    schema = draft.schema["properties"][name]
    if fits(value, schema):
        draft.send(name, value, key, given)
        return True
    problem = problem_of(name, value, schema)
    message = f"{key} {shown(given)}: {draft.endpoint} takes {problem.takes}"
    texts = [member for member in members(schema) if isinstance(member, str)]
    closest = problem.closest
    if closest is None and isinstance(value, str):
        closest = closest_word(value.lower(), texts)
    draft.reject(key, given, message, problem.supported, closest)
    return False


def add_count(draft: Draft, count: int | None) -> None:
    """Send the number of images; 1 unless it is given, as the endpoint's default may be more."""
    number = 1 if count is None else whole_number(count)
    declared = usable(draft, fields.COUNT)
    most = MAX_IMAGES if declared else 1
    if number is None or not 1 <= number <= most:
        takes = f"1 to {most} images" if most > 1 else "1 image"
        message = f"count {shown(count)}: {draft.endpoint} makes {takes} a request"
        closest = 1 if number is None or number < 1 else most
        draft.reject("count", count, message, tuple(range(1, most + 1)), closest)
    elif not declared:
        if count is not None:
            reason = f"{draft.endpoint} declares no number of images; not sent"
            draft.adjust("count", count, 1, reason)
    elif count is not None:
        name, schema = declared[0]
        send_fitting(draft, "count", count, name, spelled(number, schema))
    elif fits(1, declared[0][1]):
        draft.send(declared[0][0], 1)


def add_format(draft: Draft, key: str, value: str | None) -> None:
    """Send the file format; PNG for images unless it is given."""
    word = (value or "").strip().lower().removeprefix(".")
    word = SPELLINGS.get(word, word)
    for name, schema in usable(draft, fields.FORMAT):
        known = file_formats(schema)
        if not known:
            continue
        if value is None:
            if draft.kind == "image" and "png" in known:
                draft.send(name, known["png"])
            return
        sent = known.get(word, spelled(value, schema))
        if send_fitting(draft, key, value, name, sent) and str(sent).lower() not in (word, "jpg"):
            draft.adjust(key, value, sent, f"{draft.endpoint} calls it {sent}")
        return
    if value is None:
        return
    if draft.kind == "image" and word not in FORMATS:
        takes = f"{draft.endpoint} takes no format; images are {' or '.join(FORMATS)}"
        draft.reject(key, value, f"{key} {shown(value)}: {takes}", FORMATS)
    else:
        draft.ignore(key, value, why_not_taken(draft, "format"))


def file_formats(schema: Schema) -> dict[str, object]:
    """The members of an enum by the file format that each names (`mp3` of `mp3_44100`)."""
    known: dict[str, object] = {}
    for member in (schema.get("default"), *members(schema)):
        letters = (letter if letter.isalnum() else " " for letter in str(member).lower())
        for word in "".join(letters).split():
            if word in fields.MEDIA_FORMATS and member in members(schema):
                known.setdefault(SPELLINGS.get(word, word), member)
    return known


def add_duration(draft: Draft, value: int | float | str | None) -> None:
    """Send a duration in seconds as the seconds, milliseconds or frames of the endpoint's field."""
    if value is None:
        return
    seconds = seconds_in(value)
    if isinstance(value, bool) or (seconds is not None and seconds <= 0):
        message = f"{DURATION} {shown(value)}: it must be greater than 0"
        draft.reject(DURATION, value, message, "a number greater than 0")
        return
    for name, schema in usable(draft, fields.SECONDS):
        if holds(schema, value):
            send_fitting(draft, DURATION, value, name, _as_seconds(value, seconds, schema))
            return
    for name, schema in usable(draft, fields.MILLISECONDS):
        if holds(schema, value):
            sent = value if seconds is None else spelled(seconds * 1000, schema)
            if send_fitting(draft, DURATION, value, name, sent):
                draft.adjust(DURATION, value, sent, f"{draft.endpoint} takes milliseconds")
            return
    for name, schema in usable(draft, fields.FRAMES):
        rate = frame_rate(draft)
        if rate is not None and holds(schema, value):
            _send_frames(draft, value, seconds, name, rate)
            return
    draft.ignore(DURATION, value, why_not_taken(draft, "duration"))


def _as_seconds(value: object, seconds: int | float | None, schema: Schema) -> object:
    if seconds is None:
        return spelled(value, schema)
    for member in members(schema):
        if seconds_in(member) == seconds:
            return member
    if of_type(schema, "string"):
        return f"{seconds:g}s" if str(schema.get("default")).endswith("s") else f"{seconds:g}"
    return spelled(seconds, schema)


def frame_rate(draft: Draft) -> int | float | None:
    """Frames per second: from `--param`, else the field's default; None if unknown."""
    for name, schema in usable(draft, fields.FRAME_RATE):
        return number_in(draft.param(name, schema.get("default")))
    return None


def _send_frames(
    draft: Draft, value: object, seconds: int | float | None, name: str, rate: int | float
) -> None:
    assert draft.schema is not None
    schema = draft.schema["properties"][name]
    extra = _extra_frame(schema)
    if seconds is None:
        message = f"{DURATION} {shown(value)}: {draft.endpoint} takes a number of seconds"
        draft.reject(DURATION, value, message, "a number of seconds")
        return
    frames = spelled(round(seconds * rate) + extra, schema)
    if fits(frames, schema):
        draft.send(name, frames, DURATION, value)
        reason = f"{seconds:g} s are {frames} frames at {rate:g} a second"
        draft.adjust(DURATION, value, frames, reason)
        return
    problem = problem_of(name, frames, schema)
    closest = number_in(problem.closest)
    message = (
        f"{DURATION} {shown(value)}: that is {frames} frames at {rate:g} a second; "
        f"{draft.endpoint} takes {problem.takes}"
    )
    seconds = None if closest is None else round((closest - extra) / rate, 2)
    draft.reject(DURATION, value, message, f"frames: {problem.takes}", seconds)


def _extra_frame(schema: Schema) -> int:
    """1 for models whose default number of frames is one more than a multiple of 4, else 0."""
    default = number_in(schema.get("default"))
    return 1 if default and default > 1 and (default - 1) % 4 == 0 else 0
