"""Prepares a request: reads and hashes its files, and puts them into its body."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from openclaw_fal.job.settings import RunSettings
from openclaw_fal.journal import bodies
from openclaw_fal.journal.record import NewJob
from openclaw_fal.media import Plan, Reference
from openclaw_fal.money.cost import UNKNOWN
from openclaw_fal.provenance.request import request_document

if TYPE_CHECKING:
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.files.references import LocalFile
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.money.quote import Quotes

UPLOADS_AT_ONCE = 4


class Prepared:
    """The body of a plan, as it is sent and as the journal keeps it.

    Small files are data URIs in the body. `large` ones are uploaded first; until then their SHA-256
    stands for them. Raises LocalError for files that cannot be sent.
    """

    def __init__(self, plan: Plan, files: RequestFiles) -> None:
        references = plan.references()
        local = [ref for ref in references if not ref.is_url]
        loaded = [files.load(ref) for ref in local]
        uploads = files.must_upload(loaded)
        self._plan = plan
        self._files = files
        self._loaded = dict(zip(local, loaded, strict=True))
        self._urls = {ref: files.checked_url(ref) for ref in references if ref.is_url}
        self.large: dict[Reference, LocalFile] = {}
        self._placeholders: dict[Reference, dict[str, object]] = {}
        for index, (ref, file) in enumerate(zip(local, loaded, strict=True)):
            if index in uploads:
                self.large[ref] = file
                self._placeholders[ref] = bodies.placeholder(
                    files.digest(file), file.size, file.mime_type
                )
            else:
                self._urls[ref] = files.data_uri(file)

    def upload(self, upload: Callable[[LocalFile], str], stop: Callable[[], object]) -> None:
        """Upload the large files, several at once. `upload` uploads one file and returns its URL,
        `stop` is called on Ctrl-C. Raises the error of the first upload that failed."""
        from openclaw_fal.parallel import run_parallel

        files = list({file.key: file for file in self.large.values()}.values())
        at_once = min(len(files), UPLOADS_AT_ONCE)
        urls = {}
        ends = run_parallel(
            lambda index: upload(files[index]), len(files), at_once=at_once, stop=stop
        )
        for file, end in zip(files, ends, strict=True):
            if isinstance(end, Exception):
                raise end
            urls[file.key] = end
        for ref, file in self.large.items():
            self._urls[ref] = self._placeholders[ref]["url"] = urls[file.key]

    def body(self) -> dict[str, object]:
        """The complete input. Large files must have been uploaded."""
        return self._plan.filled(self._urls.__getitem__)

    def described(self, reference: Reference) -> dict[str, object]:
        """A reference as the journal keeps it: its URL, or the SHA-256 and the path by which the
        file can be found again (only the path for a file that is not in the body)."""
        if reference.is_url:
            return {"url": reference.source}
        file = self._loaded.get(reference)
        if file is None:
            return {"path": reference.source}
        path = {"path": str(file.path)} if file.path else {}
        return {"sha256": self._files.digest(file), **path}

    def kept(self) -> dict[str, object]:
        """The body as the journal keeps it, with the SHA-256 of each file in place of its bytes."""

        return bodies.kept(
            self._plan.filled(lambda ref: self._placeholders.get(ref) or self._urls[ref])
        )

    def new_job(
        self,
        prompt: str,
        target: OutputTarget,
        settings: RunSettings,
        count: int,
        base_url: str,
        quotes: Quotes | None,
    ) -> NewJob:
        """The row for the journal, with the amount to reserve from the budget."""
        plan, kept = self._plan, self.kept()
        seed = plan.body.get("seed")
        return NewJob(
            kind=plan.kind,
            capability=settings.capability,
            model=plan.model,
            endpoint=plan.endpoint,
            transport="queue" if settings.queue else "sync",
            base_url=base_url,
            prompt=prompt,
            target=target.as_json(),
            timeout_s=settings.timeout_s,
            body=kept,
            count=count,
            seed=seed if isinstance(seed, int) else None,
            sandbox=settings.sandbox,
            key=settings.key,
            fingerprint=bodies.fingerprint(plan.endpoint, kept),
            request=request_document(plan.request, self.described) if plan.request else None,
            provenance=settings.provenance,
            replay_of=settings.replay_of,
            sign=_absolute(settings.sign),
            reservation=quotes.reservation(plan.endpoint, kept) if quotes else UNKNOWN,
        )


def _absolute(sign: tuple[str, str] | None) -> dict[str, str] | None:
    """The certificate and key for the journal: a later process may run in another folder."""
    if sign is None:
        return None
    certificate, key = map(os.path.abspath, sign)
    return {"certificate": certificate, "key": key}
