"""Real shells with the completion scripts loaded, driven by keys as a person presses them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent.parent.parent / "completions"
TAB = "\t"
ALL = "\x18\x18"  # bound to "insert every candidate"
LIMIT_S = 60
REQUIRED = os.environ.get("OPENCLAW_FAL_REQUIRE_SHELLS", "").split(",")  # must not be missing

# In the place of the program: answers completion requests, and shows its arguments otherwise.
STAND_IN = """#!/bin/sh
if [ "$1" = __complete ]; then exec "{python}" -m openclaw_fal "$@"; fi
printf 'GOT'; for word; do printf '<%s>' "$word"; done; printf 'END\\n'
"""


def needs(shell: str) -> str:
    """The shell's path; skips where it is missing, unless it has to be there."""
    found = shutil.which(shell)
    if found is None:
        if shell in REQUIRED:
            pytest.fail(f"{shell} is required and not installed")
        pytest.skip(f"{shell} is not installed")
    return found


def stand_in(folder: Path) -> dict[str, str]:
    """Put the stand-in under both names on a PATH; the environment for a shell."""
    for name in ("openclaw", "openclaw-fal"):
        program = folder / name
        program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "HISTFILE": "",
    }


class Typing:
    """An interactive shell on a terminal of its own."""

    def __init__(self, argv: list[str], env: dict[str, str], setup: str) -> None:
        import pty
        import termios

        self._main, other = pty.openpty()
        with contextlib.suppress(OSError):
            termios.tcsetwinsize(other, (50, 400))
        self._shell = subprocess.Popen(
            argv, stdin=other, stdout=other, stderr=other, env=env, start_new_session=True
        )
        os.close(other)
        self._seen = ""
        self._send(setup + "\necho REA''DY\n")
        self._until("READY\r?\n")

    def words(self, typed: str) -> list[str]:
        """The arguments that the program gets when this is typed, keys included, and then Enter."""
        self._send(typed + "\n")
        found = self._until("GOT(.*?)END").group(1)
        return re.findall("<(.*?)>", found)

    def close(self) -> None:
        self._shell.kill()
        self._shell.wait(LIMIT_S)
        os.close(self._main)

    def _send(self, text: str) -> None:
        os.write(self._main, text.encode())

    def _until(self, pattern: str) -> re.Match[str]:
        """Read on until the pattern comes; what was before it is forgotten."""
        import select

        while (found := re.search(pattern, self._seen, re.DOTALL)) is None:
            ready, _, _ = select.select([self._main], [], [], LIMIT_S)
            assert ready, f"no {pattern} in {self._seen!r}"
            self._seen += os.read(self._main, 65536).decode("utf-8", "replace")
        self._seen = self._seen[found.end() :]
        return found

    def __enter__(self) -> Typing:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()


def bash(env: dict[str, str], setup: str = "") -> Typing:
    lines = [
        "PS1='$ '",
        r"""bind '"\C-x\C-x": insert-completions'""",
        f"source {SCRIPTS / 'openclaw.bash'}",
        setup,
    ]
    return Typing([needs("bash"), "--noprofile", "--norc", "-i"], env, "\n".join(lines))


def zsh(env: dict[str, str], setup: str = "") -> Typing:
    lines = [
        "PS1='$ '; unsetopt zle_bracketed_paste; unset zle_bracketed_paste",
        f"fpath=({SCRIPTS} $fpath)",
        "autoload -U compinit; compinit -u -D",
        "zle -C all complete-word _generic",
        "zstyle ':completion:all:*' old-matches only",
        "zstyle ':completion:all::::' completer _all_matches",
        "bindkey '^X^X' all",
        setup,
    ]
    return Typing([needs("zsh"), "-f", "-i"], env, "\n".join(lines))


def fish(env: dict[str, str], line: str) -> list[str]:
    """What fish offers at the end of `line`, without the explanations."""
    program = f"source {SCRIPTS / 'openclaw.fish'}; complete -C $argv[1]"
    done = subprocess.run(
        [needs("fish"), "--no-config", "-c", program, line],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stderr == ""
    return [item.partition("\t")[0] for item in done.stdout.splitlines()]
