"""A duty officer of one county closes, withdraws, transfers, downgrades, merges away or silences another
county's emergency, and writes down that its leaders were told by telephone.
"""

import pytest

from shared.case import CaseStatus
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.stories.live import Json

THEIRS, MINE = "wangshan_info_centre", "shaquan_government"
DEEDS: list[tuple[str, Json]] = [
    ("close", {"text": "已处置"}),
    ("withdraw", {"text": "误报"}),
    ("resolve", {"text": "已处置"}),
    ("transfer", {"text": "不归我们", "to_unit": "shaquan_emergency"}),
    ("regrade", {"text": "不大", "level": "IV"}),
    ("split", {"text": "两件事", "summary": "另一件事"}),
    ("assign", {"tasks": [{"title": "疏散", "unit": "fire_rescue"}]}),
    ("escalate", {"step": 0}),
    ("follow-up", {"text": "火已扑灭"}),
    ("file", {"document": "written_report", "text": "书面报告"}),
    ("acknowledge", {"person": "zhao_jia", "note": "电话已告"}),
    ("snooze", {"to_person": "zhao_jia", "span": "PT5S"}),
]


async def refused(
    installation: Installation, case: str, path: str, body: Json, unit: str, role: Role = Role.DUTY_OFFICER
) -> Json:
    answer = await installation.http.post(
        f"/api/v1/cases/{case}/{path}", json=body, headers=installation.lab.bearer(role, unit=unit)
    )
    assert answer.status_code == 403, answer.text
    return answer.json()


@pytest.mark.parametrize(("path", "body"), DEEDS, ids=[path for path, _ in DEEDS])
async def test_they_are_told_whose_it_is_and_nothing_changes(
    installation: Installation, path: str, body: Json
) -> None:
    case = await installation.report(THEIRS, level="II")
    said = await refused(installation, case, path, body, MINE)
    assert said["why"] in ("no_standing", "no_part_in_it", "held_by_another_unit")
    assert "Information Centre of Wangshan County" in said["detail"]
    assert "望山县信息中心" in said["zh"]
    stands = await installation.case(case)
    assert (stands.status, stands.holder, stands.level, [entry.kind for entry in stands.log]) == (
        CaseStatus.OPEN,
        THEIRS,
        "II",
        [Kind.REPORTED],
    )


async def test_its_own_case_is_merged_into_no_foreign_one(installation: Installation) -> None:
    """Else its clock would be laid on the other county."""
    theirs, mine = (
        await installation.report(THEIRS, level="II"),
        await installation.report(MINE, area="620621", level="II"),
    )
    said = await refused(installation, mine, "merge", {"into": theirs, "text": "同一件事"}, MINE)
    assert said["why"] == "no_standing"
    assert not (await installation.case(theirs)).merged_from


async def test_a_leader_of_the_one_county_pauses_no_clock_of_the_other(installation: Installation) -> None:
    case = await installation.report(THEIRS, level="II")
    await refused(installation, case, "pause", {"text": "等一等"}, MINE, Role.LEADER)


async def test_the_unit_itself_the_government_and_the_emergency_office_may(
    installation: Installation,
) -> None:
    for unit in (THEIRS, "government", "emergency_office"):
        case = await installation.report(THEIRS, level="III")
        assert (
            await installation.act(case, "follow-up", unit, Role.DUTY_OFFICER, text="火已扑灭") == "applied"
        )
        assert await installation.act(case, "resolve", unit, Role.DUTY_OFFICER, text="险情解除") == "applied"
