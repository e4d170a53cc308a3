"""Through the running system: how lateness is pursued is drafted, decided by a meeting, and comes into force with the
meeting's resolution, which is a file; whatever has begun keeps what it began under. Rows 33, 42.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from shared.vocabulary import Role
from tests.intake.pictures import png
from tests.lab import until
from tests.stories.live import Live

OFFICE = "party_office"
RESOLUTION = "会议同意《责任追究办法（修订稿）》，自即日起施行。"


async def test_a_draft_is_in_force_only_with_the_resolution_of_a_meeting_and_never_for_what_has_begun(
    live: Live,
) -> None:
    before = await live.report("wangshan_info_centre", level="IV", summary="仓库起火")
    meeting = await called(live)
    headers = live.lab.bearer(Role.LEADER, unit=OFFICE)
    answer = await live.http.post(f"/api/v1/cases/{meeting}/close", json={}, headers=headers)
    assert answer.status_code == 422, "a meeting ends with its resolution"

    async with httpx2.AsyncClient(base_url=f"{live.escalator}/api/v1/policy", timeout=30) as policy:
        text = live.lab.policy.read_text(encoding="utf-8").replace('"2026-11-01"', '"2026-12-01"', 1)
        drafter = live.lab.bearer(Role.SUPERVISOR, person="chen_gui")
        draft = await policy.post("/versions", content=text.encode(), headers=drafter)
        assert draft.status_code == 201, draft.text

        async def approve(**body: Any) -> httpx2.Response:
            leader = live.lab.bearer(Role.LEADER, person="wu_ji")
            return await policy.post(f"/versions/{draft.json()['id']}/approve", json=body, headers=leader)

        for body in ({}, {"meeting": before}, {"meeting": meeting}):
            refused = await approve(**body)
            assert refused.status_code == 422, refused.text
            assert refused.json()["errors"][0]["field"] == "meeting"
        await resolved(live, meeting)

        async def is_asked_for_the_file() -> bool:
            refused = await approve(meeting=meeting, file="0" * 64)
            return refused.json()["errors"][0]["field"] == "file"

        await until(is_asked_for_the_file, what="the meeting's resolution is known")
        approved = await approve(meeting=meeting)
        assert approved.status_code == 200, approved.text
        resolution = approved.json()["approvals"][-1]["resolution"]
        assert (resolution["meeting"], resolution["file"]["name"]) == (meeting, "会议纪要.png")

    after = await live.report("wangshan_info_centre", level="IV", summary="又一仓库起火")
    assert (await live.case(after)).policy.startswith("2026-12-01 ")
    assert (await live.case(before)).policy.startswith("2026-11-01 "), "frozen on each case"


async def test_a_meeting_has_its_resolution_on_its_page_and_tasks_come_of_it(live: Live) -> None:
    meeting = await called(live)
    await resolved(live, meeting)
    tasks = [{"title": "修订预案", "unit": "emergency_bureau", "within": "P3D"}]
    assert await live.act(meeting, "assign", OFFICE, Role.LEADER, tasks=tasks) == "applied"
    cookie = f"fenghuo_token={live.lab.token(Role.LEADER, unit=OFFICE)}"
    page = await live.http.get(f"/cases/{meeting}", headers={"Cookie": cookie, "Accept-Language": "zh"})
    for words in ("会议纪要", RESOLUTION, "会议纪要.png", "修订预案", "市委常委会"):
        assert words in page.text, words


async def called(live: Live) -> str:
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    fields = {"name": "市委常委会", "at": at, "chair": "zhao_jia", "place": "市委三楼会议室"}
    return await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        category=None,
        topic="meeting",
        area="620600",
        summary="研究责任追究办法",
        form={"id": "meeting", "fields": fields},
    )


async def resolved(live: Live, meeting: str) -> None:
    headers = live.lab.bearer(Role.LEADER, unit=OFFICE)
    uploaded = await live.http.post(
        "/api/v1/files", content=png(size=30), params={"name": "会议纪要.png"}, headers=headers
    )
    assert uploaded.status_code in (200, 201), uploaded.text
    form = {"id": "meeting", "fields": {"resolution": RESOLUTION}}
    acted = await live.act(
        meeting, "follow-up", OFFICE, Role.LEADER, text="会议已召开", form=form, files=[uploaded.json()]
    )
    assert acted == "applied"
