"""The local files of one request: its reference files and the part files of its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.files import outputs
from openclaw_fal.files.part_file import PartFile, part_path, was_named
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
        """The URL of a reference. Raises LocalError if it is not a valid http(s) URL."""
        from openclaw_fal.files import references

        return references.check_url(reference.source)

    def must_upload(self, files: Sequence[LocalFile]) -> set[int]:
        """The indices of the files that are too large for the request body."""
        from openclaw_fal.files import references

        return references.must_upload([file.size for file in files])

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

    def was_named(
        self,
        target: OutputTarget,
        job_id: str,
        index: int,
        count: int,
        seed: int | None,
        output: Output,
        file_id: str,
    ) -> bool:
        """Whether an earlier process had given the output's file its final name before it died."""
        part = part_path(target, job_id, index, count, seed, ".part")
        return was_named(output, file_id, part)

    def save_raw_answer(self, target: OutputTarget, job_id: str, raw: bytes) -> Path:
        return outputs.save_raw_answer(target, job_id, raw)

    def preview(
        self, references: Sequence[Reference]
    ) -> tuple[dict[Reference, str], tuple[Mapping[str, object], ...]]:
        """The URL of each reference for a dry run, and the files that a real run would upload.

        The URL of a file to upload is not known yet: `PREVIEW_URL` stands in its place.
        """
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
