"""What the tests of output files share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from openclaw_fal.files.outputs import (
    OutputTarget,
    PartFile,
    plan_target,
)
from openclaw_fal.media import Output, RemoteFile
from tests.config import samples

PNG = samples.png()
JPEG = samples.picture("JPEG", 5, 6)
REMOTE = RemoteFile("https://v3.fal.media/files/a.png", "image/png", "../../evil.sh")
JOB = "abcdefgh12"


def target(output: str | None = None, cwd: Path | None = None, **changes: Any) -> OutputTarget:
    facts: dict[str, Any] = {
        "prompt": "A lighthouse, at dawn!",
        "kind": "image",
        "model": "fal-ai/flux/dev",
        "cwd": cwd or Path.cwd(),
        "count": 1,
        "now": datetime(2026, 8, 14, 9, 30, 5),
    }
    return plan_target(output, **{**facts, **changes})


def save(
    where: OutputTarget, data: bytes = PNG, index: int = 0, count: int = 1, **options: Any
) -> Output:
    remote = options.pop("remote", REMOTE)
    with PartFile(where, options.pop("job", JOB), index, count, **options) as part:
        part.write(data)
        return part.finish(remote)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
