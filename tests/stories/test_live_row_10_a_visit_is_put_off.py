"""Through the running system: a visit is announced and put off, the limit of its record moves with it; a case is taken on
the spot, each of the two pages leads to the other, and the visit's record names it in words. Row 10.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.case import Case
from shared.vocabulary import ReportKind, Role
from tests.stories.live import Live, spell

COUNTY, HEAD, BUREAU = "wangshan_government", "wei_huang", "water_bureau"
CITY = ZoneInfo("Asia/Shanghai")
TOLD = "北坡村十七户饮水困难"


def record_of(case: Case) -> datetime:
    (due_at,) = [duty.due_at for duty in case.duties if duty.rule == "visit_record"]
    return due_at


async def test_a_visit_that_is_put_off_has_its_record_later_and_what_it_takes_home_is_tied_to_it(
    live: Live,
) -> None:
    first = datetime.now(CITY).replace(microsecond=0) + timedelta(days=3)
    later = first + timedelta(days=4)
    fields = {"leader": HEAD, "place": "北坡村", "at": first.isoformat()}
    visit = await live.report(
        COUNTY,
        Role.DUTY_OFFICER,
        kind="visit",
        category=None,
        summary="县长走访北坡村",
        form={"id": "visit", "fields": fields},
    )
    record = record_of(await live.case(visit))
    assert record == first + spell(days=3), "three days after the visit"
    moved = {"id": "visit", "fields": {"at": later.isoformat()}}
    assert await live.act(visit, "follow-up", COUNTY, text="大雪封路，改期", form=moved) == "applied"
    assert record_of(await live.case(visit)) == record + timedelta(days=4)
    page = await live.desk(f"/cases/{visit}", COUNTY)
    assert f"{later:%m-%d %H:%M}" in page
    assert "举行时间已变更" in page

    said: dict[str, Any] = {"becomes": "petition", "summary": TOLD, "text": "水井干枯，取水要走五里"}
    assert "现场受理事项" in page, "the desk offers it"
    assert await live.act(visit, "take-up", COUNTY, person=HEAD, **said) == "applied"
    petition = await live.raised(visit, ReportKind.PETITION)
    taken = await live.case(petition)
    assert (taken.report.summary, taken.report.details, taken.report.parent) == (TOLD, said["text"], visit)
    assert {duty.rule for duty in taken.duties} == {"petition_route"}

    page = await live.desk(f"/cases/{visit}", COUNTY)
    assert f'href="/cases/{petition}"' in page
    assert f"现场受理“{TOLD}”" in page, "the record of the visit names it"
    page = await live.desk(f"/cases/{petition}", COUNTY)
    assert f'走访接访时受理</dt><dd><a href="/cases/{visit}">县长走访北坡村</a>' in page
    english = await live.desk(f"/cases/{visit}", COUNTY, language="en")
    assert f"took a case on the spot, “{TOLD}”" in english


async def test_only_a_visit_takes_cases_on_the_spot_and_only_whoever_holds_it_does(live: Live) -> None:
    visit = await live.report(COUNTY, Role.DUTY_OFFICER, kind="visit", category=None, summary="县长接访")
    dispute = await live.report(COUNTY, kind="dispute", category="public_security", summary="宅基地纠纷")
    said: dict[str, Any] = {"becomes": "petition", "summary": TOLD}
    assert "只有走访接访时才能现场受理" in await live.refusal(dispute, "take-up", COUNTY, **said)
    becomes = await live.refusal(visit, "take-up", COUNTY, becomes="incident", summary=TOLD)
    assert "只能立为矛盾纠纷、隐患或信访" in becomes
    assert "summary" in await live.refusal(visit, "take-up", COUNTY, becomes="petition")
    stranger = await live.refusal(visit, "take-up", BUREAU, **said)
    assert '"status":403' in stranger
    headers = live.lab.bearer(Role.AUDITOR)
    answer = await live.http.get("/api/v1/cases", params={"parent": visit}, headers=headers)
    assert answer.json()["cases"] == []
