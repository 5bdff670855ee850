"""Writing OpenClaw's config: guarded, whole, and only what was asked for.

Read, edit, look whether the file is still the one that was read, rename: a parallel run of this
program waits at the lock, and a change by anyone else makes the edit start again.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from openclaw_fal.atomic import Snapshot, failure, read_file, remove_leftovers, replace_file
from openclaw_fal.config.check import findings
from openclaw_fal.config.finding import Finding
from openclaw_fal.config.include import ConfigFile
from openclaw_fal.config.layouts import RELEASES, UNTOLD, Layout, layouts_in, other
from openclaw_fal.config.place import Placed
from openclaw_fal.config.places import API_KEY, DEFAULTS
from openclaw_fal.config.read import Config, config_from_files, read_config
from openclaw_fal.config.redaction import diff
from openclaw_fal.config.references import CheckModel, refs_in
from openclaw_fal.config.rules import (
    Edit,
    Migrate,
    Set,
    Step,
    Unset,
    after_step,
    check_edit,
    migration,
    onboarding_edits,
    refuse_joined_names,
    steps,
    take,
    unify,
)
from openclaw_fal.config.unknown import schema_findings
from openclaw_fal.environment import says_yes
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.json5.edit import Document
from openclaw_fal.json5.path import format_path, get_at
from openclaw_fal.json5.read import same
from openclaw_fal.store.keys import check_key
from openclaw_fal.store.locks import locked

__all__ = ["Edit", "EditResult", "Set", "Unset", "edit_config", "edited", "onboarding_edits"]

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
    force: bool = False,
) -> EditResult:
    """Edits the config file; all edits or none. Writes nothing when nothing would change.

    Raises UsageError for an edit that OpenClaw would refuse, LocalError when the file cannot be
    read or written, is malformed, keeps changing, or `OPENCLAW_CONFIG_READONLY` is set.
    """
    environ = os.environ if environ is None else environ
    if dry_run:
        return _planned(path, edits, check_model, environ, force)
    with locked(read_file(path).target, environ):
        for attempt in range(_TRIES):
            result = _planned(path, edits, check_model, environ, force)
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
    config: Config,
    edits: Sequence[Edit],
    check_model: CheckModel | None = None,
    *,
    force: bool = False,
) -> tuple[Config, tuple[str, ...]]:
    """The config after the edits, and the notes about them. Touches no file.

    `force` writes what OpenClaw's schema refuses, too.
    """
    after, notes = config, []
    for edit in edits:
        check_edit(edit)
        after, more = _one(after, edit)
        notes += more
    if [file.text for file in after.files] == [file.text for file in config.files]:
        return config, ()
    after, more = _run(after, *unify(after.data, after.layout))
    for old, new in zip(config.files, after.files, strict=True):
        if old.text != new.text:
            Document(new.text, new.value, str(new.path)).checked()
    migrated = any(isinstance(edit, Migrate) for edit in edits)
    notes += [*more, *_checked(config, after, check_model, force=force, migrated=migrated)]
    return after, tuple(dict.fromkeys(notes))


def _one(config: Config, edit: Edit) -> tuple[Config, list[str]]:
    """One edit. Setting goes on from one layout; unsetting may be what leaves only one."""
    notes: list[str] = []
    if isinstance(edit, Migrate):
        return _run(config, *migration(config.data, edit.layout))
    if isinstance(edit, Set):
        refuse_joined_names(config.data, edit.keys)
        unified, notes = _run(config, *unify(config.data, config.layout))
        after, more = _run(unified, *steps(unified.data, edit, config.layout))
    else:
        after, more = _run(config, *steps(config.data, edit, config.layout))
    return after, [*notes, *more] if after is not config else []


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


def _checked(
    before: Config, after: Config, check_model: CheckModel | None, *, force: bool, migrated: bool
) -> list[str]:
    """Refuses what OpenClaw would refuse and was not there before; returns notes."""
    used = layouts_in(before.data)
    if len(used) == 1 and layouts_in(after.data) - used and not migrated:
        raise UsageError(
            f"The file has the layout of OpenClaw {RELEASES[before.layout]}, and the new value "
            "holds model defaults of the other one",
            hint="openclaw config migrate moves the model defaults to the other layout",
        )
    notes = _new_findings(before, after, force=force, migrated=migrated)
    untold = before.layout_choice.reason == UNTOLD and not layouts_in(before.data)
    if untold and layouts_in(after.data) and not migrated:
        notes.append(_layout_note(after.layout))
    old = {(kind, ref) for kind, _, ref in refs_in(before.data)}
    for kind, ref in dict.fromkeys((kind, ref) for kind, _, ref in refs_in(after.data)):
        if (kind, ref) not in old and check_model is not None and (note := check_model(kind, ref)):
            notes.append(note)
    return [*notes, *_checked_key(get_at(before.data, API_KEY), get_at(after.data, API_KEY))]


def _new_findings(before: Config, after: Config, *, force: bool, migrated: bool) -> list[str]:
    notes = []
    known = {_mark(finding) for finding in (*findings(before.data), *_refused(before))}
    for finding in (*findings(after.data), *_refused(after)):
        if (finding.severity == "warning" and not finding.refused) or _mark(finding) in known:
            continue
        if (force and finding.refused) or (migrated and finding.path == format_path(DEFAULTS)):
            notes.append(f"{finding.path}: {finding.message}")
            continue
        hint = finding.hint
        if finding.refused:
            hint = f"{hint}; or --force" if hint else "--force writes it all the same"
        raise UsageError(f"{finding.path}: {finding.message}", hint=hint)
    return notes


def _refused(config: Config) -> Iterator[Finding]:
    """The keys that OpenClaw does not know."""
    for finding in schema_findings(config.data, config.layout_choice):
        if finding.refused and "knows no such key" in finding.message:
            yield finding


def _layout_note(layout: Layout) -> str:
    newer = other(layout)
    return (
        f"the file now has the layout of OpenClaw {RELEASES[layout]}; releases "
        f"{RELEASES[newer]} refuse it: openclaw config migrate --layout {newer}"
    )


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
    path: Path,
    edits: Edits,
    check_model: CheckModel | None,
    environ: Mapping[str, str],
    force: bool,
) -> EditResult:
    config = read_config(path, environ)
    after, notes = edited(
        config, edits(config) if callable(edits) else edits, check_model, force=force
    )
    changes = tuple(
        Change(old.snapshot.target, old.snapshot, old.text, new.text)
        for old, new in zip(config.files, after.files, strict=False)
        if old.text != new.text
    )
    target = changes[0].path if changes else config.files[0].snapshot.target
    return EditResult(target, changes, (*notes, *_broken_links(changes)))


def _broken_links(changes: Sequence[Change]) -> list[str]:
    return [
        f"{change.path} has a second name (a hard link); that one keeps the old content"
        for change in changes
        if change.snapshot.info is not None and change.snapshot.info.st_nlink > 1
    ]


def _backup(target: Path) -> Path:
    return target.with_name(target.name + ".bak")


def refuse_unwritable(change: Change) -> None:
    """Raises LocalError when a file must not be written, before anything else is done."""
    _check_writable(change.path, change.snapshot, os.environ)


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

    content = change.after.encode("utf-8")
    try:
        replace_file(change.path, content, like=info, mode=mode, before_rename=before_rename)
    except LocalError as error:
        if getattr(error.__cause__, "errno", None) != errno.EBUSY or info is None:
            raise
        write_in_place(change.path, content, change.snapshot.content)


def write_in_place(path: Path, content: bytes, old: bytes) -> None:
    """Writes a file that nothing can be renamed over, as one that is mounted by itself.

    A backup of the old content stands beside it; what fails half way is undone. Raises LocalError.
    """
    try:
        with open(path, "r+b", buffering=0) as file:
            try:
                _overwrite(file, content)
            except OSError:
                _overwrite(file, old)
                raise
    except OSError as error:
        raise failure("write", path, error) from error


def _overwrite(file: io.FileIO, content: bytes) -> None:
    file.seek(0)
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()
    os.fsync(file.fileno())
