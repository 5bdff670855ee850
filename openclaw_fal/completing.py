"""Answers the shells' completion requests, from a table that is generated from the command line.

A completion request comes with every press of Tab. It must not load the command line itself, so
this module imports nothing but that table, and the journal when job ids are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TYPE_CHECKING = False  # as type checkers know it; `typing` itself takes as long as an answer
if TYPE_CHECKING:
    from typing import Any

Candidate = tuple[str, str]
FILE = "file"
FILE_ANSWER = "@file"  # the shell completes file names itself when it sees this


def main(arguments: Sequence[str]) -> int:
    """`__complete words WORD…` or `__complete line TEXT`: a candidate a line, help after a tab."""
    form, rest = (arguments[0], list(arguments[1:])) if arguments else ("words", [""])
    words = split_line(rest[0] if rest else "") if form == "line" else rest or [""]
    if form == "line":
        words = words[1:] or [""]
    for value, text in candidates(words):
        print(f"{value}\t{text}" if text else value)
    return 0


def split_line(line: str) -> list[str]:
    """The words of a command line up to the cursor, quotes taken off; the last one may be empty."""
    words, word, quote, escaped = [], "", "", False
    for char in line:
        if escaped:
            word, escaped = word + char, False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "'\"":
            quote = char
        elif char.isspace():
            if word:
                words.append(word)
            word = ""
        else:
            word += char
    return [*words, word]


def candidates(words: Sequence[str]) -> list[Candidate]:
    """What may stand in the place of the last word, given the words before it."""
    from openclaw_fal.completion_table import COMMANDS, MODELS

    *before, current = words
    path, given = _command(before, COMMANDS)
    if current.startswith("-"):  # `image --model …` is `image generate --model …`
        path = _default(path) if _default(path) in COMMANDS else path
    command = COMMANDS[path]
    option, current_value, prefix = _option_asked(given, current, command)
    if option is not None:
        found = _values(command["options"][option]["takes"], given, MODELS)
        if found == [(FILE_ANSWER, "")]:
            return found
        return [(prefix + value, text) for value, text in found if value.startswith(current_value)]
    if current.startswith("-"):
        return _matching(
            ((name, facts["help"]) for name, facts in command["options"].items()), current
        )
    words_here: list[Candidate] = list(command["commands"].items())
    words_here += _values(command["takes"], given, MODELS)
    return _matching(words_here, current)


def _matching(found: Iterable[Candidate], current: str) -> list[Candidate]:
    return [item for item in found if item[0].startswith(current)]


def _command(before: Sequence[str], commands: dict[str, Any]) -> tuple[str, list[str]]:
    """The command that the words name, and the words that follow it."""
    path, rest = "", list(before)
    while rest:
        word = rest[0]
        deeper = f"{path} {word}".strip()
        if deeper in commands:
            path, rest = deeper, rest[1:]
        elif word.startswith("-") and commands[path]["commands"]:
            takes_value = commands[path]["options"].get(word, {}).get("takes")
            rest = rest[2 if takes_value else 1 :]
        else:
            break
    if rest and _default(path) in commands:
        path = _default(path)
    return path, rest


def _default(path: str) -> str:
    """The command that a noun stands for when none is named."""
    return f"{path} generate".strip()


def _option_asked(
    given: Sequence[str], current: str, command: dict[str, Any]
) -> tuple[str | None, str, str]:
    """The option whose value the last word is (or None), that value, and what precedes it."""
    options = command["options"]
    name, equals, value = current.partition("=")
    if equals and options.get(name, {}).get("takes"):
        return name, value, name + "="
    if given and options.get(given[-1], {}).get("takes"):
        return given[-1], current, ""
    return None, current, ""


def _values(takes: Any, given: Sequence[str], models: dict[str, Any]) -> list[Candidate]:
    """What an option or argument takes: a list of values, or a word for where to look."""
    if takes is None or takes == "text":
        return []
    if takes == FILE:
        return [(FILE_ANSWER, "")]
    if takes == "job":
        return _job_ids()
    if isinstance(takes, str) and takes.startswith("model:"):
        return [(ref, facts["title"]) for ref, facts in models[takes[6:]].items()]
    if isinstance(takes, str) and takes.startswith("limit:"):
        return [(value, "") for value in _limited(takes[6:], given, models)]
    return [(value, "") for value in takes]


def _limited(limit: str, given: Sequence[str], models: dict[str, Any]) -> list[str]:
    """The values that the model given with --model takes; without one, those of every model."""
    kind, key = limit.split(":")
    chosen = [given[i + 1] for i, word in enumerate(given[:-1]) if word in ("--model", "-m")]
    if chosen and chosen[-1] in models[kind]:
        return list(models[kind][chosen[-1]].get(key, []))
    return list(dict.fromkeys(v for facts in models[kind].values() for v in facts.get(key, [])))


def _job_ids() -> list[Candidate]:
    try:
        from openclaw_fal.store import jobs, paths

        found = jobs.Journal(paths.jobs_path()).list(limit=30)
    except Exception:  # a completion must never disturb the command line
        return []
    return [(job.id, f"{job.state} {job.model}") for job in found]
