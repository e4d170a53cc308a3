"""Through the running system: the season's checks are owed, handed in item by item, and what they find unsound rings
whoever answers for the check, becomes a task with an owner and a limit, and is verified with its proof; heaters reach
the vulnerable, each on a list with the signed sheet. Rows 34, 35, 36, 42.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shared.case import TaskState
from shared.standing import standing_case
from shared.vocabulary import Document, Role
from tests.forms.given import OUTAGE
from tests.lab import until
from tests.stories.live import Live

OFFICER = Role.DUTY_OFFICER
PHOTOGRAPH = Path(__file__).resolve().parents[2] / "fenghuo" / "demo" / "photograph.png"


def today() -> str:
    return str((datetime.now(UTC) - timedelta(hours=8)).date())


def checklist(what: str, *items: tuple[str, str, str]) -> dict[str, Any]:
    rows = [
        {"item": item, "sound": sound, **({"finding": finding} if finding else {})}
        for item, sound, finding in items
    ]
    return {"id": "checklist", "fields": {"what": what, "on": today(), "items": rows}}


async def owed(live: Live, case: str, rule: str) -> bool:
    """The calendar has opened it: nobody has to ask for it."""
    answer = await live.http.get(f"/api/v1/cases/{case}", headers=live.lab.bearer(Role.AUDITOR))
    if answer.status_code != 200:
        return False
    return any(duty.rule == rule and duty.is_owed for duty in (await live.case(case)).duties)


async def uploaded(live: Live, unit: str, name: str) -> dict[str, Any]:
    kept = await live.http.post(
        "/api/v1/files", content=PHOTOGRAPH.read_bytes(), params={"name": name},
        headers=live.lab.bearer(OFFICER, unit=unit),
    )  # fmt: skip
    assert kept.status_code == 201, kept.text
    return kept.json()


async def counted_on(
    live: Live, trail: httpx2.AsyncClient, form: str, *words: str, language: str = "zh"
) -> str:
    headers = {"Cookie": f"fenghuo_token={live.lab.token(Role.AUDITOR)}", "Accept-Language": language}

    async def told() -> str | None:
        page = (await trail.get("/reports/forms", params={"form": form}, headers=headers)).text
        return page if all(word in page for word in words) else None

    return await until(told, what=f"the report over {form} says {words}") or ""


@pytest.mark.parametrize(
    ("rule", "title", "unit", "head", "what", "item", "finding", "given_to", "owner", "remedy"),
    [
        (
            "heating_check", "供暖季前检查", "housing_bureau", "xu_you", "南关换热站",
            "泄压阀", "锈死，不能开启", "heating_company", "lu_hai", "更换南关换热站泄压阀",
        ),
        (
            "order_check", "节前治安检查", "public_security", "yang_si", "东门集市",
            "疏散通道", "被摊位堵塞", "fire_rescue", "zhu_wu", "清通东门集市疏散通道",
        ),
        (
            "sanitation_check", "节前环境卫生检查", "housing_bureau", "xu_you", "南关社区",
            "垃圾清运", "积存三日", "water_bureau", "you_shen", "清运南关社区积存垃圾",
        ),
    ],
)  # fmt: skip
async def test_what_a_check_finds_unsound_becomes_a_task_with_an_owner_and_a_limit(
    live: Live, trail: httpx2.AsyncClient, rule: str, title: str, unit: str, head: str, what: str, item: str,
    finding: str, given_to: str, owner: str, remedy: str,
) -> None:  # fmt: skip
    case = standing_case("periodic", rule)
    await until(lambda: owed(live, case, rule), what=f"{title} is owed", seconds=60)
    desk = await live.desk(f"/cases/{case}", unit, person=head)
    assert title in desk

    bare: dict[str, Any] = {
        "document": Document.REVIEW,
        "text": "见清单",
        "form": checklist(what, (item, "faulty", "")),
    }
    refused = await live.refusal(case, "file", unit, OFFICER, **bare)
    assert "form.fields.items.0.finding" in refused, "nothing is unsound without what was found"
    handed_in = checklist(what, ("台账", "sound", ""), (item, "faulty", finding), ("标识", "mended", "已补"))
    assert (
        await live.act(case, "file", unit, OFFICER, document=Document.REVIEW, text="三项已查", form=handed_in)
        == "applied"
    )
    assert not await owed(live, case, rule)
    rung = await live.reads(head, case, "【烽火·待办】检查问题交办整改", finding)
    assert f"〔{what}、检查项 3 行、有不合格项：{item} {finding}〕" in rung, "the message says what was found"
    page = (await live.at_link(head, case, "duty")).text
    assert finding in page
    desk = await live.desk(f"/cases/{case}", unit, person=head)
    for words in (
        "<h2>检查清单</h2>",
        item,
        finding,
        "不合格",
        "检查问题交办整改",
        f"/cases/{case}/acts/assign",
    ):
        assert words in desk, words

    due_at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    task = {"title": remedy, "unit": given_to, "owner": owner, "due_at": due_at}
    assigned = await live.act(case, "assign", "emergency_office", Role.SUPERVISOR, tasks=[task])
    assert assigned == "applied"
    assert not await owed(live, case, "check_findings"), "somebody answers for it from now on, by a limit"
    told = await live.reads(owner, case, "【烽火·任务】", f"“{remedy}”")
    assert "任务时限" in told
    number = next(one.id for one in (await live.case(case)).tasks if one.title == remedy)
    answered = await live.at_link(owner, case, "duty", choice="accepted", task=number)
    assert "已签收" in answered.text
    assert "报送结果" in (await live.at_link(owner, case, "duty")).text, "what is done can be said there too"
    proof = await uploaded(live, given_to, "整改后.png")
    done = await live.act(
        case, "complete", given_to, OFFICER, task=number, text="已整改，见照片", files=[proof]
    )
    assert done == "applied"
    desk = await live.desk(f"/cases/{case}", unit, person=head)
    assert "整改后.png" in desk
    assert (
        await live.act(case, "verify", "emergency_office", Role.SUPERVISOR, task=number, text="属实")
        == "applied"
    )
    (settled,) = [one for one in (await live.case(case)).tasks if one.id == number]
    assert (settled.state, settled.owner) == (TaskState.VERIFIED, owner)

    report = await counted_on(live, trail, "checklist", what, finding)
    assert "检查项" in report
    english = await counted_on(live, trail, "checklist", what, "faulty", language="en")
    assert "seasonal" in english or "checklist" in english

    async def story() -> str | None:
        told = (await trail.get(f"/api/v1/cases/{case}/story", params={"language": "zh"})).text
        return told if "属实" in told else None

    told = await until(story, what="the record tells it to the end") or ""
    assert finding in told
    assert remedy in told


async def test_heaters_reach_the_vulnerable_each_on_a_list_with_the_signed_sheet(
    live: Live, trail: httpx2.AsyncClient
) -> None:
    firm, welfare = "heating_company", "civil_affairs"
    block = {
        **OUTAGE,
        "approved": True,
        "approval": "望住建〔2026〕12号",
        "since": datetime.now(UTC).isoformat(),
    }
    case = await live.report(
        firm, level="III", area="620602", topic="heating", summary="主管爆裂停暖",
        form={"id": "outage", "fields": block},
    )  # fmt: skip
    plan = {"plan": "heating_outage", "text": "抢修须十二小时"}
    assert await live.act(case, "invoke-plan", firm, OFFICER, **plan) == "applied"
    task = next(one for one in (await live.case(case)).tasks if one.unit == welfare)
    bearer = next(
        duty.bearer for duty in (await live.case(case)).duties if duty.task == task.id and duty.is_owed
    )
    told = await live.reads(bearer, case, "【烽火·任务】", "摸排并安置困难住户")
    assert "任务时限" in told
    assert "已签收" in (await live.at_link(bearer, case, "duty", choice="accepted", task=task.id)).text

    more = {"what": "电暖器", "area": "620621", "planned": 62, "delivered": 62}
    rows = [{"household": "H-0412", "by": "网格员李某", "on": today()}]
    unsigned = {"id": "delivery_list", "fields": {**more, "list": [{"household": "H-1"}]}}
    wrong = await live.refusal(case, "complete", welfare, OFFICER, task=task.id, text="已发", form=unsigned)
    assert "form.fields.list.0.by" in wrong, "no heater without who brought it"
    sheet = await uploaded(live, welfare, "电暖器签收表.png")
    done = await live.act(
        case, "complete", welfare, OFFICER, task=task.id, text="电暖器发放完毕，签收表附后", files=[sheet],
        form={"id": "delivery_list", "fields": {**more, "list": rows}},
    )  # fmt: skip
    assert done == "applied"
    checked = await live.reads("lu_hai", case, "办结待核验", "电暖器发放完毕")
    assert "影响户数" in checked, "the message still says what the case is about"
    desk = await live.desk(f"/cases/{case}", firm)
    for words in ("<h2>慰问发放清单</h2>", "电暖器", "62户", "H-0412", "电暖器签收表.png"):
        assert words in desk, words
    assert await live.act(case, "verify", firm, OFFICER, task=task.id, text="逐户核对") == "applied"
    page = await counted_on(live, trail, "delivery_list", "电暖器", "100.0%")
    assert "已发户数进度（按地区）" in page
    assert "沙泉县" in page
