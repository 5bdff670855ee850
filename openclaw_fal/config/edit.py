"""Writing OpenClaw's config: guarded, whole, and only what was asked for.

Read, edit, look whether the file is still the one that was read, rename: a parallel run of this
program waits at the lock, and a change by anyone else makes the edit start again.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from openclaw_fal.atomic import Snapshot, read_file, remove_leftovers, replace_file
from openclaw_fal.config.check import Finding, findings
from openclaw_fal.config.include import ConfigFile
from openclaw_fal.config.layouts import RELEASES, layouts_in
from openclaw_fal.config.place import Placed
from openclaw_fal.config.places import API_KEY
from openclaw_fal.config.read import Config, config_from_files, read_config
from openclaw_fal.config.redaction import diff
from openclaw_fal.config.rules import (
    Edit,
    Set,
    Step,
    Unset,
    after_step,
    check_edit,
    is_known,
    onboarding_edits,
    refs_in,
    steps,
    take,
    unify,
)
from openclaw_fal.environment import says_yes
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.json5.edit import Document
from openclaw_fal.json5.path import MISSING, format_path, get_at
from openclaw_fal.json5.read import same
from openclaw_fal.media import Kind
from openclaw_fal.store.keys import check_key
from openclaw_fal.store.locks import locked

__all__ = ["Edit", "EditResult", "Set", "Unset", "edit_config", "edited", "onboarding_edits"]

CheckModel: TypeAlias = Callable[[Kind, str], str | None]
"""Looks at a ref that becomes a default: raises UsageError when it cannot be, may return a note."""

Edits: TypeAlias = Sequence[Edit] | Callable[[Config], Sequence[Edit]]
"""Edits, or a function that makes them from the config as it is when it is locked."""

_TRIES = 6


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after an edit; `path` is the file itself, behind symbolic links."""

    path: Path
    snapshot: Snapshot = field(repr=False)
    before: str = field(repr=False)
    after: str = field(repr=False)

    @property
    def backup(self) -> Path | None:
        """Where the content from before goes; None for a file that is new."""
        return _backup(self.path) if self.snapshot.exists else None


@dataclass(frozen=True, slots=True)
class EditResult:
    """What an edit did, or with a dry run would do.

    `path` is the first file that was written, else the config; `notes` are sentences for the user.
    """

    path: Path
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    @property
    def after(self) -> str:
        """The text of the first file that changed."""
        return self.changes[0].after

    @property
    def backup(self) -> Path | None:
        return self.changes[0].backup if self.changes else None

    @property
    def diff(self) -> str:
        """The change as a unified diff without secrets; empty when there is none."""
        return "\n".join(
            diff(change.before, change.after, change.path.name) for change in self.changes
        )


class _Changed(Exception):
    """Somebody else changed the file since it was read."""


def edit_config(
    path: Path,
    edits: Edits,
    *,
    dry_run: bool = False,
    check_model: CheckModel | None = None,
    environ: Mapping[str, str] | None = None,
) -> EditResult:
    """Edits the config file; all edits or none. Writes nothing when nothing would change.

    Raises UsageError for an edit that OpenClaw would refuse, LocalError when the file cannot be
    read or written, is malformed, keeps changing, or `OPENCLAW_CONFIG_READONLY` is set.
    """
    environ = os.environ if environ is None else environ
    if dry_run:
        return _planned(path, edits, check_model, environ)
    with locked(read_file(path).target, environ):
        for attempt in range(_TRIES):
            result = _planned(path, edits, check_model, environ)
            for change in result.changes:
                _check_writable(change.path, change.snapshot, environ)
            try:
                _write(path, result)
                return result
            except _Changed:
                time.sleep(0.02 * attempt)
    raise LocalError(
        f"{path} keeps changing while it is edited; nothing was written",
        hint="Is OpenClaw writing it? Try again",
    )


def edited(
    config: Config, edits: Sequence[Edit], check_model: CheckModel | None = None
) -> tuple[Config, tuple[str, ...]]:
    """The config after the edits, and the notes about them. Touches no file."""
    after, notes = config, []
    for edit in edits:
        check_edit(edit)
        after, said = _one(after, edit)
        notes += said
    if [file.text for file in after.files] == [file.text for file in config.files]:
        return config, ()
    after, said = _run(after, *unify(after.data))
    notes += [*said, *_checked(config, after, check_model)]
    return after, tuple(dict.fromkeys(notes))


def _one(config: Config, edit: Edit) -> tuple[Config, list[str]]:
    """One edit. Setting goes on from one layout; unsetting may be what leaves only one."""
    notes: list[str] = []
    if isinstance(edit, Set):
        unified, notes = _run(config, *unify(config.data))
        after, said = _run(unified, *steps(unified.data, edit))
        known = is_known(edit.keys) or get_at(config.data, edit.keys) is not MISSING
        if not known:
            said.append(
                f"{format_path(edit.keys)} is no setting of fal's; OpenClaw refuses a file with a "
                "key that it does not know"
            )
    else:
        after, said = _run(config, *steps(config.data, edit))
    return after, [*notes, *said] if after is not config else []


def _run(config: Config, made: Sequence[Step], notes: list[str]) -> tuple[Config, list[str]]:
    """The config after the steps, each in the file that it belongs in."""
    before = {file.path: Document(file.text, file.value, str(file.path)) for file in config.files}
    placed = Placed(config.path, before)
    expected: object = config.data
    for step in made:
        expected = after_step(expected, step)
        take(placed, step)
    files = {}
    for file in config.files:
        document = placed.documents[file.path]
        if document.text != file.text:
            document.checked()
        files[file.path] = ConfigFile(file.path, file.snapshot, document.text, document.value)
    if all(files[file.path].text == file.text for file in config.files):
        return config, []
    after = config_from_files(config.path, files, config.environ)
    if len(files) > 1 and not same(after.data, expected):
        changed = [path for path in files if files[path].text != before[path].text]
        raise LocalError(
            f"The value stands in several of the files that {config.path} includes; nothing was "
            "written",
            hint=f"Edit {' and '.join(map(str, changed))} by hand",
        )
    return after, notes


def _checked(before: Config, after: Config, check_model: CheckModel | None) -> list[str]:
    """Refuses what OpenClaw would refuse and was not there before; returns notes."""
    used = layouts_in(before.data)
    if len(used) == 1 and layouts_in(after.data) - used:
        raise UsageError(
            f"The file has the layout of OpenClaw {RELEASES[before.layout]}, and the new value "
            "holds model defaults of the other one",
            hint="Set agents.defaults.imageGenerationModel and its siblings one by one",
        )
    known = {_mark(finding) for finding in findings(before.data)}
    for finding in findings(after.data):
        if finding.severity == "error" and _mark(finding) not in known:
            raise UsageError(f"{finding.path}: {finding.message}", hint=finding.hint)
    notes = []
    old = set(refs_in(before.data))
    for kind, ref in dict.fromkeys(refs_in(after.data)):
        if (kind, ref) not in old and check_model is not None and (note := check_model(kind, ref)):
            notes.append(note)
    return [*notes, *_checked_key(get_at(before.data, API_KEY), get_at(after.data, API_KEY))]


def _checked_key(before: object, after: object) -> list[str]:
    """Refuses a new key in the config that can be none; a plain one gets a note."""
    if not isinstance(after, str) or after == before or "${" in after or not after.strip():
        return []
    check_key(after)
    return [
        "The key now stands in the config as plain text; `openclaw onboard` stores it "
        "in a file that only you can read"
    ]


def _mark(finding: Finding) -> tuple[str, str]:
    """What tells findings apart, wherever they stand in a list."""
    return re.sub(r"\[\d+\]", "[]", finding.path), finding.message


def _planned(
    path: Path, edits: Edits, check_model: CheckModel | None, environ: Mapping[str, str]
) -> EditResult:
    config = read_config(path, environ)
    after, notes = edited(config, edits(config) if callable(edits) else edits, check_model)
    changes = tuple(
        Change(old.snapshot.target, old.snapshot, old.text, new.text)
        for old, new in zip(config.files, after.files, strict=False)
        if old.text != new.text
    )
    target = changes[0].path if changes else config.files[0].snapshot.target
    return EditResult(target, changes, notes)


def _backup(target: Path) -> Path:
    return target.with_name(target.name + ".bak")


def refuse_unwritable(path: Path) -> None:
    """Raises LocalError when the config must not be written, before anything else is done."""
    _check_writable(path, read_file(path), os.environ)


def _check_writable(path: Path, snapshot: Snapshot, environ: Mapping[str, str]) -> None:
    if says_yes("OPENCLAW_CONFIG_READONLY", environ):
        raise LocalError(
            f"{path} is not written: OPENCLAW_CONFIG_READONLY is set",
            hint="Change the config where it is managed, or unset the variable",
        )
    if snapshot.info is not None and not snapshot.info.st_mode & 0o222:
        raise LocalError(f"{path} is read-only", hint=f"chmod u+w {path}")


def _write(path: Path, result: EditResult) -> None:
    """Replaces the files; the content from before goes to a backup first.

    When one of several cannot be written, those before it get their old content back.
    """
    done: list[Change] = []
    try:
        for change in result.changes:
            _replace(change)
            done.append(change)
    except BaseException:
        for change in reversed(done):
            _put_back(change)
        raise


def _put_back(change: Change) -> None:
    info = change.snapshot.info
    if info is None:
        change.path.unlink()
    else:
        mode = stat.S_IMODE(info.st_mode)
        replace_file(change.path, change.snapshot.content, like=info, mode=mode)


def _replace(change: Change) -> None:
    """The backup may hold secrets: it is never open to more people than its owner."""
    remove_leftovers(change.path)
    remove_leftovers(_backup(change.path))
    info = change.snapshot.info
    mode = 0o600 if info is None else stat.S_IMODE(info.st_mode)

    def before_rename() -> None:
        if change.backup is not None:
            replace_file(change.backup, change.snapshot.content, like=info, mode=mode & 0o600)
        if not change.snapshot.still_holds(change.path):
            raise _Changed

    replace_file(
        change.path,
        change.after.encode("utf-8"),
        like=info,
        mode=mode,
        before_rename=before_rename,
    )
