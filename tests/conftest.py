"""Every test runs with a home of its own, no key, and no way out to the network."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from openclaw_fal.fal import exchange
from openclaw_fal.fal.deadline import Deadline
from openclaw_fal.fal.retry import Retry
from openclaw_fal.sandbox.media import library
from openclaw_fal.sandbox.media.render import render
from tests.support import effort
from tests.support.program import KEY, Openclaw, in_process, write_config
from tests.support.queueing import Hooked

QUICK = (
    "tests/batches/test_manifest.py",
    "tests/catalogue/test_read.py",
    "tests/cli/test_groups.py",
    "tests/cli/test_image.py",
    "tests/cli/test_music.py",
    "tests/cli/test_video.py",
    "tests/config/test_layouts.py",
    "tests/fal/test_data_uri.py",
    "tests/fal/test_failures.py",
    "tests/fal/test_results.py",
    "tests/files/test_sniff.py",
    "tests/json5/test_json5.py",
    "tests/money/test_budgets.py",
    "tests/money/test_estimates.py",
    "tests/money/test_spend.py",
    "tests/provider",
    "tests/test_architecture.py",
    "tests/test_text.py",
)
"""What `-m quick` runs: pure logic, and one command of each kind from end to end."""

_KEPT = {
    "PYTHONPATH",  # the processes of a test run the same copy: mutations
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SYSTEMROOT",
    "COMSPEC",
    "PATHEXT",
    "VIRTUAL_ENV",
}


_NUMBERS = itertools.count()


_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until the tests are collected: nothing of them is garbage
    _hear_stop_signals()
    _put_files_in_memory(config)
    config.addinivalue_line("markers", "last: runs after all other tests, on what they have left")
    config.addinivalue_line("markers", "quick: a subset for every save; see QUICK in conftest.py")
    config.addinivalue_line("markers", "exhaustive(only=False): see tests/support/effort.py")
    effort.begin(config.option.markexpr)
    # The ordinary suite tries the same examples each time, and no loaded machine is too slow for
    # it; with -m exhaustive each run tries new ones.
    settings.register_profile(
        "openclaw-fal",
        max_examples=effort.effort(40, 1_000),
        deadline=None,
        derandomize=not effort.is_exhaustive(),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    settings.load_profile("openclaw-fal")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`-m quick` reads its own files only: to read all of them takes longer than to run these."""
    path = collection_path.relative_to(config.rootpath).as_posix()
    others = path.endswith(".py") and not path.startswith(QUICK)
    return True if config.option.markexpr == "quick" and others else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker("exhaustive")
        path = item.path.relative_to(config.rootpath).as_posix()
        if path.startswith(QUICK) and item.get_closest_marker("exhaustive") is None:
            item.add_marker("quick")
    if not effort.is_exhaustive():
        chosen = [item for item in items if not _only_exhaustive(item)]
        config.hook.pytest_deselected(items=[item for item in items if _only_exhaustive(item)])
        items[:] = chosen
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_collection_finish() -> None:
    """The thousands of tests stay to the end: no search for garbage has to look at them."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _only_exhaustive(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("exhaustive")
    return mark is not None and bool(mark.kwargs.get("only"))


def _put_files_in_memory(config: pytest.Config) -> None:
    """Where the system has a file system in memory with room for all that the tests write: most of
    them would wait for the disk otherwise, as the program has its files synced. TMPDIR, --basetemp
    and pytest's own variable choose another place."""
    chosen = config.option.basetemp or {"TMPDIR", "PYTEST_DEBUG_TEMPROOT"} & os.environ.keys()
    if not chosen and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give the memory back, unless a failure is to be looked at."""
    folder = session.config._tmp_path_factory._basetemp  # type: ignore[attr-defined]
    is_worker = hasattr(session.config, "workerinput")
    if folder and exitstatus == 0 and not is_worker and folder.is_relative_to(_MEMORY):
        shutil.rmtree(folder, ignore_errors=True)


def _hear_stop_signals() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so does all that it starts: tests
    of signals would wait for ever."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> None:
    """No key and no setting of whoever runs the tests; tests change the environment with
    `monkeypatch`, so it stays clean."""
    for name in list(os.environ):
        if name not in _KEPT and not name.startswith(("PYTEST_", "COV", "HYPOTHESIS_")):
            del os.environ[name]
    os.environ["OPENCLAW_FAL_PROVENANCE"] = "off"  # files are compared with what was served
    sys.argv[0] = "openclaw"  # what messages call the program, however pytest was started


@pytest.fixture(autouse=True, scope="session")
def short_pauses() -> Iterator[None]:
    """What `main` asks again, it asks again at once, as often as it would after its real pauses.
    Processes that tests start make the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "Retry", lambda: Retry(pauses=(0.01, 0.02), jitter=0.0))
        yield


@pytest.fixture(autouse=True, scope="session")
def drawn_once() -> Iterator[None]:
    """The sandboxes of all tests share the files that they make: most ask for the same ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "render", functools.lru_cache(maxsize=256)(render))
        yield


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """A connection to anything but this machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            assert isinstance(address, tuple)
            host = str(address[0])
            if not (host.startswith("127.") or host in ("::1", "localhost")):
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME and an empty current folder; returns the home."""
    number = next(_NUMBERS)
    base = tmp_path_factory.getbasetemp()
    home, folder = base / f"home{number}", base / f"cwd{number}"
    for path in (home, folder):
        path.mkdir(mode=0o700)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("OPENCLAW_FAL_HOME", str(home / "openclaw-fal"))
    monkeypatch.chdir(folder)
    return home


# What a test asks for


@pytest.fixture
def openclaw(capfd: pytest.CaptureFixture[str]) -> Openclaw:
    """Run `main(argv)`."""
    return in_process(capfd)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in the environment."""
    monkeypatch.setenv("FAL_KEY", KEY)
    return KEY


@pytest.fixture
def fal(key: str) -> Iterator[Hooked]:
    """A fal on loopback that the config points at, with a key set."""
    with Hooked() as sandbox:
        write_config(sandbox.url)
        yield sandbox


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts and polls, in seconds; none of them is made."""
    made: list[float] = []

    def pause(self: Deadline, seconds: float, **_: object) -> None:
        made.append(seconds)

    monkeypatch.setattr(Deadline, "pause", pause)
    return made
