"""Somebody merges a grave emergency into a mild case, an exercise or a task of their own, whose limits are
longer or none.
"""

from typing import Any

import pytest

from shared.case import CaseStatus
from shared.vocabulary import Level, Role
from tests.attacks.conftest import Installation
from tests.lab import until

UNIT = "wangshan_info_centre"
OFFICER: dict[str, Any] = {"role": Role.DUTY_OFFICER, "person": "jiang_yue"}


async def test_merged_away_with_a_second_the_case_that_goes_on_is_as_grave_and_as_early(
    installation: Installation,
) -> None:
    grave, mild = await installation.report(UNIT, level="II"), await installation.report(UNIT, level="IV")
    assert await installation.act(grave, "merge", UNIT, **OFFICER, into=mild, text="同一事件") == "waits"
    assert (await installation.case(grave)).status is CaseStatus.OPEN
    assert (
        await installation.act(
            grave, "second", "wangshan_government", Role.LEADER, person="wei_huang", approve=True
        )
        == "applied"
    )
    limit = min(
        duty.due_at for duty in (await installation.case(grave)).duties if duty.rule == "first_report"
    )

    async def is_as_grave() -> bool:
        return (await installation.case(mild)).level is Level.II

    await until(is_as_grave, what="the case that goes on is graver now")
    goes_on = await installation.case(mild)
    assert all(
        duty.due_at <= limit for duty in goes_on.duties if duty.rule == "first_report" and duty.is_owed
    )


@pytest.mark.parametrize("other", [{"level": "II", "exercise": True}, {"kind": "petition", "category": None}])
async def test_an_emergency_is_merged_into_no_exercise_and_no_petition(
    installation: Installation, other: dict[str, Any]
) -> None:
    grave, into = await installation.report(UNIT, level="II"), await installation.report(UNIT, **other)
    headers = installation.lab.bearer(**OFFICER)
    answer = await installation.http.post(
        f"/api/v1/cases/{grave}/merge", json={"into": into, "text": "同一事件"}, headers=headers
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "into"
