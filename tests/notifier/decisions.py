"""Decisions as the escalator makes them, and the facts that answer them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from shared.case import Applied, write_case
from shared.facts import About, Brief, Decision, Deliveries, Delivery, Effect, Fact, Name, Notice, Purpose
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, UnitId, case_id_at
from shared.streams import CASES
from shared.subjects import fact_subject
from shared.vocabulary import Category, Kind, Language, Level, ReportKind
from tests.intake import builders
from tests.lab import until


def a_case() -> CaseId:
    return case_id_at(datetime.now(UTC))


def a_brief(**changes: Any) -> Brief:
    now = datetime.now(UTC)
    brief = Brief(
        kind=ReportKind.INCIDENT,
        category=Category.ACCIDENT,
        level=Level.II,
        sensitive=False,
        exercise=False,
        unit=UnitId("emergency_bureau"),
        unit_name=Name(zh="市应急管理局", en="Emergency Management Bureau"),
        area=AreaCode("620622"),
        area_name=Name(zh="望山县", en="Wangshan County"),
        summary="煤矿透水，12人被困",
        occurred_at=now - timedelta(minutes=5),
        learned_at=now - timedelta(minutes=4),
        reported_at=now,
        due_at=now + timedelta(minutes=26),
    )
    return replace(brief, **changes)


def a_notice(
    case: CaseId,
    *,
    person: str = "zhao_jia",
    channels: Sequence[str] = ("sms",),
    number: int = 1,
    language: Language = Language.ZH,
    purpose: Purpose = Purpose.REPORT,
    duties: Sequence[str] = (),
    held: str | None = None,
    **brief: Any,
) -> Notice:
    return Notice(
        id=NoticeId(f"{case}.1.{number}"),
        person=PersonId(person),
        post=PostId("party_main"),
        purpose=purpose,
        duties=tuple(DutyId(duty) for duty in duties),
        channels=tuple(channels),
        language=language,
        brief=a_brief(**brief),
        why="duty_opened",
        held=held,
    )


def decided(
    case: CaseId,
    *notices: Notice,
    number: int = 1,
    ago: timedelta = timedelta(0),
    about: Kind = Kind.REPORTED,
) -> Fact:
    """On what happened `ago`, which was such a fact."""
    now = datetime.now(UTC)
    cause = About(id=f"{case}:report", kind=about, sequence=number, time=now - ago)
    decision = Decision(case=case, about=cause, policy="test", notices=notices)
    return Fact.of(
        Kind.DECIDED,
        id=f"{case}:{number}",
        source="/services/escalator",
        subject=case,
        time=now,
        data=decision,
    )


@dataclass(frozen=True)
class Told:
    """One delivery with the fact that told it."""

    kind: str
    id: str
    delivery: Delivery


@dataclass
class Record:
    """FACTS as the escalator's user and the auditor's would see it, read from where the test began."""

    js: JetStreamContext
    start: int

    async def decide(self, fact: Fact) -> None:
        assert fact.subject
        # As the escalator does: the case stands in its bucket before its decision is told.
        await self.js.publish(
            f"$KV.{CASES}.{fact.subject}", write_case(builders.case(fact.subject, duties=()))
        )
        await self.js.publish(
            fact_subject(fact.subject, fact.kind),
            fact.write(),
            stream="FACTS",
            headers={"Nats-Msg-Id": fact.id},
        )

    async def decide_on(self, case: CaseId, kind: Kind, *effects: Effect, is_shown: bool = True) -> None:
        """On the case's latest fact of the kind, as the escalator does. `is_shown` False: the case has gone
        on since.
        """
        fact = await self.js.get_last_msg("FACTS", fact_subject(case, kind))
        assert fact.seq is not None
        now = datetime.now(UTC)
        about = About(id=f"{kind}:{case}", kind=kind, sequence=fact.seq, time=now)
        decision = Decision(case=case, about=about, policy="test", effects=effects)
        said = Fact.of(
            Kind.DECIDED,
            id=f"{case}:{fact.seq}",
            source="/services/escalator",
            subject=case,
            time=now,
            data=decision,
        )
        await self.js.publish(
            fact_subject(case, Kind.DECIDED), said.write(), stream="FACTS", headers={"Nats-Msg-Id": said.id}
        )
        later = 0 if is_shown else 1
        shown = replace(decision, about=replace(about, sequence=fact.seq + later))
        applied = Applied(id=about.id, sequence=fact.seq + later, at=now)
        stood = replace(builders.case(case, duties=()), applied=applied, decision=shown)
        await self.js.publish(f"$KV.{CASES}.{case}", write_case(stood))

    async def facts(self, case: CaseId, *kinds: Kind) -> list[Fact]:
        """Every fact of the case of these kinds, as stored."""
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=max(self.start, 1)
        )
        last = (await self.js.stream_info("FACTS")).state.last_seq
        found: list[Fact] = []
        if last < self.start:
            return found
        subscription = await self.js.subscribe(
            "fact.*.*", stream="FACTS", ordered_consumer=True, config=config
        )
        try:
            while True:
                message = await subscription.next_msg(timeout=30)
                fact = Fact.read(message.data)
                if fact.subject == case and fact.kind in {str(kind) for kind in kinds}:
                    found.append(fact)
                if message.metadata.sequence.stream >= last:
                    return found
        finally:
            await subscription.unsubscribe()

    async def told(self, case: CaseId) -> list[Told]:
        """Each delivery that the case's facts tell of."""
        facts = await self.facts(case, Kind.DELIVERED, Kind.FAILED)
        return [
            Told(fact.kind, fact.id, one)
            for fact in facts
            for one in Deliveries.model_validate(fact.data).deliveries
        ]

    async def outcomes(self, case: CaseId, count: int, *, seconds: float = 45) -> list[Told]:
        """Wait until this many deliveries of the case have been told, and return them."""

        async def enough() -> list[Told]:
            found = await self.told(case)
            return found if len(found) >= count else []

        return await until(enough, seconds=seconds, what=f"{count} outcomes of {case}")


async def record_of(connection: Client) -> Record:
    js = connection.jetstream(timeout=30)
    return Record(js, (await js.stream_info("FACTS")).state.last_seq + 1)
