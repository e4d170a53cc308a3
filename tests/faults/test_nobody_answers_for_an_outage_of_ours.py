"""Limits that pass while the broker or the escalator is away are on record as such, and nobody is referred
for them; what comes out of it is decided on in the order of its moments, and each person gets what a
moment brings as one message.

Thirty minutes take fifteen seconds; nobody answers. What passes at other times is referred as ever. An outage
of 107 s once wrote 112 referrals: here 24 cases bring 120 lapses in one.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from nats.aio.client import Client
from ulid import ULID

from fenghuo.gateway_lab import Gateway, GatewayLab
from fenghuo.gateway_messages import Received
from services.escalator.lanes.overdue import ARRIVING
from services.escalator.policy.compress import compress
from services.notifier.delivery.gathering import BEHIND
from services.notifier.delivery.record import message_id
from shared.directory import load_directory
from shared.facts import Decision, Effect, EffectKind, Excuse, Referred, read_decision
from shared.facts.authors import Author
from shared.ids import CaseId, NoticeId, PersonId
from shared.subjects import lane_of
from shared.vocabulary import Kind
from tests.escalator.wire import case_now, facts_of, report, timed_decisions_of
from tests.lab import Lab, Running, lab_in, until
from tests.notifier.conftest import start_notifier, webhook_key

RATIO = 120
TERM = timedelta(minutes=30) / RATIO
LANES = (3, 11)
"""All cases lie in these, so that there is an order to keep."""
MANY, SOME = 24, 8
KNOWN_FOR = [timedelta(seconds=5.2 + number * 7 % 9 / 5) for number in range(9)]
"""Almost half of the term has passed when they are reported, so that their clocks are set in another order
than that of their moments.
"""
CHANNELS = ("voice", "sms", "email")
ALONE = 5
"""Mails to a person that may say one thing only, and have no list."""

Decided = list[tuple[datetime, Decision]]


@dataclass(frozen=True)
class Outage:
    cases: list[CaseId]
    ended: datetime
    """When whoever was away began to come back."""


@pytest.mark.timeout(240)
async def test_nobody_answers_for_an_outage_of_ours(tmp_path: Path) -> None:
    async with lab_in(tmp_path, mongo=False) as lab, GatewayLab(webhook_key(lab)) as gateway:
        fast = tmp_path / "policy.yaml"
        policy = lab.policy.read_text(encoding="utf-8").replace(
            "channels: [voice, sms]", f"channels: [{', '.join(CHANNELS)}]", 1
        )
        fast.write_text(compress(policy, RATIO), encoding="utf-8")
        lab.policy = fast
        notifier = await start_notifier(lab, gateway, FENGHUO_DIRECTORY=str(lab.directory))
        escalator = await lab.start_service("escalator")

        async def broker_away(back: datetime) -> None:
            await asyncio.to_thread(lab.kill_nats)
            await asyncio.sleep((back - datetime.now(UTC)).total_seconds())
            await asyncio.to_thread(lab.start_nats)

        async def escalator_away(back: datetime) -> None:
            await asyncio.to_thread(escalator.kill)
            await asyncio.sleep((back - datetime.now(UTC)).total_seconds())
            await lab.start_service("escalator")

        for part_goes, count in ((broker_away, MANY), (escalator_away, SOME)):
            outage = await _all_limits_pass_while(part_goes, lab, count)
            await _nobody_is_referred(lab, outage)
            await _the_first_moments_come_first(lab, outage)
            await _one_message_a_person(lab, gateway.gateway, outage)
        await _whoever_had_us_at_hand_is(lab)
        await _what_is_not_referred_says_so_too(lab, notifier)


async def _all_limits_pass_while(
    part_goes: Callable[[datetime], Awaitable[None]], lab: Lab, count: int
) -> Outage:
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        while (outage := await _told_in_time(intake, admin, count)) is None:
            pass
    await part_goes(outage.ended)
    return outage


async def _told_in_time(intake: Client, admin: Client, count: int) -> Outage | None:
    """None where the machine was so slow that limits are about to pass before the outage: those prove
    nothing.
    """
    cases, began = [*islice(_ids(), count)], datetime.now(UTC)
    for number, case in enumerate(cases):
        await report(intake, case=case, ago=KNOWN_FOR[number % len(KNOWN_FOR)], level="II")
    back = datetime.now(UTC) + TERM - min(KNOWN_FOR) + timedelta(seconds=1)
    for case in cases:
        await until(lambda case=case: _is_told(admin, case), what="the leaders are called")
    return (
        Outage(cases, back)
        if datetime.now(UTC) < began + TERM - max(KNOWN_FOR) - timedelta(seconds=1)
        else None
    )


def _ids() -> Iterator[CaseId]:
    while True:
        case = CaseId(str(ULID()))
        if lane_of(case) in LANES:
            yield case


async def _nobody_is_referred(lab: Lab, outage: Outage) -> None:
    async with lab.connection("admin") as admin:
        for case in outage.cases:
            lapses = await _lapses_found(admin, case)
            assert {effect.late_by_seconds for _, effect in lapses} == {None}, (
                "how late we were is nobody's lateness"
            )
            assert all(Excuse.SYSTEM_AWAY in effect.excuses and effect.outage for _, effect in lapses), lapses
        assert not set(outage.cases) & {sent.case for sent in await _referred(admin)}


async def _the_first_moments_come_first(lab: Lab, outage: Outage) -> None:
    """Within a lane, of what had struck when the first of it was decided on."""
    async with lab.connection("admin") as admin:
        decided = await _decided(admin, outage)
    for lane in LANES:
        first: dict[CaseId, Decision] = {}
        for _, decision in decided:
            if lane_of(decision.case) == lane:
                first.setdefault(decision.case, decision)
        moments = [decision.late_since or decision.about.time for decision in first.values()]
        struck_at = sorted(decision.about.time for decision in first.values())
        if struck_at and struck_at[-1] - struck_at[0] < timedelta(seconds=ARRIVING / 2):
            assert moments == sorted(moments)


async def _one_message_a_person(lab: Lab, gateway: Gateway, outage: Outage) -> None:
    people = load_directory(lab.directory).people_by_id
    async with lab.connection("admin") as admin:

        async def much_for_somebody() -> Decided | None:
            decided = await _decided(admin, outage)
            each = Counter(notice.person for _, decision in decided for notice in decision.notices)
            return decided if max(each.values(), default=0) >= len(outage.cases) // 4 else None

        decided: Decided | None = await until(
            much_for_somebody, what="there is much to say to somebody at once"
        )
        assert decided
    notices: dict[PersonId, list[tuple[datetime, NoticeId]]] = defaultdict(list)
    behind = set[NoticeId]()
    """What is not late goes alone."""
    for at, decision in decided:
        for notice in decision.notices:
            notices[notice.person].append((at, notice.id))
            if at - (decision.late_since or decision.about.time) > BEHIND:
                behind.add(notice.id)
    for person, told in notices.items():
        for entry in people[person].channels:
            where, address = f"{person} over {entry.channel}", entry.address
            if entry.channel == "email":
                await until(
                    lambda: _lines(gateway, address, outage) >= len(told) - ALONE,  # noqa: B023
                    what=f"all is said to {where}",
                )
            elif entry.channel in CHANNELS:
                wanted = {message_id(notice, entry.channel) for _, notice in told}
                await until(lambda: wanted <= _said(gateway, address), what=f"all is said to {where}")  # noqa: B023
                late = {message_id(notice, entry.channel) for _, notice in told if notice in behind}
                messages = [message for message in _to(gateway, address) if _ids_in(message) & late]
                # How many moments there are depends on the machine; that they are fewer than the matters, on nothing.
                assert len(messages) <= 2 + len(late) // 2, (
                    f"{where}: {[len(_ids_in(message)) for message in messages]}"
                )


def _mails(gateway: Gateway, address: str, outage: Outage) -> list[str]:
    """In HTML, those that say several things at once."""
    mails = [
        message
        for message in gateway.messages
        if message.to == address and message.at > outage.ended.timestamp()
    ]
    return [mail.html for mail in mails if mail.html and "<li" in mail.html]


def _lines(gateway: Gateway, address: str, outage: Outage) -> int:
    return sum(html.count("<li") for html in _mails(gateway, address, outage))


def _said(gateway: Gateway, address: str) -> set[str]:
    return {each for message in _to(gateway, address) for each in _ids_in(message)}


def _to(gateway: Gateway, address: str) -> list[Received]:
    return [message for message in gateway.messages if message.to == address]


def _ids_in(message: Received) -> set[str]:
    """Of what the message says."""
    return {*(message.data.get("also") or [message.id])}


async def _decided(admin: Client, outage: Outage) -> Decided:
    """What came of the clocks whose moment fell into it."""
    found = [(at, read_decision(fact.data)) for at, fact in await facts_of(admin, None, Kind.DECIDED)]
    return [
        (at, decision)
        for at, decision in found
        if decision.case in outage.cases
        and decision.about.kind == Kind.DUE
        and at > outage.ended
        and (decision.late_since or decision.about.time) < outage.ended
    ]


async def _whoever_had_us_at_hand_is(lab: Lab) -> None:
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        case = await report(intake, ago=KNOWN_FOR[0], level="II")
        lapses = await _lapses_found(admin, case)
        assert [effect.excuses for _, effect in lapses if Excuse.SYSTEM_AWAY in effect.excuses] == []
        assert case in {sent.case for sent in await _referred(admin)}


async def _what_is_not_referred_says_so_too(lab: Lab, notifier: Running) -> None:
    """A unit can be named in public for any lapse: this one passes when the notifier has just died, before
    anybody can know it.
    """
    async with lab.connection("intake") as intake, lab.connection("admin") as admin:
        case = await report(intake, ago=KNOWN_FOR[0], level="II")
        stands = await until(lambda: case_now(admin, case), what="the case stands")
        assert stands
        limit = next(duty.due_at for duty in stands.duties if duty.rule == "acknowledge")
        await asyncio.sleep((limit - datetime.now(UTC)).total_seconds() - 0.2)
        notifier.kill()

        async def lapsed() -> Effect | None:
            effects = [
                effect for _, decision in await timed_decisions_of(admin, case) for effect in decision.effects
            ]
            return next(
                (
                    one
                    for one in effects
                    if one.kind is EffectKind.LAPSED and (one.duty or "").startswith("acknowledge-")
                ),
                None,
            )

        effect = await until(lapsed, seconds=20, what="the limit is found")
        assert effect
        assert Excuse.SYSTEM_AWAY in effect.excuses
        assert effect.outage is not None
        assert effect.outage.of is Author.NOTIFIER


async def _lapses_found(admin: Client, case: CaseId) -> list[tuple[datetime, Effect]]:
    return await until(lambda: _lapses(admin, case), what="the limits are found")


async def _is_told(admin: Client, case: CaseId) -> bool:
    told = [one for _, fact in await facts_of(admin, case, Kind.DELIVERED) for one in fact.data["deliveries"]]
    return len({one["person"] for one in told}) >= 5


async def _lapses(admin: Client, case: CaseId) -> list[tuple[datetime, Effect]]:
    """Of all five leaders, or none yet."""
    found = [
        (at, effect)
        for at, decision in await timed_decisions_of(admin, case)
        for effect in decision.effects
        if effect.kind is EffectKind.LAPSED and (effect.duty or "").startswith("first_report-")
    ]
    return found if len(found) == 5 else []


async def _referred(admin: Client) -> list[Referred]:
    return [Referred.model_validate(fact.data) for _, fact in await facts_of(admin, None, Kind.REFERRED)]
