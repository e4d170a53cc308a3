"""What a test says to the escalator and hears from it over the real broker."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import KeyNotFoundError, NotFoundError
from ulid import ULID

from shared.broker.append import append
from shared.broker.stored import asking
from shared.broker.times import stored_at
from shared.case import Case, read_case
from shared.case_parts import MissingPartError, whole_case
from shared.facts import Acknowledgement, Actor, CaseAct, Decision, Fact, FactError, Via, read_decision
from shared.ids import CaseId, PersonId, UnitId
from shared.subjects import armed_subject, fact_subject
from shared.vocabulary import Kind, Role
from tests.escalator.builders import a_report
from tests.lab import until


async def report(
    intake: Client, *, ago: timedelta = timedelta(0), case: CaseId | None = None, **changes: Any
) -> CaseId:
    """A unit reports what it learned of `ago`; returns the case."""
    case, now = case or CaseId(str(ULID())), datetime.now(UTC)
    data = a_report(occurred_at=now - ago, learned_at=now - ago, received_at=now, **changes)
    fact = Fact.of(
        Kind.REPORTED, id=f"r:{case}", source="/services/intake", subject=case, time=now, data=data
    )
    await append(intake, fact_subject(case, Kind.REPORTED), fact.write(), fact.id)
    return case


async def acknowledge(intake: Client, case: CaseId, person: str) -> None:
    by = Actor(principal=person, role=Role.LEADER)
    data = Acknowledgement(person=PersonId(person), via=Via.API, by=by)
    fact = Fact.of(
        Kind.ACKNOWLEDGED,
        id=f"a:{case}:{person}",
        source="/services/intake",
        subject=case,
        time=datetime.now(UTC),
        data=data,
    )
    await append(intake, fact_subject(case, Kind.ACKNOWLEDGED), fact.write(), fact.id)


async def merge(intake: Client, case: CaseId, into: CaseId) -> None:
    """The case is a duplicate of `into`."""
    data = CaseAct(
        by=Actor(principal="officer", role=Role.SUPERVISOR, unit=UnitId("emergency_office")),
        into=into,
        text="the same fire",
    )
    fact = Fact.of(
        Kind.MERGED,
        id=f"m:{case}",
        source="/services/intake",
        subject=case,
        time=datetime.now(UTC),
        data=data,
    )
    await append(intake, fact_subject(case, Kind.MERGED), fact.write(), fact.id)
    await agree(intake, case)


async def agree(intake: Client, case: CaseId) -> None:
    """A second person of the government agrees that the grave case ends early."""
    data = CaseAct(by=Actor(principal="qian_yi", role=Role.LEADER, unit=UnitId("government")), approve=True)
    fact = Fact.of(
        Kind.SECONDED,
        id=f"s:{case}:{ULID()}",
        source="/services/intake",
        subject=case,
        time=datetime.now(UTC),
        data=data,
    )
    await append(intake, fact_subject(case, Kind.SECONDED), fact.write(), fact.id)


async def close(intake: Client, case: CaseId) -> None:
    """The leader in charge closes it, with evidence."""
    data = CaseAct(
        by=Actor(principal="li_ding", role=Role.LEADER, unit=UnitId("government")),
        text="it is over",
    )
    fact = Fact.of(
        Kind.CLOSED,
        id=f"c:{case}:{ULID()}",
        source="/services/intake",
        subject=case,
        time=datetime.now(UTC),
        data=data,
    )
    await append(intake, fact_subject(case, Kind.CLOSED), fact.write(), fact.id)
    await agree(intake, case)


async def pending_at(admin: Client, case: CaseId) -> datetime | None:
    """The moment for which the case's clock is pending."""
    try:
        message = await admin.jetstream().get_last_msg("CLOCKS", armed_subject(case))
    except NotFoundError:
        return None
    headers = cast(dict[str, str], message.headers or {})
    return datetime.fromisoformat(headers["Nats-Schedule"].removeprefix("@at "))


async def case_now(admin: Client, case: CaseId) -> Case | None:
    bucket = await admin.jetstream().key_value("CASES")
    while True:
        try:
            entry = await bucket.get(case)
        except KeyNotFoundError:
            return None
        try:
            return read_case(await whole_case(asking(lambda: admin, timeout=30), case, entry.value or b""))
        except MissingPartError:
            # Written anew while its parts were fetched: then there is another head to read.
            if (await bucket.get(case)).revision == entry.revision:
                raise


async def facts_of(admin: Client, case: CaseId | None, kind: Kind) -> list[tuple[datetime, Fact]]:
    """Every stored fact of a kind (of a case), with the broker's time, in order; without what is no fact."""
    js = admin.jetstream()
    config = ConsumerConfig(
        filter_subject=f"fact.*.{kind}",
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=30,
    )
    subscription = await js.pull_subscribe(f"fact.*.{kind}", stream="FACTS", config=config)
    found: list[tuple[datetime, Fact]] = []
    pending = (await subscription.consumer_info()).num_pending or 0
    while pending > 0:
        for message in await subscription.fetch(min(pending, 100), timeout=20):
            pending -= 1
            try:
                fact = Fact.read(message.data)
            except FactError:
                continue
            if case is None or fact.subject == case:
                found.append((stored_at(message), fact))
    await subscription.unsubscribe()
    return found


async def decisions_of(admin: Client, case: CaseId) -> list[Decision]:
    return [decision for _, decision in await timed_decisions_of(admin, case)]


async def timed_decisions_of(admin: Client, case: CaseId) -> list[tuple[datetime, Decision]]:
    """With the broker's time at which each was stored, as far as the case has come: it is kept before its
    decision is told.
    """
    try:
        kept = await case_now(admin, case)
    except (ValueError, MissingPartError):  # a test wrote over it
        kept = None
    last = kept.decision.about.sequence if kept is not None and not kept.decision.is_empty else None
    timed: list[tuple[datetime, Decision]] = []

    async def is_told() -> bool:
        timed[:] = [(at, read_decision(fact.data)) for at, fact in await facts_of(admin, case, Kind.DECIDED)]
        return last is None or last in [decision.about.sequence for _, decision in timed]

    await until(is_told, what=f"the decision of {case} on the fact {last}")
    return timed


async def decisions_by_case(admin: Client) -> dict[CaseId, list[Decision]]:
    found: dict[CaseId, list[Decision]] = {}
    for _, fact in await facts_of(admin, None, Kind.DECIDED):
        found.setdefault(CaseId(fact.subject or ""), []).append(read_decision(fact.data))
    return found
