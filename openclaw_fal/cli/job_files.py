"""Resolves `last` and `job:ID`, which stand for files of earlier jobs, as reference files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.text import safe

if TYPE_CHECKING:
    from openclaw_fal.journal.record import Job
    from openclaw_fal.media import MediaType, Output

LAST = "last"
JOB = "job:"
_ARTICLE = {"image": "an", "video": "a", "audio": "an"}


def resolved(source: str, media: MediaType) -> str:
    """The path of the file for `last`, `job:ID` or `job:ID/2`. Any other source, and the name of an
    existing file, is returned unchanged.

    Raises UsageError for an unknown job or file number, LocalError when the job has no file of this
    media type or the file was deleted.
    """
    if (source != LAST and not source.startswith(JOB)) or os.path.lexists(source):
        return source
    return _newest(media) if source == LAST else _of_job(source.removeprefix(JOB), media)


def job_named(name: str, what: str) -> Job:
    """The job with this id. Raises UsageError, which also says that there is no `what` ("file",
    "folder") of this name."""
    from openclaw_fal.job.wiring import journal

    try:
        return journal().get(name)
    except UsageError as error:
        error.message += f", and no {what} here has that name"
        raise


def _newest(media: MediaType) -> str:
    from openclaw_fal.job.wiring import journal

    for job in journal().newest("done"):
        for output in _outputs(job):
            if _is_media(output, media) and output.path.is_file():
                return str(output.path)
    raise LocalError(
        f"last: no finished job has {_ARTICLE[media]} {media} file that is still there",
        hint="openclaw jobs list --files",
    )


def _of_job(job_and_number: str, media: MediaType) -> str:
    from openclaw_fal.job.wiring import journal

    prefix, slash, number = job_and_number.partition("/")
    job = journal().get(prefix)
    outputs = _outputs(job)
    if not outputs:
        raise LocalError(
            f"{JOB}{job.id}: the job is {job.state} and has no files",
            hint=None if job.finished else f"openclaw jobs wait {job.id}",
        )
    show = f"openclaw jobs show {job.id}"
    if slash:
        if not (number.isascii() and number.isdigit() and len(number) < 7 and int(number)):
            raise UsageError(
                f"{JOB}{safe(job_and_number)}: the number of the file is a whole number from 1",
                hint=f"for example {JOB}{job.id}/2",
            )
        output = job.outputs.get(int(number) - 1)
        if output is None:
            have = "one file" if len(outputs) == 1 else f"{len(outputs)} files"
            raise UsageError(f"{JOB}{job.id}/{int(number)}: the job has {have}", hint=show)
        outputs = [output]
    matching = [output for output in outputs if _is_media(output, media)]
    if not matching:
        types = ", ".join(dict.fromkeys(output.mime_type for output in outputs))
        raise LocalError(
            f"{JOB}{safe(job_and_number)} is not {_ARTICLE[media]} {media} file: it is {types}",
            hint=show,
        )
    path = matching[0].path
    if not path.is_file():
        raise LocalError(
            f"{JOB}{safe(job_and_number)}: the file {path} is gone",
            hint=f"openclaw jobs wait {job.id} fetches it again, while fal has it",
        )
    return str(path)


def _outputs(job: Job) -> list[Output]:
    return [job.outputs[index] for index in sorted(job.outputs)]


def _is_media(output: Output, media: MediaType) -> bool:
    return output.mime_type.startswith(f"{media}/")
