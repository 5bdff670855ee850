"""openclaw auth status | logout"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from openclaw_fal.cli.groups import Command, noun_app
from openclaw_fal.errors import OpenClawFalError
from openclaw_fal.ui.result import Facts, Result

if TYPE_CHECKING:
    from openclaw_fal.cli.documents import KeyFacts
    from openclaw_fal.config.read import Config
    from openclaw_fal.session import Session

EPILOG = """\
Examples:
  openclaw auth status
  openclaw auth logout
See also: openclaw onboard, openclaw help auth"""

app = noun_app("Show where the key comes from, and remove the stored one.", EPILOG)


@app.command(cls=Command, epilog=EPILOG)
def status(ctx: typer.Context) -> Result:
    """Show which key is used and where others stand; never the key itself."""
    facts = key_facts(_config(ctx.obj), ctx.obj)
    rows = [("key", key_line(facts))]
    rows += [("key also in", place) for place in facts.get("alsoIn", ())]
    notes = tuple(facts.get("notes", ())) if facts["set"] else ("openclaw onboard stores a key",)
    return Result({"key": facts}, out=(Facts(rows),), notes=notes)


@app.command(cls=Command, epilog=EPILOG)
def logout(ctx: typer.Context) -> Result:
    """Remove the stored key. Keys in the environment and in the config stay."""
    return removed(ctx.obj)


def removed(session: Session) -> Result:
    """Remove the stored key. The result also lists other places that hold a key."""
    from openclaw_fal.config.fal_key import key_places
    from openclaw_fal.store import credentials

    was_there = credentials.remove_key()
    others = [place.label for place in key_places(_config(session))]
    text = "the stored key was removed" if was_there else "no key is stored"
    notes = tuple(f"a key is still in {place}" for place in others)
    document: dict[str, object] = {"removed": was_there, "alsoIn": others}
    return Result(document, out=(text,), notes=notes)


def key_facts(config: Config, session: Session) -> KeyFacts:
    """The key's source, and the key masked. An unusable source gives `problem`, not an error."""
    from openclaw_fal.config.fal_key import key_places, resolve_key

    try:
        key = resolve_key(config)
        others = [place.label for place in key_places(config)][1:]
    except OpenClawFalError as error:
        hint = f". {error.hint}" if error.hint else ""
        return {"set": False, "problem": error.message + hint}
    if key is None:
        return {"set": False}
    session.secrets.add(key.value)
    facts: KeyFacts = {"set": True, "source": key.source, "label": key.label}
    facts["masked"] = key.masked
    if others:
        facts["alsoIn"] = others
    if key.notes:
        facts["notes"] = list(key.notes)
    return facts


def key_line(key: KeyFacts) -> str:
    """One line: the masked key and its source, or the problem."""
    if key["set"]:
        return f"{key['masked']}  {key['label']}"
    return str(key.get("problem", "none"))


def _config(session: Session) -> Config:
    from openclaw_fal.config.read import read_config
    from openclaw_fal.store import paths

    return read_config(paths.config_path(session.config))
