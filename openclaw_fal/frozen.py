"""A base class for immutable values: like a frozen dataclass, but cheap to import.

`dataclasses` generates and compiles code for each class at every import, which takes one to two
milliseconds a class: more for the values of one request than sending it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, dataclass_transform

if TYPE_CHECKING:
    from inspect import Signature
    from typing import Self


class _FieldsAsSignature:
    """Makes `inspect.signature` and `help` show the fields of a class; computed when needed."""

    def __get__(self, instance: object, owner: type[Frozen]) -> Signature:
        from inspect import Parameter, Signature
        from typing import get_type_hints

        try:
            hints = get_type_hints(owner, include_extras=True)
        except NameError:  # a type that only type checkers import
            hints = _annotations(owner)
        kind = Parameter.KEYWORD_ONLY if owner._kw_only else Parameter.POSITIONAL_OR_KEYWORD
        return Signature(
            [
                Parameter(
                    name,
                    kind,
                    default=getattr(owner, name, Parameter.empty),
                    annotation=hints.get(name, Parameter.empty),
                )
                for name in owner._fields
            ]
        )


def _annotations(owner: type) -> dict[str, object]:
    """The annotations of a class and its bases as they were written."""
    merged: dict[str, object] = {}
    for base in reversed(owner.__mro__):
        merged.update(vars(base).get("__annotations__", {}))
    return merged


@dataclass_transform(frozen_default=True)
class Frozen:
    """The annotated names of a subclass are its fields, class attributes their defaults.

    Type checkers treat it as a frozen dataclass. Values with equal fields are equal. With
    `kw_only`, fields are given by name only, and those with defaults may come in any order.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _kw_only: ClassVar[bool] = False
    __signature__: ClassVar[_FieldsAsSignature] = _FieldsAsSignature()

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        own = [name for name, hint in cls.__annotations__.items() if "ClassVar" not in str(hint)]
        cls._fields = tuple(dict.fromkeys((*cls._fields, *own)))
        cls._kw_only = kw_only or cls._kw_only

    def __init__(self, *args: object, **values: object) -> None:
        fields = self._fields
        if args:
            if len(args) > len(fields) or self._kw_only:
                raise TypeError(
                    f"{type(self).__name__} takes at most {0 if self._kw_only else len(fields)} "
                    f"positional arguments, and {len(args)} were given"
                )
            positional = dict(zip(fields, args, strict=False))
            if twice := positional.keys() & values.keys():
                raise TypeError(f"{type(self).__name__} got {', '.join(sorted(twice))} twice")
            values = positional | values
        for name in values:
            if name not in fields:
                raise TypeError(
                    f"{type(self).__name__} has no field {name}; it has {', '.join(fields)}"
                )
        for name in fields:
            if name not in values and not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs {name}")
        vars(self).update(values)

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return cls._fields

    def as_dict(self) -> dict[str, object]:
        """The fields and their values, in order."""
        return {name: getattr(self, name) for name in self._fields}

    def replaced(self, **changes: object) -> Self:
        """A copy with these fields changed."""
        return type(self)(**{**self.as_dict(), **changes})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((type(self), *self.as_dict().values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"{type(self).__name__}({fields})"

    if not TYPE_CHECKING:  # type checkers would conclude that any attribute may be set

        def __setattr__(self, name, value):
            raise AttributeError(f"{type(self).__name__} is frozen")

        def __delattr__(self, name):
            raise AttributeError(f"{type(self).__name__} is frozen")
