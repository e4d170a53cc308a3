"""A person's own order of channels: each is given its time, and the next comes only where nobody has answered; of what
is grave all come at once.
"""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from fenghuo.gateway_lab import GatewayLab, Mode
from services.notifier.delivery.turns import steps_of
from shared.case import DutyState, write_case
from shared.facts import MessageState
from shared.streams import CASES
from shared.vocabulary import Kind, Level
from tests.intake import builders
from tests.lab import Lab
from tests.notifier.conftest import CHANNELS, DIRECTORY, start_notifier, webhook_key
from tests.notifier.decisions import Record, a_case, a_notice, decided, record_of

TEN = timedelta(seconds=10)


def test_a_step_ends_behind_a_channel_with_a_time() -> None:
    assert steps_of(["chat", "sms", "voice"], {}) == [["chat", "sms", "voice"]]
    assert steps_of(["chat", "sms", "voice"], {"chat": TEN}) == [["chat"], ["sms", "voice"]]
    assert steps_of(["chat", "sms", "voice"], {"chat": TEN, "sms": TEN}) == [["chat"], ["sms"], ["voice"]]
    assert steps_of(["chat"], {"chat": TEN}) == [["chat"]]


OWN_ORDER = DIRECTORY.replace(
    '- {channel: voice, address: "+860000000101"}\n      - {channel: sms, address: "+860000000101"}',
    '- {channel: sms, address: "+860000000101", give_up: PT10S}\n      - {channel: voice, address: "+860000000101"}',
)


async def test_each_channel_has_its_time_and_an_answer_spares_the_rest(frail_lab: Lab) -> None:
    assert "give_up" in OWN_ORDER
    async with GatewayLab(webhook_key(frail_lab)) as gateway, frail_lab.connection("admin") as connection:
        record = await record_of(connection)
        people = frail_lab.folder / "own-order.yaml"
        people.write_text(OWN_ORDER, encoding="utf-8")
        await start_notifier(frail_lab, gateway, CHANNELS, FENGHUO_DIRECTORY=str(people))

        grave, slow, answered, refused = a_case(), a_case(), a_case(), a_case()
        both = ("voice", "sms")
        await record.decide(decided(grave, a_notice(grave, channels=both, level=Level.II)))
        assert len(await record.outcomes(grave, 2, seconds=5)) == 2, "grave: both at once"

        await record.decide(decided(slow, a_notice(slow, channels=both, level=Level.III)))
        notice = a_notice(answered, channels=both, level=Level.III, duties=("first_report-party_main",))
        await record.decide(decided(answered, notice))
        await _stands(record, answered, DutyState.DISCHARGED)
        [first] = await record.outcomes(slow, 1)
        assert first.delivery.channel == "sms", "their own order, not the policy's"

        gateway.gateway.command("+860000000101", Mode.REFUSE)
        gateway.gateway.command("/voice", Mode.OK)
        began = datetime.now(UTC)
        await record.decide(decided(refused, a_notice(refused, channels=both, level=Level.III)))
        assert len(await record.outcomes(refused, 2, seconds=5)) == 2
        assert datetime.now(UTC) - began < TEN, "what did not take it is not waited for"
        gateway.gateway.rules.clear()

        told = {one.delivery.channel: one for one in await record.outcomes(slow, 2, seconds=20)}
        assert told["voice"].kind == Kind.DELIVERED
        assert told["voice"].delivery.done_at - told["sms"].delivery.done_at >= TEN

        told = {one.delivery.channel: one for one in await record.outcomes(answered, 2, seconds=20)}
        assert (told["voice"].kind, told["voice"].delivery.state) == (Kind.FAILED, MessageState.SPARED)
        calls = [m for m in gateway.gateway.messages if m.channel == "voice" and m.data["case"] == answered]
        assert calls == [], "who has answered is not rung"


async def test_an_answer_spares_every_later_step_of_three(frail_lab: Lab) -> None:
    three = OWN_ORDER.replace(
        '- {channel: voice, address: "+860000000101"}',
        '- {channel: voice, address: "+860000000101", give_up: PT10S}',
    )
    assert three.count("give_up") == 2
    async with GatewayLab(webhook_key(frail_lab)) as gateway, frail_lab.connection("admin") as connection:
        record = await record_of(connection)
        people = frail_lab.folder / "three-steps.yaml"
        people.write_text(three, encoding="utf-8")
        await start_notifier(frail_lab, gateway, CHANNELS, FENGHUO_DIRECTORY=str(people))
        case = a_case()
        notice = a_notice(
            case, channels=("voice", "sms", "email"), level=Level.III, duties=("first_report-party_main",)
        )
        await record.decide(decided(case, notice))
        await record.outcomes(case, 1)
        await _stands(record, case, DutyState.DISCHARGED)
        told = {one.delivery.channel: one for one in await record.outcomes(case, 3, seconds=15)}
        assert told["sms"].kind == Kind.DELIVERED
        assert {told[later].delivery.state for later in ("voice", "email")} == {MessageState.SPARED}


async def _stands(record: Record, case: str, state: DutyState) -> None:
    duty = replace(builders.case(case).duties[0], state=state)
    stands = replace(builders.case(case), duties=(replace(duty, id="first_report-party_main"),))
    await record.js.publish(f"$KV.{CASES}.{case}", write_case(stands))
