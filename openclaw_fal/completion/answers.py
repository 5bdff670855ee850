"""Answers the shells' completion requests, from a table that is generated from the command line.

A completion request comes with every press of Tab. It must not load the command line itself, so
this module imports nothing but that table, and the journal when job ids are asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; the module `typing` takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

Candidate = tuple[str, str]
FILE = "file"
FILE_ANSWER = "@file"  # the shell completes file names itself when it sees this
LINE_VARIABLE = "OPENCLAW_FAL_COMPLETE_LINE"  # for shells that cannot quote an argument
JOBS_SHOWN = 30


def main(arguments: Sequence[str]) -> int:
    """`__complete words WORD…` or `__complete line [TEXT]`: a candidate a line, a tab, its help."""
    form, rest = (arguments[0], list(arguments[1:])) if arguments else ("words", [])
    words = rest
    if form == "line":
        words = split_line(rest[0] if rest else _line_of_environment())[1:]
    for value, text in candidates(words or [""]):
        print(f"{value}\t{text}" if text else value)
    return 0


def _line_of_environment() -> str:
    import os

    return os.environ.get(LINE_VARIABLE, "")


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
    from openclaw_fal.completion.table import COMMANDS, GLOBAL, MODELS

    *before, current = words
    path, given = _command(before, current, COMMANDS, GLOBAL)
    command = COMMANDS[path]
    options = {**command["options"], **GLOBAL}
    option, value, prefix = _option_asked(given, current, options)
    if option is not None:
        found = _values(options[option]["takes"], given, MODELS)
        if found == [(FILE_ANSWER, "")]:
            return found
        return [(prefix + name, text) for name, text in _matching(found, value)]
    if current.startswith("-") and "--" not in given:
        return _matching(((name, facts["help"]) for name, facts in options.items()), current)
    words_here: list[Candidate] = [] if given else list(command["commands"].items())
    words_here += _values(_argument(command, given, options), given, MODELS)
    return _matching(words_here, current)


def _matching(found: Iterable[Candidate], current: str) -> list[Candidate]:
    return [item for item in found if item[0].startswith(current)]


def _command(
    before: Sequence[str], current: str, commands: dict[str, Any], everywhere: dict[str, Any]
) -> tuple[str, list[str]]:
    """The command that the words name, and the words that follow it. `openclaw image` is `image
    generate` as soon as a word or an option follows that `image` does not have."""
    path, rest = "", list(before)
    while rest:
        word = rest[0]
        deeper = f"{path} {word}".strip()
        if deeper in commands:
            path, rest = deeper, rest[1:]
        elif word.partition("=")[0] in everywhere and commands[path]["commands"]:
            takes_next = everywhere[word.partition("=")[0]]["takes"] and "=" not in word
            if takes_next and len(rest) == 1:
                break
            rest = rest[2 if takes_next else 1 :]
        else:
            break
    default = f"{path} generate".strip()
    if default in commands and (rest or current.startswith("-")):
        path = default
    return path, rest


def _option_asked(
    given: Sequence[str], current: str, options: dict[str, Any]
) -> tuple[str | None, str, str]:
    """The option whose value the last word is (or None), that value, and what precedes it."""
    name, equals, value = current.partition("=")
    if equals and options.get(name, {}).get("takes"):
        return name, value, name + "="
    if given and options.get(given[-1], {}).get("takes"):
        return given[-1], current, ""
    return None, current, ""


def _argument(command: dict[str, Any], given: Sequence[str], options: dict[str, Any]) -> Any:
    """What the next argument takes; the last one of a command may be repeated."""
    takes = command["arguments"]
    if not takes:
        return None
    count, words = 0, list(given)
    while words:
        word = words.pop(0)
        if options.get(word, {}).get("takes"):
            words = words[1:]
        elif not word.startswith("-"):
            count += 1
    if count >= len(takes) and not command["repeats"]:
        return None
    return takes[min(count, len(takes) - 1)]


def _values(takes: Any, given: Sequence[str], models: dict[str, Any]) -> list[Candidate]:
    """What an option or argument takes: a list of values, or a word for where to look."""
    if takes is None or takes == "text":
        return []
    if isinstance(takes, list):
        return [(value, "") for value in takes]
    if takes == FILE:
        return [(FILE_ANSWER, "")]
    name, _, rest = takes.partition(":")
    if name == "job":
        return _job_ids(unfinished=rest == "unfinished")
    if name == "model":
        return [(ref, facts["title"]) for ref, facts in models[rest].items()]
    if name == "setting":
        return _setting(given, models)
    return [(value, "") for value in _limited(rest, given, models)]


def _limited(limit: str, given: Sequence[str], models: dict[str, Any]) -> list[str]:
    """The values that the model given with --model takes; without one, those of every model."""
    kind, key = limit.split(":")
    chosen = [given[i + 1] for i, word in enumerate(given[:-1]) if word in ("--model", "-m")]
    chosen += [word.partition("=")[2] for word in given if word.startswith("--model=")]
    if chosen and chosen[-1] in models[kind]:
        return list(models[kind][chosen[-1]].get(key, []))
    return list(dict.fromkeys(v for facts in models[kind].values() for v in facts.get(key, [])))


def _setting(given: Sequence[str], models: dict[str, Any]) -> list[Candidate]:
    """What `config set PATH` takes for its path: a model ref, where it is a default model."""
    path = next((word for word in given if not word.startswith("-")), "").lower()
    kind = next((kind for kind in models if kind in path), None)
    if kind is None or not path.endswith(("primary", "model", kind)):
        return []
    return [(ref, facts["title"]) for ref, facts in models[kind].items()]


def _job_ids(*, unfinished: bool) -> list[Candidate]:
    try:
        from openclaw_fal.journal import jobs
        from openclaw_fal.journal import record as job_record
        from openclaw_fal.store import paths

        states = set(job_record.STATES) - job_record.FINISHED if unfinished else None
        found = jobs.Journal(paths.jobs_path()).list(state=states, limit=JOBS_SHOWN)
    except Exception:  # a completion must never disturb the command line
        return []
    return [(job.id, f"{job.state} {job.model} {_one_line(job.prompt)}") for job in found]


def _one_line(text: str) -> str:
    """A prompt as it may stand beside a candidate: short, and nothing that drives the terminal."""
    return "".join(char if char.isprintable() else " " for char in text[:40])
