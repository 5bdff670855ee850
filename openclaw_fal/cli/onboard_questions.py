"""What `openclaw onboard` asks on a terminal: the key, the default models, and a first picture.

Nothing is stored before the last model is chosen: Ctrl-C until then leaves everything as it was.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from openclaw_fal.errors import Interrupted, OpenClawFalError, UsageError, no_key
from openclaw_fal.text import safe
from openclaw_fal.ui.layout import columns, table_lines, wrapped

if TYPE_CHECKING:
    from openclaw_fal.config.edit import Set
    from openclaw_fal.config.read import Config
    from openclaw_fal.media import Kind
    from openclaw_fal.session import Session

KEYS_PAGE = "https://fal.ai/dashboard/keys"
TRIES = 3
SHOWN, SEARCHED = 9, 100  # models in a list to choose from, and among how many it is made
PROMPT = "a lighthouse at dawn"
NOTHING_STORED = "interrupted: nothing was stored"


def is_interactive(session: Session, non_interactive: bool) -> bool:
    """Whether a person can be asked."""
    if non_interactive or session.json or os.environ.get("CI"):
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def typed_key(without: str | None) -> str | None:
    """The key, typed without being shown. None for a bare Enter, where `without` says what that
    means; AuthError where it means nothing."""
    from getpass import getpass  # switches the echo off before it asks

    _say(f"Keys are made at {KEYS_PAGE} (openclaw onboard --open opens it)")
    _say("Paste yours here; it is not shown.", *([without] if without else []))
    for _ in range(TRIES):
        try:
            key = getpass("fal key: ").strip()
        except EOFError:
            break
        except KeyboardInterrupt:
            _say("")
            raise Interrupted(NOTHING_STORED) from None
        if key or without:
            return key or None
    raise no_key("no key was given")


def chosen_defaults(config: Config) -> list[Set]:
    """The edits that make the models that the user chooses the default ones; none for those that
    are kept. Raises Interrupted at Ctrl-C and at the end of the input."""
    from openclaw_fal.config.edit import Set
    from openclaw_fal.config.layouts import default_path
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    _say(
        "",
        "Which models are used without --model? Type a number, a model ref or words to "
        "search for; Enter keeps the one with the star.",
    )
    edits = []
    for kind, builtin in DEFAULT_MODELS.items():
        now = config.written_default(kind) or f"fal/{builtin}"
        chosen = _model(kind, now, config)
        if chosen != now:
            edits.append(Set((*default_path(kind, config.layout), "primary"), chosen))
    return edits


def first_picture(session: Session) -> tuple[str | None, str | None]:
    """Offers a picture from the sandbox. Its path if one was made, and a note if that failed."""
    _say("", "All is stored.")
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


def _model(kind: Kind, now: str, config: Config) -> str:
    """The ref that the user chooses as the default of a kind, from a list, typed or searched."""
    from openclaw_fal.cli.model_edits import checked
    from openclaw_fal.provider.specs import SUGGESTED_MODELS

    suggested = (f"fal/{name}" for name in SUGGESTED_MODELS[kind])
    refs = [now, *(ref for ref in suggested if ref != now)]
    _list(refs, now, config)
    while True:
        answer = _answer(f"{kind} model [Enter keeps *]: ")
        if not answer:
            return now
        if answer.isdecimal():
            if 1 <= int(answer) <= len(refs):
                return refs[int(answer) - 1]
            _say(f"{answer}: the list goes from 1 to {len(refs)}")
            continue
        try:
            return checked(kind, f"fal/{answer}" if answer.startswith("fal-ai/") else answer)
        except UsageError as error:
            meant = _meant(kind, answer)
            if "/" in answer or not meant:
                _say(error.message)
            if meant:
                refs = meant
                _list(refs, now, config)
            elif error.hint:
                _say(error.hint)


def _meant(kind: Kind, words: str) -> list[str]:
    """Refs of a kind that the words may mean, those first that a prompt is enough for."""
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
    return [refs.ref_of(one) for one in ids[:SHOWN]]


def _list(refs: list[str], now: str, config: Config) -> None:
    """Numbered refs, with their prices as far as they are known."""
    from openclaw_fal.cli.model_facts import price_of
    from openclaw_fal.job import wiring

    api = wiring.hosts_of(config).api
    rows = []
    for number, ref in enumerate(refs, 1):
        price = price_of(ref.removeprefix("fal/"), api)
        named = f"{'*' if ref == now else ' '} {number}  {ref}"
        rows.append((named, str(price["text"]) if price else ""))
    _print("", *table_lines(("", ""), rows, columns())[1])


def _answer(question: str) -> str:
    """A line from the terminal. Raises Interrupted at Ctrl-C and at the end of the input."""
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
    _print(*(line for text in paragraphs for line in wrapped(text, columns())))


def _print(*lines: str) -> None:
    for line in lines:
        print(safe(line), file=sys.stderr)
