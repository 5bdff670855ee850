"""`--strict`: an option that would be ignored is an error."""

from __future__ import annotations

from openclaw_fal.errors import CapabilityError, Violation
from openclaw_fal.media import Plan
from openclaw_fal.provider.draft import shown


def refuse_ignored(plan: Plan) -> None:
    """Raises CapabilityError with a violation for each option that the plan does not send."""
    if not plan.ignored:
        return
    violations = tuple(
        Violation(item.key, item.value, f"{item.key} {shown(item.value)}: {item.reason}")
        for item in plan.ignored
    )
    raise CapabilityError(
        f"{plan.model} would ignore what was asked for, and --strict refuses that",
        violations=violations,
        hint=f"what the models take: openclaw {plan.kind} models",
        model=plan.model,
    )
