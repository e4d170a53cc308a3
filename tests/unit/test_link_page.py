"""The page behind a link opens where there is hardly any network: 3 kB with all it says, and no script."""

import base64
import gzip
import hashlib
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.responses import HTMLResponse

from services.notifier.answering.link_files import ShownFile
from services.notifier.answering.page_frame import PageFrame
from services.notifier.messages.writer import Writer
from shared.door.compression import LEVEL
from shared.facts import HarmCount, Purpose
from shared.vocabulary import Language
from tests.notifier.decisions import a_brief

DETAILS = {
    Language.ZH: "救援队 02:55 到达，水泵已运转，伤员已送县人民医院。",
    Language.EN: "Rescuers there since 02:55, pumps run, the injured are in the county hospital.",
}
OTHERS = {
    Language.ZH: ("李乙（市委书记）尚未答复", "钱丙（分管副市长）03:05 已答复", "孙丁（市应急办）尚未联系上"),
    Language.EN: (
        "Li Yi (Party Secretary) has not answered yet",
        "Qian Bing (Deputy Mayor) answered at 03:05",
        "Sun Ding (Emergency Office) not reached yet",
    ),
}
NEXT = {
    Language.ZH: "如无人答复，03:12 呼叫周戊（秘书长）。",
    Language.EN: "If nobody answers, Zhou Wu (Secretary-General) is called at 03:12.",
}


def first_report(language: Language) -> HTMLResponse:
    """To somebody who is to know, as it is for the first who opens it."""
    writer, now = Writer(ZoneInfo("Asia/Shanghai")), datetime.now(UTC)
    brief = a_brief(details=DETAILS[language], harm=HarmCount(deaths=2, trapped=12))
    instead = ("passed_on", "我无法处理，请找下一位"), ("call_asked", "请来电")
    return PageFrame(writer).page(
        "ask",
        language,
        offers=(),
        instead=[{"choice": choice, "button": button} for choice, button in instead],
        others=OTHERS[language],
        comes_next=NEXT[language],
        files=[ShownFile(f"{'x' * 26}/files/{'0' * 64}", "IMG_0412.jpg", "240 kB")],
        desk={"name": "市应急办值班室", "telephone": "0930-8212345"},
        matter=writer.on_page(brief, Purpose.REPORT, language, now),
        is_done=False,
        person="赵甲",
        later="10 min",
        later_at=None,
        later_is_known=False,
        not_put_off=None,
        most=1000,
    )


@pytest.mark.parametrize("language", Language)
def test_all_that_a_leader_reads_at_night_fits_into_3_kb(language: Language):
    page = first_report(language)
    html = bytes(page.body).decode()
    assert len(page.body) <= 3_072
    for word in (DETAILS[language], *OTHERS[language], NEXT[language], "tel:0930-8212345", "IMG_0412.jpg"):
        assert word in html
    assert "<script" not in html


def test_compressed_it_fits_into_two_packets():
    assert len(gzip.compress(bytes(first_report(Language.ZH).body), LEVEL)) <= 1_700


@pytest.mark.parametrize("language", Language)
def test_a_page_carries_the_rules_that_it_uses_and_its_policy_lets_in_no_other_style(language: Language):
    short = PageFrame(Writer(ZoneInfo("UTC"))).page("refused", language, 404, why="refused")
    for page in (short, first_report(language)):
        html = bytes(page.body).decode()
        [style] = re.findall("<style>(.*?)</style>", html)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
        assert (".quiet{" in style, ".level-II{" in style) == ("quiet" in html, "level-II" in html)
    assert "textarea{" not in style
    assert "button{" not in bytes(short.body).decode()
