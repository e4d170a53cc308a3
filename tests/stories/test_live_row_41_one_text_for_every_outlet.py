"""Through the running system: a text is approved by two by the link, the outlets are rung at its hour and not before, and
the desk compares what each has published. Row 41.
"""

from datetime import UTC, datetime, timedelta

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

PUBLISHER, TEXT = "propaganda", "11月23日化工厂爆炸，两人轻伤。周边水质正常。"
FIRST, SECOND = "pan_qiu", "wu_ji"
"""The head of Publicity and the secretary-general approve."""
TV, WEB = "yu_lie", "dou_han"


async def test_a_text_goes_out_at_its_hour_and_is_compared(live: Live) -> None:
    now = datetime.now(UTC)
    embargo = now + timedelta(seconds=6)
    case = await live.report(
        PUBLISHER,
        Role.SUPERVISOR,
        kind="publication",
        category=None,
        area="620600",
        summary="情况通报（一）",
        details=TEXT,
        form={
            "id": "publication",
            "fields": {
                "theme": "爆炸事故",
                "embargo": embargo.isoformat(),
                "outlets": [{"outlet": "市电视台"}],
            },
        },
        tasks=[
            {
                "title": "原文刊发",
                "units": ["tv_centre", "website_office"],
                "due_at": (now + timedelta(seconds=12)).isoformat(),
            }
        ],
    )
    await until(lambda: live.link(FIRST, case, "duty"), what="the first approver is rung")
    heard = live.heard(FIRST, case)[0]
    assert "文稿审批" in heard
    assert "待发布文稿（已批准 0/2，" in heard
    assert f"前不得发布）：“{TEXT}”" in heard
    assert "已批准" in (await live.at_link(FIRST, case, "duty", choice="text_approved.yes")).text
    await until(lambda: live.link(SECOND, case, "duty"), what="the second approver is rung with the text")
    assert "已批准 1/2" in live.heard(SECOND, case)[0]
    assert TEXT in (await live.at_link(SECOND, case, "duty")).text
    assert "已批准" in (await live.at_link(SECOND, case, "duty", choice="text_approved.yes")).text
    assert datetime.now(UTC) < embargo
    assert not live.texts(TV, case), "no outlet hears of it before its hour"

    await until(lambda: live.link(TV, case, "duty"), what="the television centre is rung")
    await until(lambda: live.link(WEB, case, "duty"), what="the website office is rung")
    assert datetime.now(UTC) >= embargo
    assert f"请按审定文稿原文刊发：“{TEXT}”" in live.texts(TV, case)[0]
    receipt = {
        "published": datetime.now(UTC).isoformat(),
        "text": "11月23日化工厂爆炸，两人重伤。周边水质正常。",
    }
    handed_in = await live.act(
        case,
        "file",
        "tv_centre",
        document="receipt",
        task="t1",
        text="新闻首条",
        form={"id": "publication_receipt", "fields": receipt},
    )
    assert handed_in == "applied"
    missing = await until(
        lambda: next((text for text in live.texts(FIRST, case) if "逾期" in text), None),
        what="the publisher hears which outlet is missing",
    )
    assert missing
    assert "市政府网站管理办公室" in missing
    page = await live.desk(f"/cases/{case}", PUBLISHER, Role.SUPERVISOR)
    for words in ("两人轻伤", "漏发：", "增改：", "两人重伤", "尚未刊发"):
        assert words in page
