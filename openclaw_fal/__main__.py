"""The program: `main` runs one whole command, and is the one place where an error becomes an
exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openclaw_fal.errors import OpenClawFalError
    from openclaw_fal.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (default: the process's own) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        from openclaw_fal import __version__

        print(f"openclaw-fal {__version__}")
        return 0
    if arguments[:1] == ["__complete"]:
        from openclaw_fal import completing

        return completing.main(arguments[1:])
    from openclaw_fal.signals import stop_signals

    try:
        with stop_signals():
            status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        status = _stdout_is_gone()
    return status


def run() -> None:
    """The entry point of the installed scripts."""
    raise SystemExit(main())


def _run(arguments: list[str]) -> int:
    from openclaw_fal.session import Session
    from openclaw_fal.ui.render import Renderer

    session = Session(prog=_prog(), capability=_capability(arguments))
    renderer = Renderer(session)
    try:
        from openclaw_fal.cli import app
        from openclaw_fal.ui.result import Result

        value = app.run(arguments or ["--help"], session)
        if not isinstance(value, Result):
            return int(value or 0)
        renderer.result(value)
        return value.status
    except BrokenPipeError:
        raise
    except BaseException as error:
        if isinstance(error, (SystemExit, GeneratorExit)):
            raise
        failure = _translated(error, arguments, session)
        renderer.failure(failure)
        if session.verbose and failure.status == 1:
            _traceback(error, session)
        return failure.status


def _translated(error: BaseException, arguments: list[str], session: Session) -> OpenClawFalError:
    """The one error of ours that says what `error` means."""
    import typer

    from openclaw_fal.errors import Interrupted, LocalError, OpenClawFalError, UsageError

    if isinstance(error, OpenClawFalError):
        return error
    if isinstance(error, typer.TyperException):
        session.json = session.json or "--json" in arguments
        path = getattr(getattr(error, "ctx", None), "command_path", session.prog)
        return UsageError(error.format_message(), hint=_usage_hint(error, path))
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Interrupted("interrupted")
    if isinstance(error, OSError):
        return LocalError(_os_message(error))
    return OpenClawFalError(
        f"this is a bug in openclaw-fal: {type(error).__name__}: {error}",
        hint="run the command again with --verbose and report what it prints",
    )


def _usage_hint(error: Exception, path: str) -> str:
    """What to do instead; for a command of OpenClaw's own, where OpenClaw is."""
    if "No such command" in str(error) and " " not in path.removeprefix("python -m "):
        from openclaw_fal.cli.elsewhere import real_openclaw

        real = real_openclaw()
        if real is not None:
            return f"this program does fal only; OpenClaw itself is {real}"
    return f"{path} --help"


def _os_message(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _traceback(error: BaseException, session: Session) -> None:
    import traceback

    from openclaw_fal.ui.text import redacted, safe, write_safely

    text = "".join(traceback.format_exception(error))
    write_safely(sys.stderr, redacted(safe(text), session.secrets))


def _prog() -> str:
    import os

    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    name = name.removesuffix(".exe")
    if name == "__main__.py":
        return "python -m openclaw_fal"
    return name if name in ("openclaw", "openclaw-fal") else "openclaw"


def _capability(arguments: list[str]) -> str:
    """What was asked for, as far as the words tell, until the command says it itself."""
    words = [word for word in arguments if not word.startswith("-")][:3]
    if words[:1] == ["infer"]:
        words = words[1:]
    if not words:
        return "cli"
    noun, verb = words[0], words[1] if len(words) > 1 else ""
    verbs = {
        "image": ("generate", "edit", "models"),
        "video": ("generate", "models"),
        "music": ("generate", "models"),
        "config": ("file", "show", "get", "set", "unset", "validate"),
        "jobs": ("list", "show", "wait", "cancel", "prune"),
        "sandbox": ("serve",),
    }
    if noun == "onboard":
        return noun
    if noun not in verbs:
        return "cli"
    if verb in verbs[noun]:
        return f"{noun}.{verb}"
    return f"{noun}.generate" if "generate" in verbs[noun] else noun


def _stdout_is_gone() -> int:
    """`openclaw … | head`: the work is done, only nobody reads on. Files are where they belong."""
    import os

    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
    return 0


if __name__ == "__main__":
    run()
