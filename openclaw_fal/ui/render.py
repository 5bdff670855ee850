"""The one place that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from openclaw_fal.errors import BudgetError, CapabilityError, OpenClawFalError, Violation
from openclaw_fal.parameters import option_name
from openclaw_fal.text import (
    json_for_terminals,
    redacted,
    redacted_json,
    safe,
    write_safely,
)
from openclaw_fal.ui.layout import (
    PROSE_WIDTH,
    columns,
    commands_whole,
    fact_lines,
    fitted,
    hanging,
    table_lines,
)
from openclaw_fal.ui.result import Block, Facts, Prose, Result, Table

if TYPE_CHECKING:
    from openclaw_fal.session import Session


class Renderer:
    """Prints a result or a failure, as text or (--json) as a document."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def result(self, result: Result) -> None:
        """Print the result to stdout, then notes and summary to stderr."""
        if self._session.json:
            self._document(
                result.raw
                if result.raw is not None
                else success_document(result, self._session.capability)
            )
            self._notes(result)
            return
        for at, block in enumerate(result.out):
            if at and isinstance(block, Table):
                self._line(sys.stdout, "")
            self._block(block, sys.stdout)
        sys.stdout.flush()
        for problem in result.problems:
            self._message("error", problem, "bold red")
        if self._session.quiet:
            return
        for block in result.closing:
            self._block(block, sys.stderr)
        self._notes(result)

    def failure(self, error: OpenClawFalError) -> None:
        if self._session.json:
            self._document(failure_document(error, self._session))
        else:
            self._error(error)

    def _notes(self, result: Result) -> None:
        if not self._session.quiet:
            sys.stdout.flush()
            for note in result.notes:
                self.note(note)

    def note(self, text: str) -> None:
        self._message("note", text, "yellow")

    def _document(self, document: object) -> None:
        import json

        shown = redacted_json(document, self._session.secrets)
        text = json_for_terminals(json.dumps(shown, ensure_ascii=False, indent=2))
        # stdout's encoding may lack characters (a Windows code page; UTF-8 has no lone surrogates,
        # which undecodable file names hold): then every non-ASCII character is escaped.
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except (UnicodeEncodeError, LookupError):
            text = json.dumps(shown, ensure_ascii=True, indent=2)
        sys.stdout.write(text + "\n")

    def _error(self, error: OpenClawFalError) -> None:
        violations = getattr(error, "violations", ())
        keys = [violation.key for violation in violations]
        self._message("error", in_options(error.message, keys), "bold red")
        excerpt = getattr(error, "excerpt", None)
        if excerpt:
            self._line(sys.stderr, str(excerpt))
        for violation in violations:
            for line in violation_lines(violation, error.message):
                self._line(sys.stderr, self._fitted(line, 4))
        for name, value in (("request", error.request_id), ("job", error.job_id)):
            if value:
                self._line(sys.stderr, f"  {name:<7}  {value}")
        if error.hint:
            self._message("hint", error.hint, "cyan")

    def _message(self, head: str, text: str, style: str) -> None:
        """Print `head: text` to stderr: wrapped on a terminal, one line elsewhere."""
        line = f"{head}: {text}"
        self._line(sys.stderr, self._fitted(line, len(head) + 2), style)

    def _fitted(self, text: str, hang: int) -> str:
        """`text`; on a terminal wrapped, with its later lines indented by `hang` cells."""
        if not is_terminal(sys.stderr):
            return text.replace("\n", "\n" + " " * hang)
        text = commands_whole(redacted(text, self._session.secrets))
        return hanging(text, hang, columns())

    def _block(self, block: Block, stream: TextIO) -> None:
        if isinstance(block, str):
            self._line(stream, block)
            return
        block = self._clean(block)
        if is_terminal(stream):
            from openclaw_fal.ui.rich_blocks import print_block

            print_block(block, stream, color=wants_color(self._session), width=columns())
            return
        for line in plain_lines(block, columns(PROSE_WIDTH)):
            write_safely(stream, line + "\n")

    def _line(self, stream: TextIO, text: str, style: str | None = None) -> None:
        text = redacted(safe(text), self._session.secrets)
        if style and is_terminal(stream) and wants_color(self._session):
            from openclaw_fal.ui.rich_blocks import print_line

            print_line(text, stream, style)
            return
        write_safely(stream, text + "\n")

    def _clean(self, block: Table | Facts | Prose) -> Table | Facts | Prose:
        def clean(text: str) -> str:
            return redacted(safe(text), self._session.secrets)

        if isinstance(block, Prose):
            return Prose(clean(block.text))
        if isinstance(block, Table):
            rows = tuple(
                tuple(clean(cell).replace("\n", " ") for cell in row) for row in block.rows
            )
            return Table(block.columns, rows, block.title)
        facts = tuple((clean(name), clean(value)) for name, value in block.rows)
        return Facts(facts, block.title, block.framed)


def wants_color(session: Session) -> bool:
    """Whether colours may be used: neither --no-color nor NO_COLOR is set."""
    return not (session.no_color or os.environ.get("NO_COLOR"))


def one_line(text: str, session: Session) -> str:
    """`text` as one line that is safe for a terminal and holds no secret."""
    return redacted(safe(text, keep_newlines=False), session.secrets)


def plain_lines(block: Table | Facts | Prose, width: int) -> list[str]:
    """A block as it is printed into a pipe: each row is one line, for `grep` and `awk`; prose is
    wrapped to `width` cells."""
    title = [block.title] if not isinstance(block, Prose) and block.title else []
    if isinstance(block, Prose):
        return [fitted(block.text, min(width, PROSE_WIDTH))]
    if isinstance(block, Table):
        head, body = table_lines(block.columns, block.rows, None)
        return [*title, *head, *body]
    return [*title, *((name + value).rstrip() for name, value in fact_lines(block.rows, None))]


def is_terminal(stream: TextIO) -> bool:
    """Whether `stream` is an interactive terminal: not TERM=dumb, and not in CI."""
    try:
        interactive = stream.isatty()
    except (AttributeError, ValueError):
        return False
    return interactive and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def success_document(result: Result, capability: str) -> dict[str, object]:
    """The JSON document of a result: the command's own fields after `ok` and `capability`."""
    return {"ok": result.status == 0, "capability": capability, **result.document}


def failure_document(error: OpenClawFalError, session: Session) -> dict[str, object]:
    """The JSON document that --json prints on every failure."""
    facts: dict[str, object] = {"code": error.code, "message": error.message}
    if error.hint:
        facts["hint"] = error.hint
    if error.http_status is not None:
        facts["status"] = error.http_status
    if error.request_id:
        facts["requestId"] = error.request_id
    if error.job_id:
        facts["jobId"] = error.job_id
    if isinstance(error, CapabilityError):
        facts["violations"] = [_violation(violation) for violation in error.violations]
    if isinstance(error, BudgetError):
        facts["budget"] = {key: value for key, value in error.budget.items() if value is not None}
    document: dict[str, object] = {"ok": False, "capability": session.capability}
    model = error.model or session.model
    if model:
        document["model"] = model
    if session.sandbox:
        document["sandbox"] = True
    document["error"] = facts
    if error.attempts:
        document["attempts"] = list(error.attempts)
    if error.outputs:
        document["outputs"] = [output.as_json() for output in error.outputs]
    return document


def _violation(violation: Violation) -> dict[str, object]:
    facts: dict[str, object] = {
        "key": violation.key,
        "value": violation.value,
        "message": violation.message,
    }
    if violation.supported is not None:
        supported = violation.supported
        facts["supported"] = supported if isinstance(supported, str) else list(supported)
    if violation.closest is not None:
        facts["closest"] = violation.closest
    return facts


def in_options(message: str, keys: Iterable[str]) -> str:
    """A message in which parameter names are replaced by the command line's options:
    `aspectRatio 7:3: …` → `--aspect-ratio 7:3: …`."""
    import re

    message = re.sub(r"(^|[;,] )params: (?=\w)", r"\1--param ", message)
    for key in keys:
        name = rf"(^|[;:,(] ?){re.escape(key)}(?=[ :,)=])"
        message = re.sub(name, rf"\1{option_name(key)}", message)
    return message


_WITHOUT_CLOSEST = ("model", "images", "videos", "audioRefs")
"""Parameters whose closest value is of no use to a person: another model, a number of files."""


def violation_lines(violation: Violation, headline: str = "") -> list[str]:
    """The lines of one violation: its message, unless that is the headline, and the closest
    value."""
    is_headline = violation.message in headline
    lines = [] if is_headline else [f"  - {in_options(violation.message, [violation.key])}"]
    if violation.closest is not None and violation.key not in _WITHOUT_CLOSEST:
        lines.append(f"{'  ' if is_headline else '    '}closest: {violation.closest}")
    return lines
