"""Short ways to ask for a plan and to look at what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import Plan
from openclaw_fal.parameters import KEYS
from tests.provider.support import body, plan, request


def sent(kind: str, model: str, **options: Any) -> dict[str, object]:
    """The body, without the prompt."""
    made = body(plan(request(kind, model, **options)))
    assert made.pop("prompt") == "p"
    return made


def planned(kind: str, model: str, **options: Any) -> Plan:
    return plan(request(kind, model, **options))


def refused(kind: str, model: str, **options: Any) -> list[Violation]:
    with pytest.raises(CapabilityError) as error:
        plan(request(kind, model, **options))
    assert error.value.status == 5
    assert all(entry.key in {*KEYS.values(), "model"} for entry in error.value.violations)
    assert all(entry.message for entry in error.value.violations)
    return list(error.value.violations)


def only(violations: list[Violation]) -> Violation:
    assert len(violations) == 1, violations
    return violations[0]
