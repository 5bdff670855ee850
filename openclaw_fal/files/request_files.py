"""The local files of one request: reference files to send, outputs to save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.files import outputs
from openclaw_fal.files.part_file import PartFile, has_its_name, part_path
from openclaw_fal.media import Output, Reference

if TYPE_CHECKING:
    from openclaw_fal.files.outputs import OutputTarget
    from openclaw_fal.files.references import LocalFile

PREVIEW_URL = "https://v3.fal.media/files/…/"


class RequestFiles:
    """Loads each reference file once, and opens the part files of the outputs."""

    def __init__(self) -> None:
        self._loaded: dict[Reference, LocalFile] = {}

    def load(self, reference: Reference) -> LocalFile:
        """The local file behind a reference. Raises LocalError for what cannot be sent."""
        from openclaw_fal.files import references

        if reference not in self._loaded:
            self._loaded[reference] = references.load(reference)
        return self._loaded[reference]

    def checked_url(self, reference: Reference) -> str:
        """The URL of a reference, passed through. Raises LocalError for one that is none."""
        from openclaw_fal.files import references

        return references.check_url(reference.source)

    def must_upload(self, files: Sequence[LocalFile]) -> set[int]:
        """Which of the files are too large to travel inside the request."""
        from openclaw_fal.files import references

        return set(references.must_upload([file.size for file in files]))

    def data_uri(self, local: LocalFile) -> str:
        from openclaw_fal.files import references

        return references.data_uri(local)

    def digest(self, local: LocalFile) -> str:
        """The SHA-256 of a file, in hexadecimal."""
        from openclaw_fal.files import references

        return references.digest(local)

    def part(
        self, target: OutputTarget, job_id: str, index: int, count: int, seed: int | None
    ) -> PartFile:
        return PartFile(target, job_id, index, count, seed=seed)

    def has_its_name(
        self,
        target: OutputTarget,
        job_id: str,
        index: int,
        count: int,
        seed: int | None,
        output: Output,
        file_id: str,
    ) -> bool:
        """Whether an earlier process gave the output's file its name before it died."""
        part = part_path(target, job_id, index, count, seed, ".part")
        return has_its_name(output, file_id, part)

    def keep_unreadable(self, target: OutputTarget, job_id: str, raw: bytes) -> Path:
        return outputs.save_unreadable(target, job_id, raw)

    def previewed(
        self, references: Sequence[Reference]
    ) -> tuple[dict[Reference, str], tuple[Mapping[str, object], ...]]:
        """The URL of each reference for a dry run, and the files that a real run uploads first:
        their URL is not known yet."""
        urls = {ref: self.checked_url(ref) for ref in references if ref.is_url}
        local = [ref for ref in references if not ref.is_url]
        files = [self.load(ref) for ref in local]
        large = self.must_upload(files)
        uploads: list[Mapping[str, object]] = []
        for index, (ref, file) in enumerate(zip(local, files, strict=True)):
            if index in large:
                urls[ref] = PREVIEW_URL + file.name
                uploads.append({"path": ref.source, "size": file.size, "mimeType": file.mime_type})
            else:
                urls[ref] = self.data_uri(file)
        return urls, tuple(uploads)
