"""What is remembered of a batch besides its jobs: where its manifest is and where its files go.

The jobs themselves are in the journal, under keys that begin with the batch's id. A record is a
small JSON file in the state folder, so that a batch can be looked at from any folder.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.atomic import read_file, replace_file
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

ID_LENGTH = 10
KEY_PREFIX = "batch:"


class BatchRecord(Frozen):
    """One batch. `manifest` is an absolute path, or `-` for standard input, whose text is kept in
    `text`; `sha256` is that of its bytes. `defaults` are those of the command line, `prompts` says
    that each line is a prompt. `max_spend` and `assume_cost` are the US dollars that were given
    last: a run that goes on keeps to them. `out` is a folder or template, `results` the path of the
    results file, `total` the number of items, `created` seconds since 1970."""

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
    max_spend: str | None = None
    assume_cost: str | None = None

    def is_of(self, sha256: str) -> bool:
        """Whether this is the batch of a manifest of that content, which is no longer where it
        was. A copy beside it is a batch of its own."""
        return self.sha256 == sha256 and (self.manifest == "-" or not Path(self.manifest).exists())

    @property
    def way_on(self) -> str:
        """How what is not done yet is done, for people."""
        if self.sandbox:
            return "the sandbox ended with this command: the same command begins anew"
        return f"openclaw batch resume {self.id}"

    @property
    def prefix(self) -> str:
        """What the keys of its jobs begin with."""
        return f"{KEY_PREFIX}{self.id}/"


class Records(Frozen):
    """The records of all batches of this user, in `folder`."""

    folder: Path

    def save(self, record: BatchRecord) -> None:
        """Write a record, over an older one of the same batch. Raises LocalError."""
        text = json.dumps(record.as_dict(), ensure_ascii=False).encode("utf-8", "surrogateescape")
        replace_file(self.folder / f"{record.id}.json", text)

    def get(self, wanted: str) -> BatchRecord:
        """The batch of an id (which may be cut short) or of a manifest's path: of the manifest's
        batches the real one, else the newest in a sandbox.

        Raises UsageError when there is none, or more than one.
        """
        path = str(Path(wanted).absolute())
        every = list(self.all())
        of_manifest = sorted((r for r in every if r.manifest == path), key=lambda r: r.sandbox)
        matching = of_manifest[:1] or [r for r in every if r.id.startswith(wanted)]
        if len(matching) == 1:
            return matching[0]
        if not matching:
            raise UsageError(
                f"there is no batch {wanted}", hint="openclaw batch status lists all batches"
            )
        ids = ", ".join(record.id for record in matching)
        raise UsageError(f"{wanted} may be any of the batches {ids}", hint="give more of the id")

    def of(self, manifest: str, sha256: str, *, sandbox: bool) -> BatchRecord | None:
        """The batch that this manifest was run as before: under its path, or, after a move, by its
        content. None for a new one."""
        known = [record for record in self.all() if record.sandbox == sandbox]
        for record in known:
            if record.manifest == manifest != "-":
                return record
        return next((record for record in known if record.is_of(sha256)), None)

    def all(self) -> Iterator[BatchRecord]:
        """Every batch, the newest first. A file that is no record is passed over."""
        records = []
        for path in sorted(self.folder.glob("*.json")) if self.folder.is_dir() else ():
            try:
                document = json.loads(read_file(path).content.decode("utf-8", "surrogateescape"))
                records.append(BatchRecord(**document))
            except (LocalError, ValueError, TypeError, RecursionError):
                continue
        yield from sorted(records, key=lambda record: -record.created)


def new_id(manifest: str, sha256: str, *, sandbox: bool) -> str:
    """The id of a new batch, made from its manifest: processes that start together agree."""
    source = f"{manifest if manifest != '-' else sha256}\0{sandbox}"
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]
