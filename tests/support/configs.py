"""A config from its text."""

from __future__ import annotations

import os
from pathlib import Path

from openclaw_fal.atomic import Snapshot
from openclaw_fal.config.read import Config, config_from_snapshot

PATH = Path("/x/openclaw.json")


def config_from(text: str) -> Config:
    content = text.encode("utf-8", "surrogatepass")
    return config_from_snapshot(PATH, Snapshot(PATH, content, os.stat_result(range(10))))
