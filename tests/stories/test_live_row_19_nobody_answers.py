"""Through the running system: the leaders stay dark, those on the chain are rung one after the other, and whoever
answers settles the unit's duty; the leader reads who stood in, and nobody is accused. Rows 18, 19, 20.
"""

from services.notifier.messages.aloud import aloud
from shared.case import DutyState
from shared.vocabulary import Language, Role
from tests.lab import until
from tests.stories.live import Live

UNIT = "shaquan_government"
FIVE = ("zhao_jia", "qian_yi", "sun_bing", "li_ding", "zhou_wu")
STANDS_IN = "wu_ji"


async def test_each_of_the_five_is_rung_and_whoever_stands_in_settles_it(live: Live) -> None:
    case = await live.report(
        UNIT,
        level="II",
        area="620621",
        summary="面粉厂粉尘爆炸，厂房坍塌",
        details="消防和急救已到场",
        harm={"deaths": 1, "trapped": 6},
    )
    for leader in FIVE:
        said = (
            ("Level II (grave) accident", "Shaquan County", "6 trapped", "Government of Shaquan County")
            if leader == "li_ding"
            else ("II级重大事故灾难", "沙泉县", "被困6人", "沙泉县人民政府")
        )
        language = Language.EN if leader == "li_ding" else Language.ZH
        spoken = [aloud(words, language) for words in said]
        heard = await live.hears(leader, case, *spoken, "面粉厂粉尘爆炸，厂房坍塌", "0 0 0 0 0 0 0 1 3")
        read = await live.reads(leader, case, *said)
        assert "/a/" in read, "the link"
        assert ("learned" if leader == "li_ding" else "获悉") in heard, "when it was learned"
    page = (await live.at_link("zhao_jia", case)).text
    for words in (
        "死亡1人",
        "被困6人",
        "消防和急救已到场",
        "沙泉县人民政府",
        "确认已知悉",
        "请致电两办值班室",
    ):
        assert words in page, words

    for leader in FIVE[1:]:
        answered = await live.at_link(leader, case, "report", choice="")
        assert ("已记录" in answered.text) or ("Recorded" in answered.text)
    asked = await live.hears(STANDS_IN, case, "请您接替", "赵甲未应答")
    assert "面粉厂粉尘爆炸" in asked
    page = (await live.at_link(STANDS_IN, case)).text
    assert "由我接替" in page
    assert "确认即由您接替：不再呼叫下一位，沙泉县人民政府的初报即为已履行" in page
    settled = await live.at_link(STANDS_IN, case, choice="")
    assert "已记录" in settled.text

    told = await live.reads("zhao_jia", case, "已代接")
    assert "未能联系上您，吴己已代您接报，初报已履行。请知悉，您无需操作。" in told
    report = [duty for duty in (await live.case(case)).duties if duty.rule == "first_report"]
    assert {duty.state for duty in report} == {DutyState.DISCHARGED}
    assert not live.rung("zheng_geng", case), "the next on the chain sleeps on"


async def test_a_logged_call_is_told_and_can_be_denied(live: Live) -> None:
    """The duty desk writes down that it has reached the vice-mayor; he reads it, and says it is not so."""
    case = await live.report(UNIT, level="II", area="620621", summary="砖厂煤气中毒")
    await live.hears("li_ding", case, "砖厂煤气中毒")
    logged = await live.http.post(
        f"/api/v1/cases/{case}/acknowledge",
        json={"person": "li_ding", "via": "logged_call", "number": "+860000000104", "note": "本人接听"},
        headers=live.lab.bearer(Role.DUTY_OFFICER, person="zhang_lai", unit="emergency_office"),
    )
    assert logged.status_code in (200, 201), logged.text
    read = await live.reads("li_ding", case, "please check", "Zhang Lai")
    assert "If that is not so, open" in read
    assert "并无此事" not in (await live.at_link("li_ding", case, "called")).text, "in his language"
    denied = await live.at_link("li_ding", case, "called", choice="not_so")
    assert "Recorded" in denied.text

    async def owed_again() -> bool:
        duties = (await live.case(case)).duties
        return any(
            duty.rule == "first_report" and duty.is_owed and duty.bearer == "li_ding" for duty in duties
        )

    await until(owed_again, what="owed again")
