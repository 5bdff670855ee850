"""Every worked case gives the request, or the rejection, that it expects."""

from __future__ import annotations

from typing import Any

import pytest

from openclaw_fal.errors import CapabilityError
from openclaw_fal.provider.refs import parse_ref
from tests.provider.support import body, keys, plan, request, worked_cases

CASES = worked_cases()


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_worked_case(case: dict[str, Any]) -> None:
    asked = request(case["kind"], parse_ref(case["model"]), **case["params"])
    expected = case["expect"]
    if expected["outcome"] == "reject":
        with pytest.raises(CapabilityError) as refused:
            plan(asked)
        assert refused.value.violations
        return
    made = plan(asked)
    assert "/" + made.endpoint == expected["path"]
    assert body(made) == expected["body"]
    assert keys(made.ignored) == sorted(expected["ignored"])


def test_all_worked_cases_are_there() -> None:
    assert len(CASES) == 410
    assert {case["kind"] for case in CASES} == {"image", "video", "music"}
