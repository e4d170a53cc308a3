"""Through the running system: whoever wants a text message before a call has said so in the directory; the call comes
only where they have not answered in time, and never after they have. What is grave rings all at once. Rows 18, 19.
"""

from tests.lab import until
from tests.stories.live import Live

UNIT = "wangshan_info_centre"
LEADER = "wei_sui"
GIVE_UP = "PT12S"


async def _order(live: Live, give_up: str | None) -> None:
    number = "+860000000150"
    first = {"channel": "sms", "address": number} | ({"give_up": give_up} if give_up else {})
    person = {
        "id": LEADER,
        "name": {"zh": "韦岁", "en": "Wei Sui"},
        "unit": "government",
        "channels": [first, {"channel": "voice", "address": number}],
        "roles": ["leader"],
    }
    await live.change({"op": "put_person", "person": person})


async def test_the_call_comes_after_its_time_and_not_after_an_answer(live: Live) -> None:
    await _order(live, GIVE_UP)
    try:
        slow = await live.report(UNIT, level="III", topic="forest", summary="林区起火")
        await live.reads(LEADER, slow, "林区起火")
        assert live.rung(LEADER, slow) == [], "not yet"
        answered = await live.report(UNIT, level="III", topic="forest", summary="林场山火")
        await live.reads(LEADER, answered, "林场山火")
        await live.at_link(LEADER, answered, choice="")
        grave = await live.report(UNIT, level="II", topic="forest", summary="大面积林火")
        await live.hears(LEADER, grave, "大面积林火")

        await live.hears(LEADER, slow, "林区起火")

        async def spared() -> bool:
            page = await live.desk(f"/cases/{answered}", "emergency_office", person="zhang_lai")
            return "电话 无须再发" in " ".join(page.split())

        await until(spared, seconds=30, what="the call reads as not needed")
        assert live.rung(LEADER, answered) == []
    finally:
        await _order(live, None)
