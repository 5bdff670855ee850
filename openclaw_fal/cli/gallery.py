"""openclaw gallery"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.groups import Command
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.text import counted
from openclaw_fal.ui.result import Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import GalleryDocument
    from openclaw_fal.gallery.entries import Entry
    from openclaw_fal.journal.record import Job
    from openclaw_fal.media import Output

EPILOG = """\
Examples:
  openclaw gallery                            the files of all jobs in the journal
  openclaw gallery . --output sheet.html      the media files in a folder
  openclaw gallery 7k2m --output job.html
See also: openclaw help provenance, openclaw jobs list"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)

FILES_LIMIT = 20_000
"""The most media files of one folder."""

PAGE = "gallery.html"


@app.command(cls=Command, epilog=EPILOG)
def gallery(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DIR|JOB]...", help="Folders and job ids. Default: all jobs."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE.html", help=f"Default: {PAGE}."),
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page when it is there.")
    ] = False,
) -> Result:
    """Make a contact sheet: one HTML page that shows files, their prompts and their commands."""
    from openclaw_fal.atomic import replace_file
    from openclaw_fal.gallery.page import page as written_page

    folders = [Path(source) for source in sources or () if Path(source).is_dir()]
    default = folders[0] / PAGE if len(sources or ()) == 1 and folders else Path(PAGE)
    page = (Path(output) if output is not None else default).absolute()
    _check_replaceable(page)
    entries = _entries(sources or [], page)
    title = f"{folders[0].absolute().name or folders[0]}" if folders else "Gallery"
    replace_file(page, written_page(title, entries).encode("utf-8", "replace"), mode=0o600)
    notes = [counted(len(entries), "file")]
    if open_page:
        from openclaw_fal.cli.open_preview import opened

        notes += opened([page])
    document: GalleryDocument = {"path": str(page), "files": len(entries)}
    return Result(document, out=(str(page),), notes=tuple(notes))


def _check_replaceable(page: Path) -> None:
    """Raise an error unless the page is new or replaces an earlier gallery."""
    from openclaw_fal.atomic import read_file
    from openclaw_fal.gallery.page import MARK

    if page.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output {page}: a page is FILE.html", hint=f"--output {PAGE}")
    existing = read_file(page)
    if existing.exists and MARK.encode() not in existing.content[:4096]:
        raise LocalError(
            f"{page} is there already, and is no gallery", hint="choose another name with --output"
        )


def _entries(sources: list[str], page: Path) -> list[Entry]:
    """The entries of the sources' files, each once: of jobs, then of folders, newest first."""
    from openclaw_fal.cli.job_files import job_named
    from openclaw_fal.job.wiring import journal

    jobs: list[Job] = []
    files: list[Path] = []
    for source in sources:
        if Path(source).is_dir():
            files += _media_below(Path(source))
        else:
            jobs.append(job_named(source, "folder"))
    everything = journal().list()
    by_path = {
        str(output.path): (job, output) for job in everything for output in job.outputs.values()
    }
    entries: dict[Path, Entry] = {}
    for job in jobs if sources else everything:
        for _, output in sorted(job.outputs.items()):
            entries.setdefault(output.path.absolute(), _of_job(job, output, page))
    for path in sorted(files, key=_age):
        absolute = path.absolute()
        job_and_output = by_path.get(str(absolute))
        entries.setdefault(
            absolute, _of_job(*job_and_output, page) if job_and_output else _of_file(path, page)
        )
    return list(entries.values())


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _media_below(folder: Path) -> Iterator[Path]:
    """The media files in a folder and its subfolders, without hidden ones."""
    import os

    from openclaw_fal.files.sniff import MEDIA_EXTENSIONS

    count = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or name.rpartition(".")[2].lower() not in MEDIA_EXTENSIONS:
                continue
            count += 1
            if count > FILES_LIMIT:
                raise UsageError(
                    f"{folder} holds more than {FILES_LIMIT} media files",
                    hint="name the folders below it",
                )
            yield Path(parent, name)


def _of_job(job: Job, output: Output, page: Path) -> Entry:
    from openclaw_fal.gallery.entries import Entry, href

    return Entry(
        name=output.path.name,
        kind=job.kind,
        href=href(output.path, page) if output.path.is_file() else None,
        prompt=job.prompt,
        model=job.model,
        seed=None if job.seed is None else str(job.seed),
        cost=str(job.cost) if job.cost and (job.cost.billed or job.cost.estimated) else None,
        date=_date(job.created),
        job=job.id,
        command=f"openclaw replay {job.id}",
    )


def _of_file(path: Path, page: Path) -> Entry:
    """The entry of a file that is not in the journal, from its mark or sidecar."""
    import shlex

    from openclaw_fal.files.sniff import by_extension
    from openclaw_fal.gallery.entries import Entry, href, kind_of
    from openclaw_fal.provenance.read import mark_of

    kind = by_extension(path.name)
    mime_type = kind.mime_type if kind else ""
    mark = mark_of(path, mime_type) or {}
    replayable = isinstance(mark.get("request"), dict)
    return Entry(
        name=path.name,
        kind=kind_of(mime_type) or "image",
        href=href(path, page),
        prompt=_text(mark, "prompt"),
        model=_text(mark, "model") or _text(mark, "aiSystem"),
        seed=_text(mark, "seed"),
        date=_text(mark, "date") or _date(-_age(path)),
        command=f"openclaw replay {shlex.quote(str(path))}" if replayable else None,
    )


def _text(mark: Mapping[str, object], key: str) -> str | None:
    """A text or integer in a mark as text of limited length: marks are untrusted."""
    value = mark.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:40]
    return value[:10_000] if isinstance(value, str) else None


def _date(seconds: float) -> str:
    from datetime import datetime

    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""
