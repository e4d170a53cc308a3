"""The month's analysis is a document made from the record, topic by area beside the month before; it reaches the leaders
with title and link, and a mere "done" hands nothing in. Row 9.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import httpx2

from shared.standing import standing_case
from shared.vocabulary import Role
from tests.lab import Running, until
from tests.stories.live import Live

OFFICE = "petition_office"
LEADERS = ("zhao_jia", "qian_yi")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def test_the_analysis_reaches_the_leaders_as_a_document_and_done_alone_is_refused(live: Live) -> None:
    for _ in range(2):
        await live.report("housing_bureau", level="IV", topic="heating", summary="供热不足")
    watch = standing_case("periodic", "monthly_analysis")
    bearer = live.lab.bearer(Role.LEADER, unit=OFFICE)
    bare = await live.http.post(
        f"/api/v1/cases/{watch}/file",
        json={"document": "analysis", "text": "已完成"},
        headers={**bearer, "Accept-Language": "zh"},
    )
    assert bare.status_code == 422
    (fault,) = bare.json()["errors"]
    assert fault["field"] == "files"
    assert "须附分析文件本身" in fault["message"]
    note = await live.http.post(
        "/api/v1/files", content="已完成".encode(), params={"name": "分析.docx"}, headers=bearer
    )
    as_text = {"document": "analysis", "text": "分析", "files": [{"sha256": note.json()["sha256"]}]}
    renamed = await live.http.post(f"/api/v1/cases/{watch}/file", json=as_text, headers=bearer)
    assert renamed.status_code == 422, "a note under another name is no document"

    content = await _from_the_record(live)
    uploaded = await live.http.post(
        "/api/v1/files", content=content, params={"name": "本月形势分析.docx"}, headers=bearer
    )
    ref = uploaded.json()
    assert (uploaded.status_code, ref["type"]) == (201, DOCX)
    filed = await live.act(
        watch, "file", OFFICE, Role.LEADER, document="analysis", text="本月形势分析：供热类上升", files=[ref]
    )
    assert filed == "applied"

    for person in LEADERS:
        await until(lambda who=person: live.link(who, watch, "news"), what=f"{person} is told")
        said = live.texts(person, watch)[-1]
        assert "形势分析" in said
        assert "供热类上升" in said, "the title and what it says"
        link = live.link(person, watch, "news")
        assert link
        async with httpx2.AsyncClient() as phone:
            page = await phone.get(link)
            assert "本月形势分析.docx" in page.text
            opened = await phone.get(f"{link}/files/{ref['sha256']}")
            assert (opened.status_code, opened.content) == (200, content)
            assert "attachment" in opened.headers["content-disposition"]


async def _from_the_record(live: Live) -> bytes:
    """As the office makes it: from the trail, up to a signed checkpoint."""
    lab = live.lab
    lab.start_mongo()
    audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S")
    period = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m}"
    try:
        text = await until(lambda: _about(live, audit, period, "供热"), what="the analysis of this month")
        assert "按主题和区域" in text
        return await _analysis(live, audit, period, "docx")
    finally:
        audit.stop()


async def _about(live: Live, audit: Running, period: str, topic: str) -> str:
    """The text, once the trail has what was reported under the topic."""
    text = (await _analysis(live, audit, period, "text")).decode()
    return text if topic in text else ""


async def _analysis(live: Live, audit: Running, period: str, form: str) -> bytes:
    params = {"period": period, "format": form}
    async with httpx2.AsyncClient(timeout=20) as http:
        answer = await http.get(
            f"{audit.url}/api/v1/reports/analysis", params=params, headers=live.lab.bearer(Role.AUDITOR)
        )
    return answer.content if answer.status_code == 200 else b""
