"""The one place that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from openclaw_fal.errors import BudgetError, CapabilityError, OpenClawFalError, Violation
from openclaw_fal.parameters import option_name
from openclaw_fal.text import (
    json_for_terminals,
    lower_start,
    presentable,
    redacted,
    safe,
    write_safely,
)
from openclaw_fal.ui.layout import fact_lines, hanging, table_lines
from openclaw_fal.ui.result import Block, Facts, Prose, Result, Table

if TYPE_CHECKING:
    from openclaw_fal.session import Session


class Renderer:
    """Prints one result or one failure in the way that the session asks for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def result(self, result: Result) -> None:
        """Print a result; what is for people comes after what is for programs."""
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

        shown = presentable(document, self._session.secrets)
        text = json_for_terminals(json.dumps(shown, ensure_ascii=False, indent=2))
        # Lone surrogates (undecodable file names) have no UTF-8, and a code page may lack any
        # character: escape the whole document then.
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
        """A line for people: wrapped on a terminal, one line elsewhere."""
        line = f"{head}: {lower_start(text)}"
        self._line(sys.stderr, self._fitted(line, len(head) + 2), style)

    def _fitted(self, text: str, hang: int) -> str:
        """`text` with its further lines indented by `hang` cells, on a terminal."""
        if not is_terminal(sys.stderr):
            return text
        return hanging(redacted(text, self._session.secrets), hang, columns())

    def _block(self, block: Block, stream: TextIO) -> None:
        if isinstance(block, str):
            self._line(stream, block)
            return
        block = self._clean(block)
        if is_terminal(stream):
            from openclaw_fal.ui.rich_blocks import print_block

            print_block(block, stream, color=self._color(), width=columns())
            return
        for line in plain_lines(block):
            write_safely(stream, line + "\n")

    def _line(self, stream: TextIO, text: str, style: str | None = None) -> None:
        text = redacted(safe(text), self._session.secrets)
        if style and is_terminal(stream) and self._color():
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

    def _color(self) -> bool:
        import os

        return not (self._session.no_color or os.environ.get("NO_COLOR"))


def plain_lines(block: Table | Facts | Prose) -> list[str]:
    """A block in a pipe: each row is one line, so that `grep` and `awk` can work on it."""
    title = [block.title] if not isinstance(block, Prose) and block.title else []
    if isinstance(block, Prose):
        return [block.text]
    if isinstance(block, Table):
        head, body = table_lines(block.columns, block.rows, None)
        return [*title, *head, *body]
    return [*title, *((name + value).rstrip() for name, value in fact_lines(block.rows, None))]


def columns() -> int:
    """The width to fit into: COLUMNS, else the terminal's, else 80.

    The terminal is that of stderr where stdout goes into a pipe.
    """
    import os
    import shutil

    if not os.environ.get("COLUMNS"):
        for stream in (sys.stdout, sys.stderr):
            try:
                return os.get_terminal_size(stream.fileno()).columns or 80
            except (OSError, ValueError, AttributeError):
                continue
    return shutil.get_terminal_size().columns


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at `stream`: a terminal that can do more than print, and not CI."""
    import os

    try:
        interactive = stream.isatty()
    except (AttributeError, ValueError):
        return False
    return interactive and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def success_document(result: Result, capability: str) -> dict[str, object]:
    """The JSON document of a result: what the command says, with `ok` and `capability`."""
    return {"ok": result.status == 0, "capability": capability, **result.document}


def failure_document(error: OpenClawFalError, session: Session) -> dict[str, object]:
    """The failure document: one JSON object, on every failure."""
    facts: dict[str, object] = {"code": error.code, "message": lower_start(error.message)}
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
    """A message with the options of the command line in the place of the specification's names:
    `aspectRatio 7:3: …` → `--aspect-ratio 7:3: …`."""
    import re

    for key in keys:
        name = rf"(^|[;:,(] ?){re.escape(key)}(?=[ :,)=])"
        message = re.sub(name, rf"\1{option_name(key)}", message)
    return message


def violation_lines(violation: Violation, headline: str = "") -> list[str]:
    """One violation for people: what was wrong and what is taken, then the nearest value. The only
    violation of a request is the error's message already."""
    alone = violation.message == headline
    lines = [] if alone else [f"  - {in_options(violation.message, [violation.key])}"]
    if violation.closest is not None:
        lines.append(f"{'  ' if alone else '    '}closest: {violation.closest}")
    return lines
