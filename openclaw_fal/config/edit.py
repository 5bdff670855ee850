"""Edits OpenClaw's config: all edits or none, and no other byte changes.

Each edit reads the file, changes the text, checks that the file is still the one that was read, and
renames. A parallel run of this program waits for the lock; a change by anyone else makes the edit
start again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from openclaw_fal.atomic import read_file
from openclaw_fal.config.check import findings
from openclaw_fal.config.documents import ConfigDocuments
from openclaw_fal.config.finding import Finding
from openclaw_fal.config.include import ConfigFile
from openclaw_fal.config.key_paths import API_KEY, DEFAULTS
from openclaw_fal.config.layouts import GUESSED, RELEASES, Layout, layouts_in, other
from openclaw_fal.config.read import Config, config_from_files, read_config
from openclaw_fal.config.redaction import diff
from openclaw_fal.config.references import CheckModel, refs_in
from openclaw_fal.config.rules import (
    Edit,
    Migrate,
    Set,
    Step,
    after_step,
    apply_step,
    check_edit,
    migration,
    refuse_joined_names,
    steps,
    unify,
)
from openclaw_fal.config.unknown import schema_findings
from openclaw_fal.config.variables import has_template
from openclaw_fal.config.write import Change, ChangedMeanwhile, check_writable, write
from openclaw_fal.errors import LocalError, UsageError
from openclaw_fal.frozen import Frozen
from openclaw_fal.json5.edit import Document
from openclaw_fal.json5.path import format_path, get_at
from openclaw_fal.json5.read import same
from openclaw_fal.store.key_format import check_key
from openclaw_fal.store.locks import locked

Edits: TypeAlias = Sequence[Edit] | Callable[[Config], Sequence[Edit]]
"""Edits, or a function that makes them from the config after it is locked."""

_TRIES = 6


class EditResult(Frozen):
    """What an edit did, or would do in a dry run.

    `path` is the first file that was written, or the config; `notes` are sentences for the user.
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
        return _plan(path, edits, check_model, environ, force)
    with locked(read_file(path).target, environ):
        for attempt in range(_TRIES):
            result = _plan(path, edits, check_model, environ, force)
            for change in result.changes:
                check_writable(change.path, change.snapshot, environ)
            try:
                write(result.changes)
                return result
            except ChangedMeanwhile:
                time.sleep(0.02 * attempt)
    raise LocalError(
        f"{path} keeps changing while it is edited; nothing was written",
        hint="is OpenClaw writing it? Try again",
    )


def edited(
    config: Config,
    edits: Sequence[Edit],
    check_model: CheckModel | None = None,
    *,
    force: bool = False,
) -> tuple[Config, tuple[str, ...]]:
    """The config after the edits, and notes for the user. Writes no file.

    `force` allows what OpenClaw's schema refuses.
    """
    after, notes = config, []
    for edit in edits:
        check_edit(edit)
        after, edit_notes = _apply_edit(after, edit)
        notes += edit_notes
    if [file.text for file in after.files] == [file.text for file in config.files]:
        return config, ()
    after, layout_notes = _run_steps(after, *unify(after.data, after.layout))
    for old, new in zip(config.files, after.files, strict=True):
        if old.text != new.text:
            Document(new.text, new.value, str(new.path)).checked()
    migrated = any(isinstance(edit, Migrate) for edit in edits)
    notes += [
        *layout_notes,
        *_check_result(config, after, check_model, force=force, migrated=migrated),
    ]
    return after, tuple(dict.fromkeys(notes))


def _apply_edit(config: Config, edit: Edit) -> tuple[Config, list[str]]:
    """The config after one edit. Before a `Set`, two layouts become one; an `Unset` may be the
    user's way to remove one of them."""
    notes: list[str] = []
    if isinstance(edit, Migrate):
        return _run_steps(config, *migration(config.data, edit.layout))
    if isinstance(edit, Set):
        refuse_joined_names(config.data, edit.keys)
        unified, notes = _run_steps(config, *unify(config.data, config.layout))
        after, step_notes = _run_steps(unified, *steps(unified.data, edit, config.layout))
    else:
        after, step_notes = _run_steps(config, *steps(config.data, edit, config.layout))
    return after, [*notes, *step_notes] if after is not config else []


def _run_steps(config: Config, steps: Sequence[Step], notes: list[str]) -> tuple[Config, list[str]]:
    """The config after the steps, each applied to the file that it belongs in."""
    before = {file.path: Document(file.text, file.value, str(file.path)) for file in config.files}
    documents = ConfigDocuments(config.path, before)
    expected: object = config.data
    for step in steps:
        expected = after_step(expected, step)
        apply_step(documents, step)
    files = {}
    for file in config.files:
        document = documents.documents[file.path]
        files[file.path] = ConfigFile(file.path, file.snapshot, document.text, document.value)
    if all(files[file.path].text == file.text for file in config.files):
        return config, []
    after = config_from_files(config.path, files, config.environ)
    if len(files) > 1 and not same(after.data, expected):
        changed = [path for path in files if files[path].text != before[path].text]
        raise LocalError(
            f"the value is spread over several files that {config.path} includes; nothing was "
            "written",
            hint=f"edit {' and '.join(map(str, changed))} by hand",
        )
    return after, notes


def _check_result(
    before: Config, after: Config, check_model: CheckModel | None, *, force: bool, migrated: bool
) -> list[str]:
    """Raises UsageError for new content that OpenClaw would refuse; returns notes."""
    used = layouts_in(before.data)
    if len(used) == 1 and layouts_in(after.data) - used and not migrated:
        raise UsageError(
            f"the file has the layout of OpenClaw {RELEASES[before.layout]}, and the new value "
            "holds model defaults of the other one",
            hint="openclaw config migrate moves the model defaults to the other layout",
        )
    notes = _new_findings(before, after, force=force, migrated=migrated)
    guessed = before.layout_choice.reason == GUESSED and not layouts_in(before.data)
    if guessed and layouts_in(after.data) and not migrated:
        notes.append(_layout_note(after.layout))
    old = {(kind, ref) for kind, _, ref in refs_in(before.data)}
    for kind, ref in dict.fromkeys((kind, ref) for kind, _, ref in refs_in(after.data)):
        if (kind, ref) in old or check_model is None:
            continue
        filled = str(after.shown(ref, ()))
        if not has_template(filled) and (note := check_model(kind, filled)):
            notes.append(note)
    return [*notes, *_check_new_key(get_at(before.data, API_KEY), get_at(after.data, API_KEY))]


def _new_findings(before: Config, after: Config, *, force: bool, migrated: bool) -> list[str]:
    notes = []
    old = {_identity(finding) for finding in (*findings(before.data), *_unknown_keys(before))}
    for finding in (*findings(after.data), *_unknown_keys(after)):
        if finding.severity == "warning" or _identity(finding) in old:
            continue
        if (force and finding.unknown_key) or (migrated and finding.path == format_path(DEFAULTS)):
            notes.append(f"{finding.path}: {finding.message}")
            continue
        hint = finding.hint
        if finding.unknown_key:
            hint = f"{hint}; or --force" if hint else "--force writes it anyway"
        raise UsageError(f"{finding.path}: {finding.message}", hint=hint)
    return notes


def _unknown_keys(config: Config) -> list[Finding]:
    every = schema_findings(config.data, config.layout_choice)
    return [finding for finding in every if finding.unknown_key]


def _layout_note(layout: Layout) -> str:
    newer = other(layout)
    return (
        f"the file now has the layout of OpenClaw {RELEASES[layout]}; releases "
        f"{RELEASES[newer]} refuse it: openclaw config migrate --layout {newer}"
    )


def _check_new_key(before: object, after: object) -> list[str]:
    """Raises AuthError for a new API key that cannot be one; a plain-text key gets a note."""
    if not isinstance(after, str) or after == before or "${" in after or not after.strip():
        return []
    check_key(after)
    return [
        "the key is now in the config as plain text; `openclaw onboard` stores it "
        "in a file that only you can read"
    ]


def _identity(finding: Finding) -> tuple[str, str]:
    """Equal for the same finding at any index of a list."""
    return re.sub(r"\[\d+\]", "[]", finding.path), finding.message


def _plan(
    path: Path,
    edits: Edits,
    check_model: CheckModel | None,
    environ: Mapping[str, str],
    force: bool,
) -> EditResult:
    config = read_config(path, environ)
    if callable(edits):
        edits = edits(config)
    after, notes = edited(config, edits, check_model, force=force)
    changes = tuple(
        Change(old.snapshot.target, old.snapshot, old.text, new.text)
        for old, new in zip(config.files, after.files, strict=False)
        if old.text != new.text
    )
    target = changes[0].path if changes else config.files[0].snapshot.target
    return EditResult(target, changes, (*notes, *_broken_links(changes)))


def _broken_links(changes: Sequence[Change]) -> list[str]:
    return [
        f"{change.path} has another name (a hard link), which keeps the old content"
        for change in changes
        if change.snapshot.info is not None and change.snapshot.info.st_nlink > 1
    ]
