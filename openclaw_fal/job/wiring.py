"""Makes an engine with the user's config, key and journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openclaw_fal.errors import AuthError, no_key
from openclaw_fal.progress import Progress
from openclaw_fal.session import Session

if TYPE_CHECKING:
    from openclaw_fal.config.read import Config
    from openclaw_fal.fal.hosts import Hosts
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.job.engine import Engine
    from openclaw_fal.job.settings import RunSettings
    from openclaw_fal.journal.jobs import Journal
    from openclaw_fal.journal.ledger import Ledger
    from openclaw_fal.journal.shared import SharedJournal
    from openclaw_fal.media import Reference
    from openclaw_fal.money.quote import Quotes


def read_config(path: str | None = None) -> Config:
    """OpenClaw's config as it is now; an absent file is an empty config."""
    from openclaw_fal.config import read as config
    from openclaw_fal.store import paths

    return config.read_config(paths.config_path(path))


def journal() -> Journal:
    """The user's journal of jobs."""
    from openclaw_fal.journal import jobs
    from openclaw_fal.store import paths

    return jobs.Journal(paths.jobs_path())


def shared_journal() -> SharedJournal:
    """The user's journal of jobs, for many threads."""
    from openclaw_fal.journal.shared import SharedJournal
    from openclaw_fal.store import paths

    return SharedJournal(paths.jobs_path())


def ledger() -> Ledger:
    """The costs and budgets in the user's journal."""
    from openclaw_fal.journal import ledger as costs
    from openclaw_fal.store import paths

    return costs.Ledger(paths.jobs_path())


def quotes(config: Config, settings: RunSettings) -> Quotes:
    """The estimates for the requests of one command, and the limits on their costs."""
    from openclaw_fal.job import quoting

    return quoting.quotes(hosts_of(config).api, ledger(), settings)


def hosts_of(config: Config, base_url: str | None = None) -> Hosts:
    """fal's hosts, or those behind `models.providers.fal.baseUrl`."""
    from openclaw_fal.environment import says_yes
    from openclaw_fal.fal.hosts import hosts_for

    allowed = says_yes("OPENCLAW_FAL_ALLOW_HTTP")
    return hosts_for(base_url or config.base_url(), allow_http=allowed)


@contextmanager
def engine(
    config: Config,
    *,
    session: Session,
    progress: Progress | None = None,
    references: tuple[Reference, ...] = (),
    quotes: Quotes | None = None,
    shared: Journal | None = None,
) -> Iterator[Engine]:
    """An engine for the hosts of the config, or for a sandbox that ends with the block.

    `references` are checked before anything else happens.
    """
    from openclaw_fal.files.request_files import RequestFiles

    files = RequestFiles()
    for reference in references:
        if reference.is_url:
            files.checked_url(reference)
        else:
            files.load(reference)
    progress = progress or Progress()
    with (
        _fal_at(config, session, progress) as (hosts, key),
        _scratch_journal(session, progress) as scratch,
        engine_at(
            hosts, key, files=files, progress=progress, quotes=quotes, shared=shared or scratch
        ) as running,
    ):
        yield running


@contextmanager
def _scratch_journal(session: Session, progress: Progress) -> Iterator[Journal | None]:
    """A temporary journal, which ends with the block, if the user's own cannot be written and the
    job runs in a sandbox, where nothing is paid for; else None."""
    from openclaw_fal.store import paths

    path = paths.jobs_path()
    existing = [next(place for place in (path, *path.parents) if place.exists())]
    if path.parent.exists():
        existing.append(path.parent)
    if not session.sandbox or all(os.access(place, os.W_OK) for place in existing):
        yield None
        return
    from tempfile import TemporaryDirectory

    from openclaw_fal.journal.jobs import Journal

    with TemporaryDirectory() as folder:
        progress.note(f"{path} cannot be written: the job is forgotten at the end of the command")
        yield Journal(Path(folder) / path.name)


@contextmanager
def engine_at(
    hosts: Hosts,
    key: str | None,
    *,
    progress: Progress,
    files: RequestFiles | None = None,
    quotes: Quotes | None = None,
    shared: Journal | None = None,
    late_key: Callable[[], str] | None = None,
) -> Iterator[Engine]:
    """An engine for these hosts. Connections and the display are closed at the end of the block."""
    from openclaw_fal.fal.service import FalService
    from openclaw_fal.files.request_files import RequestFiles
    from openclaw_fal.job.engine import Engine

    service = FalService(hosts, key, progress, late_key)
    try:
        yield Engine(service, files or RequestFiles(), shared or journal(), progress, {}, quotes)
    finally:
        progress.close()
        service.close()


@contextmanager
def _fal_at(config: Config, session: Session, progress: Progress) -> Iterator[tuple[Hosts, str]]:
    """The hosts and the key to use. A sandbox has its own of both."""
    if not session.sandbox:
        yield hosts_of(config), key_of(config, session, progress)
        return
    from openclaw_fal.fal.hosts import hosts_for
    from openclaw_fal.sandbox import SANDBOX_KEY, Dials, Sandbox

    with Sandbox(Dials.parse(os.environ.get("OPENCLAW_FAL_SANDBOX_DIALS", ""))) as sandbox:
        yield hosts_for(sandbox.url), SANDBOX_KEY


def key_of(config: Config, session: Session, progress: Progress) -> str:
    """The fal key. Raises AuthError when there is none, and for fal and the key of a sandbox."""
    from openclaw_fal.config.fal_key import resolve_key
    from openclaw_fal.store.key_format import KEY_VARIABLES, SANDBOX_KEY

    key = resolve_key(config, os.environ)
    if key is None:
        empty = [name for name in KEY_VARIABLES if name in os.environ]
        if not empty:
            raise no_key()
        why = f"{empty[0]} is set, and empty (is the secret missing?)"
        raise no_key(fix=f"{why}; openclaw onboard stores a key")
    if key.value == SANDBOX_KEY and hosts_of(config).is_fal:
        raise AuthError(
            f"the key ({key.label}) is that of a sandbox, which has ended; nothing was sent to fal",
            hint="openclaw sandbox serve begins another; to leave it: "
            "unset OPENCLAW_CONFIG_PATH OPENCLAW_FAL_HOME FAL_KEY",
        )
    session.secrets.add(key.value)
    session.key_place = key.label
    for note in key.notes:
        progress.note(note)
    return key.value
