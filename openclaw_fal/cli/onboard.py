"""openclaw onboard"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from openclaw_fal.cli.config_edit import Layout, environ_with, refuse_other_layout
from openclaw_fal.cli.groups import Command
from openclaw_fal.cli.onboard_questions import (
    KEYS_PAGE,
    chosen_defaults,
    first_picture,
    is_interactive,
    typed_key,
)
from openclaw_fal.errors import AuthError, UsageError, no_key
from openclaw_fal.session import Session
from openclaw_fal.store.key_format import KEY_VARIABLES
from openclaw_fal.ui.result import Facts, Result

if TYPE_CHECKING:
    from openclaw_fal.config.onboarding import Onboarded
    from openclaw_fal.config.read import Config

AUTH_CHOICES = ("fal-api-key",)
SECRET_MODES = ("plaintext", "ref")
PANEL = "The key"
VERIFY_TIMEOUT_S = 15.0
NEXT = 'openclaw image "a lighthouse at dawn"'

EPILOG = """\
Examples:
  openclaw onboard                                       asks for the key and the models
  openclaw onboard --fal-api-key-stdin < key.txt         for scripts
  FAL_KEY=… openclaw onboard --non-interactive --secret-input-mode ref --json
--keyring keeps the key in the system's keyring (pip install "openclaw-fal[keyring]").
See also: openclaw config show, openclaw help auth"""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


def _accepted(name: str) -> object:
    return typer.Option(name, help="Accepted; nothing of the kind happens here.", hidden=True)


@app.command(cls=Command, epilog=EPILOG)
def onboard(
    ctx: typer.Context,
    auth_choice: Annotated[
        str | None,
        typer.Option(
            "--auth-choice", metavar="fal-api-key", help="How to sign in.", rich_help_panel=PANEL
        ),
    ] = None,
    fal_api_key: Annotated[
        str | None,
        typer.Option(
            "--fal-api-key",
            metavar="KEY",
            rich_help_panel=PANEL,
            help="The key. Other programs can see it: better --fal-api-key-stdin or FAL_KEY.",
        ),
    ] = None,
    fal_api_key_stdin: Annotated[
        bool,
        typer.Option(
            "--fal-api-key-stdin", help="Read the key from standard input.", rich_help_panel=PANEL
        ),
    ] = False,
    secret_input_mode: Annotated[
        str,
        typer.Option(
            "--secret-input-mode",
            metavar="plaintext|ref",
            help="Store the key, or only that it is in FAL_KEY.",
            rich_help_panel=PANEL,
        ),
    ] = "plaintext",
    non_interactive: Annotated[
        bool, typer.Option("--non-interactive", "--yes", help="Never ask.", rich_help_panel=PANEL)
    ] = False,
    keyring: Annotated[
        bool,
        typer.Option(
            "--keyring",
            help="Keep the key in the system's keyring (extra keyring).",
            rich_help_panel=PANEL,
        ),
    ] = False,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            help="Ask fal, at no cost, whether it accepts the key. Default: when interactive.",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Store a key of an unusual shape.", rich_help_panel=PANEL),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the stored key.", rich_help_panel=PANEL)
    ] = False,
    open_page: Annotated[
        bool,
        typer.Option("--open", help="Open the page that makes keys.", rich_help_panel=PANEL),
    ] = False,
    layout: Layout = None,
    mode: Annotated[str, typer.Option("--mode", hidden=True)] = "local",
    accept_risk: Annotated[bool, _accepted("--accept-risk")] = False,
    skip_health: Annotated[bool, _accepted("--skip-health")] = False,
    skip_channels: Annotated[bool, _accepted("--skip-channels")] = False,
    skip_skills: Annotated[bool, _accepted("--skip-skills")] = False,
    skip_search: Annotated[bool, _accepted("--skip-search")] = False,
    skip_ui: Annotated[bool, _accepted("--skip-ui")] = False,
    skip_daemon: Annotated[bool, _accepted("--skip-daemon")] = False,
    skip_hooks: Annotated[bool, _accepted("--skip-hooks")] = False,
    skip_bootstrap: Annotated[bool, _accepted("--skip-bootstrap")] = False,
    no_install_daemon: Annotated[bool, _accepted("--no-install-daemon")] = False,
) -> Result:
    """Store a fal key and set the default image model, as `openclaw onboard` does."""
    from openclaw_fal.config import onboarding
    from openclaw_fal.config.read import read_config
    from openclaw_fal.store import paths
    from openclaw_fal.store.key_format import check_key, check_shape

    session: Session = ctx.obj
    if remove:
        from openclaw_fal.cli.auth import removed

        return removed(session)
    _check_choice("--auth-choice", auth_choice, AUTH_CHOICES)
    _check_choice("--secret-input-mode", secret_input_mode, SECRET_MODES)
    _check_choice("--mode", mode, ("local",))
    if fal_api_key is not None and fal_api_key_stdin:
        raise UsageError(
            "the key was given twice", hint="give --fal-api-key or --fal-api-key-stdin"
        )
    if keyring and secret_input_mode == "ref":
        raise UsageError(
            "--keyring stores the key, and --secret-input-mode ref does not", hint="leave one out"
        )
    ask = is_interactive(session, non_interactive)
    notes = []
    if fal_api_key is not None:
        if "://" not in fal_api_key:
            session.secrets.add(fal_api_key)
        if sys.stderr.isatty() and not non_interactive:
            notes.append(
                "--fal-api-key shows the key to every program on this machine and keeps it in the "
                "shell's history; --fal-api-key-stdin or FAL_KEY do not"
            )
    if open_page:
        import webbrowser

        webbrowser.open(KEYS_PAGE)
    source, key = _key(fal_api_key, fal_api_key_stdin, ask, secret_input_mode)
    keeps_stored = source == "stored"
    if keeps_stored:
        key = _stored_key()
    if key is not None and "://" not in key:  # a pasted URL is no secret, and the error shows it
        session.secrets.update((key, key.strip()))
    if not (key is None or keeps_stored or force or secret_input_mode == "ref"):
        check_shape(check_key(key))
    path = paths.config_path(session.config)
    environ = environ_with(layout)
    refuse_other_layout(read_config(path, environ), layout)
    ask = ask and fal_api_key is None  # scripts give the key as an option
    done = onboarding.onboard(
        path,
        key,
        variable=source if secret_input_mode == "ref" else None,
        keep=keeps_stored,
        verify=_is_accepted if (source == "prompt" if verify is None else verify) else None,
        choose=chosen_defaults if ask else None,
        in_keyring=keyring,
        environ=environ,
    )
    picture, problem = first_picture(session) if ask else (None, None)
    notes += [*done.notes, *([problem] if problem else ())]
    return _result(done, source, key, notes, picture)


_FROM = {
    "flag": "from --fal-api-key",
    "stdin": "from standard input",
    "prompt": "as typed",
    "stored": "as stored before",
}
"""The sources of a key in words; the others are environment variables."""


def _check_choice(option: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise UsageError(f"{option} {value}: this program knows {', '.join(choices)}")


def _key(flag: str | None, from_stdin: bool, ask: bool, mode: str) -> tuple[str, str | None]:
    """The source of the key, and the key. The key is None for the sources "stored" (the stored key
    is kept) and "none" (there is no key; the sandbox is on)."""
    from openclaw_fal.cli.option_values import stdin_text

    environment = next((name for name in KEY_VARIABLES if os.environ.get(name, "").strip()), None)
    if mode == "ref":
        if flag is not None or from_stdin:
            raise UsageError(
                "--secret-input-mode ref stores no key, only that it is in the environment",
                hint="export FAL_KEY, and leave the key's flag out",
            )
        if environment is None:
            raise AuthError(
                "--secret-input-mode ref needs the key in FAL_KEY (or FAL_API_KEY)",
                hint="export FAL_KEY=…",
            )
    if flag is not None:
        return "flag", flag
    if from_stdin:
        return "stdin", stdin_text("the key")
    if environment is not None:
        return environment, os.environ[environment].strip()
    if not ask:
        return "stored", None
    from openclaw_fal.environment import says_yes
    from openclaw_fal.store.credentials import stored_key

    if stored_key().reference is not None:
        enter_means, source = "Enter keeps the stored one.", "stored"
    elif says_yes("OPENCLAW_FAL_SANDBOX"):
        enter_means, source = "OPENCLAW_FAL_SANDBOX is on: Enter goes on without a key.", "none"
    else:
        enter_means, source = None, ""
    key = typed_key(enter_means)
    return (source, None) if key is None else ("prompt", key)


def _stored_key() -> str:
    """The key that an earlier onboarding stored. Raises AuthError if there is none."""
    from openclaw_fal.config.fal_key import resolve_key

    stored = resolve_key(None, {**os.environ, **dict.fromkeys(KEY_VARIABLES, "")})
    if stored is None:
        raise no_key(fix="openclaw onboard --fal-api-key-stdin < key.txt stores one")
    return stored.value


def _is_accepted(config: Config, key: str) -> bool:
    """True when fal accepts the key, False when fal cannot be asked. Raises AuthError or
    BillingError when it refuses the key."""
    from openclaw_fal.errors import Unreachable
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.job.wiring import hosts_of
    from openclaw_fal.progress import Progress

    service = FalService(hosts_of(config), key, Progress())
    try:
        service.client.verify_key(deadline=service.deadline(VERIFY_TIMEOUT_S))
    except Unreachable:
        return False
    finally:
        service.close()
    return True


def _defaults(config: Config) -> dict[str, str]:
    """The default model ref of each kind: the config's, else the built-in default."""
    from openclaw_fal.provider.specs import DEFAULT_MODELS

    refs: dict[str, str] = {}
    for kind, endpoint in DEFAULT_MODELS.items():
        ref = config.written_default(kind) or f"fal/{endpoint}"
        refs[kind] = str(config.shown(ref, ()))
    return refs


def _result(
    done: Onboarded, source: str, key: str | None, notes: list[str], picture: str | None
) -> Result:
    from openclaw_fal.config.fal_key import in_keyring
    from openclaw_fal.store.key_format import mask

    config, masked, defaults = done.config, mask((key or "").strip()), _defaults(done.config)
    document: dict[str, object] = {
        "provider": "fal",
        "authChoice": "fal-api-key",
        "config": {
            "path": str(config.path),
            "layout": config.layout,
            "changed": done.changed,
        },
        "key": {
            "source": source,
            "masked": masked,
            "stored": str(done.key_path),
            "mode": done.key_place,
        },
        "defaults": defaults,
        "verified": done.verified,
        "next": NEXT,
    }
    place = in_keyring(done.key_path) if done.key_place == "keyring" else str(done.key_path)
    rows = [
        ("config", str(config.path) + ("" if done.changed else "  (already so)")),
        (
            "key",
            f"{masked}  {_FROM.get(source, f'from {source}')}"
            if key
            else "none; the sandbox needs none",
        ),
        *((("kept in", place),) if key else ()),
        *((f"{kind} model", model) for kind, model in defaults.items()),
        ("another", "openclaw models default image REF"),
        *((("picture", picture),) if picture else ()),
        ("next", NEXT),
    ]
    if done.verified is not None:
        rows.insert(3, ("verified", "yes" if done.verified else "fal could not be asked"))
    return Result(document, out=(Facts(rows),), notes=tuple(notes))
