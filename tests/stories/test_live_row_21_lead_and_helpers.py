"""Through the running system: an incident goes to the competent bureau and to the county too; who leads and who
helps is told to each; the leader in charge tracks it, and nobody below ends it. Rows 21, 22, 26, 31.
"""

from shared.case import CaseStatus
from shared.vocabulary import Role
from tests.stories.live import Live

BUREAU = "wangshan_emergency"
VICE_MAYOR, DESK_OF_THE_COUNTY, HEAD_OF_THE_BUREAU = "li_ding", "jiang_yue", "tao_ri"


async def test_from_the_county_to_the_lead_its_helpers_and_the_end(live: Live) -> None:
    case = await live.report(
        "met_observatory", level="II", area="620622", summary="山体滑坡掩埋客车", harm={"missing": 11}
    )
    for person in (HEAD_OF_THE_BUREAU, DESK_OF_THE_COUNTY):
        heard = await live.hears(
            person, case, "初报", "二级重大事故灾难", "望山县，山体滑坡掩埋客车（失踪11人）"
        )
        assert "市气象台报" in heard, "who reports"

    tasks = [
        {"title": "现场指挥处置", "unit": BUREAU, "lead": True, "within": "PT2H"},
        {"title": "收治伤员", "unit": "health_commission", "within": "PT2H"},
    ]
    assert (
        await live.act(case, "assign", "gov_office", Role.LEADER, person="qi_ying", tasks=tasks) == "applied"
    )
    lead = await live.hears(HEAD_OF_THE_BUREAU, case, "烽火任务", "“现场指挥处置”")
    assert "牵头" in lead
    assert "市政府办公室交办" in lead
    helper = await live.hears("qin_wei", case, "烽火任务", "“收治伤员”")
    assert "望山县应急管理局牵头" in helper
    page = await live.at_link("qin_wei", case, "duty", choice="accepted", task="t2")
    assert "从现在起由贵单位承办" in page.text

    more = await live.act(case, "follow-up", BUREAU, person="tao_ri", text="又挖出两人", deaths=2, missing=9)
    assert more == "applied"
    news = await live.reads("qian_yi", case, "续报")
    assert "死亡0→2人" in news, news
    assert "失踪11→9人" in news
    assert "陶日（望山县应急管理局）：又挖出两人" in news

    refused = await live.refusal(
        case, "resolve", BUREAU, Role.DUTY_OFFICER, person="tao_ri", text="已搜救完毕"
    )
    assert "重大事项由分管领导或其上级办结" in refused
    ended = await live.act(
        case, "resolve", "government", Role.LEADER, person=VICE_MAYOR, text="全部找到，道路已通"
    )
    assert ended in ("applied", "waits")
    told = await live.reads(HEAD_OF_THE_BUREAU, case, "处置完毕")
    assert "李丁（望烽市人民政府）：全部找到，道路已通" in told
    assert (await live.case(case)).status is CaseStatus.RESOLVED
