"""A reporter, or a duty officer of a county, opens a case with a task for a unit that is not under theirs."""

from datetime import UTC, datetime

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.publishing import form
from tests.stories.live import Json

TASK = {"title": "一周内交出全部台账", "unit": "heating_company"}


async def handed_in(installation: Installation, unit: str, role: Role, **more: object) -> tuple[int, Json]:
    now = datetime.now(UTC).isoformat()
    body = form(unit) | {"occurred_at": now, "learned_at": now, "tasks": [TASK]} | more
    answer = await installation.http.post(
        "/api/v1/reports", json=body, headers=installation.lab.bearer(role, unit=unit)
    )
    return answer.status_code, answer.json()


async def test_the_task_is_named_as_what_they_may_not(installation: Installation) -> None:
    for unit, role, more in (
        ("wangshan_info_centre", Role.REPORTER, {}),
        ("wangshan_government", Role.DUTY_OFFICER, {}),
        ("wangshan_government", Role.LEADER, {"kind": "task", "category": None}),
        ("heating_company", Role.LEADER, {"tasks": [{"title": "整改", "unit": "government"}]}),
    ):
        status, said = await handed_in(installation, unit, role, **more)
        assert (status, [error["field"] for error in said["errors"]]) == (403, ["tasks.0.unit"]), said


async def test_no_case_is_opened_in_the_name_of_another_unit_that_lays_work_on_it(
    installation: Installation,
) -> None:
    for kind in ("task", "campaign", "supervision_order", "publication", "visit"):
        now = datetime.now(UTC).isoformat()
        body = form("shaquan_government") | {"kind": kind, "occurred_at": now, "learned_at": now}
        headers = installation.lab.bearer(Role.LEADER, unit="wangshan_government")
        answer = await installation.http.post("/api/v1/reports", json=body, headers=headers)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (
            403,
            ["unit"],
        ), answer.text


async def test_the_unit_above_and_the_emergency_office_may(installation: Installation) -> None:
    for unit in ("housing_bureau", "emergency_office"):
        status, said = await handed_in(installation, unit, Role.DUTY_OFFICER, kind="task", category=None)
        assert status == 201, said
