"""A request while it is being built: its body, and what was ignored, adjusted or rejected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import Adjusted, Ignored, Kind, MediaRequest, Plan, Schema
from openclaw_fal.provider.lookup import Lookup
from openclaw_fal.provider.schema import Problem, fits, problem_of
from openclaw_fal.provider.specs import declared_input

SHOWN_LENGTH = 60


class Draft:
    """Collects one request. Each given option is passed to one of `send`, `ignore` and `reject`;
    `adjust` reports an option that is not sent as it was given.
    """

    def __init__(self, request: MediaRequest, endpoint: str, lookup: Lookup) -> None:
        self.kind: Kind = request.kind
        self.model = request.model
        self.endpoint = endpoint
        self.unchecked = request.unchecked
        self.body: dict[str, object] = {}
        self.ignored: list[Ignored] = []
        self.adjusted: list[Adjusted] = []
        self.violations: list[Violation] = []
        self.warnings: list[str] = []
        self.ways: list[str] = []  # how a refused value can be sent all the same
        self._params = request.params
        self._lookup = lookup
        self._origins: dict[str, list[tuple[str, object]]] = {}

    @cached_property
    def schema(self) -> Schema | None:
        """The input that the endpoint declares; None when it is not known."""
        return declared_input(self.endpoint, self._lookup)

    def declared(self, name: str) -> Schema | None:
        """The schema of a field; None where the endpoint declares none, or nothing is known."""
        field: Schema | None = self.schema["properties"].get(name) if self.schema else None
        return field

    def param(self, name: str, default: object = None) -> object:
        """The value that `--param` gives a field."""
        return dict(self._params).get(name, default)

    def send(self, name: str, value: object, key: str | None = None, given: object = None) -> None:
        """Put a field into the body; `key` and `given` are the option and its value, if any."""
        self.body[name] = value
        if key is not None:
            self._origins.setdefault(name, []).append((key, given))

    def adjust(self, key: str, requested: object, applied: object, reason: str) -> None:
        self.adjusted.append(Adjusted(key, _reported(requested), applied, reason))

    def ignore(self, key: str, value: object, reason: str) -> None:
        self.ignored.append(Ignored(key, _reported(value), reason))

    def reject(
        self,
        key: str,
        value: object,
        message: str,
        supported: tuple[object, ...] | str | None = None,
        closest: object = None,
    ) -> None:
        violation = Violation(key, _reported(value), message, supported or None, closest)
        self.violations.append(violation)

    def reject_problem(self, key: str, value: object, message: str, problem: Problem) -> None:
        """Reject what a declared schema refuses; with `--unchecked` send it, with a warning."""
        if self.unchecked:
            self.warnings.append(f"{message}; sent all the same (--unchecked)")
        else:
            self.reject(key, value, message, problem.supported, problem.closest)

    def finished(self) -> Plan:
        """The plan. Raises `CapabilityError` with all violations if there are any."""
        if self.violations:
            raise refusal(self.kind, self.model, self.violations, self.ways)
        return Plan(
            kind=self.kind,
            model=self.model,
            endpoint=self.endpoint,
            body=self.body,
            ignored=tuple(self.ignored),
            adjusted=tuple(self.adjusted),
            warnings=tuple(self.warnings),
        )

    def add_params(self) -> None:
        """Send the fields of `--param` unchanged; they are checked where the schema is known."""
        for name, value in self._params:
            if name == "prompt" or "prompt" in self.options_of(name):
                self.reject("params", {name: value}, f"params: {name} may not replace the prompt")
            elif not is_json(value):
                message = f"params: {name} holds a number that JSON cannot express"
                self.reject("params", {name: shown(value)}, message)
            else:
                self._replace(name, value)
                self._check_param(name, value)

    def options_of(self, name: str) -> set[str]:
        """The keys of the options whose values are in a field."""
        return {key for key, _ in self._origins.get(name, ())}

    def has_sent(self, key: str) -> bool:
        return any(key in self.options_of(name) for name in self._origins)

    def _check_param(self, name: str, value: object) -> None:
        if self.schema is None:
            return
        declared = self.schema["properties"]
        if name not in declared:
            self.warnings.append(self._undeclared(name, sorted(declared)))
        elif not fits(value, declared[name]):
            problem = problem_of(name, value, declared[name])
            message = f"params: {name}={shown(value)}: {self.endpoint} takes {problem.takes}"
            if fits(str(value), declared[name]):
                message += f"""; as text: --param {name}='"{value}"'"""
            self.reject_problem("params", {name: value}, message, problem)

    def _replace(self, name: str, value: object) -> None:
        """Set a field; options whose values it held are reported as adjusted to the new value."""
        if name not in self.body or self.body[name] != value:
            for key, given in self._origins.pop(name, ()):
                self.adjusted = [entry for entry in self.adjusted if entry.key != key]
                self.adjust(key, given, value, f"--param {name} replaces it")
        self.body[name] = value

    def _undeclared(self, name: str, declared: Sequence[str]) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, declared, n=1)
        suggestion = f" (did you mean {close[0]}?)" if close else ""
        return (
            f"fal's schema of {self.endpoint} declares no field {shown(name)}{suggestion}; "
            "it is sent, and fal will probably ignore it"
        )


def refusal(
    kind: Kind, model: str, violations: Sequence[Violation], ways: Sequence[str] = ()
) -> CapabilityError:
    """The error that carries all violations, with the command that shows what the model takes."""
    keys = ", ".join(dict.fromkeys(entry.key for entry in violations))
    if len(violations) == 1:
        message = violations[0].message
    else:
        message = f"{model} does not take this request ({keys})"
    return CapabilityError(
        message,
        violations=tuple(violations),
        hint="\n".join((f"what the model takes: openclaw {kind} models fal/{model}", *ways)),
        model=model,
    )


def shown(value: object) -> str:
    """A value for a message, cut to a readable length."""
    text = value if isinstance(value, str) else repr(value)
    text = text if text.isprintable() and text.strip() == text != "" else repr(text)
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"


def _reported(value: object) -> object:
    """A value for a JSON document: `nan` and `inf` become words."""
    return value if is_json(value) else repr(value)


def is_json(value: object) -> bool:
    """Whether every number inside is finite; JSON has no infinity and no NaN."""
    nodes = [value]
    while nodes:
        node = nodes.pop()
        if isinstance(node, float) and not math.isfinite(node):
            return False
        if isinstance(node, dict):
            nodes.extend(node.values())
        elif isinstance(node, (list, tuple)):
            nodes.extend(node)
    return True
