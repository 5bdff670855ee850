"""The page itself: data, style and program in one file, under a policy that allows nothing else.

Prompts are hostile input: they are data in the page, and the program puts them in as text.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files

from openclaw_fal.gallery.entries import Entry

MARK = "openclaw-fal gallery"
"""What a page of ours says of itself, so that only such a page is replaced by a new one."""

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
    """The whole page. Media are read from beside it; nothing is fetched from the network."""
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
    """The source that a policy allows: what has this SHA-256."""
    import hashlib
    from base64 import b64encode

    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
