"""Through the running system: one commands, acting until the commander is there; orders say what is ordered, are taken
on or sent back by link, and who gave them hears it; an order nobody answers is told upwards. Rows 26, 30, 31.
"""

from typing import Any

from shared.case import TaskState
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

ACTING, COMMANDER, DESK = "li_ding", "qian_yi", "zhou_wu"
POLICE, FIRE, HEALTH = "yang_si", "zhu_wu", "qin_wei"


async def test_one_commands_and_each_order_is_answered_for(live: Live) -> None:
    case = await live.report(
        "beacon_hill_government", level="I", area="620602", summary="储油罐起火，有再爆炸的危险"
    )
    await live.hears(COMMANDER, case, "一级特别重大事故灾难")
    government: dict[str, Any] = {"unit": "government", "role": Role.LEADER}
    taken = await live.act(case, "take-command", **government, person=ACTING, acting=True, text="市长在途")
    assert taken == "applied"
    assert "现由李丁代行指挥长职责" in await live.reads(DESK, case, "【烽火·指挥长】")

    orders = [
        {"title": "疏散五百米内群众", "unit": "public_security", "within": "PT1H", "lead": True},
        {"title": "冷却邻罐", "unit": "fire_rescue", "within": "PT1H"},
        {"title": "设洗消点", "unit": "health_commission", "within": "PT1H"},
    ]
    assert await live.act(case, "assign", **government, person=ACTING, tasks=orders) == "applied"
    ordered = await live.hears(POLICE, case, "烽火任务：“疏散五百米内群众”")
    assert "望烽市人民政府交办" in ordered
    assert "由贵单位牵头" in ordered
    assert "市公安局牵头" in await live.hears(FIRE, case, "烽火任务：“冷却邻罐”")
    page = (await live.at_link(POLICE, case, "duty")).text
    for words in (
        "疏散五百米内群众",
        "由贵单位牵头",
        "储油罐起火",
        "接受：此后由我单位负责</button>",
        "退回：不属我单位</button>",
    ):
        assert words in page, words
    taken_on = await live.at_link(POLICE, case, "duty", choice="accepted", task="t1")
    assert "从现在起由贵单位承办" in taken_on.text
    sent_back = await live.at_link(HEALTH, case, "duty", choice="objected", task="t3", text="洗消由消防负责")
    assert "已退回，并写明理由" in sent_back.text
    back = await live.hears(COMMANDER, case, "“设洗消点”", "指定牵头单位")
    assert "任务退回：秦未（市卫生健康委）：洗消由消防负责" in back, "who must say who leads reads why"

    arrived = await live.act(case, "take-command", **government, person=COMMANDER, text="到场接指挥")
    assert arrived == "applied"
    told = await live.reads(ACTING, case, "[Fenghuo, command]", "Qian Yi commands from now on")
    assert "到场接指挥" in told
    first, second = (await live.case(case)).command
    assert (first.until, second.until) == (second.since, None), "one at any moment"

    late = await live.hears(FIRE, case, "烽火逾期", "签收任务")
    assert "“冷却邻罐”" in late, "the order nobody answered, by name"

    done = await live.act(
        case, "complete", "public_security", person=POLICE, task="t1", text="已疏散 1200 人"
    )
    assert done == "applied"
    verify = await live.reads(COMMANDER, case, "办结待核验：", "“疏散五百米内群众”")
    assert "杨巳（市公安局）：已疏散 1200 人" in verify
    desk = await live.desk(f"/cases/{case}", "government", Role.LEADER, person=COMMANDER)
    for words in ("指挥", "钱乙", "疏散五百米内群众", "已疏散 1200 人"):
        assert words in desk, words
    verified = await live.act(case, "verify", **government, person=COMMANDER, task="t1", text="属实")
    assert verified == "applied"

    async def closed() -> bool:
        return (await live.case(case)).tasks[0].state is TaskState.VERIFIED

    await until(closed, what="verified")
