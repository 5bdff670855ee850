"""Reads a manifest: one request a row, as JSONL or CSV, or one prompt a line.

    {"defaults": {"model": "fal/fal-ai/flux/dev", "aspectRatio": "16:9"}}
    {"id": "cat", "prompt": "a cat", "output": "cats/"}
    {"prompt": "a dog", "sweep": {"seed": [1, 2, 3]}}

A row has options by the specification's parameter names, and may have `id` (unique), `kind`,
`output` and `sweep` (lists of values, of which the product is taken). A row without an id gets
one made from its content, which stays the same when the lines around it change.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

from openclaw_fal.errors import OpenClawFalError, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import REFERENCES, Kind, MediaType, Reference
from openclaw_fal.options import REQUESTS, from_text
from openclaw_fal.parameters import KEYS
from openclaw_fal.text import counted

MAX_ROWS = 1_000_000
MAX_SWEEP = 100_000
MAX_ID_LENGTH = 200

Values = dict[str, object]
"""A row as it stands in the manifest."""

Lines = Iterator[tuple[int, Callable[[], Values]]]
"""The numbers of the lines of a manifest, each with a function that parses the line."""

JobFile = Callable[[str, MediaType], str]
"""A function that gives the absolute path of a reference. Raises OpenClawFalError."""

ROW_KEYS = ("id", "kind", "output", "sweep")


class Problem(NamedTuple):
    """A problem of a row. `line` counts from 1; `item` is its id, if known; `key` the option."""

    line: int
    item: str
    message: str
    key: str | None = None


class Row(Frozen):
    """One item of a manifest: its options by JSON names, with the defaults filled in. `named` says
    whether the manifest gives its id."""

    line: int
    id: str
    kind: Kind
    options: dict[str, object]
    output: str | None = None
    named: bool = False


class Manifest(Frozen):
    """The valid rows of a manifest in order, and the problems of the others."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    sha256: str


class _BadRow(ValueError):
    """A row is invalid; the message says why."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


def read(
    raw: bytes,
    *,
    name: str,
    folder: Path,
    defaults: Mapping[str, object],
    prompts: bool = False,
    job_file: JobFile | None = None,
) -> Manifest:
    """Parse a manifest. It is CSV if `name` ends with `.csv`, else JSONL.

    With `prompts`, each line is a prompt. Reference paths are relative to `folder`; `defaults` are
    those of the command line; `job_file` gives the path for a reference `job:ID`. Raises UsageError
    for text that is no manifest at all; an invalid row is a Problem.
    """
    text = _decoded(raw, name)
    shared: dict[str, object] = {}
    if prompts:
        lines = _prompts(text)
    else:
        lines = _csv(text, name) if name.endswith(".csv") else _jsonl(text, name)
    rows: list[Row] = []
    problems: list[Problem] = []
    ids: Counter[str] = Counter()
    resolve = cache(partial(_resolve, folder, job_file))
    first_line: dict[str, int] = {}
    for number, line in lines:
        try:
            values = line()
            if set(values) == {"defaults"}:
                if rows or problems or shared:
                    raise _BadRow("defaults stand in the first line only", "defaults")
                shared = _defaults(values["defaults"])
                continue
            merged = {**shared, **defaults, **values}
            for row in _items(number, merged, values, resolve, ids):
                if row.id in first_line:
                    raise _BadRow(f"the id {row.id} stands on line {first_line[row.id]} too", "id")
                first_line[row.id] = number
                rows.append(row)
        except _BadRow as error:
            problems.append(Problem(number, "", str(error), error.key))
        if len(rows) > MAX_ROWS:
            raise UsageError(f"{name} has more than {MAX_ROWS:,} items", hint="split it")
    if not rows and not problems:
        raise UsageError(f"{name} has no rows", hint="openclaw help batch shows what a row is")
    return Manifest(tuple(rows), tuple(problems), hashlib.sha256(raw).hexdigest())


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"{name} is not UTF-8 text (line {line})") from error


def _jsonl(text: str, name: str) -> Lines:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if lines and not any(line.lstrip()[0] in "{[" for _, line in lines):
        raise UsageError(
            f"{name} is not JSON Lines: no line begins with {{",
            hint=f"if each line is a prompt: openclaw image --prompts {shlex.quote(name)}",
        )
    return ((number, partial(_json_row, line)) for number, line in lines)


def _json_row(line: str) -> Values:
    try:
        values = json.loads(line)
    except RecursionError:
        raise _BadRow("the JSON is nested too deeply") from None
    except ValueError as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise _BadRow(f"is not JSON: {why[:1].lower()}{why[1:]}") from None
    if not isinstance(values, dict):
        raise _BadRow("is not a JSON object")
    return values


def _csv(text: str, name: str) -> Lines:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [column.strip() for column in next(reader, [])]
        if len(set(header)) != len(header):
            raise UsageError(f"{name} names a column twice in its first line")
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, partial(_csv_row, header, cells)
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: is not CSV: {error}") from error


def _csv_row(header: Sequence[str], cells: Sequence[str]) -> Values:
    if len(cells) > len(header):
        raise _BadRow(f"has {len(cells)} cells, and the first line names {len(header)} columns")
    values: Values = {}
    params: Values = {}
    for key, cell in zip(header, cells, strict=False):
        if not cell.strip():
            continue
        if key.startswith("params."):
            params[key.removeprefix("params.")] = _json_or_text(cell)
            continue
        try:
            values[key] = from_text(key, cell)
        except ValueError as error:
            raise _BadRow(f"{key} {error}", key) from None
    return {**values, "params": params} if params else values


def _json_or_text(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def _prompts(text: str) -> Lines:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, partial(dict, prompt=line.strip())


def _defaults(value: object) -> Values:
    if not isinstance(value, dict):
        raise _BadRow("defaults must be an object of options", "defaults")
    if "id" in value:
        raise _BadRow("an id belongs to one row, not to the defaults", "id")
    return value


def _items(
    line: int, merged: Values, own: Values, resolve: JobFile, ids: Counter[str]
) -> Iterator[Row]:
    """Yield the one item of a row, or the items of its sweep. `own` is the row without defaults."""
    kind = next((kind for kind in REQUESTS if kind == merged.get("kind", "image")), None)
    if kind is None:
        raise _BadRow(f"kind must be image, video or music, not {merged['kind']}", "kind")
    given = _given_id(own)
    base = given or _id_from_content(own, ids)
    options = {key: value for key, value in merged.items() if key not in ROW_KEYS}
    output = merged.get("output")
    if output is not None and not isinstance(output, str):
        raise _BadRow("output must be a string", "output")
    for name, values in _sweep_items(merged.get("sweep")):
        resolved = _resolved({**options, **values}, resolve)
        item = f"{base}-{name}" if name else base
        yield Row(line, item, kind, resolved, output, named=given is not None)


def _given_id(values: Values) -> str | None:
    given = values.get("id")
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise _BadRow("id must be a string or a whole number", "id")
    text = str(given)
    if not text.strip() or len(text) > MAX_ID_LENGTH or not text.isprintable():
        raise _BadRow(f"id must have 1 to {MAX_ID_LENGTH} printable characters", "id")
    return text


def _id_from_content(values: Values, ids: Counter[str]) -> str:
    """An id made from the row's content, with a number if earlier rows have the same content."""
    content = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    made = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    ids[made] += 1
    return made if ids[made] == 1 else f"{made}-{ids[made]}"


def _sweep_items(sweep: object) -> Iterator[tuple[str, Values]]:
    """Yield each combination of a sweep with a name; without a sweep, one without values."""
    if sweep is None:
        yield "", {}
        return
    if not isinstance(sweep, dict) or not sweep:
        raise _BadRow('sweep must be an object of lists, for example {"seed": [1, 2]}', "sweep")
    size = 1
    for key, values in sweep.items():
        if key in ROW_KEYS:
            raise _BadRow(f"{key} cannot be swept", "sweep")
        if not isinstance(values, list) or not values:
            raise _BadRow(f"sweep.{key} must be a list with at least one value", "sweep")
        size *= len(values)
    if size > MAX_SWEEP:
        raise _BadRow(f"the sweep has {size:,} items; at most {MAX_SWEEP:,} are taken", "sweep")
    width = len(str(size))
    for number, chosen in enumerate(product(*sweep.values()), 1):
        yield f"{number:0{width}}", dict(zip(sweep, chosen, strict=True))


def _resolved(options: Values, resolve: JobFile) -> Values:
    """The options with absolute paths for references to files."""
    for field, media in REFERENCES.items():
        key = KEYS[field]
        sources = options.get(key)
        if isinstance(sources, str):
            sources = [sources]
        if isinstance(sources, list):
            options[key] = [
                resolve(source, media) if isinstance(source, str) else source for source in sources
            ]
    return options


def _resolve(folder: Path, job_file: JobFile | None, source: str, media: MediaType) -> str:
    """A reference as a URL or an absolute path. Raises _BadRow for one that may be another file
    when the batch goes on."""
    if not source or Reference(source, media).is_url:
        return source
    path = folder / Path(source).expanduser()
    if source == "-":
        raise _BadRow("standard input (-) cannot be a reference in a manifest")
    if source == "last" and not path.exists():
        raise _BadRow(
            "last is another file each time that the batch goes on: name the job (job:ID), which "
            "openclaw jobs list shows"
        )
    if source.startswith("job:") and job_file is not None and not path.exists():
        try:
            return job_file(source, media)
        except OpenClawFalError as error:
            raise _BadRow(error.message) from None
    return str(path)


def problems_error(problems: Sequence[Problem], name: str, total: int) -> OpenClawFalError:
    """The error that lists every problem of a manifest with its line."""
    from openclaw_fal.errors import CapabilityError, Violation

    shown = [f"line {problem.line}: {problem.message}" for problem in problems]
    return CapabilityError(
        f"{name} has {counted(len(shown), 'problem')} in {counted(total, 'row')}; "
        "nothing was sent:\n" + "\n".join(shown),
        violations=tuple(
            Violation(f"line {problem.line}", problem.key, problem.message) for problem in problems
        ),
        hint="correct the rows, then run the same command again",
    )
