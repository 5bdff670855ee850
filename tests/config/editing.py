"""What the tests of edits share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openclaw_fal.config.edit import EditResult, edit_config
from openclaw_fal.config.rules import Edit

OLD = "agents.defaults.imageGenerationModel"
NEW = "agents.defaults.mediaModels.image"
OLD_VIDEO, NEW_VIDEO = OLD.replace("image", "video"), NEW.replace("image", "video")
OLD_MUSIC, NEW_MUSIC = OLD.replace("image", "music"), NEW.replace("image", "music")


def edit(file: Path, text: str, edits: Sequence[Edit]) -> EditResult:
    file.write_text(text, encoding="utf-8")
    result = edit_config(file, edits)
    assert file.read_text(encoding="utf-8") == result.after
    return result
