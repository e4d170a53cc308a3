"""Through the running system: heating stops and nobody approved it. The firm, its bureau and the organ are rung with
how many are cold; the firm stays silent and answers for it; the leaders see on a map where it is cold. Rows 5, 34.
"""

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
