"""Through the running system: a report handed in after its half hour is the unit's lapse: told in words, referred,
answered with a statement, decided, reviewed by another. Who reported in time stands accused of nothing.
Rows 3, 20, 33.
"""

from shared.vocabulary import ReportKind, Role
from tests.stories.live import Live, spell

UNIT, HEAD = "shaquan_emergency", "hua_zhou"
ORGAN, DECIDER, REVIEWER = "discipline_organ", "feng_ren", "he_shen"


async def test_from_a_report_that_was_late_to_the_outcome_of_the_review(live: Live) -> None:
    late = await live.report(UNIT, level="II", area="620621", summary="烟花仓库爆燃", ago=spell(minutes=42))
    await live.hears("zhao_jia", late, "烟花仓库爆燃")
    case = await live.raised(late, ReportKind.ACCOUNTABILITY)

    asked = await live.hears(HEAD, case, "情况说明", "初报迟报：烟花仓库爆燃")
    assert "责任追究：沙泉县" in asked, "neither a category nor a level of its own"
    page = (await live.at_link(HEAD, case)).text
    assert "初报迟报：烟花仓库爆燃" in page
    assert "情况说明" in page
    assert await live.act(case, "state", UNIT, person=HEAD, text="值班电话占线，已改装双线") == "applied"
    decide = await live.hears(DECIDER, case, "责任认定", "初报迟报：烟花仓库爆燃")
    assert "/a/" not in decide

    cases = await live.http.get(
        "/api/v1/cases",
        params={"parent": late, "kind": ReportKind.ACCOUNTABILITY},
        headers=live.lab.bearer(Role.AUDITOR),
    )
    late_reports = [card["id"] for card in cases.json()["cases"] if "初报迟报" in card["report"]["summary"]]
    assert late_reports == [case], "five were owed it: one case, and each has a lapse of their own on record"
    assert len([duty for duty in (await live.case(late)).duties if duty.lapse is not None]) >= 5

    desk = await live.desk(f"/cases/{case}", ORGAN, Role.DISCIPLINE, person=DECIDER)
    assert "应报对象" in desk
    for post in ("市委书记", "市长", "市应急办"):
        assert post in desk.partition("应报对象")[2].partition("</dd>")[0], post
    assert "值班电话占线，已改装双线" in desk
    decided = await live.act(
        case, "decide-measure", ORGAN, Role.DISCIPLINE, person=DECIDER, measure="admonitory_talk", text="首次"
    )
    assert decided == "applied"
    told = await live.reads(HEAD, case, "约谈")
    assert "首次" in told

    assert await live.act(case, "ask-review", UNIT, person=HEAD, text="线路故障有记录") == "applied"
    same = await live.refusal(
        case, "review", ORGAN, Role.DISCIPLINE, person=DECIDER, approve=True, text="维持"
    )
    assert "须由他人复核" in same, same
    reviewed = await live.act(
        case, "review", ORGAN, Role.DISCIPLINE, person=None, approve=False, text="线路故障属实，予以撤销"
    )
    assert reviewed == "applied"
    outcome = await live.reads(HEAD, case, "撤销")
    assert "线路故障属实" in outcome


async def test_who_reported_in_time_is_accused_of_nothing_whoever_stays_dark(live: Live) -> None:
    case = await live.report(UNIT, level="II", area="620621", summary="粮库起火", ago=spell(minutes=24))
    told = await live.hears(HEAD, case, "无人应答", "粮库起火")
    assert "沙泉县应急管理局已按时报告；" in told, "nobody blames who reported"
    assert "逾期" not in told
    assert "未应答，也无人接替，请立即应答，或联系应答人" in await live.reads("zhou_wu", case, "无人应答")
    found = await live.raised(case, ReportKind.ACCOUNTABILITY)
    about = (await live.case(found)).report
    assert about.unit == "party_office", "the roster that stayed silent answers, never who reported"
    assert "初报到限无人应答：粮库起火" in await live.hears("wu_ji", found, "情况说明")
