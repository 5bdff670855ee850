"""The base of values that never change: what dataclasses give, at no cost when a module is loaded.

`dataclasses` writes and compiles code for each class when its module is imported, on every run: one
to two milliseconds a class, which for the values of one request took longer than sending it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Frozen:
    """A frozen record: annotated names are its fields, class attributes their defaults.

    Type checkers take it for a frozen dataclass. Values with equal fields are equal. With `kw_only`
    fields are given by name only, and those with and without defaults may come in any order.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _kw_only: ClassVar[bool] = False

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        own = [name for name, hint in cls.__annotations__.items() if "ClassVar" not in str(hint)]
        cls._fields = tuple(dict.fromkeys((*cls._fields, *own)))
        cls._kw_only = kw_only or cls._kw_only

    def __init__(self, *args: Any, **facts: Any) -> None:
        fields = self._fields
        if args:
            if len(args) > len(fields) or self._kw_only:
                raise TypeError(f"{type(self).__name__} takes no such positional arguments")
            given = dict(zip(fields, args, strict=False))
            if twice := given.keys() & facts.keys():
                raise TypeError(f"{type(self).__name__} got {', '.join(sorted(twice))} twice")
            facts = given | facts
        for name in facts:
            if name not in fields:
                raise TypeError(f"{type(self).__name__} has no field {name}")
        for name in fields:
            if name not in facts and not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs {name}")
        vars(self).update(facts)

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return cls._fields

    def as_dict(self) -> dict[str, Any]:
        """The fields and their values, in order."""
        return {name: getattr(self, name) for name in self._fields}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((type(self), *self.as_dict().values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"{type(self).__name__}({shown})"

    if not TYPE_CHECKING:  # checkers would take these for leave to set any attribute

        def __setattr__(self, name, value):
            raise AttributeError(f"{type(self).__name__} is frozen")

        def __delattr__(self, name):
            raise AttributeError(f"{type(self).__name__} is frozen")
