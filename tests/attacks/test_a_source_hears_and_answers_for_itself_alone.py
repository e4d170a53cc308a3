"""A source with its real key listens for what others hand in, for their answers and for requests, and answers
in their place.
"""

import orjson
from nats.aio.msg import Msg

from tests.attacks.conftest import Installation
from tests.attacks.publishing import form
from tests.lab import until

LISTENED = (
    ">",
    "_INBOX.>",
    "_R_.>",
    "inbox.>",
    "report.submit",
    "report.submit.>",
    "fact.>",
    "$KV.>",
    "$JS.>",
    "$SYS.>",
)


async def test_it_hears_nothing_of_another_and_no_answer_of_its_own_reaches_one(
    installation: Installation,
) -> None:
    lab, overheard = installation.lab, list[Msg]()
    async with lab.source("media-monitor") as thief, lab.source("wangshan-info") as victim:

        async def answer_for(message: Msg) -> None:
            overheard.append(message)
            await thief.publish(message.reply or message.subject, b'{"case":"forged"}')

        for subject in LISTENED:
            await thief.subscribe(subject, cb=answer_for)
        await thief.flush()
        answers: list[Msg] = []

        async def hear(message: Msg) -> None:
            answers.append(message)

        await victim.subscribe("_INBOX.wangshan-info.fixed", cb=hear)
        await victim.flush()
        await thief.publish("_INBOX.wangshan-info.fixed", b'{"case":"forged"}')
        await thief.flush()
        asked = orjson.dumps(form("wangshan_info_centre"))
        await victim.publish("report.submit", asked, reply="_INBOX.wangshan-info.fixed")
        acknowledged = await victim.jetstream().publish("inbox.heartbeat.wangshan-info", b"")
        real = orjson.loads((await victim.request("report.submit", asked, timeout=30)).data)
        await until(lambda: answers, what="an answer")
    assert acknowledged.stream == "INBOX"
    assert real["case"] != "forged"
    assert [orjson.loads(answer.data)["case"] == "forged" for answer in answers] == [False]
    assert overheard == []
