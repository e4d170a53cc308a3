"""Whatever is killed, frozen or away: what was receipted is on record, decided once, rung once and in the
trail; nobody is blamed for us.

The short play of `make faults`, and the balance sheet itself: each loss that is planted in its books is
found.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace as changed

from shared.case import DutyState
from shared.facts import (
    Effect,
    EffectKind,
    Excuse,
    Fact,
    LapseCause,
    Outgoing,
    Referred,
    Rejection,
    read_decision,
)
from shared.facts.authors import Author
from shared.ids import CaseId, DutyId, UnitId
from shared.vocabulary import Kind
from tests.faults.balance import BROKER, GATEWAY, Books, Entry, HandOver, Outage, Receipt, Stored, balance
from tests.faults.play import played

SECONDS = 10.0
RATIO = 240
"""Half an hour takes seven seconds."""
AROUND = timedelta(seconds=2)
Planted = Callable[[Books], Books]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    _, closed = await played(
        tmp_path_factory.mktemp("play"), seed=1, copies=1, brokers=1, seconds=SECONDS, ratio=RATIO
    )
    return closed


@pytest.mark.timeout(300)
async def test_the_books_balance(books: Books) -> None:
    assert len(books.receipts) > SECONDS
    assert balance(books) == []


def _first(books: Books, kind: Kind) -> int:
    return next(place for place, stored in enumerate(books.facts) if stored.fact.kind == kind)


def _without_the_first(books: Books, kind: Kind) -> Books:
    place = _first(books, kind)
    return replace(books, facts=[*books.facts[:place], *books.facts[place + 1 :]])


def _again(books: Books, kind: Kind) -> Books:
    """The first of its kind stands a second time, under another id."""
    stored = books.facts[_first(books, kind)]
    copy = stored.fact.model_copy(update={"id": f"{stored.fact.id}-again"})
    return replace(
        books, facts=[*books.facts, replace(stored, sequence=books.facts[-1].sequence + 1, fact=copy)]
    )


def _same_fact_twice(books: Books) -> Books:
    stored = books.facts[_first(books, Kind.REPORTED)]
    return replace(books, facts=[*books.facts, replace(stored, sequence=books.facts[-1].sequence + 1)])


def _without_a_case(books: Books) -> Books:
    return replace(books, cases=dict([*books.cases.items()][1:]))


def _undecided(books: Books) -> Books:
    """A case forgets its last act."""
    case_id, case = next(
        (key, case)
        for key, case in books.cases.items()
        if case.id in {stored.fact.subject for stored in books.facts}
    )
    return replace(
        books, cases={**books.cases, case_id: changed(case, applied=changed(case.applied, sequence=0))}
    )


def _without_a_clock(books: Books) -> Books:
    last = books.facts[-1].at
    far = next(
        key
        for key, case in books.cases.items()
        if case.clock_at is not None and case.clock_at > last + timedelta(minutes=1)
    )
    return replace(books, clocks={key: at for key, at in books.clocks.items() if key != far})


def _referred_from_an_outage(
    books: Books, part: str = BROKER, cause: LapseCause = LapseCause.NOT_DONE
) -> Books:
    place = _first(books, Kind.DECIDED)
    stored = books.facts[place]
    decision = read_decision(stored.fact.data)
    referred = Referred(
        case=decision.case,
        duty=DutyId("d"),
        rule="first_report",
        unit=UnitId("u"),
        limit=stored.at,
        found_at=stored.at,
        cause=cause,
    )
    sent = Outgoing(
        kind=Kind.REFERRED, case=CaseId("x"), data=referred.model_dump(mode="json", exclude_none=True)
    )
    fact = stored.fact.model_copy(update={"data": changed(decision, sends=(sent,))})
    facts = [*books.facts[:place], replace(stored, fact=fact), *books.facts[place + 1 :]]
    return replace(books, facts=facts, outages=[Outage(part, stored.at - AROUND, stored.at + AROUND)])


def _lapsed(books: Books, **how: Any) -> Books:
    """The first decision finds a limit passed; we were away at that moment."""
    place = _first(books, Kind.DECIDED)
    stored = books.facts[place]
    decision = read_decision(stored.fact.data)
    lapsed = Effect(
        kind=EffectKind.LAPSED, why="limit_passed", due_at=stored.at, cause=LapseCause.NOT_ACKNOWLEDGED, **how
    )
    fact = stored.fact.model_copy(update={"data": changed(decision, effects=(*decision.effects, lapsed))})
    facts = [*books.facts[:place], replace(stored, fact=fact), *books.facts[place + 1 :]]
    return replace(books, facts=facts, outages=[Outage(BROKER, stored.at - AROUND, stored.at + AROUND)])


def _without_a_moment(books: Books) -> Books:
    """A case owes something and waits for no clock: nothing in it and nothing in the broker will ever look at
    it again.
    """
    case_id, case = next(
        (key, case)
        for key, case in books.cases.items()
        if any(duty.state is DutyState.OPEN for duty in case.duties)
    )
    clocks = {key: at for key, at in books.clocks.items() if key != case_id}
    return replace(books, cases={**books.cases, case_id: changed(case, clock_at=None)}, clocks=clocks)


def _handed_over_again(books: Books, answered: bool = True, died: str = "") -> Books:
    """As a notifier would that forgot what the gateway had said."""
    last = books.facts[-1].at + timedelta(minutes=1)
    hand_over = HandOver("a-call", last.timestamp(), answered)
    deaths = [Outage(died, last, last + timedelta(seconds=3))] if died else []
    again = [hand_over, replace(hand_over, at=hand_over.at + 5)]
    return replace(books, hand_overs=[*books.hand_overs, *again], deaths=[*books.deaths, *deaths])


def _set_aside_wrongly(books: Books) -> Books:
    """A record says that a good report could not be read."""
    good, last = books.facts[_first(books, Kind.REPORTED)], books.facts[-1]
    said = Rejection(
        subject="fact.1.reported", reason="not a fact", headers={}, digest="0" * 64, sequence=good.sequence
    )
    fact = Fact.of(
        Kind.REJECTED,
        id=f"aside:{good.sequence}",
        source="/services/audit",
        subject=None,
        time=last.at,
        data=said,
    )
    return replace(books, facts=[*books.facts, Stored(last.sequence + 1, last.at, fact)])


def _without_decisions(books: Books) -> Books:
    return replace(books, facts=[stored for stored in books.facts if stored.fact.kind != Kind.DECIDED])


PLANTED: dict[Entry, Planted] = {
    Entry.FACT_LOST: lambda books: replace(
        books, receipts=[*books.receipts, Receipt(CaseId("x"), books.facts[-1].sequence + 9)]
    ),
    Entry.FACT_DOUBLED: _same_fact_twice,
    Entry.NOT_SET_ASIDE: lambda books: replace(books, unreadable=[books.facts[-1].sequence + 1]),
    Entry.SET_ASIDE_WRONGLY: _set_aside_wrongly,
    Entry.CASE_LOST: _without_a_case,
    Entry.FACT_UNDECIDED: _undecided,
    Entry.DECISION_LOST: _without_decisions,
    Entry.DECISION_DOUBLED: lambda books: _again(books, Kind.DECIDED),
    Entry.CALL_LOST: lambda books: _without_the_first(books, Kind.DELIVERED),
    Entry.CALL_DOUBLED: lambda books: replace(books, calls=[*books.calls, books.calls[0]]),
    Entry.CALL_REPEATED: _handed_over_again,
    Entry.OUTCOME_DOUBLED: lambda books: _again(books, Kind.DELIVERED),
    Entry.CLOCK_LOST: _without_a_clock,
    Entry.RECORD_LOST: lambda books: replace(
        books, records=["fact 7 is in the stream and its record is not in the trail"]
    ),
    Entry.CASE_WITHOUT_CLOCK: _without_a_moment,
    Entry.REFERRED_WRONGLY: _referred_from_an_outage,
    Entry.LAPSE_LATE_BY_US: _lapsed,
    Entry.OTHER_HISTORY: lambda books: replace(books, restored=""),
    Entry.NOT_AS_APPROVED: lambda books: replace(books, not_as_approved=["in force: the file's policy"]),
    Entry.LIGHT_UNTRUE: lambda books: replace(
        books, lights=["intake says that it is ready, and the broker stores nothing"]
    ),
}


@pytest.mark.parametrize("entry", Entry)
def test_each_planted_loss_is_found(books: Books, entry: Entry) -> None:
    assert entry in {line.entry for line in balance(PLANTED[entry](books))}


@pytest.mark.parametrize(
    ("part", "cause", "excuses"),
    [
        (Author.NOTIFIER, LapseCause.NOT_ACKNOWLEDGED, True),
        (Author.AUDIT, LapseCause.NOT_ACKNOWLEDGED, False),
        (Author.INTAKE, LapseCause.REPORTED_LATE, True),
        (Author.NOTIFIER, LapseCause.REPORTED_LATE, False),
    ],
)
def test_only_what_stood_in_the_way_excuses(
    books: Books, part: Author, cause: LapseCause, excuses: bool
) -> None:
    found = balance(_referred_from_an_outage(books, part, cause))
    assert (Entry.REFERRED_WRONGLY in {line.entry for line in found}) is excuses


@pytest.mark.parametrize(
    ("answered", "died", "is_fault"),
    [
        (True, "", True),
        (True, Author.ESCALATOR, True),
        (True, Author.NOTIFIER, False),
        (True, BROKER, False),
        (True, GATEWAY, False),
        (False, "", False),
    ],
)
def test_a_call_is_repeated_only_where_its_answer_was_not_heard_or_could_not_be_kept(
    books: Books, answered: bool, died: str, is_fault: bool
) -> None:
    found = balance(_handed_over_again(books, answered, died))
    assert {line.entry for line in found} == ({Entry.CALL_REPEATED} if is_fault else set())


@pytest.mark.parametrize(
    ("late_by", "excuses", "is_ours"),
    [
        (None, (), True),
        (9.5, (Excuse.SYSTEM_AWAY,), True),
        (None, (Excuse.STOOD_IN,), True),
        (None, (Excuse.SYSTEM_AWAY,), False),
        (None, (Excuse.NOTHING_DELIVERED,), False),
    ],
)
def test_a_lapse_says_what_the_machine_did_and_never_how_late_it_was(
    books: Books, late_by: float | None, excuses: tuple[Excuse, ...], is_ours: bool
) -> None:
    found = balance(_lapsed(books, late_by_seconds=late_by, excuses=excuses))
    assert {line.entry for line in found} == ({Entry.LAPSE_LATE_BY_US} if is_ours else set())


@pytest.mark.parametrize(
    "entry",
    [
        Entry.FACT_LOST,
        Entry.CALL_DOUBLED,
        Entry.RECORD_LOST,
        Entry.CLOCK_LOST,
        Entry.CASE_WITHOUT_CLOCK,
        Entry.LAPSE_LATE_BY_US,
    ],
)
def test_and_nothing_else_is(books: Books, entry: Entry) -> None:
    assert {line.entry for line in balance(PLANTED[entry](books))} == {entry}
