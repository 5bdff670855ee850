"""The record of a batch: where its manifest is, where its files go, and its options.

A record is a small JSON file in the state folder. The jobs of the batch are in the journal, under
keys that begin with the batch's id.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.atomic import read_file, replace_file
from openclaw_fal.errors import Conflict, LocalError, UsageError
from openclaw_fal.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openclaw_fal.media import Priority

ID_LENGTH = 10
KEY_PREFIX = "batch:"


class KeptOptions(Frozen, kw_only=True):
    """The options that `resume` takes from the run before, unless they are given anew; None and
    False are those that were not given. `shard` is (i, n), `timeout_s` seconds for each item,
    `max_spend` and `assume_cost` US dollars, `sign` the absolute paths of certificate and key."""

    window: int | None = None
    fail_fast: bool = False
    shard: tuple[int, int] | None = None
    priority: Priority | None = None
    timeout_s: float | None = None
    max_spend: str | None = None
    assume_cost: str | None = None
    provenance: str | None = None
    sign: tuple[str, str] | None = None
    strict: bool = False

    def kept(self) -> dict[str, object]:
        """These options by name, without the fields that a subclass adds."""
        return {name: getattr(self, name) for name in KeptOptions.fields()}


class BatchRecord(KeptOptions, kw_only=True):
    """One batch, with the options of its last run. `manifest` is an absolute path, or `-` for
    standard input, whose text is kept in `text`; `sha256` is the hash of its bytes. `defaults` are
    those of the command line; with `prompts`, each line is a prompt. `out` is a folder or template,
    below `folder` if it is relative; `results` is the path of the results file, `total` the number
    of items, `created` seconds since 1970."""

    id: str
    manifest: str
    sha256: str
    created: float
    total: int
    out: str
    results: str
    sandbox: bool
    defaults: dict[str, object]
    prompts: bool = False
    text: str | None = None
    folder: str = ""

    @property
    def target(self) -> str:
        """Where the files go: the whole path of the folder or template."""
        return os.path.normpath(os.path.join(os.getcwd(), self.folder, self.out))

    @property
    def how_to_resume(self) -> str:
        """The command that goes on with the batch, or why there is none."""
        if self.sandbox:
            return "the sandbox ended with this command: the same command begins anew"
        return f"openclaw batch resume {self.id}"

    @property
    def prefix(self) -> str:
        """The beginning of the journal keys of its jobs."""
        return f"{KEY_PREFIX}{self.id}/"


class Records(Frozen):
    """The records of all batches of this user, in `folder`."""

    folder: Path

    def save(self, record: BatchRecord) -> None:
        """Write a record, in place of an older one of the same batch. Raises LocalError."""
        text = json.dumps(record.as_dict(), ensure_ascii=False).encode("utf-8", "surrogateescape")
        replace_file(self.folder / f"{record.id}.json", text)

    def get(self, wanted: str) -> BatchRecord:
        """The batch with this manifest path, or whose id begins so. A batch in a sandbox is taken
        only if the manifest has no other. Raises UsageError unless there is exactly one."""
        path = str(whole_path(wanted))
        every = list(self.all())
        by_path = sorted((r for r in every if r.manifest == path), key=lambda r: r.sandbox)
        matching = by_path[:1] or [r for r in every if r.id.startswith(wanted)]
        if len(matching) == 1:
            return matching[0]
        if not matching:
            raise UsageError(
                f"there is no batch {wanted}", hint="openclaw batch status lists all batches"
            )
        ids = ", ".join(record.id for record in matching)
        raise UsageError(f"{wanted} may be any of the batches {ids}", hint="give more of the id")

    def find(self, manifest: str, sha256: str) -> BatchRecord | None:
        """The batch of an earlier run of this manifest outside a sandbox: by its path, or by its
        content if the file was moved. A copy beside the file is a new batch."""
        known = [record for record in self.all() if not record.sandbox]
        for record in known:
            if record.manifest == manifest != "-":
                return record
        for record in known:
            moved = record.manifest == "-" or not Path(record.manifest).exists()
            if record.sha256 == sha256 and moved:
                return record
        return None

    def refuse_other_folder(self, record: BatchRecord) -> None:
        """Raise Conflict if an earlier run of the batch saved its files somewhere else."""
        for earlier in self.all():
            if earlier.id == record.id and earlier.target != record.target:
                raise Conflict(
                    f"items of {record.manifest} were sent before, and their files go to "
                    f"{earlier.target}, not to {record.target}; nothing was sent now",
                    hint="without -o, the same command goes on there; a copy of the manifest is a "
                    "batch of its own, which is billed",
                )

    def all(self) -> Iterator[BatchRecord]:
        """Every batch, the newest first. Files that are not records are skipped."""
        records = []
        for path in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else ():
            try:
                document = json.loads(read_file(path).content.decode("utf-8", "surrogateescape"))
                pairs = {name: tuple(v) for name, v in document.items() if isinstance(v, list)}
                records.append(BatchRecord(**document | pairs))
            except (LocalError, ValueError, TypeError, RecursionError):
                continue
        yield from sorted(records, key=lambda record: -record.created)


def whole_path(manifest: str) -> Path:
    """A manifest's path, the same from every folder."""
    path = Path(manifest).expanduser()
    return Path(os.path.realpath(path.parent), path.name)


def new_id(manifest: str, sha256: str, *, sandbox: bool) -> str:
    """The id of a new batch, made from its manifest, so that parallel processes agree."""
    source = f"{manifest if manifest != '-' else sha256}\0{sandbox}"
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]
