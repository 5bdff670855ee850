"""The target of a job's output files: what `--output` means, as a folder and a template."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.files import naming
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind

_SEPARATORS = tuple(sep for sep in (os.sep, os.altsep) if sep)
_STREAMS = r"/dev/(stdin|stdout|stderr|tty|null|fd/.*)|/proc/self/fd/.*"


class OutputTarget(Frozen):
    """The target of a job's output files: an absolute folder, and the template of a path in it.

    `prompt` and `model` are slugs, `date` and `time` those of planning, `count` the expected number
    of outputs. With `overwrite`, an existing file of exactly the given name is replaced.
    """

    folder: str
    template: str
    prompt: str
    model: str
    kind: Kind
    date: str
    time: str
    count: int
    overwrite: bool = False

    def as_json(self) -> dict[str, object]:
        """The target as a JSON object, which the journal keeps."""
        return self.as_dict()

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> OutputTarget:
        """The inverse of `as_json`. Raises `LocalError` for anything else."""
        try:
            target = cls(**document)  # type: ignore[arg-type]
            naming.fields(target.template)
        except (TypeError, UsageError) as failure:
            raise LocalError("the journal does not say where the files of this job go") from failure
        return target

    def place(
        self, *, job_id: str, index: int, count: int, seed: int | None, extension: str
    ) -> tuple[Path, str, int | None]:
        """Folder, name and number of output `index` (from 0) of `count`.

        The name has the extension that the user gave, if any. The number is None for a single
        output and for a template with `{n}`.
        """
        values = {
            "prompt": self.prompt,
            "model": self.model,
            "kind": self.kind,
            "date": self.date,
            "time": self.time,
            "seed": _seed_text(seed),
            "id": job_id,
            "n": str(index + 1),
            "ext": extension,
        }
        parts = [naming.render(part, values) for part in components(self.template)]
        folder = Path(self.folder, os.sep.join([*parts[:-1], ""]) if parts[1:] else "")
        numbered = count > 1 and "n" not in naming.fields(self.template)
        return folder, parts[-1], index + 1 if numbered else None


def plan_target(
    output: str | None,
    *,
    prompt: str,
    kind: Kind,
    model: str,
    cwd: Path,
    count: int,
    overwrite: bool = False,
    now: datetime | None = None,
) -> OutputTarget:
    """The target that `--output` means: None, a file, a folder, or a template of either.

    An existing folder, or a path that ends in a separator, is a folder; the name is then made from
    the prompt. `check_writable` creates missing folders. Raises `UsageError` for a template with an
    unknown field, and for standard output, a device or a dangling link.
    """
    moment = now or datetime.now()
    template = "{prompt}" if output is None else _template(os.path.expanduser(output), cwd)
    if "ext" in naming.fields(os.sep.join(components(template)[:-1])):
        raise UsageError("--output: {ext} can stand only in the name of the file")
    return OutputTarget(
        folder=os.path.abspath(cwd),
        template=template,
        prompt=naming.slug(prompt, kind),
        model=naming.slug(model, "model"),
        kind=kind,
        date=moment.strftime("%Y-%m-%d"),
        time=moment.strftime("%H%M%S"),
        count=count,
        overwrite=overwrite,
    )


def _template(output: str, cwd: Path) -> str:
    """The template for a path given by the user."""
    if not output:
        raise UsageError("--output: the path is empty")
    if any(char < " " or char == "\x7f" for char in output):
        raise UsageError(
            f"--output {output!r}: a path with line ends or other control characters would break "
            "the list of paths on standard output"
        )
    full = os.path.join(cwd, output)
    if output == "-" or re.fullmatch(_STREAMS, os.path.normpath(full)):
        raise UsageError(
            f"--output {output}: media go to files; standard output holds their paths",
            hint="give a file, a folder or a template, or nothing",
        )
    if os.path.isdir(full):
        return os.path.join(naming.escaped(output), "{prompt}")
    naming.fields(output)
    if output.endswith(_SEPARATORS):
        return output + "{prompt}"
    if os.path.basename(output) in (".", ".."):
        raise UsageError(f"--output {output}: there is no such folder")
    _refuse_special(output, full)
    return output


def _refuse_special(output: str, full: str) -> None:
    """Raises UsageError if a pipe, a device or a dangling link has this name."""
    if os.name == "nt" and os.path.basename(full) != naming.portable(os.path.basename(full)):
        raise UsageError(f"--output {output}: this is a device on Windows")
    try:
        mode = os.stat(full).st_mode
    except OSError:
        if os.path.islink(full):
            raise UsageError(f"--output {output}: this is a link that leads nowhere") from None
        return
    if not stat.S_ISREG(mode):
        raise UsageError(f"--output {output}: this is not a regular file (a pipe, a device, …)")


def _seed_text(seed: int | None) -> str:
    """The seed for a file name; `noseed` for one that is longer than any model uses."""
    return "noseed" if seed is None or seed.bit_length() > 128 else str(seed).lstrip("-")


def components(template: str) -> list[str]:
    """The parts of a path between separators; an absolute path begins with an empty part."""
    if os.altsep:
        template = template.replace(os.altsep, os.sep)
    return template.split(os.sep)
