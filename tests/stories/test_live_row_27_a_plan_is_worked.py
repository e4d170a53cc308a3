"""Through the running system: a contingency plan is invoked, each step rings whose it is with its own limit, the next
begins when the one before is verified; each plan owes its own drill, and its record is filed. Row 27.
"""

from shared.case import TaskState
from shared.standing import standing_case
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

UNIT, HEAD = "beacon_hill_emergency", "kong_xuan"
POLICE, FIRE, WATER = "yang_si", "zhu_wu", "you_shen"


async def test_each_step_is_rung_in_its_turn(live: Live) -> None:
    case = await live.report(
        UNIT, level="II", topic="chemical", area="620602", summary="液氨储罐泄漏，下风向有学校"
    )
    plan = {"plan": "chemical_accident", "text": "泄漏量大"}
    assert await live.act(case, "invoke-plan", UNIT, Role.DUTY_OFFICER, person=HEAD, **plan) == "applied"
    step = await live.hears(POLICE, case, "烽火任务：“划定警戒区，疏散群众”")
    assert "烽山区应急管理局交办，任务时限" in step
    assert "液氨储罐泄漏，下风向有学校" in step
    await live.hears(FIRE, case, "“侦检泄漏，控制源头”")
    assert not live.rung(WATER, case), "the next step waits for its turn"

    taken = await live.at_link(FIRE, case, "duty", choice="accepted", task="t2")
    assert "从现在起由贵单位承办" in taken.text
    finished = await live.at_link(FIRE, case, "duty", choice="completed", task="t2", text="已堵漏")
    assert "等待交办单位核验" in finished.text
    done = await live.reads(HEAD, case, "办结待核验：", "“侦检泄漏，控制源头”")
    assert "朱午（市消防救援支队）：已堵漏" in done
    assert (await live.case(case)).tasks[3].state is TaskState.WAITING
    assert await live.act(case, "verify", UNIT, Role.DUTY_OFFICER, person=HEAD, task="t2") == "applied"
    await live.hears(WATER, case, "“监测水源并通报结果”")
    desk = await live.desk(f"/cases/{case}", UNIT, person=HEAD)
    for words in ("划定警戒区，疏散群众", "监测水源并通报结果", "危险化学品事故应急预案"):
        assert words in desk, words


async def test_a_drill_that_was_not_held_is_told_and_its_record_sets_the_next_date(live: Live) -> None:
    library = next(plan for plan in example_directory().plans if plan.id == "heating_outage")
    written = library.model_dump(mode="json", exclude_none=True)
    await live.change(
        {
            "op": "put_plan",
            "plan": {
                **written,
                "id": "live_drill",
                "drill_every": "PT2S",
                "name": {"zh": "供热管网爆管预案", "en": "Burst heating main"},
            },
        }
    )
    case = standing_case("plan", "live_drill")
    overdue = await live.hears("xu_you", case, "烽火逾期", "预案演练")
    assert "供热管网爆管预案" in overdue
    filed = await live.act(
        case,
        "file",
        "housing_bureau",
        person="xu_you",
        document="drill_record",
        text="夜间实战演练，三处不足",
    )
    assert filed == "applied"

    async def next_drill() -> bool:
        duties = [duty for duty in (await live.case(case)).duties if duty.rule == "drill"]
        return len(duties) > 1 and duties[0].discharged_via == "filed.drill_record"

    await until(next_drill, what="the next drill is owed")
    assert "夜间实战演练，三处不足" in await live.desk(f"/cases/{case}", "housing_bureau", person="xu_you")
    await live.change({"op": "remove", "what": "plan", "id": "live_drill"})
