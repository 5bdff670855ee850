"""Where the files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.store import paths
from tests.support.systems import not_on_windows


def test_the_order_of_the_config_file(isolated: Path) -> None:
    env = {
        "HOME": str(isolated),
        "OPENCLAW_STATE_DIR": str(isolated / "state"),
        "OPENCLAW_CONFIG_PATH": str(isolated / "one.json"),
    }
    assert paths.config_path(str(isolated / "given.json"), env) == isolated / "given.json"
    assert paths.config_path(None, env) == isolated / "one.json"
    assert (
        paths.config_path(None, {**env, "OPENCLAW_CONFIG_PATH": " "})
        == isolated / "state" / "openclaw.json"
    )
    assert paths.config_path(None, {"HOME": str(isolated)}) == (
        isolated / ".openclaw" / "openclaw.json"
    )
    assert paths.config_path() == isolated / ".openclaw" / "openclaw.json"


def test_home_and_relative_paths_are_made_absolute(isolated: Path) -> None:
    env = {"HOME": str(isolated)}
    assert paths.config_path("~/x.json", env) == isolated / "x.json"
    assert paths.config_path(None, {**env, "OPENCLAW_STATE_DIR": "~"}) == isolated / "openclaw.json"
    assert paths.config_path("sub/../x.json", env) == Path.cwd() / "x.json"


def test_an_empty_option_is_no_unset_one() -> None:
    with pytest.raises(UsageError, match="empty"):
        paths.config_path("")


@not_on_windows("accounts have their home elsewhere")
def test_without_a_home_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_home_of_account", lambda: "")
    for env in ({}, {"HOME": ""}, {"HOME": "relative"}):
        for find in (paths.config_path, lambda _, env: paths.credentials_path(env)):
            with pytest.raises(LocalError, match="no home folder") as caught:
                find(None, env)
            assert caught.value.hint is not None
            assert "HOME" in caught.value.hint
    assert paths.credentials_path({"OPENCLAW_FAL_HOME": "/x"}) == Path("/x/credentials.toml")


def test_our_own_folders(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.credentials_path() == isolated / "openclaw-fal" / "credentials.toml"
    assert paths.jobs_path().parent == paths.locks_folder().parent == isolated / "openclaw-fal"
    monkeypatch.delenv("OPENCLAW_FAL_HOME")
    for path in (paths.credentials_path(), paths.jobs_path(), paths.locks_folder()):
        assert path.is_relative_to(isolated)
        assert "openclaw-fal" in path.parts
    assert not (isolated / "openclaw-fal").exists()


def test_a_nul_in_a_name_is_no_crash() -> None:
    with pytest.raises(LocalError):
        paths.config_path("a\0b")
