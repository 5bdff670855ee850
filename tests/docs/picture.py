"""Draws README's picture: real runs against the sandbox, in a real terminal.

python -m tests.docs.picture        writes tests/docs/run.svg
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

from tests.ui.terminal import Frame, watch

COLUMNS = 92
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
HOME = "/home/you/pictures"
PICTURE = Path(__file__).parent / "run.svg"
DIALS = "OPENCLAW_FAL_SANDBOX_DIALS"
TIMES = "queue-length=1,queue-step=0.2,run-time=0.6"
RUNNING = {DIALS: f"{TIMES},media-bytes=3000000,bandwidth=1800000"}

MARKED = {"OPENCLAW_FAL_PROVENANCE": "mark"}  # as for users; tests switch it off


def picture() -> str:
    """The picture as SVG: an image, a rejection, and a video on its way."""
    image = ["image", "a lighthouse at dawn", "--count", "2", "--sandbox"]
    rejected = ["image", "a lighthouse at dawn", "--count", "9"]
    video = ["video", "waves under a lighthouse", "--sandbox"]
    lines = [
        *_prompt(image),
        *_last(watch(*image, columns=COLUMNS, env=MARKED).frames),
        *_prompt(rejected),
        *_last(watch(*rejected, columns=COLUMNS).frames),
        *_prompt(video),
        *_under_way(watch(*video, columns=COLUMNS, env=RUNNING).frames),
    ]
    console = Console(
        width=COLUMNS,
        record=True,
        file=io.StringIO(),
        color_system="truecolor",
        legacy_windows=False,
    )
    for line in lines:
        console.print(line, soft_wrap=True)
    return console.export_svg(title="openclaw-fal", code_format=_template(), unique_id="run")


def _template() -> str:
    """rich's picture of a terminal, without the fonts that it would fetch from elsewhere."""
    from rich._export_format import CONSOLE_SVG_FORMAT

    plain = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return plain.replace("Fira Code, monospace", FONTS)


def _prompt(argv: list[str]) -> list[Text]:
    words = [f'"{word}"' if " " in word else word for word in argv]
    return [Text.assemble(("$ ", "bold green"), "openclaw " + " ".join(words))]


def _last(frames: list[Frame]) -> list[Text]:
    return [*_texts(frames[-1]), Text("")]


def _under_way(frames: list[Frame]) -> list[Text]:
    """The first frame whose download is well on its way."""
    for frame in frames:
        lines = _texts(frame)
        if any(line.plain.count("━") >= 10 and "left" in line.plain for line in lines):
            return lines
    raise AssertionError("no frame shows the download")


def _texts(frame: Frame) -> list[Text]:
    lines = [_text(row) for row in frame]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _text(row: list[pyte.screens.Char]) -> Text:
    text = Text()
    for char in row:
        colour = {"brown": "yellow"}.get(char.fg, char.fg)
        style = "" if colour == "default" else colour
        text.append(char.data, f"{'bold ' if char.bold else ''}{style}".strip() or None)
    text.rstrip()
    here = str(Path.cwd())
    return Text(text.plain.replace(here, HOME)) if here in text.plain else text


def shown(svg: str) -> list[str]:
    """The lines of a picture, as text."""
    from xml.etree import ElementTree

    rows: dict[float, str] = {}
    for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        text = (element.text or "").replace("\xa0", " ")
        if not element.get("textLength"):
            continue  # the window's title
        cell = float(element.get("textLength", "1")) / len(text)
        row, column = float(element.get("y", "0")), round(float(element.get("x", "0")) / cell)
        rows[row] = rows.get(row, "").ljust(column) + text
    return [rows[row].rstrip() for row in sorted(rows)]


def main() -> int:
    with tempfile.TemporaryDirectory() as home:
        for name in ("CI", "NO_COLOR", "FAL_KEY", "FAL_API_KEY", "OPENCLAW_CONFIG_PATH"):
            os.environ.pop(name, None)
        os.environ |= {"HOME": home, "OPENCLAW_FAL_HOME": home}
        here = Path.cwd()
        folder = Path(home, "pictures")
        folder.mkdir()
        os.chdir(folder)
        try:
            PICTURE.write_text(picture(), encoding="utf-8", newline="\n")
        finally:
            os.chdir(here)
    return 0


if __name__ == "__main__":
    sys.exit(main())
