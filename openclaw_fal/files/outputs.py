"""Where results go: the target that `--output` names, checked before the request is sent.

target = plan_target("shots/{prompt}-{seed}.png", prompt=…, kind="image", model=…, …)
check_writable(target)
with PartFile(target, job_id, index, count) as part:
    part.write(data)
    output = part.finish(remote_file)
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.files import naming
from openclaw_fal.files.part_file import PartFile, claim
from openclaw_fal.files.sniff import FileType
from openclaw_fal.frozen import Frozen
from openclaw_fal.media import Kind
from openclaw_fal.text import reason

__all__ = ["OutputTarget", "PartFile", "check_writable", "plan_target", "save_unreadable"]

_SEPARATORS = tuple(sep for sep in (os.sep, os.altsep) if sep)
_STREAMS = re.compile(r"/dev/(stdin|stdout|stderr|tty|null|fd/.*)|/proc/self/fd/.*")
_PROBE_BYTES = 64 * 1024
_LATE = {"seed", "id", "n"}
_TYPICAL: dict[str, str] = {"image": "png", "video": "mp4", "music": "mp3"}


class OutputTarget(Frozen):
    """Where the files of one job go, as an absolute folder and a template below it.

    `prompt` and `model` are words for names, `date` and `time` the moment of planning, `count`
    the number of outputs expected. Goes through JSON unchanged.
    """

    folder: str
    template: str
    prompt: str
    model: str
    kind: Kind
    date: str
    time: str
    count: int

    def as_json(self) -> dict[str, object]:
        """The target as a JSON object, for the journal."""
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

        The name still has the extension that was asked for, if any. The number tells several
        outputs apart, and is None for a single one and for a template that has `{n}`.
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
        parts = [naming.rendered(part, values) for part in _components(self.template)]
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
    now: datetime | None = None,
) -> OutputTarget:
    """The target that `--output` means: nothing, a file, a folder, or a template of either.

    A folder is one that exists, or a path that ends in a separator; the name is then made from the
    prompt. Missing folders are made by `check_writable`. Raises `UsageError` for a template with
    an unknown field, and for what can be no file: standard output, a device, a dangling link.
    """
    moment = now or datetime.now()
    template = "{prompt}" if output is None else _template(os.path.expanduser(output), cwd)
    if "ext" in naming.fields(os.sep.join(_components(template)[:-1])):
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
    )


def check_writable(target: OutputTarget) -> None:
    """Make sure, before anything is paid for, that the files can be written where they are to go.

    Makes the folder, and writes and removes a small file in it. Raises `LocalError` for what is in
    the way: a file where a folder should be, a read-only folder or disk, a full disk, a name that
    is too long. A folder whose name depends on the result is checked as far as it is known.
    """
    folder, name, number = target.place(
        job_id="0" * 10,
        index=0,
        count=target.count,
        seed=2**63,
        extension=_TYPICAL[target.kind],
    )
    early = _known_folder(target)
    try:
        early.mkdir(parents=True, exist_ok=True)
        _probe(early)
        stem, extension = naming.split_extension(name, None)
        numbered = "" if number is None else f"-{number}"
        with suppress(FileNotFoundError):
            os.lstat(folder / f"{stem}{numbered}{extension}")
    except OSError as failure:
        in_the_way = isinstance(failure, (FileExistsError, NotADirectoryError))
        why = "it is not a folder" if in_the_way else reason(failure)
        raise LocalError(
            f"nothing can be written to {early}: {why}; nothing was sent",
            hint="choose another place with --output",
        ) from failure


def save_unreadable(target: OutputTarget, job_id: str, raw: bytes) -> Path:
    """Keep an answer of fal's that holds no media, beside where the media would be.

    Returns the path. Nothing is written over: like a media file, it takes the next free name.
    """
    kind = FileType("application/json", ("json",)) if _is_json(raw) else FileType("", ("txt",))
    part = PartFile(target, job_id, 0, 1, suffix=".answer")
    try:
        part.restart()
        part.write(raw)
        part.sync()
    except BaseException:
        part.discard()
        raise
    part.close()
    _, name, _ = target.place(job_id=job_id, index=0, count=1, seed=None, extension=kind.extension)
    stem, _ = naming.split_extension(name, kind)
    return claim(part.path, naming.candidates(stem, f".{kind.extension}", None, job_id), job_id)


def _template(output: str, cwd: Path) -> str:
    """The template that a path given by the user stands for."""
    if not output or "\0" in output:
        raise UsageError("--output: the path is empty or holds a NUL")
    full = os.path.join(cwd, output)
    if output == "-" or _STREAMS.fullmatch(os.path.normpath(full)):
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
    """Refuse what is there under this name and is not a file. A file is left alone, and kept."""
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
    """A seed for a name; one that no model uses would be longer than any name may be."""
    return "noseed" if seed is None or seed.bit_length() > 128 else str(seed).lstrip("-")


def _components(template: str) -> list[str]:
    """The parts of a path between separators; an absolute path begins with an empty part."""
    if os.altsep:
        template = template.replace(os.altsep, os.sep)
    return template.split(os.sep)


def _known_folder(target: OutputTarget) -> Path:
    """The folder of the files, as far up as it does not depend on the result."""
    parts = _components(target.template)[:-1]
    known = next((i for i, part in enumerate(parts) if naming.fields(part) & _LATE), len(parts))
    template = os.sep.join([*parts[:known], "x"])
    return target.replaced(template=template).place(
        job_id="", index=0, count=1, seed=None, extension=""
    )[0]


def _probe(folder: Path) -> None:
    """Write and remove a small file: also a full disk is found so."""
    path = folder / f".openclaw-{os.urandom(8).hex()}.part"
    try:
        with open(path, "xb") as file:
            file.write(bytes(_PROBE_BYTES))
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True
