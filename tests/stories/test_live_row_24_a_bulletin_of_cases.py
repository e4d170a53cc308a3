"""Through the running system: an order under supervision is fed back, sent back with a reason that reaches the head of the
unit, done again and closed; whoever ordered it is called when a result comes in. The month's bulletin of cases is made
from the record, names each by what it is about and how it stands, and reaches the leaders. Row 24.
"""

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import docx
import httpx2
from docx.table import Table

from shared.standing import standing_case
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Json, Live

OFFICE, HEAD = "petition_office", "chen_gui"
COUNTY, COUNTY_HEAD = "shaquan_government", "yan_yu"
OTHER, OTHER_HEAD = "wangshan_government", "wei_huang"
LEADERS = ("zhao_jia", "qian_yi")
OFFICE_LOGIN: Json = {"role": Role.SUPERVISOR, "person": HEAD}


async def test_an_order_is_sent_back_with_its_reason_and_the_bulletin_reaches_the_leaders(live: Live) -> None:
    tasks = [
        {"title": "拆除河道违建", "unit": COUNTY, "within": "P5D"},
        {"title": "恢复河堤", "unit": OTHER, "within": "PT2S"},
    ]
    order = await live.report(
        OFFICE,
        **OFFICE_LOGIN,
        kind="supervision_order",
        category=None,
        area="620621",
        summary="督办河道违建",
        tasks=tasks,
    )
    await live.hears(COUNTY_HEAD, order, "“拆除河道违建”")
    taken = await live.at_link(COUNTY_HEAD, order, "duty", choice="accepted", task="t1")
    assert "已签收" in taken.text
    done = await live.at_link(COUNTY_HEAD, order, "duty", choice="completed", task="t1", text="已拆除")
    assert "等待交办单位核验" in done.text

    called = await live.reads(HEAD, order, "核验销号", "“拆除河道违建”")
    assert "严宇（沙泉县人民政府）：已拆除" in called, "the result, and by when to check it"
    assert "前完成" in called
    assert live.link(HEAD, order, "duty"), "and where to look at it"

    back = "现场仍有地梁，请一并清除"
    sent_back = await live.act(order, "return", OFFICE, **OFFICE_LOGIN, task="t1", text=back)
    assert sent_back == "applied"
    told = await live.reads(COUNTY_HEAD, order, "退回重办", "“拆除河道违建”")
    assert f"陈癸（市信访局）：{back}" in told, "the head of the unit reads why"
    assert live.texts(OTHER_HEAD, order), "the other unit has its own task"
    assert not [text for text in live.texts(OTHER_HEAD, order) if back in text], "and hears of nothing else"

    again = await live.act(order, "complete", COUNTY, person=COUNTY_HEAD, task="t1", text="地梁已清")
    assert again == "applied"
    await live.reads(HEAD, order, "核验销号", "地梁已清")
    assert await live.act(order, "verify", OFFICE, **OFFICE_LOGIN, task="t1", text="实地核验") == "applied"
    await live.reads(OTHER_HEAD, order, "【烽火·逾期】", "督办反馈")

    record = await live.record()
    period = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m}"
    bulletin = await until(lambda: made(live, record, period), seconds=30, what="the bulletin of this month")
    assert bulletin
    text = text_of(bulletin)
    for words in (
        "望烽市督办简报（",
        "督办河道违建",
        "拆除河道违建",
        "已销号（",
        "恢复河堤",
        "逾期事项",
        "各单位办理情况",
        "沙泉县人民政府",
    ):
        assert words in text, words
    assert "t1" not in text

    counted = await record.get(
        "/api/v1/reports/supervision", params={"records": True}, headers=live.lab.bearer(Role.SUPERVISOR)
    )
    units = {line["unit"]: line for line in counted.json()["units"]}
    steps = ("ordered", "taken_on", "fed_back", "returned", "closed", "overdue")
    assert [units[COUNTY][step] for step in steps] == [1, 1, 2, 1, 1, 0]
    assert [units[OTHER][step] for step in steps] == [1, 0, 0, 0, 0, 1]
    assert units[OTHER]["records"]["overdue"], "each figure names its records"

    watch = standing_case("periodic", "case_bulletin")
    bearer = {**live.lab.bearer(Role.LEADER, unit=OFFICE), "Accept-Language": "zh"}
    bare = await live.http.post(
        f"/api/v1/cases/{watch}/file", json={"document": "case_bulletin", "text": "已完成"}, headers=bearer
    )
    assert bare.status_code == 422
    assert "须附据存证编制、未经改动的督办简报" in bare.json()["errors"][0]["message"]
    uploaded = await live.http.post(
        "/api/v1/files", content=bulletin, params={"name": "督办简报.docx"}, headers=bearer
    )
    filed = await live.act(
        watch,
        "file",
        OFFICE,
        Role.LEADER,
        document="case_bulletin",
        text="本月督办一件，一项逾期",
        files=[uploaded.json()],
    )
    assert filed == "applied"
    owed = [duty for duty in (await live.case(watch)).duties if duty.rule == "case_bulletin"]
    assert not [duty for duty in owed if duty.is_owed], "it was owed for the month, and is handed in"
    for person in LEADERS:
        said = await live.reads(person, watch, "督办简报", "本月督办一件，一项逾期")
        assert "case_bulletin" not in said
        assert "督办简报.docx" in (await live.at_link(person, watch, "news")).text


async def made(live: Live, record: httpx2.AsyncClient, period: str) -> bytes | None:
    """The document, once the trail has both how the one was closed and that the other is past its limit."""
    params, headers = {"period": period, "format": "docx"}, live.lab.bearer(Role.SUPERVISOR)
    answer = await record.get("/api/v1/reports/case-bulletin", params=params, headers=headers)
    if answer.status_code != 200:
        return None
    text = text_of(answer.content)
    late = text.partition("三、逾期事项")[2].partition("四、督办事项")[0]
    return answer.content if "已销号（" in text and "恢复河堤" in late else None


def text_of(content: bytes) -> str:
    """Paragraphs and tables in the order in which they are read."""
    file = docx.Document(io.BytesIO(content))
    lines: list[str] = []
    for block in file.iter_inner_content():
        if isinstance(block, Table):
            lines += [" | ".join(cell.text for cell in row.cells) for row in block.rows]
        else:
            lines.append(block.text)
    return "\n".join(lines)
