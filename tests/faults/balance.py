"""The balance sheet of an installation: receipts, FACTS, cases, clocks, gateway, trail and referrals laid
side by side.

Invariant: pure, and it believes no book by itself: what one book says must stand in the next. An empty
balance means that nothing was lost or doubled on the way, and that nobody was referred for what fell into an
outage of ours.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.escalator.deciding.duties import JUST_AFTER
from services.escalator.lanes.lane import MAY_CHANGE_NOTHING
from services.notifier.delivery.record import message_id
from shared.case import Case, DutyState
from shared.facts import (
    OUR_FAILURES,
    Decision,
    EffectKind,
    Fact,
    LapseCause,
    Referred,
    Rejection,
    read_decision,
)
from shared.facts.acts import Deliveries
from shared.facts.authors import Author
from shared.ids import CaseId
from shared.pulse import AWAY_AFTER, CUT_AFTER, EVERY
from shared.streams import FACTS
from shared.vocabulary import CASE_ACTS, ESCALATOR_KINDS, Kind


class Entry(StrEnum):
    """What does not balance."""

    FACT_LOST = "fact lost"
    FACT_DOUBLED = "fact doubled"
    NOT_SET_ASIDE = "not set aside"
    SET_ASIDE_WRONGLY = "set aside wrongly"
    CASE_LOST = "case lost"
    FACT_UNDECIDED = "fact undecided"
    DECISION_LOST = "decision lost"
    DECISION_DOUBLED = "decision doubled"
    CALL_LOST = "call lost"
    CALL_DOUBLED = "call doubled"
    CALL_REPEATED = "call repeated though answered"
    OUTCOME_DOUBLED = "outcome doubled"
    CLOCK_LOST = "clock lost"
    CASE_WITHOUT_CLOCK = "case without clock"
    RECORD_LOST = "record lost"
    REFERRED_WRONGLY = "referred wrongly"
    LAPSE_LATE_BY_US = "lapse late by us"
    OTHER_HISTORY = "other history"
    LIGHT_UNTRUE = "light untrue"
    NOT_AS_APPROVED = "not as approved"


OLDER_COPY = "the broker was restored from an older copy"
"""So the audit says it."""
BROKER, GATEWAY = "broker", "gateway"
IN_A_REPORTS_WAY = frozenset({BROKER, Author.INTAKE})
"""What a unit needs to hand in its report."""
IN_A_CALLS_WAY = IN_A_REPORTS_WAY | {Author.ESCALATOR, Author.NOTIFIER}
"""What a leader needs to be called and to answer; the record and its store are in nobody's way."""

RECORDED = timedelta(seconds=1)
"""An answer of the gateway may be so long on its way to the record; a notifier that dies meanwhile rings
again.
"""
STARTING = timedelta(seconds=EVERY)
"""A service that starts gives its pulse so long before it is ready."""


@dataclass(frozen=True)
class Receipt:
    """What somebody was told that it is on record."""

    case: CaseId
    sequence: int


@dataclass(frozen=True)
class Stored:
    sequence: int
    at: datetime
    fact: Fact


@dataclass(frozen=True)
class Outage:
    part: str
    began: datetime
    ended: datetime
    """When the service was ready again, or the broker answered."""

    def covers(self, at: datetime) -> bool:
        return self.began <= at <= self.ended

    def stood_in_the_way(self, at: datetime) -> bool:
        """Of whoever had a limit then: our record can tell an outage that lasts, up to when there are signs
        of life again.
        """
        felt, starting = (AWAY_AFTER, timedelta(0)) if self.part == BROKER else (CUT_AFTER, STARTING)
        return self.ended - self.began > felt + starting and self.began <= at <= self.ended - starting


@dataclass(frozen=True)
class HandOver:
    """A message that was handed to the gateway."""

    id: str
    at: float
    answered: bool
    """The gateway took it, and whoever handed it over was there to hear so."""


@dataclass(frozen=True)
class Books:
    receipts: Sequence[Receipt]
    facts: Sequence[Stored]
    through: int
    """Up to this sequence everything was decided on before the escalators were stopped."""
    cases: Mapping[CaseId, Case]
    clocks: Mapping[CaseId, datetime]
    """The moment for which each case's clock is pending."""
    calls: Sequence[str]
    """Ids of the messages the gateway took, one for each time that it rang somebody."""
    records: Sequence[str] = ()
    """In what the trail and FACTS differ, in words."""
    outages: Sequence[Outage] = ()
    """When nobody was there for a part."""
    deaths: Sequence[Outage] = ()
    """When a process of a part was killed or frozen, though another may have been there."""
    hand_overs: Sequence[HandOver] = ()
    unreadable: Sequence[int] = ()
    """What was thrown into FACTS for nobody to read; it is not among `facts`."""
    repeated: Sequence[int] = ()
    """Facts that were thrown in a second time under their id."""
    restored: str | None = None
    """What the audit says after the broker was restored from an older copy: empty where it goes on, None
    where that was not done.
    """
    lights: Sequence[str] = ()
    """Who said to be ready and was not, in words."""
    not_as_approved: Sequence[str] = ()
    """In what policy and directory differ from what people approved last, in words."""


@dataclass(frozen=True)
class Line:
    entry: Entry
    case: CaseId | None
    words: str


def balance(books: Books) -> list[Line]:
    """What does not balance, in books that were closed when everything had come to rest."""
    decisions = [
        (stored, read_decision(stored.fact.data))
        for stored in books.facts
        if stored.fact.kind == Kind.DECIDED
    ]
    return [
        *_receipts(books),
        *_doubled_facts(books),
        *_set_aside(books),
        *_cases(books),
        *_decisions(books, decisions),
        *_calls(books, decisions),
        *_repeats(books),
        *_clocks(books),
        *_without_clock(books),
        *(Line(Entry.RECORD_LOST, None, words) for words in books.records),
        *_referrals(books, decisions),
        *_lapses(books, decisions),
        *_lights(books),
        *(Line(Entry.NOT_AS_APPROVED, None, words) for words in books.not_as_approved),
    ]


def _case_of(fact: Fact) -> CaseId | None:
    return CaseId(fact.subject) if fact.subject else None


def _receipts(books: Books) -> Iterator[Line]:
    stored = {one.sequence: one for one in books.facts}
    for receipt in books.receipts:
        fact = stored.get(receipt.sequence)
        if fact is None or fact.fact.subject != receipt.case:
            yield Line(
                Entry.FACT_LOST, receipt.case, f"receipted as fact {receipt.sequence}, which is not about it"
            )


def _doubled_facts(books: Books) -> Iterator[Line]:
    ours = {*books.repeated}
    times = Counter(
        stored.fact.id
        for stored in books.facts
        if stored.fact.kind != Kind.DUE and stored.sequence not in ours
    )
    for fact_id, count in times.items():
        if count > 1:
            yield Line(Entry.FACT_DOUBLED, None, f"{fact_id} stands {count} times in FACTS")


def _set_aside(books: Books) -> Iterator[Line]:
    """Each that was thrown in for nobody to read, and nothing else."""
    rejections = [
        Rejection.model_validate(stored.fact.data)
        for stored in books.facts
        if stored.fact.kind == Kind.REJECTED
    ]
    aside = {
        one.sequence: one for one in rejections if one.sequence is not None and one.stream in (None, FACTS)
    }
    for sequence in sorted({*books.unreadable} - aside.keys()):
        yield Line(Entry.NOT_SET_ASIDE, None, f"{sequence} can't be read, and no record says so")
    for sequence in sorted(aside.keys() - {*books.unreadable}):
        yield Line(
            Entry.SET_ASIDE_WRONGLY,
            aside[sequence].case,
            f"{sequence} on {aside[sequence].subject}: {aside[sequence].reason}",
        )


def _lights(books: Books) -> Iterator[Line]:
    if books.restored is not None and OLDER_COPY not in books.restored:
        yield Line(
            Entry.OTHER_HISTORY,
            None,
            f"the broker was restored from an older copy; the audit says {books.restored or 'nothing of it'!r}",
        )
    for words in books.lights:
        yield Line(Entry.LIGHT_UNTRUE, None, words)


def _cases(books: Books) -> Iterator[Line]:
    last: dict[CaseId, Stored] = {}
    for stored in books.facts:
        case, kind = _case_of(stored.fact), stored.fact.kind
        if (
            case is not None
            and stored.sequence <= books.through
            and kind in ESCALATOR_KINDS
            and kind not in MAY_CHANGE_NOTHING
        ):
            last[case] = stored
    for case_id, stored in last.items():
        case = books.cases.get(case_id)
        if case is None:
            yield Line(Entry.CASE_LOST, case_id, f"{stored.fact.kind} is on record, and there is no case")
        elif case.applied.sequence < stored.sequence:
            yield Line(
                Entry.FACT_UNDECIDED, case_id, f"{stored.fact.kind} ({stored.sequence}) was never decided on"
            )


def _decisions(books: Books, decisions: Sequence[tuple[Stored, Decision]]) -> Iterator[Line]:
    made = Counter((decision.case, decision.about.sequence) for _, decision in decisions)
    for (case, sequence), count in made.items():
        if count > 1:
            yield Line(Entry.DECISION_DOUBLED, case, f"fact {sequence} was decided on {count} times")
    by_fact = Counter(
        (decision.case, decision.about.id) for _, decision in decisions if decision.about.kind != Kind.DUE
    )
    for (case, fact_id), count in by_fact.items():
        if count > 1:
            yield Line(Entry.DECISION_DOUBLED, case, f"{fact_id} was decided on {count} times")
    for case_id, case in books.cases.items():
        if not case.decision.is_empty and (case_id, case.decision.about.sequence) not in made:
            yield Line(
                Entry.DECISION_LOST,
                case_id,
                f"decided on fact {case.decision.about.sequence}, and it never went out",
            )


def _calls(books: Books, decisions: Sequence[tuple[Stored, Decision]]) -> Iterator[Line]:
    outcomes: Counter[tuple[str, str]] = Counter()
    taken: set[str] = set()
    for stored in books.facts:
        if stored.fact.kind in (Kind.DELIVERED, Kind.FAILED):
            for each in Deliveries.model_validate(stored.fact.data).deliveries:
                outcomes[each.notice, each.channel] += 1
                if stored.fact.kind == Kind.DELIVERED:
                    taken.add(message_id(each.notice, each.channel))
    for _, decision in decisions:
        for notice in decision.notices:
            for channel in notice.channels if notice.held is None else ():
                count = outcomes.get((notice.id, channel), 0)
                if count == 0:
                    yield Line(
                        Entry.CALL_LOST,
                        decision.case,
                        f"{notice.id} on {channel}: nobody says what became of it",
                    )
                elif count > 1:
                    yield Line(
                        Entry.OUTCOME_DOUBLED, decision.case, f"{notice.id} on {channel}: {count} outcomes"
                    )
    rung = Counter(books.calls)
    for call in taken - rung.keys():
        yield Line(Entry.CALL_LOST, None, f"{call} is said to be handed over, and the gateway has not had it")
    for call, count in rung.items():
        if count > 1:
            yield Line(Entry.CALL_DOUBLED, None, f"{call} rang {count} times")


def _repeats(books: Books) -> Iterator[Line]:
    """Handed over again under the same id: only where no answer was given, or none could be put on record."""
    answered: dict[str, HandOver] = {}
    for again in sorted(books.hand_overs, key=lambda hand_over: hand_over.at):
        before = answered.get(again.id)
        if before is not None and not _is_unrecorded(books, before):
            words = f"{again.id} was handed over again {again.at - before.at:.1f} s after the gateway took it at {_at(before):%H:%M:%S.%f}"
            yield Line(Entry.CALL_REPEATED, None, words)
        if again.answered:
            answered[again.id] = again


def _at(hand_over: HandOver) -> datetime:
    return datetime.fromtimestamp(hand_over.at, UTC)


def _is_unrecorded(books: Books, taken: HandOver) -> bool:
    """A notifier or the broker died before what the gateway said could be written down; or the gateway had
    stood still, and whoever had handed it over was gone.
    """
    at = _at(taken)
    died = [death for death in books.deaths if death.part in (Author.NOTIFIER, BROKER, GATEWAY)]
    return any(death.began - RECORDED <= at <= death.ended + RECORDED for death in died)


def _clocks(books: Books) -> Iterator[Line]:
    struck = {_case_of(stored.fact): stored.at for stored in books.facts if stored.fact.kind == Kind.DUE}
    for case_id, case in books.cases.items():
        if case.clock_at is None or books.clocks.get(case_id) == case.clock_at:
            continue
        last = struck.get(case_id)
        if last is None or last < case.clock_at:  # one that struck since waits to be decided on
            yield Line(
                Entry.CLOCK_LOST,
                case_id,
                f"its clock is for {case.clock_at}, pending is {books.clocks.get(case_id)}",
            )


def _without_clock(books: Books) -> Iterator[Line]:
    """A limit ahead that nothing will strike for."""
    for case_id, case in books.cases.items():
        ahead = [duty for duty in case.duties if duty.state is DutyState.OPEN and duty.paused_at is None]
        first = min(ahead, key=lambda duty: duty.due_at, default=None)
        if first is not None and (case.clock_at is None or case.clock_at > first.due_at + JUST_AFTER):
            yield Line(
                Entry.CASE_WITHOUT_CLOCK,
                case_id,
                f"{first.id} is due at {first.due_at}, its clock is for {case.clock_at}",
            )


def _referrals(books: Books, decisions: Sequence[tuple[Stored, Decision]]) -> Iterator[Line]:
    """What a clock or a report referred by itself; a person may refer anything."""
    for _, decision in decisions:
        if decision.about.kind in CASE_ACTS:
            continue
        for sent in decision.sends:
            if sent.kind is not Kind.REFERRED:
                continue
            referred = Referred.model_validate(sent.data)
            fell_into = _outage_of(books, referred.limit, referred.cause)
            if fell_into is not None:
                words = f"{referred.duty} was due at {referred.limit}, when {fell_into.part} was away"
                yield Line(Entry.REFERRED_WRONGLY, decision.case, words)


def _lapses(books: Books, decisions: Sequence[tuple[Stored, Decision]]) -> Iterator[Line]:
    """A person is late by what they did. A limit that only a clock found passed tells how late we were, and
    what fell into an outage of ours says so.
    """
    for _, decision in decisions:
        for effect in decision.effects:
            if effect.kind is not EffectKind.LAPSED or effect.due_at is None:
                continue
            if effect.cause is not LapseCause.REPORTED_LATE and effect.late_by_seconds is not None:
                words = (
                    f"{effect.duty} is booked as {effect.late_by_seconds} s late, and nobody has done it yet"
                )
                yield Line(Entry.LAPSE_LATE_BY_US, decision.case, words)
            fell_into = _outage_of(books, effect.due_at, effect.cause)
            if fell_into is not None and OUR_FAILURES.isdisjoint(effect.excuses):
                words = f"{effect.duty} was due at {effect.due_at}, when {fell_into.part} was away, and its lapse does not say so"
                yield Line(Entry.LAPSE_LATE_BY_US, decision.case, words)


def _outage_of(books: Books, limit: datetime, cause: str | None) -> Outage | None:
    """What stood in the way at that moment of whoever let the limit pass."""
    in_the_way = IN_A_REPORTS_WAY if cause == LapseCause.REPORTED_LATE else IN_A_CALLS_WAY
    return next(
        (outage for outage in books.outages if outage.part in in_the_way and outage.stood_in_the_way(limit)),
        None,
    )
