"""`main` runs one command, and converts its result or error to an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence

TYPE_CHECKING = False  # as type checkers know it; `typing` itself takes as long as `--version`
if TYPE_CHECKING:
    from openclaw_fal.errors import OpenClawFalError
    from openclaw_fal.session import Session
    from openclaw_fal.ui.result import Result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (default: the process's own) and return its exit status."""
    return _main(list(sys.argv[1:] if argv is None else argv))


def _main(arguments: list[str], *, process_ends: bool = False) -> int:
    from openclaw_fal import streams

    streams.open_closed_streams()
    with streams.ignore_stderr_errors():
        try:
            status = _dispatch(arguments, process_ends=process_ends)
            sys.stdout.flush()
        except BrokenPipeError:
            # `openclaw … | head`: the files are saved, but nobody reads the rest of the output.
            streams.discard_stdout()
            status = 0
        except OSError as error:
            streams.discard_stdout()
            sys.stderr.write(f"error: standard output cannot be written: {_os_message(error)}\n")
            status = 3
        except KeyboardInterrupt:
            status = 130
    return status


def run() -> None:
    """The entry point of the installed scripts."""
    import gc

    gc.set_threshold(100_000)  # collecting garbage while modules load only slows them
    status = _main(sys.argv[1:], process_ends=True)
    gc.freeze()  # else Python collects again at exit: a fifth of the time of a short command
    raise SystemExit(status)


def _dispatch(arguments: list[str], *, process_ends: bool) -> int:
    if _asks_for_version(arguments):
        from openclaw_fal import __version__

        shown = f"openclaw-fal {__version__}"
        if "--json" in arguments:
            shown = f'{{"ok": true, "capability": "cli", "version": "{__version__}"}}'
        print(shown)
        return 0
    if arguments[:1] == ["__complete"]:
        from openclaw_fal.completion import answers as completing

        return completing.main(arguments[1:])
    from openclaw_fal.signals import handle_stop_signals

    with handle_stop_signals(process_ends=process_ends):
        return _run(arguments)


def _asks_for_version(arguments: list[str]) -> bool:
    """Whether `--version` or `-V` stands before any command."""
    for word in arguments:
        if word in ("--version", "-V"):
            return True
        if not word.startswith("-") or word == "--config":
            return False
    return False


def _run(arguments: list[str]) -> int:
    from openclaw_fal.session import Session

    session = Session(prog=_program_name())
    session.secrets.update(_given_secrets(arguments))
    with session.resources:
        return _run_command(session, arguments)


def _run_command(session: Session, arguments: list[str]) -> int:
    from openclaw_fal import signals

    signals.on_second_signal(lambda: _print_stopped(session))
    try:
        from openclaw_fal.cli import app
        from openclaw_fal.ui.result import Result

        value = app.run(arguments or ["--help"], session)
        if value == 130:  # what Typer returns after an interrupt
            raise KeyboardInterrupt
        if not isinstance(value, Result):
            return int(value or 0)
        return _finish(value, session)
    except BrokenPipeError:
        raise
    except BaseException as error:
        if isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError):
            raise error.__context__ from None  # Typer has turned it into an exit
        if isinstance(error, (SystemExit, GeneratorExit)):
            raise
        failure = _as_own_error(error, arguments, session)
        _print_failure(failure, session)
        if session.verbose and failure.status == 1:
            _print_traceback(error, session)
        return failure.status


def _finish(result: Result, session: Session) -> int:
    """Print a result, wait if the command runs until it is stopped, and return the exit status."""
    from openclaw_fal import signals

    try:
        _print_result(result, session)
        if result.stays:
            signals.release()
            _wait_for_stop()
    except KeyboardInterrupt:
        if not result.stays:  # for a server, a stop signal is the ordinary end
            raise
    return result.status


def _print_stopped(session: Session) -> None:
    """Print the JSON document of a command that the second stop signal ends."""
    import json
    import os

    from openclaw_fal.errors import Interrupted
    from openclaw_fal.ui.render import failure_document

    if session.json:
        stopped = Interrupted("interrupted twice: stopped at once", hint="openclaw jobs list")
        os.write(1, json.dumps(failure_document(stopped, session)).encode() + b"\n")


def _wait_for_stop() -> None:
    """Wait for Ctrl-C, SIGTERM or SIGHUP."""
    import threading

    threading.Event().wait()


def _print_result(result: Result, session: Session) -> None:
    """Print a result. Raises LocalError when standard output cannot be written."""
    from openclaw_fal import signals, streams
    from openclaw_fal.errors import LocalError
    from openclaw_fal.ui.render import Renderer

    try:
        with signals.printing(result.status):
            Renderer(session).result(result)
            sys.stdout.flush()
    except BrokenPipeError:
        streams.discard_stdout()
    except OSError as error:
        streams.discard_stdout()
        session.json = False  # so that the error goes to stderr
        raise LocalError(
            f"the command is done, but standard output cannot be written: {_os_message(error)}",
            hint="openclaw jobs list names the jobs, openclaw jobs show ID their files",
        ) from error


def _print_failure(failure: OpenClawFalError, session: Session) -> None:
    """Print a failure; to stderr if standard output cannot be written."""
    from openclaw_fal import signals, streams
    from openclaw_fal.ui.render import Renderer

    try:
        with signals.printing(failure.status):
            Renderer(session).failure(failure)
            sys.stdout.flush()
    except OSError:
        streams.discard_stdout()
        session.json = False
        Renderer(session).failure(failure)


def _as_own_error(error: BaseException, arguments: list[str], session: Session) -> OpenClawFalError:
    """Any exception as one of our errors."""
    import typer

    from openclaw_fal.errors import AuthError, Interrupted, LocalError, OpenClawFalError

    session.secrets.update(_pasted_keys(arguments))
    if isinstance(error, AuthError) and error.http_status and session.key_place:
        error.hint = f"that key is from {session.key_place}; {error.hint}"
    if isinstance(error, OpenClawFalError):
        return error
    if isinstance(error, typer.TyperException):
        session.json = session.json or "--json" in arguments
        from openclaw_fal.cli.usage_errors import plain_usage_error

        return plain_usage_error(error, session.prog, arguments)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Interrupted("interrupted")
    if isinstance(error, OSError):
        return LocalError(_os_message(error))
    if isinstance(error, ImportError):
        return LocalError(
            f"a part of the program cannot be loaded: {error}",
            hint="install openclaw-fal and its Python again",
        )
    return OpenClawFalError(
        f"this is a bug in openclaw-fal: {type(error).__name__}: {error}",
        hint="run the command again with --verbose and report what it prints",
    )


def _given_secrets(arguments: list[str]) -> set[str]:
    """The keys in the environment and the arguments, which no message may show."""
    import os

    from openclaw_fal.store.key_format import KEY_VARIABLES

    keys = {os.environ.get(name, "").strip() for name in KEY_VARIABLES}
    for index, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name == "--fal-api-key":
            keys.update([value] if equals else arguments[index + 1 : index + 2])
    return {text for text in keys if text and "://" not in text}  # a URL is not a key


def _pasted_keys(arguments: list[str]) -> set[str]:
    """Arguments that look like keys: an error about a misplaced key would show it."""
    import re

    shape = r"[A-Za-z0-9_-]{8,}:[A-Za-z0-9_-]{16,}"
    if arguments[:1] == ["onboard"]:
        shape = r"[A-Za-z0-9_:]{16,}|" + shape
    values = (word.rpartition("=")[2].lstrip("-") for word in arguments)
    return {value for value in values if re.fullmatch(shape, value)}


def _os_message(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return "the current folder is gone: go to another one (cd) and run the command again"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _print_traceback(error: BaseException, session: Session) -> None:
    import traceback

    from openclaw_fal.text import redacted, safe, write_safely

    text = "".join(traceback.format_exception(error))
    write_safely(sys.stderr, redacted(safe(text), session.secrets))


def _program_name() -> str:
    import os

    name = os.path.basename(sys.argv[0]) if sys.argv else ""
    name = name.removesuffix(".exe")
    if name == "__main__.py":
        return "python -m openclaw_fal"
    return name if name in ("openclaw", "openclaw-fal") else "openclaw"


if __name__ == "__main__":
    run()
