"""Names of output files, from templates, prompts, numbers and extensions. Pure.

Text from a prompt, a model or the server goes through `slug`, which leaves only ASCII letters,
digits and single hyphens: such a name stays in its folder, is not hidden, does not look like an
option, and is valid on every system.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping

from openclaw_fal.errors import UsageError
from openclaw_fal.files.sniff import MEDIA_EXTENSIONS, FileType

SLUG_LIMIT = 60
"""The most characters of a prompt in a name."""

NAME_LIMIT = 255
"""The longest name that file systems allow, in bytes (POSIX) or UTF-16 units (Windows)."""

FIELDS = ("prompt", "model", "kind", "date", "time", "seed", "id", "n", "ext")
"""The fields of a template, which it holds in braces."""

_LATIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h"}
    | dict.fromkeys("'’ʼ`´", "")
)
_DEVICES = r"con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]"
_TOKEN = r"\{\{|\}\}|\{([^{}]*)\}|[{}]"


def slug(text: str, fallback: str) -> str:
    """`text` in the form `a-lighthouse-at-dawn`, cut to `SLUG_LIMIT` between words where possible.

    Accents are dropped. `fallback` if no ASCII letter or digit is left.
    """
    text = text[: SLUG_LIMIT * 40].casefold().translate(_LATIN)
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.sub("[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > SLUG_LIMIT:
        cut = words[: SLUG_LIMIT + 1].rpartition("-")[0]
        words = cut if len(cut) >= SLUG_LIMIT // 2 else words[:SLUG_LIMIT]
    return portable(words.strip("-") or fallback)


def portable(name: str) -> str:
    """The name, changed if it is that of a Windows device: there `con.png` is one, as is `con`."""
    stem, dot, rest = name.partition(".")
    return f"{stem}_{dot}{rest}" if re.fullmatch(_DEVICES, stem.strip().lower()) else name


def escaped(text: str) -> str:
    """A template that renders as `text`."""
    return text.replace("{", "{{").replace("}", "}}")


def fields(template: str) -> set[str]:
    """The fields that a template uses. Raises `UsageError` for one that does not exist."""
    used = set()
    for match in re.finditer(_TOKEN, template):
        name = match[1]
        if match[0] == "{" or (name is not None and name not in FIELDS):
            shown = match[0] if name is not None else "{"
            raise UsageError(
                f"--output: {shown} is not a field; the fields are "
                + ", ".join(f"{{{field}}}" for field in FIELDS),
                hint="{{ and }} stand for the braces themselves",
            )
        if name is not None:
            used.add(name)
    return used


def render(template: str, values: Mapping[str, str]) -> str:
    """One component of a path from its template. `values` has every field of the template."""

    def value(match: re.Match[str]) -> str:
        return match[0][:1] if match[1] is None else values[match[1]]

    name = re.sub(_TOKEN, value, template)
    return portable(name) if fields(template) else name


def split_extension(name: str, kind: FileType | None) -> tuple[str, str]:
    """The stem of a name given by the user, and the extension for a file of type `kind`.

    An extension that fits the type is kept as it is spelt, that of another media type is replaced,
    and one that is no media extension (`v1.2`) is part of the stem. For an unknown type (None) any
    media extension is kept.
    """
    stem, dot, extension = name.rpartition(".")
    known = bool(dot and stem and extension.lower() in MEDIA_EXTENSIONS)
    if kind is None:
        return (stem, f".{extension}") if known else (name.rstrip(". ") or "output", ".bin")
    if known and extension.lower() in kind.extensions:
        return stem, f".{extension}"
    return (stem if known else name).rstrip(". ") or "output", f".{kind.extension}"


def candidates(stem: str, extension: str, number: int | None, last: str) -> Iterator[str]:
    """The names to try in turn until one is free: `out.png`, `out-2.png`, … `out-9999.png`.

    `number` (from 1) is that of the output if there are several: `out-1.png`, `out-1-2.png`. `last`
    is unique and makes the last name.
    """
    numbered = "" if number is None else f"-{number}"
    yield fit_length(stem, numbered + extension)
    for attempt in range(2, 10_000):
        yield fit_length(stem, f"{numbered}-{attempt}{extension}")
    yield fit_length(stem, f"{numbered}-{last}{extension}")


def fit_length(stem: str, ending: str) -> str:
    """`stem` and `ending` as one name, with the stem cut to fit NAME_LIMIT."""
    while len(stem) > 1 and _length(stem + ending) > NAME_LIMIT:
        stem = stem[:-1]
    return stem + ending


def _length(name: str) -> int:
    if os.name == "nt":
        return len(name.encode("utf-16-le", "surrogatepass")) // 2
    return len(os.fsencode(name))
