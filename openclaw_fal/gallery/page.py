"""The HTML page: data, style and script in one file, with a content security policy that allows
nothing else.

Prompts are untrusted: they are JSON in the page, and the script inserts them as text, not as HTML.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files

from openclaw_fal.gallery.entries import Entry

MARK = "openclaw-fal gallery"
"""The generator in the page's metadata. Only a page that has it is overwritten by a new one."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generator" content="{mark}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1 dir="auto">{title}</h1>
<input id="text" type="search" placeholder="Filter by text ( / )" aria-label="Filter by text">
<select id="model" aria-label="Model"><option value="">All models</option></select>
<select id="kind" aria-label="Kind"><option value="">All kinds</option></select>
<span id="count" role="status"></span>
</header>
<main></main>
<footer>Arrows move, Enter opens or plays, c copies the command, / filters.</footer>
<noscript>This page needs JavaScript. Its program is all in it.</noscript>
<script type="application/json" id="entries">{entries}</script>
<script>{program}</script>
</body>
</html>
"""


def page(title: str, entries: Sequence[Entry]) -> str:
    """The HTML of the page. Media files are linked, not embedded."""
    here = files("openclaw_fal.gallery")
    style = here.joinpath("page.css").read_text(encoding="utf-8")
    program = here.joinpath("page.js").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' file:",
            "media-src 'self' file:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(program)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    data = json.dumps([entry.as_json() for entry in entries], ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        data = data.replace(char, f"\\u{ord(char):04x}")
    return _PAGE.format(
        policy=policy,
        mark=MARK,
        title=html.escape(title.encode("utf-8", "replace").decode("utf-8")),
        style=style,
        entries=data,
        program=program,
    )


def _hash(text: str) -> str:
    """The CSP source expression for an inline style or script with this text."""
    import hashlib
    from base64 import b64encode

    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
