"""Through the running system: a campaign is laid on all units at once; each is told, lists or says that it has
none; the matrix and the ledger show it, and an item goes on as a case. Rows 4, 11, 13.
"""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl

from shared.case import Case
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

OFFICE, COUNTY, BUREAU = "emergency_office", "wangshan_government", "water_bureau"
FAULT = "二号矿井瓦斯监测失灵"
ITEM = {
    "sector": "mine",
    "grade": "major",
    "place": "望山二号矿井",
    "measure": "停产更换瓦斯传感器",
    "owner": "wei_huang",
    "due": "2099-12-05",
}


async def campaign(live: Live, **changed: object) -> str:
    due_at = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    task = {"title": "一周内排查矛盾隐患", "every": "unit", "due_at": due_at} | changed
    return await live.report(
        OFFICE, Role.LEADER, kind="campaign", category=None, area="620600", summary="大排查", tasks=[task]
    )


async def page(live: Live, path: str, language: str = "zh") -> str:
    cookie = {
        "Cookie": f"fenghuo_token={live.lab.token(Role.LEADER, unit=OFFICE)}",
        "Accept-Language": language,
    }
    answer = await live.http.get(path, headers=cookie)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_laid_on_every_unit_answered_by_two_and_seen_unit_by_unit(live: Live) -> None:
    case = await campaign(live)
    units = [task.unit for task in (await live.case(case)).tasks]
    assert {COUNTY, BUREAU, "shaquan_government", "beacon_hill_government"} <= set(units)
    assert not {OFFICE, "government", "party_committee"} & set(units), (
        "nobody above, and not the office itself"
    )
    for head in ("wei_huang", "you_shen"):
        await until(
            lambda head=head: live.texts(head, case) or live.heard(head, case), what=f"{head} is told"
        )
    told = [*live.heard("wei_huang", case), *live.texts("wei_huang", case)][0]
    assert "一周内排查矛盾隐患" in told

    bare = {"id": "inventory_item", "fields": {name: ITEM[name] for name in ("sector", "grade", "place")}}
    assert await live.act(case, "register", COUNTY, form=bare, summary=FAULT) == "applied"
    task = {str(unit): f"t{number}" for number, unit in enumerate(units, 1)}
    assert await live.act(case, "complete", COUNTY, task=task[COUNTY], text="一处") == "refused", (
        "a bare item"
    )
    whole = {"id": "inventory_item", "fields": {name: ITEM[name] for name in ("measure", "owner", "due")}}
    assert await live.act(case, "register", BUREAU, step=1, form=whole) == "refused", "another unit's item"
    assert await live.act(case, "register", COUNTY, step=1, form=whole) == "applied"
    assert await live.act(case, "complete", COUNTY, task=task[COUNTY], text="一处") == "applied"
    nil = await live.act(case, "complete", BUREAU, task=task[BUREAU], document="nil_report", text="零报告")
    assert nil == "applied"

    shown = await page(live, f"/cases/{case}/campaign")
    assert f'data-answered="2" data-asked="{len(units)}"' in shown
    assert f'data-unit="{COUNTY}" data-state="submitted"' in shown
    assert f'data-unit="{BUREAU}" data-state="nil"' in shown
    assert 'data-unit="shaquan_government" data-state="owed"' in shown
    assert "零报告" in shown
    assert "停产更换瓦斯传感器" in shown
    assert "have handed in" in await page(live, f"/cases/{case}/campaign", "en")

    answer = await live.http.get(
        f"/api/v1/cases/{case}/campaign", headers=live.lab.bearer(Role.DUTY_OFFICER, unit=OFFICE)
    )
    matrix = answer.json()
    assert (matrix["answered"], matrix["asked"]) == (2, len(units))
    assert matrix["counts"] | {"submitted": 1, "nil": 1} == matrix["counts"]


async def test_a_nil_report_sent_beside_the_task_answers_it_and_what_is_said_twice_is_said_in_words(
    live: Live,
) -> None:
    case = await campaign(live, every="government")
    county = next(task.id for task in (await live.case(case)).tasks if task.unit == COUNTY)
    asked = await live.desk(f"/cases/{case}", COUNTY)
    for offered in ("零报告", "排查清单"):
        assert offered in asked
    assert await live.act(case, "file", COUNTY, document="nil_report") == "applied"
    assert f'data-unit="{COUNTY}" data-state="nil"' in await page(live, f"/cases/{case}/campaign")
    again = await live.refusal(case, "file", COUNTY, document="nil_report")
    assert "任务已办结" in again, again

    whole = {"id": "inventory_item", "fields": ITEM}
    assert await live.act(case, "register", COUNTY, summary=FAULT, form=whole) == "applied"
    assert f'data-unit="{COUNTY}" data-state="submitted"' in await page(live, f"/cases/{case}/campaign")
    told = await live.desk(f"/cases/{case}", COUNTY)
    assert "零报告之后又登记条目，此后以清单为准" in told
    assert await live.act(case, "verify", OFFICE, Role.LEADER, task=county) == "applied"
    late = [duty for duty in (await live.case(case)).duties if duty.owed_by == COUNTY and duty.lapse]
    assert not late, "nobody says that it has not answered"


async def test_an_item_goes_on_as_a_hazard_that_keeps_its_tie_and_the_ledger_says_so(live: Live) -> None:
    case = await campaign(live, every="government")
    assert [task.unit for task in (await live.case(case)).tasks] == [
        "beacon_hill_government",
        "shaquan_government",
        COUNTY,
    ]
    form = {"id": "inventory_item", "fields": ITEM}

    async def register(**more: Any) -> str:
        return await live.act(case, "register", COUNTY, summary=FAULT, form=form, **more)

    assert await register(becomes="incident") == "refused"
    assert await register(becomes="hazard", text="重大隐患，单独跟踪") == "applied"
    (listed,) = (await live.case(case)).items
    assert listed.case is not None
    grown: str = listed.case
    hazard = await until(lambda: found(live, grown), what="the hazard is on the board")
    assert hazard is not None
    report = hazard.report
    assert (report.kind, report.parent, report.item, report.unit, report.topic) == (
        "hazard",
        case,
        1,
        COUNTY,
        "mine",
    )
    (handling,) = [duty for duty in hazard.duties if duty.rule == "handling"]
    assert handling.due_at.isoformat() == "2099-12-05T15:59:59+00:00", "owed by the date in the ledger"
    head = "tao_ri"
    await until(lambda: live.texts(head, hazard.id), what="the competent unit is told of the hazard")

    answer = await live.http.get(
        f"/api/v1/cases/{case}/ledger",
        params={"lang": "zh"},
        headers=live.lab.bearer(Role.DUTY_OFFICER, unit=OFFICE),
    )
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    items, of_units = book.worksheets
    heads, row = ([cell.value for cell in line] for line in list(items.rows)[:2])
    by_head = dict(zip(heads, row, strict=True))
    assert by_head["事项"] == FAULT
    assert (by_head["领域"], by_head["隐患等级"], by_head["整改期限"]) == (
        "煤矿及非煤矿山",
        "重大",
        "2099-12-05",
    )
    assert by_head["事项编号"] == hazard.id
    assert by_head["事项状态"] == "处置中"
    assert of_units.max_row == 4
    shown = await page(live, f"/cases/{hazard.id}")
    assert f'href="/cases/{case}/campaign"' in shown, "from the hazard back to the ledger"


async def test_a_hazard_alone_does_not_end_without_measure_owner_and_date(live: Live) -> None:
    case = await live.report(COUNTY, kind="hazard", topic="mine", summary="尾矿库渗漏")
    headers = live.lab.bearer(Role.LEADER, unit=COUNTY)
    ended: dict[str, object] = {"text": "已整改"}
    answer = await live.http.post(f"/api/v1/cases/{case}/resolve", json=ended, headers=headers)
    assert answer.status_code == 422
    assert "整改措施" in answer.text or "measure" in answer.text
    ended["form"] = {"id": "inventory_item", "fields": ITEM}
    answer = await live.http.post(f"/api/v1/cases/{case}/resolve", json=ended, headers=headers)
    assert answer.status_code in (200, 202), answer.text


async def found(live: Live, case: str) -> Case | None:
    answer = await live.http.get(f"/api/v1/cases/{case}", headers=live.lab.bearer(Role.AUDITOR))
    return await live.case(case) if answer.status_code == 200 else None
