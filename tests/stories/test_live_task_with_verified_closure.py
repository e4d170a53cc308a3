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
    assert live.heard(HEAD, case)[0].startswith("烽火任务：“路灯维修”（"), "what it is comes first"
    assert "交办，任务时限" in live.heard(HEAD, case)[0], "and by when, and for whom"
    assert "或致电值班室 0 0 0" in live.heard(HEAD, case)[0], "and whom to ring, though a task has no chain"
    asked = (await live.at_link(HEAD, case, "duty")).text
    assert "路灯维修" in asked
    assert "接受：此后由我单位负责</button>" in asked, "taken on by one press"
    assert "退回：不属我单位</button>" in asked, "or refused, with a reason"
    answered = await live.at_link(HEAD, case, "duty", choice="accepted", task="t1")
    assert "已签收" in answered.text
    assert "从现在起由贵单位承办，任务时限不变" in answered.text
    after = (await live.at_link(HEAD, case, "duty")).text
    assert "已完成：签收任务" in after
    assert "报送结果" in after, "what is still to be done comes next"
    assert "确认已知悉" not in after, "nothing is asked that is done"
    assert (await live.case(case)).tasks[0].state is TaskState.ACCEPTED

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


async def test_whoever_was_rung_refuses_a_task_with_a_reason_without_logging_in(live: Live) -> None:
    task = {"title": "清运河道", "unit": UNIT, "due_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    case = await live.report(
        ASSIGNER, Role.LEADER, kind="task", category=None, area="620600", summary="会议交办", tasks=[task]
    )
    await until(lambda: "duty" in live.rung(HEAD, case), what="the head is told of the task")
    bare = await live.at_link(HEAD, case, "duty", choice="objected", task="t1", text=" ")
    assert bare.status_code == 422
    assert "必填" in bare.text, "a refusal without a reason is none"
    stranger = await live.at_link(HEAD, case, "duty", choice="objected", task="t9", text="不是我们的")
    assert "退回：不属我单位</button>" in stranger.text, "a task of nobody's shows the page anew"
    refused = await live.at_link(HEAD, case, "duty", choice="objected", task="t1", text="河道归水务局管")
    assert "已退回，并写明理由" in refused.text
    refusal = [entry for entry in (await live.case(case)).log if entry.kind == "objected"][-1]
    assert (refusal.by, refusal.text) == (HEAD, "河道归水务局管")
