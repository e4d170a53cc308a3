"""Through a running notifier and an SMSC: a text goes out, its receipt says that it arrived, and one digit
answers it.
"""

import asyncio
from datetime import UTC, datetime

from fenghuo.gateway_lab import GatewayLab
from shared.facts import MessageState
from shared.vocabulary import Kind
from tests.lab import Lab, until
from tests.notifier.conftest import start_notifier, webhook_key
from tests.notifier.decisions import a_case, a_notice, decided, record_of
from tests.notifier.smsc import an_smsc, brought, receipt

CHANNELS = """
channels:
  sms:
    kind: smpp
    host: 127.0.0.1
    port: {port}
    tls: false
    user: fenghuo
    password_file: smpp-password
    from: "106900"
    replies: true
"""


async def test_a_text_arrives_and_is_answered_by_the_same_connection(frail_lab: Lab) -> None:
    (frail_lab.secrets / "smpp-password").write_text("sesame")
    async with (
        an_smsc() as smsc,
        GatewayLab(webhook_key(frail_lab)) as lab_gateway,
        frail_lab.connection("admin") as connection,
    ):
        record = await record_of(connection)
        notifier = await start_notifier(frail_lab, lab_gateway, CHANNELS.format(port=smsc.port))
        case = a_case()
        await record.decide(decided(case, a_notice(case, person="sun_bing")))
        [told] = await record.outcomes(case, 1)
        assert "回1知道" in "".join(part.text for part in smsc.submissions)
        assert told.delivery.reference == f"m-{smsc.heard[-1][1]}"

        smsc.bring(receipt(told.delivery.reference or "", "DELIVRD", datetime.now(UTC)), 1)
        await until(lambda: (0x80000005, 0, 1) in smsc.answers)
        arrived = (await record.told(case))[-1]
        assert arrived.delivery.state is MessageState.ARRIVED

        smsc.bring(brought("860000000103", b"1"), 3)
        await until(lambda: (0x80000005, 0, 3) in smsc.answers)
        [known] = await record.facts(case, Kind.ACKNOWLEDGED)
        assert known.data["via"] == "message"
        assert await asyncio.to_thread(notifier.stop) == 0
