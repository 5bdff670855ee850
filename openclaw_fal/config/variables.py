"""Environment variables as OpenClaw sees them, and `${NAME}` in the strings of a config.

The first source that has a variable counts: the process's environment, `.env` in OpenClaw's state
folder, `env` in the config. Names in templates are upper case; `$${NAME}` stands for the text
`${NAME}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from openclaw_fal.atomic import read_file
from openclaw_fal.errors import LocalError
from openclaw_fal.frozen import Frozen

# Compiled when they are looked for: every run imports this module.
_TEMPLATE = r"\$\$\{([A-Z_][A-Z0-9_]*)\}|\$\{([A-Z_][A-Z0-9_]*)\}"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_MAX_BYTES = 1024 * 1024
# The format of the npm package dotenv, which OpenClaw reads the file with.
_LINE = r"""(?mx)
    ^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)
    (\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^\#\r\n]+)?
    \s*(?:\#.*)?$
    """

PROCESS = "the environment"


class Source(Frozen):
    """A place that holds variables; `label` is its name in messages."""

    label: str
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Source({self.label})"


class Variables(Frozen):
    """The sources of variables; the first one that has a name counts. Empty values do not count."""

    sources: tuple[Source, ...]

    def get(self, name: str) -> str | None:
        """The value of a variable, without white space around it; None if it is not set."""
        return next((value for _, value in self.all(name)), None)

    def all(self, name: str) -> Iterator[tuple[str, str]]:
        """The label and the value of each source that has a variable; the first one counts."""
        for source in self.sources:
            if value := source.values.get(name, "").strip():
                yield source.label, value


def variables(
    environ: Mapping[str, str], dotenv: Path | None, config: Mapping[str, object], where: str
) -> Variables:
    """The variables for a config; `where` is the name of its file in messages."""
    sources = [Source(PROCESS, environ)]
    if dotenv is not None:
        sources.append(Source(str(dotenv), _dotenv(dotenv)))
    section = config.get("env")
    if isinstance(section, dict):
        inner = section.get("vars")
        sources.append(Source(f"env in {where}", _strings(section)))
        if isinstance(inner, dict):
            sources.append(Source(f"env.vars in {where}", _strings(inner)))
    return Variables(tuple(sources))


def substituted(text: str, names: Variables, path: str) -> str:
    """A string of the config with its templates filled in.

    Raises LocalError, with the path and the name, for a variable that is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return f"${{{match[1]}}}"
        filled = names.get(match[2])
        if filled is None:
            raise LocalError(
                f"{path} needs the environment variable {match[2]}, which is not set",
                hint=f"set {match[2]}, or write the value itself: openclaw config set {path} …",
            )
        return filled

    return re.sub(_TEMPLATE, value, text)


def has_template(text: str) -> bool:
    """Whether a string holds `${NAME}`; `$${NAME}` is not a template."""
    return any(match[2] is not None for match in re.finditer(_TEMPLATE, text))


def parse_dotenv(text: str) -> dict[str, str]:
    """The variables in the text of a `.env` file."""
    values: dict[str, str] = {}
    for match in re.finditer(_LINE, text.replace("\r\n", "\n").replace("\r", "\n")):
        value = (match[2] or "").strip()
        quote = value[:1]
        if len(value) > 1 and quote in "'\"`" and value.endswith(quote):
            value = value[1:-1]
            if quote == '"':
                value = value.replace("\\n", "\n").replace("\\r", "\r")
        values[match[1]] = value
    return values


def _dotenv(path: Path) -> dict[str, str]:
    snapshot = read_file(path)
    if not 0 < len(snapshot.content) <= _MAX_BYTES:
        return {}
    return parse_dotenv(snapshot.content.decode("utf-8", "replace"))


def _strings(section: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value
        for name, value in section.items()
        if isinstance(value, str) and re.fullmatch(_NAME, name) and not has_template(value)
    }
