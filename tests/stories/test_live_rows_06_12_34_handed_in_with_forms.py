"""Through the running system: what is handed in with a form is typed, told, seen and added up: prices by point with
the missing one named, welfare by county, a visit planned ahead, roads section by section, fuel below its threshold.
Rows 6, 7, 10, 12, 34, 35, 36.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from shared.standing import own_watch, standing_case
from shared.vocabulary import Document, Role
from tests.forms.given import STOCK
from tests.lab import until
from tests.stories.live import Live

POINTS = ("shaquan_info_centre", "wangshan_info_centre")
MISSING = "beacon_hill_info_centre"
FIRM = "heating_company"


async def hands_in(live: Live, case: str, unit: str, document: Document, form: str, **fields: Any) -> str:
    await until(lambda: _is_there(live, case), what=f"the case that watches {unit}")
    block = {"id": form, "fields": fields}
    officer = Role.DUTY_OFFICER
    return await live.act(case, "file", unit, officer, document=document, text="见表单", form=block)


async def _is_there(live: Live, case: str) -> bool:
    answer = await live.http.get(f"/api/v1/cases/{case}", headers=live.lab.bearer(Role.AUDITOR))
    return answer.status_code == 200


async def page_of(live: Live, trail: httpx2.AsyncClient, form: str, *words: str, **asked: str) -> str:
    """The page of the report, once all of these words stand on it."""
    headers = {"Cookie": f"fenghuo_token={live.lab.token(Role.AUDITOR)}", "Accept-Language": "zh"}

    async def told() -> str | None:
        page = (await trail.get("/reports/forms", params={"form": form, **asked}, headers=headers)).text
        return page if all(word in page for word in words) else None

    return await until(told, what=f"the report over {form} says {words}") or ""


async def test_each_point_hands_in_its_prices_and_the_missing_one_is_named(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    cases = {unit: standing_case("periodic", own_watch("price_reading", unit)) for unit in (*POINTS, MISSING)}
    today = (datetime.now(UTC) - timedelta(hours=8)).date()
    for day, price in ((today - timedelta(days=1), 1.8), (today, 2.4)):
        for unit in POINTS:
            rows = [
                {"item": "白菜", "price": price, "unit": "jin"},
                {"item": "面粉", "price": 2.6, "unit": "jin"},
            ]
            done = await hands_in(
                live, cases[unit], unit, Document.READING, "reading", point=unit, day=str(day), items=rows
            )
            assert done == "applied"
    wrong = await live.refusal(
        cases[POINTS[0]], "file", POINTS[0], Role.DUTY_OFFICER, document="reading", text="x",
        form={"id": "reading", "fields": {"point": POINTS[0], "day": str(today), "items": [{"item": "米", "price": 1.234, "unit": "jin"}]}},
    )  # fmt: skip
    assert "form.fields.items.0.price" in wrong
    named = await live.reads("ge_shou", cases[MISSING], "【烽火·逾期】", "价格监测报数")
    assert "烽山区信息中心" in named
    page = await page_of(live, trail, "reading", "缺报：", "白菜", "<polyline", "1.80–2.40")
    assert "烽山区信息中心" in page.split("缺报：")[1].split("。")[0]


async def test_a_list_is_followed_county_by_county_and_a_section_check_with_its_findings(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    welfare, roads = (standing_case("periodic", rule) for rule in ("welfare", "road_check"))
    for delivered, area in ((40, "620602"), (90, "620602"), (10, "620622")):
        done = await hands_in(
            live, welfare, "civil_affairs", Document.RECEIPT, "delivery_list",
            what="米面油", area=area, planned=100, delivered=delivered,
            list=[{"household": "H-0412", "by": "网格员李某", "on": "2026-11-20"}],
        )  # fmt: skip
        assert done == "applied"
    page = await page_of(live, trail, "delivery_list", "90.0%", "10.0%")
    assert "已发户数进度（按地区）" in page
    assert "烽山区" in page
    only = await page_of(live, trail, "delivery_list", "10.0%", area="620622")
    assert "90.0%" not in only
    sections = [
        {"section": "K12–K15", "finding": "护栏缺失 40 米", "grave": True, "action": "设围挡，三日内修复"},
        {"section": "K15–K18", "finding": "无"},
    ]
    bare = [{"section": "K12–K15", "finding": "护栏缺失 40 米", "grave": True}]
    await until(lambda: _is_there(live, roads), what="the roads' case")
    refused = await live.refusal(
        roads, "file", "transport_bureau", Role.DUTY_OFFICER, document="review", text="查毕",
        form={"id": "section_check", "fields": {"road": "烽沙路", "sections": bare}},
    )  # fmt: skip
    assert "form.fields.sections.0.action" in refused, "no grave finding without what is done about it"
    done = await hands_in(
        live, roads, "transport_bureau", Document.REVIEW, "section_check", road="烽沙路", sections=sections
    )
    assert done == "applied"
    page = await page_of(live, trail, "section_check", "K12–K15", "设围挡，三日内修复")
    assert "按重大隐患" in page


async def test_a_stock_below_its_threshold_rings_the_firm_and_its_bureau_and_shows_what_it_lasts(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    case = standing_case("periodic", own_watch("stock_report", FIRM))
    for days in (9, 4):
        assert (
            await hands_in(live, case, FIRM, Document.STOCK_REPORT, "stock", **{**STOCK, "days_left": days})
            == "applied"
        )
    told = "〔望烽供热公司、煤、库存量 1,800吨、可用天数 4天、警戒天数 7天〕"
    assert told in await live.reads("lu_hai", case, "补足库存")
    assert told in await live.reads("xu_you", case, "督促补足库存")
    page = await page_of(live, trail, "stock", "可用天数（天）逐日", ">4</a>")
    assert "望烽供热公司" in page
    assert (
        await hands_in(live, case, FIRM, Document.STOCK_REPORT, "stock", **{**STOCK, "days_left": 15})
        == "applied"
    )
    assert not [
        duty
        for duty in (await live.case(case)).duties
        if duty.rule in ("stock_refill", "stock_watch") and duty.is_owed
    ]


async def test_a_visit_is_planned_ahead_seen_on_the_desk_and_owed_its_record_only_afterwards(
    live: Live,
) -> None:
    at = datetime.now(UTC) + timedelta(days=9)
    fields = {
        "leader": "wei_huang",
        "place": "北坡村",
        "area": "620622",
        "at": at.isoformat(),
        "theme": "冬季取暖",
    }
    case = await live.report(
        "wangshan_government",
        Role.DUTY_OFFICER,
        kind="visit",
        category=None,
        summary="县长走访北坡村",
        form={"id": "visit", "fields": fields},
    )
    (record,) = [duty for duty in (await live.case(case)).duties if duty.rule == "visit_record"]
    assert record.due_at > at, "nothing is owed before the visit"
    desk = await live.desk(f"/cases/{case}", "wangshan_government")
    assert "<h2>走访接访安排</h2>" in desk
    assert "<dd>北坡村</dd>" in desk
