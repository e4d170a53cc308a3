"""The month's analysis is a document made from the record, topic by area beside the month before; it reaches the leaders
with title and link, and whoever reads the case sees of which record it was made and that it was not changed since. A
mere "done", a note under another name and a document that somebody has changed hand nothing in. Row 9.
"""

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import docx
import httpx2

from shared.standing import standing_case
from shared.vocabulary import Language, Role
from tests.lab import until
from tests.stories.live import Live
from tests.stories.plain_words import faults_in

OFFICE = "petition_office"
LEADERS = ("zhao_jia", "qian_yi")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
WATCH = standing_case("periodic", "monthly_analysis")
PERIOD = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m}"


async def test_the_analysis_reaches_the_leaders_as_a_document_and_done_alone_is_refused(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    for _ in range(2):
        await live.report("housing_bureau", level="IV", topic="heating", summary="供热不足")
    content = await _from_the_record(trail)
    for name, file in {
        "已完成.docx": "已完成".encode(),
        "另写的.docx": _written("本月形势平稳"),
        "改动过的.docx": _changed(content),
    }.items():
        ref = await _uploaded(live, file, name)
        refused = await live.refusal(
            WATCH, "file", OFFICE, Role.LEADER, document="analysis", text="本月形势分析", files=[ref]
        )
        assert "须附据存证编制、未经改动的分析文件" in refused, name
        assert "fenghuo trail analysis" in refused, "and how to make it"
    bare = await live.refusal(WATCH, "file", OFFICE, Role.LEADER, document="analysis", text="已完成")
    assert '"field":"files"' in bare.replace(" ", "")
    claimed = {**await _uploaded(live, _changed(content), "x.docx"), "from_record": False}
    said = await live.refusal(
        WATCH, "file", OFFICE, Role.LEADER, document="analysis", text="本月形势分析", files=[claimed]
    )
    assert "files.0.from_record" in said, "nobody says so of a file but its seal"

    ref = await _uploaded(live, content, "本月形势分析.docx")
    assert ref["type"] == DOCX
    own = await _uploaded(live, _written("本办意见：加强供热调度"), "本办意见.docx")
    filed = await live.act(
        WATCH,
        "file",
        OFFICE,
        Role.LEADER,
        document="analysis",
        text="本月形势分析：供热类上升",
        files=[ref, own],
    )
    assert filed == "applied"

    for person in LEADERS:
        await until(lambda who=person: live.link(who, WATCH, "news"), what=f"{person} is told")
        said = live.texts(person, WATCH)[-1]
        assert "形势分析" in said
        assert "供热类上升" in said, "the title and what it says"
        link = live.link(person, WATCH, "news")
        assert link
        async with httpx2.AsyncClient() as phone:
            page = (await phone.get(link)).text
            _is_told_of_which_record(page)
            opened = await phone.get(f"{link}/files/{ref['sha256']}")
            assert (opened.status_code, opened.content) == (200, content)
            assert "attachment" in opened.headers["content-disposition"]
    _is_told_of_which_record(await live.desk(f"/cases/{WATCH}", OFFICE, Role.LEADER))

    async def story() -> str | None:
        text = (await trail.get(f"/api/v1/cases/{WATCH}/story")).text
        return text if "本办意见.docx" in text else None

    told = await until(story, what="the trail tells of it")
    assert told
    _is_told_of_which_record(told)


def _is_told_of_which_record(text: str) -> None:
    made, own = text.rindex("本月形势分析.docx"), text.rindex("本办意见.docx")
    assert f"据{PERIOD}-01至{PERIOD}-" in text[made : made + 400] or f"据{PERIOD}-01至{PERIOD}-" in text
    assert "此后未改动" in text
    assert "非据存证编制的文件" in text[own:]


async def _uploaded(live: Live, content: bytes, name: str) -> dict[str, Any]:
    answer = await live.http.post(
        "/api/v1/files",
        content=content,
        params={"name": name},
        headers=live.lab.bearer(Role.LEADER, unit=OFFICE),
    )
    assert answer.status_code == 201, answer.text
    return {name: value for name, value in answer.json().items() if value is not None}


def _written(text: str) -> bytes:
    file: Any = docx.Document()
    file.add_paragraph(text)
    return _saved(file)


def _changed(content: bytes) -> bytes:
    """As a word processor saves it with one figure put right."""
    file: Any = docx.Document(io.BytesIO(content))
    file.paragraphs[-1].text = "逾期 0 件"
    return _saved(file)


def _saved(file: Any) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


async def _from_the_record(trail: httpx2.AsyncClient) -> bytes:
    """As the office makes it: from the trail, up to a signed checkpoint, once it has what was reported."""

    async def about_heating() -> str | None:
        text = (await _analysis(trail, "text")).decode()
        return text if "供热" in text else None

    text = await until(about_heating, what="the analysis of this month") or ""
    assert "按主题和区域" in text
    assert not faults_in(text.split("按主题和区域")[0], Language.ZH)
    return await _analysis(trail, "docx")


async def _analysis(trail: httpx2.AsyncClient, form: str) -> bytes:
    answer = await trail.get("/api/v1/reports/analysis", params={"period": PERIOD, "format": form})
    return answer.content if answer.status_code == 200 else b""
