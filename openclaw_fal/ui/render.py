"""The one place that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from openclaw_fal.errors import CapabilityError, OpenClawFalError, Violation
from openclaw_fal.ui.result import Block, Facts, Result, Table
from openclaw_fal.ui.text import plain_table, redacted, safe, write_safely

if TYPE_CHECKING:
    from openclaw_fal.session import Session


class Renderer:
    """Prints one result or one failure in the way that the session asks for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def result(self, result: Result) -> None:
        if self._session.json:
            self._document(dict(result.document))
            return
        if not self._session.quiet:
            for note in result.notes:
                self.note(note)
        for block in result.out:
            self._block(block, sys.stdout)
        if not self._session.quiet:
            for block in result.closing:
                self._block(block, sys.stderr)

    def failure(self, error: OpenClawFalError) -> None:
        if self._session.json:
            self._document(failure_document(error, self._session))
        else:
            self._error(error)

    def note(self, text: str) -> None:
        self._line(sys.stderr, f"note: {text}", "yellow")

    def _document(self, document: dict[str, Any]) -> None:
        import json

        text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
        # Lone surrogates (undecodable file names) have no UTF-8: escape the whole document then.
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = json.dumps(document, ensure_ascii=True, indent=2, default=str)
        text = redacted(text, self._session.secrets)
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except (UnicodeEncodeError, LookupError):
            text = json.dumps(json.loads(text), ensure_ascii=True, indent=2)
        sys.stdout.write(text + "\n")

    def _error(self, error: OpenClawFalError) -> None:
        self._line(sys.stderr, f"error: {error.message}", "bold red")
        excerpt = getattr(error, "excerpt", None)
        if excerpt:
            self._line(sys.stderr, str(excerpt))
        for violation in getattr(error, "violations", ()):
            self._line(sys.stderr, "  " + violation_line(violation))
        if error.request_id:
            self._line(sys.stderr, f"  request id: {error.request_id}")
        if error.job_id:
            self._line(sys.stderr, f"  job: {error.job_id}")
        if error.hint:
            self._line(sys.stderr, f"hint: {error.hint}", "cyan")

    def _block(self, block: Block, stream: TextIO) -> None:
        if isinstance(block, str):
            self._line(stream, block)
        elif self._fancy(stream):
            from openclaw_fal.ui.rich_blocks import print_block

            print_block(self._clean(block), stream, color=self._color(stream))
        else:
            self._plain_block(self._clean(block), stream)

    def _plain_block(self, block: Table | Facts, stream: TextIO) -> None:
        if isinstance(block, Table):
            if block.title:
                self._line(stream, block.title)
            self._line(stream, plain_table(block.columns, block.rows, columns()))
            return
        width = max((len(name) for name, _ in block.rows), default=0)
        if block.title:
            self._line(stream, block.title)
        for name, value in block.rows:
            self._line(stream, f"{name:<{width}}  {value}")

    def _line(self, stream: TextIO, text: str, style: str | None = None) -> None:
        text = redacted(safe(text), self._session.secrets)
        if style and self._fancy(stream) and self._color(stream):
            from openclaw_fal.ui.rich_blocks import print_line

            print_line(text, stream, style)
            return
        write_safely(stream, text + "\n")

    def _clean(self, block: Table | Facts) -> Table | Facts:
        def clean(text: str) -> str:
            return redacted(safe(text), self._session.secrets)

        if isinstance(block, Table):
            rows = tuple(tuple(clean(cell) for cell in row) for row in block.rows)
            return Table(block.columns, rows, block.title)
        return Facts(tuple((clean(name), clean(value)) for name, value in block.rows), block.title)

    def _fancy(self, stream: TextIO) -> bool:
        return is_terminal(stream)

    def _color(self, stream: TextIO) -> bool:
        import os

        return not (self._session.no_color or os.environ.get("NO_COLOR"))


def columns() -> int:
    """The width to fit into: COLUMNS, else the terminal's, else 80."""
    import shutil

    return shutil.get_terminal_size().columns


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at `stream`: a terminal that can do more than print, and not CI."""
    import os

    try:
        interactive = stream.isatty()
    except (AttributeError, ValueError):
        return False
    return interactive and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def failure_document(error: OpenClawFalError, session: Session) -> dict[str, Any]:
    """The failure document: one JSON object, on every failure."""
    facts: dict[str, Any] = {"code": error.code, "message": error.message}
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
    document: dict[str, Any] = {"ok": False, "capability": session.capability}
    model = error.model or session.model
    if model:
        document["model"] = model
    if session.sandbox:
        document["sandbox"] = True
    document["error"] = facts
    attempts = getattr(error, "attempts", None)
    if attempts:
        document["attempts"] = list(attempts)
    return document


def _violation(violation: Violation) -> dict[str, Any]:
    facts: dict[str, Any] = {
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


def violation_line(violation: Violation) -> str:
    """One violation for people: the message says what was wrong and what is taken."""
    if violation.closest is None:
        return violation.message
    return f"{violation.message}; closest: {violation.closest}"
