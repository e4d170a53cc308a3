"""Through the running system: a task is told, reminded of, done late, returned, done again, and closed once
verified. Rows 24, 26.
"""

from datetime import UTC, datetime, timedelta

from shared.case import DutyState, Slip, TaskState
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

ASSIGNER, UNIT, HEAD = "party_office", "housing_bureau", "xu_you"


async def test_a_task_is_reminded_of_lapses_is_returned_and_is_closed_only_when_verified(live: Live) -> None:
    due_at = datetime.now(UTC) + timedelta(seconds=3)
    task = {"title": "路灯维修", "unit": UNIT, "due_at": due_at.isoformat()}
    case = await live.report(
        ASSIGNER, Role.LEADER, kind="task", category=None, area="620600", summary="会议交办", tasks=[task]
    )
    await until(lambda: "duty" in live.rung(HEAD, case), what="the head is told of the task")
    assert "“路灯维修”（" in live.heard(HEAD, case)[0], "the call says what the task is"
    assert "交办，任务时限 " in live.heard(HEAD, case)[0], "and by when, and for whom"
    assert "或致电值班室 +86" in live.heard(HEAD, case)[0], "and whom to ring, though a task has no chain"
    assert await live.act(case, "accept", UNIT, task="t1") == "applied"

    await until(
        lambda: live.rung(HEAD, case).count("reminder") >= 2,
        what="reminded at half the term and at four fifths",
    )
    await until(lambda: "overdue" in live.rung(HEAD, case), what="told when the term was over")
    assert await live.act(case, "close", ASSIGNER, Role.LEADER, text="算了") == "refused", (
        "not over an open task"
    )
    assert await live.act(case, "complete", UNIT, task="t1", text="已修 40 盏") == "applied"

    later = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    await live.act(case, "return", ASSIGNER, Role.LEADER, task="t1", text="东街仍不亮", due_at=later)
    await live.act(case, "complete", UNIT, task="t1", text="46 盏全亮")
    assert await live.act(case, "verify", ASSIGNER, Role.LEADER, task="t1", text="夜查属实") == "applied"
    assert await live.act(case, "close", ASSIGNER, Role.LEADER, text="销号") == "applied"

    found = await live.case(case)
    first, second = [duty for duty in found.duties if duty.rule == "task_complete"]
    assert (first.state, second.state) == (DutyState.LAPSED_DISCHARGED, DutyState.DISCHARGED)
    assert first.slip is Slip.RED
    (one,) = found.tasks
    assert (one.state, one.reworks) == (TaskState.VERIFIED, 1)
