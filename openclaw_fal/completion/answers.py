"""Answers the shells' completion requests, from a table that is generated from the command line.

A completion request comes with every press of Tab. It must not load the command line itself, so
this module imports nothing but that table, and the journal when job ids are asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; the module `typing` takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from openclaw_fal.completion.entries import CommandEntry, Models, OptionEntry, Takes

Candidate = tuple[str, str]
FILE = "file"
FILE_ANSWER = "@file"
"""The shell completes file names itself when it sees this; the text beside it is the endings of the
files that are wanted (`png|jpg`), or nothing for all of them."""

CATALOGUE_SHOWN = 200
EVERY = "every"  # in the place of a kind of model: all of them
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
        offered = _values(options[option]["takes"], given, value, MODELS)
        if offered and offered[0][0] == FILE_ANSWER:
            return offered
        return [(prefix + name, text) for name, text in _matching(offered, value)]
    if current.startswith("-") and "--" not in given:
        return _matching(_options(options, path, given, MODELS), current)
    words_here: list[Candidate] = [] if given else list(command["commands"].items())
    words_here += _values(_argument(command, given, options), given, current, MODELS)
    return _matching(words_here, current)


def _options(
    options: Mapping[str, OptionEntry], path: str, given: Sequence[str], models: Models
) -> list[Candidate]:
    """The options of a command, without those that the model named by --model does not take."""
    kind = next((kind for kind in models if kind in path.split()), None)
    chosen = _chosen_model(given)
    untaken: list[str] = []
    if kind is not None and chosen in models[kind]:
        untaken = models[kind][chosen]["untaken"]
    return [
        (name, facts["help"]) for name, facts in options.items() if facts.get("key") not in untaken
    ]


def _matching(offered: Iterable[Candidate], current: str) -> list[Candidate]:
    return [item for item in offered if item[0].startswith(current)]


def _command(
    before: Sequence[str],
    current: str,
    commands: Mapping[str, CommandEntry],
    everywhere: Mapping[str, OptionEntry],
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
    given: Sequence[str], current: str, options: Mapping[str, OptionEntry]
) -> tuple[str | None, str, str]:
    """The option whose value the last word is (or None), that value, and what precedes it."""
    name, equals, value = current.partition("=")
    if equals and _takes_value(options, name):
        return name, value, name + "="
    if given and _takes_value(options, given[-1]):
        return given[-1], current, ""
    return None, current, ""


def _takes_value(options: Mapping[str, OptionEntry], name: str) -> bool:
    return name in options and bool(options[name]["takes"])


def _argument(
    command: CommandEntry, given: Sequence[str], options: Mapping[str, OptionEntry]
) -> Takes:
    """What the next argument takes; the last one of a command may be repeated."""
    takes = command["arguments"]
    if not takes:
        return None
    count, words = 0, list(given)
    while words:
        word = words.pop(0)
        if _takes_value(options, word):
            words = words[1:]
        elif not word.startswith("-"):
            count += 1
    if count >= len(takes) and not command["repeats"]:
        return None
    return takes[min(count, len(takes) - 1)]


def _values(takes: Takes, given: Sequence[str], current: str, models: Models) -> list[Candidate]:
    """The candidates for what an option or argument takes."""
    if takes is None or takes == "text":
        return []
    if isinstance(takes, list):
        return [(value, "") for value in takes]
    name, _, rest = takes.partition(":")
    if name == FILE:
        return [(FILE_ANSWER, rest)]
    if name == "job":
        return _job_ids(unfinished=rest == "unfinished")
    if name == "model":
        return _model_refs(rest, current, models)
    if name == "chosen":
        kinds = [word for word in given if word in models]
        return _model_refs(kinds[0] if kinds else EVERY, current, models)
    if name == "alias":
        return _aliases()
    if name == "setting":
        return _setting(given, models)
    return [(value, "") for value in _limited(rest, given, models)]


def _model_refs(kind: str, current: str, models: Models) -> list[Candidate]:
    """The known models and the user's short names; further ones of fal's endpoints once the word
    says which are meant."""
    kinds = list(models) if kind == EVERY else [kind]
    known = [(ref, facts["title"]) for one in kinds for ref, facts in models[one].items()]
    if "fal/".startswith(current):
        return known
    if not current.startswith("fal/"):
        return _aliases()
    taken = {ref for ref, _ in known}
    ids = _catalogued(None if kind == EVERY else kind, current[len("fal/") :])
    more = [(f"fal/{name}", "") for name in ids if f"fal/{name}" not in taken]
    return known + (more if len(more) <= CATALOGUE_SHOWN else [])


def _catalogued(kind: str | None, start: str) -> list[str]:
    """The endpoint ids that begin so; where none is shipped, those of the refreshed catalogue."""
    try:
        from openclaw_fal.catalogue.id_prefix import ids_in_file, shipped_ids

        shipped = shipped_ids(kind, start)
        if shipped:
            return shipped
        from openclaw_fal.store.paths import catalogue_folder

        return ids_in_file(catalogue_folder() / "catalogue.bin", kind, start)
    except Exception:  # a completion must never disturb the command line
        return []


def _aliases() -> list[Candidate]:
    """The user's short names of models, and what each stands for."""
    try:
        from openclaw_fal.store.paths import aliases_path

        if not aliases_path().exists():
            return []
        from openclaw_fal.store.aliases import aliases

        return list(aliases().items())
    except Exception:  # a completion must never disturb the command line
        return []


def _chosen_model(given: Sequence[str]) -> str:
    """The model that --model names on the line; an empty word without one."""
    chosen = [given[i + 1] for i, word in enumerate(given[:-1]) if word in ("--model", "-m")]
    chosen += [word.partition("=")[2] for word in given if word.startswith("--model=")]
    return chosen[-1] if chosen else ""


def _limited(limit: str, given: Sequence[str], models: Models) -> list[str]:
    """The values that the model on the line takes, else the config's default model; those of every
    model where that one takes none."""
    kind, key = limit.split(":")
    chosen = _chosen_model(given)
    if chosen in models[kind]:
        return models[kind][chosen]["limits"].get(key, [])
    default = _default_model(kind) or next(iter(models[kind]))
    values = models[kind][default]["limits"].get(key) if default in models[kind] else None
    every = (value for facts in models[kind].values() for value in facts["limits"].get(key, []))
    return values or list(dict.fromkeys(every))


def _default_model(kind: str) -> str | None:
    """The ref of the config's default model; None without one."""
    try:
        from openclaw_fal.config import read
        from openclaw_fal.store import paths

        default = read.read_config(paths.config_path(None)).default_model(kind)  # type: ignore[arg-type]
    except Exception:  # a completion must never disturb the command line
        return None
    return default.primary if default is not None else None


def _setting(given: Sequence[str], models: Models) -> list[Candidate]:
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
        listed = jobs.Journal(paths.jobs_path()).list(state=states, limit=JOBS_SHOWN)
    except Exception:  # a completion must never disturb the command line
        return []
    return [(job.id, f"{job.state} {job.model} {_one_line(job.prompt)}") for job in listed]


def _one_line(text: str) -> str:
    """A prompt as it may stand beside a candidate: short, and nothing that drives the terminal."""
    return "".join(char if char.isprintable() else " " for char in text[:40])
