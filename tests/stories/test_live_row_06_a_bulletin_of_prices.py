"""Through the running system: what the points read in a week is a bulletin of its own, with every price against the day
and the week before and the missing point by name; it alone does what is owed to the leaders. What is done about the
prices are tasks: told, accepted by link, done, verified. Row 6.
"""

import io
import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import docx
import httpx2

from services.audit.reports.documents.period import Week
from shared.case import DutyState, TaskState
from shared.standing import own_watch, standing_case
from shared.vocabulary import Language, Role
from tests.lab import until
from tests.stories.live import Live
from tests.stories.plain_words import faults_in

POINT, OTHER, MISSING = "wangshan_info_centre", "shaquan_info_centre", "beacon_hill_info_centre"
OFFICE, HEAD = "development_reform", "ge_shou"
LEADER = "qian_yi"
ZONE = ZoneInfo("Asia/Shanghai")
BULLETIN = standing_case("periodic", "price_bulletin")


def watch_of(point: str) -> str:
    return standing_case("periodic", own_watch("price_reading", point))


async def hands_in(live: Live, point: str, day: date, **prices: float) -> None:
    await until(lambda: is_there(live, watch_of(point)), what=f"the case that watches {point}")
    items = [{"item": item, "price": price, "unit": "jin"} for item, price in prices.items()]
    done = await live.act(
        watch_of(point), "file", point, Role.DUTY_OFFICER, document="reading", text="见表单",
        form={"id": "reading", "fields": {"point": point, "day": str(day), "items": items}},
    )  # fmt: skip
    assert done == "applied"


async def is_there(live: Live, case: str) -> bool:
    answer = await live.http.get(f"/api/v1/cases/{case}", headers=live.lab.bearer(Role.AUDITOR))
    return answer.status_code == 200


async def bulletin(trail: httpx2.AsyncClient, week: Week, form: str, language: str = "zh") -> httpx2.Response:
    asked = {"week": week.name, "format": form, "language": language}
    return await trail.get("/api/v1/reports/price-bulletin", params=asked)


async def uploaded(live: Live, content: bytes, name: str) -> dict[str, Any]:
    answer = await live.http.post(
        "/api/v1/files", content=content, params={"name": name},
        headers=live.lab.bearer(Role.DUTY_OFFICER, unit=OFFICE),
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return answer.json()


async def states(live: Live) -> set[DutyState]:
    """Of what is owed by the rule, round by round."""
    return {duty.state for duty in (await live.case(BULLETIN)).duties if duty.rule == "price_bulletin"}


async def is_owed(live: Live) -> bool:
    return await is_there(live, BULLETIN) and DutyState.OPEN in await states(live)


async def test_the_weeks_prices_are_a_bulletin_and_it_alone_discharges_what_is_owed(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    today = datetime.now(ZONE).date()
    week = Week.of(today)
    for day, greens, flour in (
        (week.before.monday, 1.5, 2.6),
        (today - timedelta(days=1), 1.8, 2.6),
        (today, 2.4, 2.6),
    ):
        await hands_in(live, POINT, day, 茼蒿=greens, 挂面=flour)
    await hands_in(live, OTHER, today, 茼蒿=2.1)
    await live.reads(HEAD, watch_of(MISSING), "【烽火·逾期】", "价格监测报数")

    async def told() -> str | None:
        text = (await bulletin(trail, week, "text")).text
        return text if "2.10" in text and "烽山区信息中心" in text else None

    text = await until(told, what="the bulletin has all that was handed in") or ""
    monday, sunday = week.monday, week.monday + timedelta(days=6)
    written = [f"{day.year}年{day.month}月{day.day}日" for day in (monday, sunday, today)]
    assert text.startswith(f"望烽市价格监测简报（{written[0]}至{written[1]}）")
    assert f"望山县信息中心 | 茼蒿 | 斤 | {written[2]} | 2.40 | +0.60（+33.3%） | " in text
    if today.weekday():
        assert f"| {written[2]} | 2.40 | +0.60（+33.3%） | +0.90（+60.0%）" in text
        assert "望山县信息中心、茼蒿、斤：2.40元" in text
        assert "，上周 1.50元" in text
    assert f"望山县信息中心 | 挂面 | 斤 | {written[2]} | 2.60 | 持平 | 持平" in text
    assert f"沙泉县信息中心 | 茼蒿 | 斤 | {written[2]} | 2.10 | – | –" in text, (
        "nothing to compare with is no change"
    )
    missing = text.split("缺报：")[1].split("。")[0]
    assert missing.startswith("烽山区信息中心（应报 "), "by name, and no point that has handed in"
    assert not re.search(r"沙泉县信息中心（应报 (\d+) 次，缺 \1 次）", missing), "of its rounds one came"
    assert not faults_in(text.split("四、")[0].split("统计口径")[0], Language.ZH, live.written)
    english = (await bulletin(trail, week, "text", "en")).text
    assert "against the week before" in english
    wrong = await trail.get(
        "/api/v1/reports/price-bulletin", params={"week": "2026-W60"}, headers={"Accept-Language": "zh"}
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "week")
    assert "请写作 2026-W48" in wrong.text

    file = (await bulletin(trail, week, "docx")).content
    saved: Any = docx.Document(io.BytesIO(file))
    assert "茼蒿" in {cell.text for table in saved.tables for row in table.rows for cell in row.cells}
    await until(lambda: is_owed(live), seconds=40, what="the bulletin is owed")
    bare = await live.refusal(
        BULLETIN, "file", OFFICE, Role.DUTY_OFFICER, document="price_bulletin", text="已完成"
    )
    assert "fenghuo trail price-bulletin" in bare, "to say that it is done hands nothing in"
    analysis = await trail.get(
        "/api/v1/reports/analysis", params={"period": f"{today:%Y-%m}", "format": "docx"}
    )
    other = await uploaded(live, analysis.content, "形势分析.docx")
    assert await live.act(
        BULLETIN, "file", OFFICE, Role.DUTY_OFFICER, document="analysis", text="形势分析", files=[other]
    ) == "applied"  # fmt: skip
    assert DutyState.DISCHARGED not in await states(live), "another document is not the bulletin"
    assert await live.act(
        BULLETIN, "file", OFFICE, Role.DUTY_OFFICER, document="price_bulletin",
        text="茼蒿涨三成，拟投放储备菜并发放补贴", files=[await uploaded(live, file, "价格监测简报.docx")],
    ) == "applied"  # fmt: skip
    assert DutyState.DISCHARGED in await states(live)
    read = await live.reads(LEADER, BULLETIN, "茼蒿涨三成")
    assert "价格监测简报" in read
    page = (await live.at_link(LEADER, BULLETIN)).text
    assert "价格监测简报.docx" in page
    assert f"据{week.monday}至{sunday}的存证编制" in page


async def test_subsidies_are_tasks_told_accepted_by_link_done_and_verified(live: Live) -> None:
    """What the bulletin leads to, each measure with a unit, a limit and an end."""
    await until(lambda: is_there(live, BULLETIN), what="the bulletin's own case")
    measures = [
        {"title": "低保户菜价补贴发放", "unit": "civil_affairs", "within": "P7D"},
        {"title": "储备菜投放 200 吨", "unit": "market_supervision", "within": "P3D"},
    ]
    case = await live.report(
        OFFICE, Role.LEADER, person=HEAD, kind="task", category=None, topic="price", area="620600",
        summary="平抑菜价", parent=BULLETIN, tasks=measures,
    )  # fmt: skip
    for person, title in (("fan_cang", "低保户菜价补贴发放"), ("xi_dong", "储备菜投放 200 吨")):
        assert f"“{title}”" in await live.hears(person, case, "烽火任务")
    page = (await live.at_link("fan_cang", case, "duty")).text
    assert "低保户菜价补贴发放" in page
    assert "接受：此后由我单位负责</button>" in page
    await live.at_link("fan_cang", case, "duty", choice="accepted", task="t1")

    async def accepted() -> bool:
        return (await live.case(case)).tasks[0].state is TaskState.ACCEPTED

    await until(accepted, what="the task is accepted by link")
    assert "已完成：签收任务" in (await live.at_link("fan_cang", case, "duty")).text
    done = await live.act(
        case, "complete", "civil_affairs", person="fan_cang", task="t1", text="3,120 户，每户 60 元，已到账"
    )
    assert done == "applied"
    own = await live.refusal(case, "verify", "civil_affairs", Role.LEADER, task="t1", text="属实")
    assert "仅交办单位可决定" in own, "nobody verifies their own work"
    checked = await live.act(
        case, "verify", OFFICE, Role.LEADER, person=HEAD, task="t1", text="抽查 20 户属实"
    )
    assert checked == "applied"
    subsidy, greens = (await live.case(case)).tasks
    assert (subsidy.state, greens.state) == (TaskState.VERIFIED, TaskState.ASSIGNED)
    early = await live.act(case, "close", OFFICE, Role.LEADER, person=HEAD, text="办结")
    assert early == "refused", "one measure is still owed"
    desk = await live.desk(f"/cases/{case}", OFFICE, Role.LEADER, person=HEAD)
    assert "3,120 户，每户 60 元，已到账" in desk
    assert "已销号" in desk
