"""openclaw provenance show | strip | verify"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.ui.result import Facts, Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import ProvenanceDocument, StrippedDocument
    from openclaw_fal.provenance.credentials import Verdict
    from openclaw_fal.provenance.read import Report

EPILOG = """\
Examples:
  openclaw provenance show lighthouse.png
  openclaw provenance verify lighthouse.png     is it still what fal served?
  openclaw provenance strip lighthouse.png      writes a copy without the mark
See also: openclaw help provenance"""

app = noun_app("Where a file came from: read its mark, check it, take it out.", EPILOG)

File = Annotated[str, typer.Argument(metavar="FILE", help="An image, video or sound file.")]

_SHOWN = ("prompt", "model", "seed", "aiSystem", "date", "requestId", "creatorTool")


@app.command(cls=Command, epilog=EPILOG)
def show(file: File) -> Result:
    """Show what a file, or the sidecar beside it, says about where it came from."""
    seen = _report(Path(file))
    notes = [f"{file} {seen.problem}"] if seen.problem else []
    if seen.mark is None:
        notes.append("there is no mark of openclaw-fal in it, nor a sidecar of its own beside it")
    return Result(_document(seen), out=(Facts(_facts(seen)),), notes=tuple(notes))


@app.command(cls=Command, epilog=EPILOG)
def verify(file: File) -> Result:
    """Check that a file is what fal served, but for its mark, and check its content credentials.

    Exit status 3 when it is not.
    """
    path = Path(file)
    seen = _report(path)
    verdict = _credentials(path) if seen.credentials else None
    if verdict is not None and not verdict.valid:
        raise LocalError(
            f"{file} is not as it was signed: {', '.join(verdict.codes) or 'its state is unknown'}"
        )
    if seen.mark is None and verdict is None:
        raise LocalError(
            f"{file} has neither a mark of openclaw-fal nor content credentials",
            hint=f"openclaw provenance show {file}",
        )
    if seen.mark is not None and not seen.intact and verdict is None:
        raise LocalError(f"{file} has changed since fal served it: more than its mark is different")
    lines = []
    if seen.intact:
        lines.append(f"{file}: what fal served" + (", and its mark" if seen.embedded else ""))
    if verdict is not None:
        by = f" by {verdict.signer}" if verdict.signer else ""
        trust = "" if verdict.trusted else "; the signer is on no list of trusted ones"
        lines.append(f"{file}: as it was signed{by}{trust}")
    return Result(_document(seen, verdict), out=tuple(lines))


@app.command(cls=Command, epilog=EPILOG)
def strip(
    file: File,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: FILE-stripped, beside it."),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Change the file itself instead.")
    ] = False,
) -> Result:
    """Take the mark out: what is written is the file as fal served it."""
    from openclaw_fal.provenance.strip import write_stripped

    if in_place and output is not None:
        raise UsageError("--output and --in-place contradict each other", hint="leave one out")
    path = Path(file)
    written, intact = write_stripped(
        path, mime_type(path), output=Path(output) if output else None, in_place=in_place
    )
    written = written.absolute()
    document: StrippedDocument = {"path": str(written), "served": intact}
    note = () if intact else ("it is not what fal served: the file was changed in other ways, too",)
    return Result(document, out=(str(written),), notes=note)


def _report(path: Path) -> Report:
    from openclaw_fal.provenance.read import report

    return report(path, mime_type(path))


def _credentials(path: Path) -> Verdict:
    from openclaw_fal.provenance.credentials import verify as verify_credentials

    return verify_credentials(path, mime_type(path))


def mime_type(path: Path) -> str:
    """The MIME type of a file, by its first bytes. Raises LocalError if it cannot be read."""
    from openclaw_fal.files.sniff import HEAD, sniff
    from openclaw_fal.text import reason

    try:
        if not path.is_file():
            raise LocalError(
                f"{path} is not a file" if path.exists() else f"{path} does not exist",
                hint=f"the current folder is {Path.cwd()}; openclaw jobs list shows what was made",
            )
        with path.open("rb") as opened:
            kind = sniff(opened.read(HEAD))
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise UsageError("the name of the file holds a NUL") from error
    return kind.mime_type if kind else "application/octet-stream"


def _document(seen: Report, verdict: Verdict | None = None) -> ProvenanceDocument:
    document: ProvenanceDocument = {
        "path": str(seen.path),
        "sha256": seen.sha256,
        "mark": seen.mark,
        "embedded": seen.embedded,
        "sidecar": str(seen.sidecar) if seen.sidecar else None,
        "asServed": seen.intact,
        "contentCredentials": "present" if seen.credentials else None,
        "others": list(seen.foreign),
    }
    if verdict is not None:
        document["credentials"] = {
            "valid": verdict.valid,
            "trusted": verdict.trusted,
            "signer": verdict.signer,
            "codes": list(verdict.codes),
        }
    return document


def _facts(seen: Report) -> list[tuple[str, str]]:
    from openclaw_fal.text import safe, split_words

    rows = [("file", str(seen.path))]
    if seen.mark is not None:
        where = "in the file" if seen.embedded else f"in {seen.sidecar}"
        rows.append(("mark", where))
        rows += [
            (split_words(key).lower(), safe(str(seen.mark[key]), keep_newlines=False))
            for key in _SHOWN
            if seen.mark.get(key) is not None
        ]
        rows.append(("as fal served it", "yes, but for the mark" if seen.intact else "no"))
    if seen.credentials:
        rows.append(("content credentials", "present (openclaw provenance verify checks them)"))
    if seen.foreign:
        rows.append(("others left", ", ".join(seen.foreign)))
    rows.append(("sha256", seen.sha256))
    return rows
