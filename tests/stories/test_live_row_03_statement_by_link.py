"""Through the running system: a county reports an hour late; the case that follows asks its head for a statement, who hands
it in by the link. Row 3.
"""

from datetime import UTC, datetime, timedelta

from shared.case import Case
from shared.ids import PostId
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

COUNTY, WORDS = "shaquan_government", "通信中断，派人到县城后才得以上报"


async def test_the_unit_says_how_it_came_about_by_link(live: Live) -> None:
    head = example_directory().holder_of(PostId("shaquan_main"), datetime.now(UTC)).id
    learned = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    await live.report(COUNTY, area="620621", level="III", occurred_at=learned, learned_at=learned)

    def asked() -> str | None:
        messages = [message for message in live.gateway.gateway.messages if message.channel == "sms"]
        return next(
            (
                str(message.data["case"])
                for message in messages
                if "情况说明" in str(message.data["text"])
                and live.link(head, str(message.data["case"]), "duty")
            ),
            None,
        )

    case = await until(asked, what="the county's head is asked for a statement")
    assert case
    page = await live.at_link(head, case, "duty")
    assert "情况说明" in page.text
    assert "您以沙泉县县长身份答复" in page.text
    said = await live.at_link(head, case, "duty", choice="stated", text=WORDS)
    assert "已提交情况说明" in said.text

    async def stated() -> Case | None:
        accountability = await live.case(case)
        return accountability if accountability.measure and accountability.measure.stated else None

    accountability = await until(stated, what="the statement is on the case")
    assert accountability
    assert accountability.log[-1].text == WORDS
    again = await live.at_link(head, case, "duty")
    assert "已完成：情况说明" in again.text, "what was done is not asked again"
