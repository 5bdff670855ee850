"""A request while it is being made: what goes into the body, and what becomes of the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import Adjusted, Ignored, Kind, Plan
from openclaw_fal.provider.specs import declared_fields

SHOWN_LENGTH = 60


class Draft:
    """Collects one request. Every option that was given ends in exactly one of: the body (`send`),
    `adjust`, `ignore` or `reject`; `adjust` may also explain a field that was sent.
    """

    def __init__(self, kind: Kind, model: str, endpoint: str) -> None:
        self.kind = kind
        self.model = model
        self.endpoint = endpoint
        self.body: dict[str, object] = {}
        self.ignored: list[Ignored] = []
        self.adjusted: list[Adjusted] = []
        self.violations: list[Violation] = []
        self.warnings: list[str] = []
        self._origins: dict[str, list[tuple[str, object]]] = {}

    def send(self, name: str, value: object, key: str | None = None, given: object = None) -> None:
        """Put a field into the body; `key` and `given` are the option that it comes from."""
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
        wrong = Violation(key, _reported(value), message, supported or None, closest)
        self.violations.append(wrong)

    def ignore_all(self, options: Iterable[tuple[str, object]], reason: str) -> None:
        for key, value in options:
            if value is not None:
                self.ignore(key, value, reason)

    def finished(self, params: tuple[tuple[str, object], ...]) -> Plan:
        """The plan with the extra fields of `--param`, or all violations at once."""
        self._add(params)
        if self.violations:
            raise refusal(self.kind, self.model, self.violations)
        return Plan(
            kind=self.kind,
            model=self.model,
            endpoint=self.endpoint,
            body=self.body,
            ignored=tuple(self.ignored),
            adjusted=tuple(self.adjusted),
            warnings=tuple(self.warnings),
        )

    def _add(self, params: tuple[tuple[str, object], ...]) -> None:
        if not params:
            return
        declared = declared_fields(self.endpoint)
        for name, value in params:
            if name == "prompt":
                self.reject("params", {name: value}, "params: --param may not replace the prompt")
            elif not is_json(value):
                message = f"params: {name} holds a number that JSON cannot express"
                self.reject("params", {name: shown(value)}, message)
            else:
                self._replace(name, value)
                if declared is not None and name not in declared:
                    self.warnings.append(self._undeclared(name, declared))

    def _replace(self, name: str, value: object) -> None:
        """Set a field as it is; the options that it came from are reported with the new value."""
        if name not in self.body or self.body[name] != value:
            for key, given in self._origins.pop(name, ()):
                self.adjusted = [entry for entry in self.adjusted if entry.key != key]
                self.adjust(key, given, value, f"--param {name} replaces it")
        self.body[name] = value

    def _undeclared(self, name: str, declared: frozenset[str]) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, sorted(declared), n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        return (
            f"fal's schema of {self.endpoint} declares no field {shown(name)}{meant}; "
            "it is sent, and fal will probably ignore it"
        )


def refusal(kind: Kind, model: str, violations: Sequence[Violation]) -> CapabilityError:
    """The error that carries all violations, with the command that shows what the model takes."""
    keys = ", ".join(dict.fromkeys(entry.key for entry in violations))
    if len(violations) == 1:
        message = violations[0].message
    else:
        message = f"{model} does not take this request ({keys})"
    return CapabilityError(
        message,
        violations=tuple(violations),
        hint=f"what the model takes: openclaw {kind} models fal/{model}",
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
    """Whether every number inside is finite: JSON has no other."""
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
