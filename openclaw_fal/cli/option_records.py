"""Lets commands take records of options: Typer sees the fields as options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import get_type_hints

from openclaw_fal.frozen import Frozen


def record_options(function: Callable[..., object]) -> Callable[..., object]:
    """`function` with a signature for Typer, in which each field of a record is an option.

    The fields are annotated as Typer wants it (`Annotated[…, typer.Option(…)]`). The function is
    called with the records.
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, type[Frozen]] = {
        name: hint for name, hint in hints.items() if name != "return" and _is_record(hint)
    }
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters.extend(_options(groups[parameter.name]))
        else:
            keyword = inspect.Parameter.KEYWORD_ONLY
            parameters.append(parameter.replace(annotation=hints[parameter.name], kind=keyword))

    def command(**values: object) -> object:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group.fields()})
        return function(**values)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _is_record(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Frozen)


def _options(group: type[Frozen]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field,
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(group, field),
            annotation=hints[field],
        )
        for field in group.fields()
    ]
