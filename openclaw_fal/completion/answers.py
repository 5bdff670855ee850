"""Answers completion requests of shells from a table that is generated from the command line.

Every press of Tab is a request, so it must be fast: this module does not load the command line, but
only that table, and journal, config or catalogue for the values that need them.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not imported: `typing` takes longer to load than all of this module
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from openclaw_fal.completion.entries import CommandEntry, Models, OptionEntry, Takes

Candidate = tuple[str, str]
FILE = "file"
FILE_ANSWER = "@file"
"""Tells the shell to complete file names itself. The help beside it is the wanted extensions
(`png|jpg`), or empty for all files."""

MOST_CATALOGUED = 200  # endpoints of the catalogue that are offered at once
MOST_JOBS = 30
EVERY = "every"  # stands for all kinds of models
LINE_VARIABLE = "OPENCLAW_FAL_COMPLETE_LINE"  # for shells that cannot quote an argument


def main(arguments: Sequence[str]) -> int:
    """`__complete words WORD…` or `__complete line [TEXT]`: prints a candidate on each line, with a
    tab and its help after it."""
    form, words = (arguments[0], list(arguments[1:])) if arguments else ("words", [])
    if form == "line":
        words = split_line(words[0] if words else _line_of_environment())[1:]
    for value, text in candidates(words or [""]):
        print(f"{value}\t{text}" if text else value)
    return 0


def _line_of_environment() -> str:
    import os

    return os.environ.get(LINE_VARIABLE, "")


def split_line(line: str) -> list[str]:
    """The words of a command line up to the cursor, without quotes; the last one may be empty."""
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
    """The candidates for the last of `words`, which may be empty or begun."""
    from openclaw_fal.completion.table import COMMANDS, GLOBAL, MODELS, OPTIONS

    *before, current = words
    path, given = _command(before, current, COMMANDS, GLOBAL)
    command = COMMANDS[path]
    options = {key.partition(" ")[0]: OPTIONS[key] for key in command["options"]} | GLOBAL
    option, value, prefix = _option_of_value(given, current, options)
    if option is not None:
        values = _values(options[option]["takes"], given, value, MODELS)
        if values and values[0][0] == FILE_ANSWER:
            return values
        return [(prefix + name, text) for name, text in _matching(values, value)]
    if current.startswith("-") and "--" not in given:
        return _matching(_options(options, path, given, MODELS), current)
    offered: list[Candidate] = [] if given else list(command["commands"].items())
    offered += _values(_argument(command, given, options), given, current, MODELS)
    return _matching(offered, current)


def _options(
    options: Mapping[str, OptionEntry], path: str, given: Sequence[str], models: Models
) -> list[Candidate]:
    """The options of a command, without those that the model of --model does not take."""
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
    global_options: Mapping[str, OptionEntry],
) -> tuple[str, list[str]]:
    """The command that the words name, and the words after it. `openclaw image` means `image
    generate` once a word follows that is not a subcommand of `image`."""
    path, given = "", list(before)
    while given:
        word = given[0]
        name = word.partition("=")[0]
        subcommand = f"{path} {word}".strip()
        if subcommand in commands:
            path, given = subcommand, given[1:]
        elif name in global_options and commands[path]["commands"]:
            takes_next = global_options[name]["takes"] and "=" not in word
            if takes_next and len(given) == 1:
                break
            given = given[2 if takes_next else 1 :]
        else:
            break
    default = f"{path} generate".strip()
    if default in commands and (given or current.startswith("-")):
        path = default
    return path, given


def _option_of_value(
    given: Sequence[str], current: str, options: Mapping[str, OptionEntry]
) -> tuple[str | None, str, str]:
    """When the last word is an option's value: the option, the value, and the text before the value
    in the word (`--option=`). Else None as the option."""
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
    """What the next argument takes; None after the last one."""
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
    """The candidates for an option or argument (see `entries.Takes`)."""
    if takes is None or takes == "text":
        return []
    if isinstance(takes, list):
        return [(value, "") for value in takes]
    name, _, detail = takes.partition(":")
    if name == FILE:
        return [(FILE_ANSWER, detail)]
    if name == "job":
        return _job_ids(unfinished=detail == "unfinished")
    if name == "model":
        return _model_refs(detail, current, models)
    if name == "chosen":
        kinds = [word for word in given if word in models]
        return _model_refs(kinds[0] if kinds else EVERY, current, models)
    if name == "alias":
        return _aliases()
    if name == "setting":
        return _setting(given, models)
    return [(value, "") for value in _limited(detail, given, models)]


def _model_refs(kind: str, current: str, models: Models) -> list[Candidate]:
    """Model refs: the known models, once `fal/…` is typed also endpoints of the catalogue; for any
    other word the user's aliases."""
    kinds = list(models) if kind == EVERY else [kind]
    known = [(ref, facts["title"]) for name in kinds for ref, facts in models[name].items()]
    if "fal/".startswith(current):
        return known
    if not current.startswith("fal/"):
        return _aliases()
    known_refs = {ref for ref, _ in known}
    ids = _catalogued(None if kind == EVERY else kind, current[len("fal/") :])
    more = [(f"fal/{name}", "") for name in ids if f"fal/{name}" not in known_refs]
    return known + (more if len(more) <= MOST_CATALOGUED else [])


def _catalogued(kind: str | None, prefix: str) -> list[str]:
    """The endpoint ids with a prefix in the shipped catalogue, else in the refreshed one."""
    try:
        from openclaw_fal.catalogue.id_prefix import ids_in_file, shipped_ids

        shipped = shipped_ids(kind, prefix)
        if shipped:
            return shipped
        from openclaw_fal.store.paths import catalogue_folder

        return ids_in_file(catalogue_folder() / "catalogue.bin", kind, prefix)
    except Exception:  # a failed completion must print nothing into the command line
        return []


def _aliases() -> list[Candidate]:
    """The user's aliases, each with its model ref."""
    try:
        from openclaw_fal.store.paths import aliases_path

        if not aliases_path().exists():
            return []
        from openclaw_fal.store.aliases import aliases

        return list(aliases().items())
    except Exception:  # a failed completion must print nothing into the command line
        return []


def _chosen_model(given: Sequence[str]) -> str:
    """The value of --model among the words; "" without one."""
    chosen = [given[i + 1] for i, word in enumerate(given[:-1]) if word in ("--model", "-m")]
    chosen += [word.partition("=")[2] for word in given if word.startswith("--model=")]
    return chosen[-1] if chosen else ""


def _limited(limit: str, given: Sequence[str], models: Models) -> list[str]:
    """The values of an option (`image:sizes`) for the model of --model, else for the config's
    default model, or for all models where that one has none."""
    kind, key = limit.split(":")
    chosen = _chosen_model(given)
    if chosen in models[kind]:
        return models[kind][chosen]["limits"].get(key, [])
    default = _default_model(kind) or next(iter(models[kind]))
    values = models[kind][default]["limits"].get(key) if default in models[kind] else None
    every = (value for facts in models[kind].values() for value in facts["limits"].get(key, []))
    return values or list(dict.fromkeys(every))


def _default_model(kind: str) -> str | None:
    """The ref of the config's default model, None if it has none."""
    try:
        from openclaw_fal.config import read
        from openclaw_fal.store import paths

        default = read.read_config(paths.config_path(None)).default_model(kind)  # type: ignore[arg-type]
    except Exception:  # a failed completion must print nothing into the command line
        return None
    return default.primary if default is not None else None


def _setting(given: Sequence[str], models: Models) -> list[Candidate]:
    """The values for `config set PATH`: model refs if the path is a default model."""
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
        listed = jobs.Journal(paths.jobs_path()).list(state=states, limit=MOST_JOBS)
    except Exception:  # a failed completion must print nothing into the command line
        return []
    return [(job.id, f"{job.state} {job.model} {_one_line(job.prompt)}") for job in listed]


def _one_line(text: str) -> str:
    """The start of a prompt, without control characters."""
    return "".join(char if char.isprintable() else " " for char in text[:40])
