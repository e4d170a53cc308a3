"""Welfare before the festival: the county hands in its list with the signed sheet, whoever ordered it is rung, opens the
sheet by the link and verifies. Row 7.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import httpx2

from shared.case import TaskState
from shared.vocabulary import Role
from tests.intake.pictures import png
from tests.lab import until
from tests.stories.live import Live

OFFICE, HEAD = "civil_affairs", "fan_cang"
COUNTY, MAGISTRATE = "shaquan_government", "yan_yu"
SHEET = png(size=77)


async def test_a_signed_delivery_sheet_is_seen_by_link_and_on_the_page_and_then_verified(live: Live) -> None:
    due_at = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    case = await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        category=None,
        area="620600",
        topic="welfare",
        summary="节前慰问到户",
        tasks=[{"title": "慰问品发放到户", "unit": COUNTY, "due_at": due_at}],
    )
    await until(lambda: "duty" in live.rung(MAGISTRATE, case), what="the county is rung")
    assert "慰问品发放到户" in live.heard(MAGISTRATE, case)[0]
    taken = await live.at_link(MAGISTRATE, case, "duty", choice="accepted", task="t1")
    assert "已签收" in taken.text

    uploaded = await live.http.post(
        "/api/v1/files",
        content=SHEET,
        params={"name": "签收表.png"},
        headers=live.lab.bearer(Role.REPORTER, unit=COUNTY),
    )
    sheet = uploaded.json()
    row = {"household": "沙-017", "by": "民政所", "on": datetime.now(UTC).date().isoformat()}
    block = {"what": "米面油", "area": "620621", "planned": 132, "delivered": 132, "list": [row]}
    filed = await live.act(
        case,
        "file",
        COUNTY,
        task="t1",
        document="receipt",
        text="132 户全部签收",
        form={"id": "delivery_list", "fields": block},
        files=[{"sha256": sheet["sha256"], "name": sheet["name"]}],
    )
    assert filed == "applied"
    assert await live.act(case, "complete", COUNTY, task="t1", text="132 户，签收表附后") == "applied"
    found = await live.case(case)
    assert [(file.name, file.sha256) for file in found.files] == [
        ("签收表.png", hashlib.sha256(SHEET).hexdigest())
    ]

    await until(lambda: live.link(HEAD, case, "news"), what="whoever ordered it is told, with a link")
    await live.reads(HEAD, case, "签收清单", "132 户全部签收")
    link = live.link(HEAD, case, "news")
    assert link
    async with httpx2.AsyncClient() as phone:
        page = await phone.get(link)
        assert "节前慰问到户" in page.text
        assert "签收表.png" in page.text
        opened = await phone.get(f"{link}/files/{sheet['sha256']}")
        assert (opened.status_code, opened.content) == (200, SHEET)

    desk = await live.http.get(
        f"/cases/{case}",
        headers={
            "Cookie": f"fenghuo_token={live.lab.token(Role.LEADER, unit=OFFICE)}",
            "Accept-Language": "zh",
        },
    )
    assert desk.status_code == 200, desk.text
    for shown in ("已发户数", "132", "沙-017", f"/cases/{case}/files/{sheet['sha256']}"):
        assert shown in desk.text, shown
    stranger = live.lab.bearer(Role.REPORTER, unit="heating_company")
    refused = await live.http.get(f"/api/v1/cases/{case}/files/{sheet['sha256']}", headers=stranger)
    assert refused.status_code == 403, "the sheet names people: not for a unit without a part in it"

    assert await live.act(case, "verify", OFFICE, Role.LEADER, task="t1", text="抽查 10 户属实") == "applied"
    (task,) = (await live.case(case)).tasks
    assert task.state is TaskState.VERIFIED
