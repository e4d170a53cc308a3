"""Through the running system: a petition is taken, handed on and answered; who is not content has it reviewed by the
level above, and again by the level above that; closing never cancels a running review. Each answer is a letter that
says who decided what, and of whom and until when the next review may be asked for. Rows 8, 23.
"""

import io
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import docx
import httpx2

from shared.tokens import COOKIE
from shared.vocabulary import Role
from tests.stories.live import Live, spell

OFFICE, HEAD = "petition_office", "chen_gui"
COUNTY, COUNTY_HEAD, COUNTY_DESK = "shaquan_government", "yan_yu", "jin_hong"
MAYOR, SECRETARY = "qian_yi", "zhao_jia"
CITY = ZoneInfo("Asia/Shanghai")
ASKED: dict[str, Any] = {
    "id": "petition",
    "fields": {
        "sort": "land",
        "people": 23,
        "parties": "柳河村二十三户",
        "claim": "补足征地补偿款",
        "place": "柳河村",
    },
}


async def test_from_the_petition_to_the_second_review(live: Live) -> None:
    one_login: dict[str, Any] = {"role": Role.SUPERVISOR, "person": HEAD}
    case = await live.report(
        OFFICE,
        **one_login,
        kind="petition",
        category=None,
        topic="land",
        area="620621",
        summary="征地补偿款两年未兑现",
        form=ASKED,
    )
    first = await live.reads(COUNTY_DESK, case, "【烽火·初报】信访：沙泉县，征地补偿款两年未兑现")
    assert "征地拆迁" in first
    assert "23" in first
    assert "柳河村二十三户" not in first, "who they are does not go by telephone"

    handed = await live.act(case, "transfer", OFFICE, **one_login, to_unit=COUNTY, text="属地办理")
    assert handed == "applied"
    asked = await live.hears(COUNTY_HEAD, case, "移送答复")
    assert "征地补偿款两年未兑现" in asked
    assert "陈癸（市信访局）：属地办理" in asked
    accepted = await live.at_link(COUNTY_HEAD, case, "duty", choice="accepted")
    assert "已记录" in accepted.text
    assert "现由沙泉县人民政府负责" in await live.reads(HEAD, case, "【烽火·接收】")
    (taken_up,) = await letters_on_the_page(live, case, "受理告知书")
    text = await letter(live, taken_up)
    for words in (
        "信访事项受理告知书",
        f"沙泉县人民政府信访受理〔{this_year()}〕",
        "柳河村二十三户：",
        "“征地补偿款两年未兑现”一事收悉",
        "诉求：补足征地补偿款",
        "该事项由沙泉县人民政府于",
        "前书面答复您。",
        "收件人（签字）",
    ):
        assert words in text, words

    filed = await live.act(
        case, "file", COUNTY, person=COUNTY_HEAD, document="settlement", text="每亩补足三千元，十日内到账"
    )
    assert filed == "applied"
    settled = await live.reads(HEAD, case, "【烽火·处理意见】")
    assert "严宇（沙泉县人民政府）：每亩补足三千元，十日内到账" in settled
    (decision,) = await letters_on_the_page(live, case, "处理意见书")
    text = await letter(live, decision)
    answer = (await live.case(case)).answers[-1]
    assert answer.ask_by is not None
    assert answer.ask_by == answer.at + spell(days=30), "the term of the policy, on the clock of the stories"
    for words in (
        f"沙泉县人民政府信访处理〔{this_year()}〕{answer.sequence}号",
        "每亩补足三千元，十日内到账",
        "如不服本意见，可向望烽市人民政府书面请求复查",
        f"自收到本意见书之日起6 小时内；自落款日期起算，至{day(answer.ask_by)}止",
    ):
        assert words in text, words
    english = await letter(live, decision, "en")
    assert "If you do not agree, you may ask Government of Wangfeng for a review" in english
    assert await for_a_stranger(live, decision) == 404, "a unit that has no part in it"

    review = await live.act(case, "ask-review", OFFICE, **one_login, text="亩数少算了")
    assert review == "applied"
    heard = await live.hears(MAYOR, case, "信访复查")
    assert "陈癸（市信访局）：亩数少算了" in heard
    await live.act(case, "close", OFFICE, **one_login, text="已答复")
    owed = {duty.rule for duty in (await live.case(case)).duties if duty.is_owed}
    assert "petition_review" in owed, "closing never cancels a running review"
    upheld = await live.act(
        case, "review", "government", Role.LEADER, person=MAYOR, approve=True, text="亩数属实，维持"
    )
    assert upheld == "applied"
    assert "亩数属实，维持" in await live.reads(HEAD, case, "【烽火·复查复核意见】")
    (reviewed,) = await letters_on_the_page(live, case, "复查意见书")
    text = await letter(live, reviewed)
    for words in (
        f"望烽市人民政府信访复查〔{this_year()}〕",
        "对原处理意见予以维持",
        "亩数属实，维持",
        "可向中共望烽市委员会书面请求复核",
    ):
        assert words in text, words

    assert await live.act(case, "ask-review", OFFICE, **one_login, text="仍不服") == "applied"
    assert "仍不服" in await live.hears(SECRETARY, case, "信访复核")
    again = await live.refusal(
        case, "review", "government", Role.LEADER, person=MAYOR, approve=True, text="再次维持"
    )
    assert "复查" in again or "同一" in again, again
    decided = await live.act(
        case, "review", "party_committee", Role.LEADER, person=SECRETARY, approve=False, text="责成重新丈量"
    )
    assert decided == "applied"
    assert "责成重新丈量" in await live.reads(HEAD, case, "赵甲（中共望烽市委员会）")
    (last,) = await letters_on_the_page(live, case, "复核意见书")
    text = await letter(live, last)
    for words in ("中共望烽市委员会信访复核〔", "对原处理意见不予维持", "责成重新丈量", "终结意见"):
        assert words in text, words
    assert "如不服" not in text, "nobody is left to ask"
    listed = await live.http.get(
        f"/api/v1/cases/{case}/documents",
        headers=live.lab.bearer(Role.REPORTER, unit=COUNTY, person=COUNTY_HEAD),
    )
    assert [document["title"] for document in listed.json()["documents"]] == [
        "信访事项受理告知书",
        "信访事项处理意见书",
        "信访事项复查意见书",
        "信访事项复核意见书",
    ]


async def test_the_petition_office_passes_on_for_others(live: Live) -> None:
    case = await live.report(
        COUNTY,
        kind="petition",
        category=None,
        topic="land",
        area="620621",
        summary="界址在望山县境内",
        form=ASKED,
    )
    moved = await live.act(
        case,
        "transfer",
        OFFICE,
        Role.SUPERVISOR,
        person=HEAD,
        to_unit="wangshan_government",
        text="土地在望山",
    )
    assert moved == "applied"
    assert "陈癸（市信访局）：土地在望山" in await live.hears("wei_huang", case, "移送答复")


def this_year() -> int:
    return datetime.now(CITY).year


def day(at: datetime) -> str:
    local = at.astimezone(CITY)
    return f"{local.year}年{local.month}月{local.day}日"


async def letters_on_the_page(live: Live, case: str, title: str) -> list[str]:
    """The addresses of the letters of that title, as whoever handles the case finds them on its page."""
    page = await live.desk(f"/cases/{case}", COUNTY, Role.REPORTER, person=COUNTY_HEAD)
    return re.findall(rf'href="(/cases/{case}/documents/[\w-]+)">信访事项{title}</a>', page)


async def letter(live: Live, address: str, language: str = "zh") -> str:
    """The text of the file for a word processor; the page shows the same."""
    page = await live.desk(address, COUNTY, Role.REPORTER, person=COUNTY_HEAD, language=language)
    assert f"{address}?format=docx" in page
    token = live.lab.token(Role.REPORTER, unit=COUNTY, person=COUNTY_HEAD)
    async with httpx2.AsyncClient(base_url=live.http.base_url, cookies={COOKIE: token}) as browser:
        params, headers = {"format": "docx"}, {"Accept-Language": language}
        answer = await browser.get(address, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    file = docx.Document(io.BytesIO(answer.content))
    lines = [paragraph.text for paragraph in file.paragraphs if paragraph.text.strip()]
    shown = re.sub(r"<[^>]+>", "", page)
    assert [line for line in lines if line not in shown] == []
    return "\n".join(lines)


async def for_a_stranger(live: Live, address: str) -> int:
    """What the reporter of a unit without a part in the case is answered."""
    token = live.lab.token(Role.REPORTER, unit="housing_bureau")
    async with httpx2.AsyncClient(base_url=live.http.base_url, cookies={COOKIE: token}) as browser:
        return (await browser.get(address)).status_code
