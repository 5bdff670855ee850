"""The paths of the user's files. Nothing here opens or creates a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from openclaw_fal.errors import LocalError, UsageError

APP = "openclaw-fal"


def config_path(explicit: str | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """OpenClaw's config: `explicit` (the user's `--config`), else `$OPENCLAW_CONFIG_PATH`, else
    `$OPENCLAW_STATE_DIR/openclaw.json`, else `~/.openclaw/openclaw.json`, where `~` is
    `$OPENCLAW_HOME` if that is set. Always absolute.

    Empty variables count as unset. Raises LocalError when there is no home folder, UsageError when
    `explicit` is empty: probably an unset variable in a script, where the default would be wrong.
    """
    environ = os.environ if environ is None else environ
    if explicit is not None:
        if not explicit.strip():
            raise UsageError("--config is empty: it needs the path of a file", hint="--config FILE")
        return expanded(explicit, environ)
    if path := environ.get("OPENCLAW_CONFIG_PATH", "").strip():
        return expanded(path, environ)
    if state := environ.get("OPENCLAW_STATE_DIR", "").strip():
        return expanded(state, environ) / "openclaw.json"
    return openclaw_home(environ) / ".openclaw" / "openclaw.json"


def dotenv_path(config: Path, environ: Mapping[str, str]) -> Path:
    """OpenClaw's `.env`: in `$OPENCLAW_STATE_DIR`, else beside the config."""
    if state := environ.get("OPENCLAW_STATE_DIR", "").strip():
        return expanded(state, environ) / ".env"
    return config.parent / ".env"


def credentials_path(environ: Mapping[str, str] | None = None) -> Path:
    """The file that holds the key: in `$OPENCLAW_FAL_HOME`, else in the user's config folder."""
    return _own_folder("config", environ) / "credentials.toml"


def aliases_path(environ: Mapping[str, str] | None = None) -> Path:
    """The user's short names of models: in `$OPENCLAW_FAL_HOME`, else in the user's config
    folder."""
    return _own_folder("config", environ) / "aliases.toml"


def jobs_path(environ: Mapping[str, str] | None = None) -> Path:
    """The database of jobs: in `$OPENCLAW_FAL_HOME`, else in the user's state folder."""
    return _own_folder("state", environ) / "jobs.sqlite3"


def prices_path(environ: Mapping[str, str] | None = None) -> Path:
    """fal's prices: in `$OPENCLAW_FAL_HOME`, else in the user's cache folder."""
    return _own_folder("cache", environ) / "prices.sqlite3"


def catalogue_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the catalogue that `models refresh` fetched: `$OPENCLAW_FAL_HOME`, else the
    user's cache folder."""
    return _own_folder("cache", environ)


def batches_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The records of batches: in `$OPENCLAW_FAL_HOME`, else in the user's state folder."""
    return _own_folder("state", environ) / "batches"


def locks_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The lock files, also for OpenClaw's files: its own folder stays free of them."""
    return _own_folder("state", environ) / "locks"


def home(environ: Mapping[str, str] | None = None) -> Path:
    """The user's home folder. Raises LocalError when there is none."""
    environ = os.environ if environ is None else environ
    variable = environ.get("HOME") or (environ.get("USERPROFILE") if os.name == "nt" else "") or ""
    folder = variable.strip() or _home_of_account()
    if not folder or not os.path.isabs(folder):
        raise LocalError(
            "there is no home folder: HOME is not set",
            hint="set HOME, or OPENCLAW_CONFIG_PATH and OPENCLAW_FAL_HOME",
        )
    return Path(folder)


def openclaw_home(environ: Mapping[str, str]) -> Path:
    """The home folder as OpenClaw sees it: `$OPENCLAW_HOME`, else the user's."""
    folder = environ.get("OPENCLAW_HOME", "").strip()
    if not folder:
        return home(environ)
    if folder == "~" or folder.startswith(("~/", f"~{os.sep}")):
        return Path(str(home(environ)) + folder[1:])
    return Path(os.path.abspath(folder))


def expanded(text: str, environ: Mapping[str, str]) -> Path:
    """An absolute path, with `~` for the home folder. Symbolic links stay."""
    if "\0" in text:
        raise LocalError("a file name cannot hold the character U+0000")
    if text == "~" or text.startswith(("~/", f"~{os.sep}")):
        text = str(openclaw_home(environ)) + text[1:]
    return Path(os.path.abspath(os.path.expanduser(text)))


def _home_of_account() -> str:
    """The home folder in the system's list of accounts, as OpenClaw's runtime looks it up."""
    try:
        import pwd
    except ImportError:
        return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def _own_folder(kind: str, environ: Mapping[str, str] | None) -> Path:
    environ = os.environ if environ is None else environ
    if folder := environ.get("OPENCLAW_FAL_HOME", "").strip():
        return expanded(folder, environ)
    home(environ)  # raises without a home folder; platformdirs would return a path below `~`
    import platformdirs

    user_path = {
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
        "cache": platformdirs.user_cache_path,
    }[kind]
    return user_path(APP, appauthor=False)
