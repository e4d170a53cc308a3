"""Through the running system: how lateness is pursued is drafted, decided by a meeting, and comes into force with the
meeting's resolution, which is a file; whatever has begun keeps what it began under: on a page, as a clerk and a leader
do it, and by the interface. Rows 33, 42.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from shared.tokens import COOKIE
from shared.vocabulary import Language, Role
from tests.intake.pictures import png
from tests.lab import until
from tests.stories.live import Live
from tests.stories.plain_words import faults_in

OFFICE = "party_office"
NAMES_OF_OURS = "Fenghuo English Asia Shanghai png"
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


async def test_a_clerk_drafts_it_on_a_page_and_a_leader_puts_it_into_force_by_the_resolution(
    live: Live,
) -> None:
    before = await live.report("wangshan_info_centre", level="IV", summary="堆场起火")
    async with (
        browser(live, Role.DISCIPLINE, person="feng_ren") as clerk,
        browser(live, Role.LEADER, person="wu_ji") as leader,
    ):
        page = await read(clerk, "/")
        for words in (
            "现行制度",
            "逾期追责档次",
            "该单位第 2 次及以上逾期未履行",
            "书面检查",
            "谁应在多长时间内向谁履行",
        ):
            assert words in page, words
        assert faults_in(seen(page), Language.ZH, NAMES_OF_OURS) == []
        change = link_to(page, "/change")

        # A slip of the pen costs nothing: what was typed is there again, with what to write instead.
        typed = {"version": "2027-01-01", "measure.1": "admonitory_talk", "late_by.1": "二十"}
        answer = await clerk.post(change, data={**typed, "do": "save"})
        assert answer.status_code == 422
        for words in ("请填写数字", 'value="二十"', 'value="2027-01-01"'):
            assert words in answer.text, words
        typed["late_by.1"] = "20"
        answer = await clerk.post(change, data={**typed, "late_by.1:unit": "seconds", "do": "check"})
        assert answer.status_code == 200, answer.text
        for words in ("逾期 20 秒以上", "约谈", "可以执行"):
            assert words in seen(answer.text), words
        answer = await clerk.post(change, data={**typed, "late_by.1:unit": "seconds", "do": "save"})
        assert answer.status_code == 303, answer.text
        draft = answer.headers["location"].partition("?")[0]

        # What it would have changed in what is on record, and the meeting that decides on it.
        page = await read(clerk, f"{draft}/trial?days=7")
        assert "若按本版本办理" in page
        assert "件事项和值守中" in page
        meeting = await called(live)
        page = await until_read(clerk, draft, f'value="{meeting}"')
        assert "市委常委会" in page
        answer = await clerk.post(f"{draft}/submit", data={"meeting": meeting})
        assert answer.status_code == 303, answer.text

        # A second person, and not before the resolution is written down and handed in.
        page = await read(leader, draft)
        for words in ("冯壬起草", "提交会议审议", "会议尚未填写决议", "批准本版本", "约谈"):
            assert words in seen(page), words
        assert (await clerk.post(f"{draft}/approve", data={"meeting": meeting})).status_code == 403
        refused = await leader.post(f"{draft}/approve", data={"meeting": meeting, "in_force_from": ""})
        assert refused.status_code == 422
        assert "决议" in refused.text
        await resolved(live, meeting)
        await until_read(leader, draft, RESOLUTION)
        answer = await leader.post(f"{draft}/approve", data={"meeting": meeting, "in_force_from": ""})
        assert answer.status_code == 303, answer.text

        page = await read(leader, answer.headers["location"])
        for words in ("现行有效", "已批准", "吴己批准", "会议纪要.png"):
            assert words in seen(page), words
        assert faults_in(seen(page), Language.ZH, NAMES_OF_OURS) == []
        page = await read(leader, "/?lang=en")
        for words in ("Policy in force · 2027-01-01", "Approved", "会议纪要.png", "admonitory talk"):
            assert words in seen(page), words

        after = await live.report("wangshan_info_centre", level="IV", summary="堆场又起火")
        assert (await live.case(after)).policy.startswith("2027-01-01 ")
        assert not (await live.case(before)).policy.startswith("2027-01-01 "), "frozen on each case"

        # What was in force before may come back, by a resolution as well.
        earlier = change.removesuffix("/change")
        assert "不再有效" in await read(leader, f"{earlier}?lang=zh")
        answer = await leader.post(f"{earlier}/approve", data={"meeting": meeting})
        assert answer.status_code == 303, answer.text
        assert "现行有效" in await read(leader, earlier)


def browser(live: Live, role: Role, **who: str) -> httpx2.AsyncClient:
    """Somebody at the pages of the policy, in Chinese."""
    headers = {"Accept-Language": "zh", "Sec-Fetch-Site": "same-origin"}
    cookies = {COOKIE: live.lab.token(role, **who)}
    return httpx2.AsyncClient(base_url=live.escalator, cookies=cookies, headers=headers, timeout=30)


async def read(client: httpx2.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def until_read(client: httpx2.AsyncClient, path: str, words: str) -> str:
    async def stands_there() -> str | None:
        page = await read(client, path)
        return page if words in page else None

    return await until(stands_there, what=words) or ""


def link_to(page: str, end: str) -> str:
    link = re.search(rf'href="([^"]*{end})"', page)
    assert link is not None
    return str(link[1])


def seen(page: str) -> str:
    """What the page says, without its marks and without the lines of the file itself."""
    return re.sub(r"<[^>]+>", "", re.sub(r"<code.*?</code>", "", page, flags=re.DOTALL))


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
