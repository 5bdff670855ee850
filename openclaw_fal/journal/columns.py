"""Describes the rows of the journal: each field with its column, its stored form and its JSON.

A class derived from `Row` names each field once:

    seed: int | None = column("TEXT", since=1, form=NUMBER, key="seed", default=None)

The table, its migrations, reading, writing and the JSON document all use that description.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, dataclass_transform

from openclaw_fal.frozen import Frozen
from openclaw_fal.journal import bodies

TEXT_LIMIT = 2_000
"""The most characters that the journal keeps of a prompt for lists, and of an error message."""

Value = Any
"""The value of a field; its real type is the field's annotation."""


class Form(NamedTuple):
    """How a value is stored: `store` converts it for SQLite, `load` converts it back."""

    store: Callable[[Value], object]
    load: Callable[[Value], object]


def _same(value: object) -> object:
    return value


def text(value: str) -> str:
    """The text with `?` for what SQLite cannot hold: undecodable bytes of the command line."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _number(value: int) -> str | None:
    """An integer as text, since a seed may exceed SQLite's 64 bits; None above 256 bits."""
    return None if value.bit_length() > 256 else str(value)


def _counted(value: int) -> int | None:
    """An integer that fits SQLite's 64 bits; None for any other: only faulty servers send it."""
    return value if abs(value) < 2**63 else None


def _body(value: Mapping[str, object]) -> str | None:
    """A request body as JSON, with placeholders for files; None for one that JSON cannot hold."""
    try:
        return json.dumps(bodies.kept(value))
    except (TypeError, ValueError, RecursionError):
        return None


def shortened(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text cut to `limit` characters, with an ellipsis at the end if it was longer."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


PLAIN = Form(_same, _same)
TEXT = Form(text, _same)
CUT_TEXT = Form(lambda value: text(shortened(value)), _same)
NUMBER = Form(_number, int)
COUNT = Form(_counted, _same)
FLAG = Form(int, bool)
JSON = Form(lambda value: json.dumps(dict(value)), json.loads)
BODY = Form(_body, json.loads)


class Column(Frozen):
    """One column. `sql` is its SQLite type, `since` the schema version that added it; `key` its
    name in the JSON document (None: not in it), `to_json` makes the value there."""

    sql: str
    since: int
    form: Form = PLAIN
    key: str | None = None
    to_json: Callable[[Value], object] = _same

    def store(self, value: object) -> object:
        """The value as SQLite holds it."""
        return None if value is None else self.form.store(value)

    def load(self, stored: object) -> object:
        """The value of the field. Raises ValueError, KeyError or TypeError for a damaged one."""
        return None if stored is None else self.form.load(stored)


class _Field(NamedTuple):
    column: Column
    default: object


_REQUIRED = object()


def column(
    sql: str,
    *,
    since: int,
    form: Form = PLAIN,
    key: str | None = None,
    to_json: Callable[[Value], object] = _same,
    default: object = _REQUIRED,
) -> Any:  # type checkers read the annotation of the field
    """A field of a `Row` that is a column of the table; required unless it has a default.

    The arguments are the fields of `Column`; a new column takes `since` one above the newest.
    """
    return _Field(Column(sql, since, form, key, to_json), default)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(column,))
class Row(Frozen, kw_only=True):
    """The base of classes whose fields are columns. A field made without `column` is not stored."""

    columns: ClassVar[dict[str, Column]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: field for name, field in vars(cls).items() if isinstance(field, _Field)}
        for name, field in own.items():
            if field.default is _REQUIRED:
                delattr(cls, name)
            else:
                setattr(cls, name, field.default)
        cls.columns = {**cls.columns, **{name: field.column for name, field in own.items()}}
        super().__init_subclass__(kw_only=True)
