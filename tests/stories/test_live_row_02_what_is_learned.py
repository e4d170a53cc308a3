"""Through the running system: after the end a review is owed, with the causes it found and what happened when; what it
teaches becomes tasks that are rung and verified; all of it is a document that is saved from the page of the case. Row 2.
"""

import io
import re
from typing import Any

import docx
import httpx2

from shared.vocabulary import Language, Role
from tests.lab import until
from tests.stories.live import Live
from tests.stories.plain_words import faults_in

UNIT, HEAD = "wangshan_government", "wei_huang"


async def test_the_review_names_its_causes_and_its_lessons_are_tasks(live: Live) -> None:
    case = await live.report(
        UNIT, level="III", category="public_health", area="620622", summary="学校食堂集体呕吐"
    )
    ended = await live.act(case, "resolve", "government", Role.LEADER, person="qian_yi", text="学生全部康复")
    assert ended == "applied"
    desk = await live.desk(f"/cases/{case}", UNIT, person=HEAD)
    assert "事后复盘" in desk
    for cause in ("机制", "职责"):
        assert cause in desk, "the form asks for the causes"

    review = await live.act(
        case,
        "file",
        UNIT,
        person=HEAD,
        document="review",
        causes=["mechanism", "unclear_duty"],
        text="校方与卫健互相等待，晚报四十分钟",
    )
    assert review == "applied"
    read = await live.reads("zhou_wu", case, "【烽火·复盘】")
    assert "魏荒（望山县人民政府）：校方与卫健互相等待" in read
    lesson = {"title": "校园食安直报专线", "unit": "health_commission", "within": "P10D"}
    assert await live.act(case, "assign", "emergency_office", Role.SUPERVISOR, tasks=[lesson]) == "applied"
    assert "“校园食安直报专线”" in await live.hears("qin_wei", case, "烽火任务")
    desk = await live.desk(f"/cases/{case}", UNIT, person=HEAD)
    assert "校方与卫健互相等待，晚报四十分钟" in desk
    assert "机制" in desk.split("校方与卫健互相等待")[0] + desk.split("校方与卫健互相等待")[1]


async def test_the_review_is_a_document_with_causes_what_happened_when_and_what_became_of_its_lessons(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    case = await live.report(
        UNIT, person=HEAD, level="III", category="public_health", area="620622", summary="小学食堂集体腹泻"
    )
    early = await trail.get(f"/api/v1/cases/{case}/review", headers={"Accept-Language": "zh"})
    assert early.status_code == 404, "there is nothing to review before the end"
    assert await live.act(case, "follow-up", UNIT, person=HEAD, text="送医 12 人") == "applied"
    await live.act(case, "resolve", "government", Role.LEADER, person="qian_yi", text="学生全部返校")
    draft = await _review(trail, case, "处置完毕，距报告")
    assert draft.startswith("草稿：复盘报告尚未提交")
    assert "尚未交办整改任务" in draft

    reviewed = await live.act(
        case, "file", UNIT, person=HEAD, document="review", causes=["mechanism", "unclear_duty"],
        text="校方与卫健互相等待，晚报四十分钟",
    )  # fmt: skip
    assert reviewed == "applied"
    lessons = [
        {"title": "食堂留样双人双锁", "unit": "health_commission", "within": "P10D"},
        {"title": "校园食安直报专线", "unit": "health_commission", "within": "P10D"},
    ]
    await live.act(case, "assign", "emergency_office", Role.SUPERVISOR, tasks=lessons)
    assert (
        await live.act(case, "complete", "health_commission", task="t1", text="全县 61 所已上锁") == "applied"
    )
    assert await live.act(case, "verify", "emergency_office", Role.SUPERVISOR, task="t1") == "applied"

    text = await _review(trail, case, "项已销号")
    assert text.startswith("事后复盘报告：小学食堂集体腹泻")
    assert "认定成因：机制、职责不清。" in text
    assert "校方与卫健互相等待，晚报四十分钟" in text
    course = text.split("三、经过")[1].split("四、")[0]
    assert re.search(r"\d{4}年\d+月\d+日\d\d:\d\d \| .*报送续报 · 送医 12 人", course), course
    assert "食堂留样" not in course, "what was learned came after the end"
    lessons_told = text.split("四、整改措施")[1]
    assert "交办整改任务 2 项，其中 1 项已销号" in lessons_told
    assert re.search(r"食堂留样双人双锁 \| 市卫生健康委 \| .* \| 已销号 \| 全县 61 所已上锁", lessons_told)
    assert re.search(r"校园食安直报专线 \| 市卫生健康委 \| .* \| 未签收 \| –", lessons_told)
    assert not faults_in(text.rpartition("依据")[0], Language.ZH, live.written)

    headers = {"Cookie": f"fenghuo_token={live.lab.token(Role.AUDITOR)}", "Accept-Language": "zh"}
    page = (await trail.get(f"/cases/{case}", headers=headers)).text
    found = re.search(r'href="(/api/v1/cases/[^"]+/review\?format=docx[^"]*)"', page)
    assert found, "it is saved from the page of the case"
    file = await trail.get(found[1].replace("&amp;", "&"))
    saved: Any = docx.Document(io.BytesIO(file.content))
    assert saved.paragraphs[0].text == "事后复盘报告：小学食堂集体腹泻"
    cells = {cell.text for table in saved.tables for row in table.rows for cell in row.cells}
    assert {"全县 61 所已上锁", "未签收"} <= cells
    english = (await trail.get(found[1].split("?")[0], params={"language": "en"})).text
    assert "unclear duty" in english
    assert "What it taught, and what became of that" in english


async def _review(trail: httpx2.AsyncClient, case: str, words: str) -> str:
    """The document as text, once these words stand in it."""

    async def told() -> str | None:
        answer = await trail.get(f"/api/v1/cases/{case}/review", params={"format": "text"})
        return answer.text if answer.status_code == 200 and words in answer.text else None

    return await until(told, what=f"the review says {words}") or ""
