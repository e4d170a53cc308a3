"""Through the running system: a petition is taken, handed on and answered; who is not content has it reviewed by the
level above, and again by the level above that; closing never cancels a running review. Rows 8, 23.
"""

from typing import Any

from shared.vocabulary import Role
from tests.stories.live import Live

OFFICE, HEAD = "petition_office", "chen_gui"
COUNTY, COUNTY_HEAD, COUNTY_DESK = "shaquan_government", "yan_yu", "jin_hong"
MAYOR, SECRETARY = "qian_yi", "zhao_jia"
ASKED: dict[str, Any] = {
    "id": "petition",
    "fields": {
        "sort": "land",
        "people": 23,
        "parties": "柳河村二十三户",
        "claim": "补足征地补偿款",
        "place": "柳河村",
    },
}


async def test_from_the_petition_to_the_second_review(live: Live) -> None:
    one_login: dict[str, Any] = {"role": Role.SUPERVISOR, "person": HEAD}
    case = await live.report(
        OFFICE,
        **one_login,
        kind="petition",
        category=None,
        topic="land",
        area="620621",
        summary="征地补偿款两年未兑现",
        form=ASKED,
    )
    first = await live.reads(COUNTY_DESK, case, "【烽火·初报】信访：沙泉县，征地补偿款两年未兑现")
    assert "征地拆迁" in first
    assert "23" in first
    assert "柳河村二十三户" not in first, "who they are does not go by telephone"

    handed = await live.act(case, "transfer", OFFICE, **one_login, to_unit=COUNTY, text="属地办理")
    assert handed == "applied"
    asked = await live.hears(COUNTY_HEAD, case, "移送答复")
    assert "征地补偿款两年未兑现" in asked
    assert "陈癸（市信访局）：属地办理" in asked
    accepted = await live.at_link(COUNTY_HEAD, case, "duty", choice="accepted")
    assert "已记录" in accepted.text
    assert "现由沙泉县人民政府负责" in await live.reads(HEAD, case, "【烽火·接收】")

    filed = await live.act(
        case, "file", COUNTY, person=COUNTY_HEAD, document="settlement", text="每亩补足三千元，十日内到账"
    )
    assert filed == "applied"
    settled = await live.reads(HEAD, case, "【烽火·处理意见】")
    assert "严宇（沙泉县人民政府）：每亩补足三千元，十日内到账" in settled

    review = await live.act(case, "ask-review", OFFICE, **one_login, text="亩数少算了")
    assert review == "applied"
    heard = await live.hears(MAYOR, case, "信访复查")
    assert "陈癸（市信访局）：亩数少算了" in heard
    await live.act(case, "close", OFFICE, **one_login, text="已答复")
    owed = {duty.rule for duty in (await live.case(case)).duties if duty.is_owed}
    assert "petition_review" in owed, "closing never cancels a running review"
    upheld = await live.act(
        case, "review", "government", Role.LEADER, person=MAYOR, approve=True, text="亩数属实，维持"
    )
    assert upheld == "applied"
    assert "亩数属实，维持" in await live.reads(HEAD, case, "【烽火·复查复核意见】")

    assert await live.act(case, "ask-review", OFFICE, **one_login, text="仍不服") == "applied"
    assert "仍不服" in await live.hears(SECRETARY, case, "信访复核")
    again = await live.refusal(
        case, "review", "government", Role.LEADER, person=MAYOR, approve=True, text="再次维持"
    )
    assert "复查" in again or "同一" in again, again
    decided = await live.act(
        case, "review", "party_committee", Role.LEADER, person=SECRETARY, approve=False, text="责成重新丈量"
    )
    assert decided == "applied"
    assert "责成重新丈量" in await live.reads(HEAD, case, "赵甲（中共望烽市委员会）")


async def test_the_petition_office_passes_on_for_others(live: Live) -> None:
    case = await live.report(
        COUNTY,
        kind="petition",
        category=None,
        topic="land",
        area="620621",
        summary="界址在望山县境内",
        form=ASKED,
    )
    moved = await live.act(
        case,
        "transfer",
        OFFICE,
        Role.SUPERVISOR,
        person=HEAD,
        to_unit="wangshan_government",
        text="土地在望山",
    )
    assert moved == "applied"
    assert "陈癸（市信访局）：土地在望山" in await live.hears("wei_huang", case, "移送答复")
