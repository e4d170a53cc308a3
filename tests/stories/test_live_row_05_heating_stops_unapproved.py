"""Through the running system: heating stops and nobody approved it. The firm, its bureau and the organ are rung with
how many are cold; the firm stays silent and answers for it; the leaders see on a map where it is cold, and day by day
where people complain, with a form or without. Rows 5, 34.
"""

import html
import re
from datetime import UTC, datetime
from typing import Any

import httpx2

from services.notifier.messages.aloud import aloud
from shared.vocabulary import Language, ReportKind, Role
from tests.forms.given import OUTAGE
from tests.lab import until
from tests.stories.live import Live

UNIT, FIRM_HEAD, ORGAN_HEAD = "wangshan_info_centre", "lu_hai", "feng_ren"
SHORT = "望烽供热公司、供热、影响户数 3,200户、停供时间 11-23 10:00、是否经批准 否"


def outage(**fields: Any) -> dict[str, Any]:
    return {"id": "outage", "fields": {**OUTAGE, **fields}}


async def test_a_firm_that_neither_restores_nor_shows_an_approval_is_sanctioned(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    case = await live.report(
        UNIT, level="II", area="620602", topic="heating", summary="望烽热力主管停暖", form=outage()
    )
    leader = await live.hears("zhao_jia", case, "望烽热力主管停暖")
    assert aloud(SHORT, Language.ZH) in leader, "who is cold, since when, and that nobody approved it"
    firm = await live.reads(FIRM_HEAD, case, "恢复供应或出示批准文件")
    assert f"〔{SHORT}〕" in firm
    organ = await live.reads(ORGAN_HEAD, case, "擅自停供核查")
    assert SHORT in organ
    desk = await live.desk(f"/cases/{case}", "discipline_organ", Role.DISCIPLINE, person=ORGAN_HEAD)
    assert "<h2>停供登记</h2>" in desk
    assert "<dd>3,200户</dd>" in desk

    lapse = await live.reads(FIRM_HEAD, case, "【烽火·逾期】", "恢复供应或出示批准文件")
    assert "望烽供热公司" in lapse
    sanction = await _of_the_firm(live, case)
    await live.hears(FIRM_HEAD, sanction, "情况说明", "恢复供应或出示批准文件未按时限完成：望烽热力主管停暖")
    decided = await live.act(
        sanction, "decide-measure", "discipline_organ", Role.DISCIPLINE, person=ORGAN_HEAD,
        measure="notice_of_criticism", text="供热期内擅自停供",
    )  # fmt: skip
    assert decided == "applied"
    assert "供热期内擅自停供" in await live.reads(FIRM_HEAD, sanction, "通报批评")

    more = await live.report(
        "hotline_centre", kind="complaint", category=None, area="620622", topic="heating",
        summary="来电反映停暖", form=outage(area="620622", households=80),
    )  # fmt: skip
    assert (
        await live.act(
            case, "follow-up", UNIT, text="扩大", form={"id": "outage", "fields": {"households": 4100}}
        )
        == "applied"
    )

    async def both() -> str | None:
        page = await trail.get(
            "/reports/forms", params={"form": "outage", "topic": "heating"},
            headers={**_cookie(live), "Accept-Language": "zh"},
        )  # fmt: skip
        return page.text if "4,100</a>" in page.text and ">80</a>" in page.text else None

    page = await until(both, what="the map has both, each once, as it stands now")
    assert page
    assert "影响户数（户）分布（停供区域 × 供应企业）" in page
    assert 'class="number heat5"' in page
    assert "烽山区" in page
    assert "望烽供热公司" in page
    assert more not in page.split("<section", 1)[0]
    story = (await trail.get(f"/api/v1/cases/{case}/story", params={"language": "en"})).json()
    assert any(
        "outage: supplier Wangfeng Heating Company" in line
        for one in story["moments"]
        for line in one["followed"]
    )


async def test_those_who_call_without_a_form_stand_on_the_map_of_complaints_too(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    topic = "gas"
    plain = [
        await live.report(
            "hotline_centre", kind="complaint", category=None, area=area, topic=topic, summary="来电反映停气"
        )
        for area in ("620622", "620622", "620622100")
    ]
    with_form = await live.report(
        "hotline_centre", kind="complaint", category=None, area="620622", topic=topic, summary="整栋停气",
        form=outage(area="620622", service="gas", households=36),
    )  # fmt: skip
    asked = {"topic": topic, "since": datetime.now(UTC).replace(hour=0, minute=0, second=0).isoformat()}

    async def counted() -> dict[str, Any] | None:
        answer = await trail.get("/api/v1/reports/complaints", params=asked)
        assert answer.status_code == 200, answer.text
        report = answer.json()
        return report if report["whole"]["complaints"] >= 4 and report["whole"]["with_form"] else None

    report = await until(counted, what="all four are counted")
    assert report
    (county,) = report["areas"]
    assert (county["area"], county["complaints"], county["households"]) == ("620622", 4, 36)

    page = (
        await trail.get(
            "/reports/complaints", params={"topic": topic}, headers={**_cookie(live), "Accept-Language": "zh"}
        )
    ).text
    words = re.sub(r"<[^>]+>", "", page)
    assert (
        "共 4 件诉求，其中 1 件填报了户数，按来电人所述合计 36 户；其余 3 件未说明户数，只计件数，不计户数。"
        in words
    )
    assert "群众诉求件数（地区 × 日期）" in words
    assert 'class="number heat5"' in page
    assert "望山县" in words
    link = re.search(r'href="(/reports/records[?][^"]+)">4</a>', page)
    assert link is not None
    opened = (
        await trail.get(html.unescape(link[1]), headers={**_cookie(live), "Accept-Language": "zh"})
    ).text
    for case in (*plain, with_form):
        assert case in opened, "no figure without its records"
    english = (
        await trail.get(
            "/reports/complaints", params={"topic": topic}, headers={**_cookie(live), "Accept-Language": "en"}
        )
    ).text
    assert "Of the other 3 nobody has said how many" in re.sub(r"<[^>]+>", "", english)


async def _of_the_firm(live: Live, case: str) -> str:
    async def found() -> str | None:
        answer = await live.http.get(
            "/api/v1/cases",
            params={"parent": case, "kind": ReportKind.ACCOUNTABILITY},
            headers=live.lab.bearer(Role.AUDITOR),
        )
        for card in answer.json()["cases"]:
            if (await live.case(card["id"])).report.unit == "heating_company":
                return card["id"]
        return None

    return await until(found, what="the firm answers for it") or ""


def _cookie(live: Live) -> dict[str, str]:
    return {"Cookie": f"fenghuo_token={live.lab.token(Role.AUDITOR)}"}
