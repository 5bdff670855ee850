"""The questions of `openclaw onboard` on a terminal: the key, the default models, a first picture.

Nothing is stored before the last model is chosen, so that Ctrl-C until then changes nothing.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from openclaw_fal.errors import Interrupted, OpenClawFalError, UsageError, no_key
from openclaw_fal.text import safe
from openclaw_fal.ui.layout import columns, commands_whole, table_lines, wrapped

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.config.rules import Set
    from openclaw_fal.media import Kind
    from openclaw_fal.session import Session

KEYS_PAGE = "https://fal.ai/dashboard/keys"
TRIES = 3
SHOWN, SEARCHED = 9, 100  # models in a list of search results; hits from which they are chosen
PROMPT = "a lighthouse at dawn"
NOTHING_STORED = "interrupted: nothing was stored"


def is_interactive(session: Session, non_interactive: bool) -> bool:
    """Whether questions can be asked: on a terminal, without --json, --non-interactive and CI."""
    if non_interactive or session.json or os.environ.get("CI"):
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def typed_key(enter_means: str | None) -> str | None:
    """Ask for the key, which is not shown. Returns None for a bare Enter if `enter_means` explains
    that; without it, raises AuthError after `TRIES` empty answers."""
    from getpass import getpass

    _say(f"Keys are made at {KEYS_PAGE} (openclaw onboard --open opens it)")
    _say("Paste yours here; it is not shown.", *([enter_means] if enter_means else []))
    for _ in range(TRIES):
        try:
            key = getpass("fal key: ").strip()
        except EOFError:
            _say("")
            break
        except KeyboardInterrupt:
            _say("")
            raise Interrupted(NOTHING_STORED) from None
        if key or enter_means:
            return key or None
    raise no_key("no key was given")


def chosen_defaults(config: Config) -> list[Set]:
    """Ask for the default models. Returns the edits for those that change. Raises Interrupted at
    Ctrl-C and at the end of the input."""
    from openclaw_fal.config.layouts import default_path
    from openclaw_fal.config.rules import Set
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    _say(
        "",
        "Which models are used without --model? Type a number, a model ref or words to "
        "search for; Enter keeps the one with the star.",
    )
    edits = []
    for kind, builtin in DEFAULT_MODELS.items():
        current = config.written_default(kind) or f"fal/{builtin}"
        chosen = _model(kind, current, config)
        if chosen != current:
            edits.append(Set((*default_path(kind, config.layout), "primary"), chosen))
    return edits


def first_picture(session: Session) -> tuple[str | None, str | None]:
    """Offer to make a picture in the sandbox. Returns its path, or a note if that failed."""
    _say("", "All is set.")
    try:
        answer = _answer("Make a sandbox picture here (no key, no cost)? [y/N] ")
        if answer.lower() not in ("y", "yes"):
            return None, None
        from openclaw_fal import api

        made = api.generate(PROMPT, sandbox=True, config=session.config)
    except Interrupted:
        return None, None
    except OpenClawFalError as error:
        return None, f"the sandbox made no picture: {error.message}"
    return str(made.outputs[0].path), None


def _model(kind: Kind, current: str, config: Config) -> str:
    """Ask for the default model of a kind: by number, ref or search words. Returns its ref."""
    from openclaw_fal.cli.model_edits import checked
    from openclaw_fal.provider.specs import SUGGESTED_MODELS

    suggested = (f"fal/{name}" for name in SUGGESTED_MODELS[kind])
    refs = [current, *(ref for ref in suggested if ref != current)]
    _list(refs, current, config)
    while True:
        answer = _answer(f"{kind} model [Enter keeps *]: ")
        if not answer:
            return current
        if answer.isdecimal():
            if 1 <= int(answer) <= len(refs):
                return refs[int(answer) - 1]
            _say(f"{answer}: the list goes from 1 to {len(refs)}")
            continue
        try:
            return checked(kind, f"fal/{answer}" if answer.startswith("fal-ai/") else answer)
        except UsageError as error:
            results = _search(kind, answer)
            if "/" in answer or not results:
                _say(error.message)
            if results:
                refs = results
                _list(refs, current, config)
            elif error.hint:
                _say(error.hint)


def _search(kind: Kind, words: str) -> list[str]:
    """Refs of models of a kind that match the words; first those that require only a prompt."""
    from openclaw_fal.catalogue.search import search
    from openclaw_fal.job import user_catalogue
    from openclaw_fal.provider import refs
    from openclaw_fal.provider.specs import table_endpoints

    name = words.removeprefix("fal/")
    hits = search(
        user_catalogue.current()[0], name, kind=kind, also=table_endpoints(), limit=SEARCHED
    )
    hits.sort(key=lambda hit: set(hit.endpoint.input.get("required", ())) != {"prompt"})
    ids = [hit.endpoint.id for hit in hits] or refs.suggested_ids(
        name, kind, user_catalogue.ENDPOINTS
    )
    return [refs.ref_of(endpoint) for endpoint in ids[:SHOWN]]


def _list(refs: list[str], current: str, config: Config) -> None:
    """Print numbered refs with their known prices, the current one with a star."""
    from openclaw_fal.cli.model_facts import price_of
    from openclaw_fal.job import wiring

    api = wiring.hosts_of(config).api
    rows = []
    for number, ref in enumerate(refs, 1):
        price = price_of(ref.removeprefix("fal/"), api)
        label = f"{'*' if ref == current else ' '} {number}  {ref}"
        rows.append((label, str(price["text"]) if price else ""))
    _print("", *table_lines(("", ""), rows, columns())[1])


def _answer(question: str) -> str:
    """Ask a question, and read a line. Raises Interrupted at Ctrl-C and at the end of the input."""
    print(question, end="", file=sys.stderr, flush=True)
    try:
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        line = ""
    except UnicodeDecodeError:
        line = "?\n"
    if not line:
        _say("")
        raise Interrupted(NOTHING_STORED)
    return line.strip()


def _say(*paragraphs: str) -> None:
    _print(*(line for text in paragraphs for line in wrapped(commands_whole(text), columns())))


def _print(*lines: str) -> None:
    for line in lines:
        print(safe(line), file=sys.stderr)
