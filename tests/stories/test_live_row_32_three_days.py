"""Through the running system: after the meeting every unit reports its problems within three days; the office splits
them into tasks, hands the notice round, and follows each to its verified closure. Rows 4, 32.
"""

import io

import docx

from shared.case import TaskState
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

OFFICE, COUNTY, BUREAU = "party_office", "wangshan_government", "housing_bureau"
HEAD, COUNTY_HEAD = "xu_you", "wei_huang"


async def test_collected_split_handed_round_and_followed_to_the_last(live: Live) -> None:
    asked = [{"title": "会后三日内报送问题清单", "every": "unit", "within": "PT9S"}]
    collected = await live.report(
        OFFICE,
        Role.LEADER,
        kind="campaign",
        category=None,
        area="620600",
        summary="市委会议：查问题",
        tasks=asked,
    )
    await until(lambda: live.heard(COUNTY_HEAD, collected), what="a county is rung")
    told = live.heard(COUNTY_HEAD, collected)[0]
    assert "会后三日内报送问题清单" in told
    assert "市委办公室" in told, "who asks"
    tasks = {str(task.unit): task for task in (await live.case(collected)).tasks}
    assert COUNTY in tasks
    fields = {
        "sector": "other",
        "grade": "general",
        "place": "县城东街",
        "measure": "更换路灯",
        "owner": COUNTY_HEAD,
    }
    form = {"id": "inventory_item", "fields": fields | {"due": "2099-01-01"}}
    assert await live.act(collected, "register", COUNTY, summary="东街路灯不亮", form=form) == "applied"
    done = await live.act(collected, "complete", COUNTY, task=str(tasks[COUNTY].id), text="一项")
    assert done == "applied"
    shown = await page(live, f"/cases/{collected}/campaign")
    assert "东街路灯不亮" in shown
    assert f'href="/report?kind=task&amp;parent={collected}"' in shown, "from the ledger to its tasks"

    split = [
        {"title": "更换东街路灯", "unit": BUREAU, "within": "P5D"},
        {"title": "摸排其余路段", "unit": COUNTY, "within": "P5D"},
    ]
    case = await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        category=None,
        topic="meeting_report",
        area="620600",
        summary="查问题任务分解",
        parent=collected,
        tasks=split,
    )
    await until(lambda: live.heard(HEAD, case), what="the bureau is rung")
    assert "更换东街路灯" in live.heard(HEAD, case)[0]
    address = f"/cases/{case}/documents/assignment"
    notice, file = await page(live, address), await word_file(live, address)
    for words in ("交办通知", "主送：", "望山县人民政府", "更换东街路灯", "摸排其余路段", "市委办公室交办〔"):
        assert words in notice, words
        assert words in file, words
    assert "Notice of assignment" in await page(live, address, "en")
    assert f"{address}?format=docx" in await page(live, f"/cases/{case}")

    taken = await live.at_link(HEAD, case, "duty", choice="accepted", task="t1")
    assert "已签收" in taken.text
    for number, unit in ((1, BUREAU), (2, COUNTY)):
        assert await live.act(case, "complete", unit, task=f"t{number}", text="已办结") == "applied"
        assert (
            await live.act(case, "verify", OFFICE, Role.LEADER, task=f"t{number}", text="属实") == "applied"
        )
    assert await live.act(case, "close", OFFICE, Role.LEADER, text="销号") == "applied"
    assert {task.state for task in (await live.case(case)).tasks} == {TaskState.VERIFIED}
    await until(
        lambda: "overdue" in live.rung("you_shen", collected), what="who has not reported is rung", seconds=60
    )


async def page(live: Live, path: str, language: str = "zh") -> str:
    cookie = f"fenghuo_token={live.lab.token(Role.LEADER, unit=OFFICE)}"
    answer = await live.http.get(path, headers={"Cookie": cookie, "Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer.text


async def word_file(live: Live, address: str) -> str:
    """The text of the document as it is handed round."""
    cookie = f"fenghuo_token={live.lab.token(Role.LEADER, unit=OFFICE)}"
    headers = {"Cookie": cookie, "Accept-Language": "zh"}
    answer = await live.http.get(address, params={"format": "docx"}, headers=headers)
    assert answer.status_code == 200, answer.text
    file = docx.Document(io.BytesIO(answer.content))
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in file.paragraphs), *cells])
