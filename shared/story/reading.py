"""The facts of a case gathered into moments: a fact with the decision made on it, and with what became of the
messages that went out then.

Invariant: pure, and forgiving. Every record is in exactly one moment: a clock that struck for nothing, and a
message that was handed over, are folded into what they belong to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.facts import EffectKind
from shared.facts.account import Account, Called, Calls, Consequence, named, together
from shared.facts.body import EffectBody, FactBody, deliveries_in, notices_in
from shared.vocabulary import Kind

FOLDED = frozenset({Kind.DUE, Kind.DELIVERED, Kind.FAILED, Kind.HEARD})
"""Told only where something came of it."""
HANDED_OVER = (Kind.DELIVERED, Kind.FAILED)


@dataclass(frozen=True)
class RecordedFact:
    """A fact as it lies on record. `number`: of the record, by which a reader finds it."""

    sequence: int
    number: int
    at: datetime
    kind: str
    data: FactBody


@dataclass(frozen=True)
class Moment:
    at: datetime
    kind: str
    data: FactBody
    account: Account = field(default_factory=Account)
    numbers: tuple[int, ...] = ()
    """The records it tells of."""

    @property
    def lapse(self) -> bool:
        return self.account.has(EffectKind.LAPSED)

    @property
    def is_refused(self) -> bool:
        return self.account.has(EffectKind.REFUSED)


def moments_of(facts: Iterable[RecordedFact]) -> tuple[Moment, ...]:
    """In the order of the record."""
    moments: list[Moment] = []
    of_sequence: dict[int, int] = {}
    of_notice: dict[str, int] = {}
    for fact in facts:
        place = _decided_on(fact, of_sequence)
        if place is None:
            place = len(moments)
            of_sequence[fact.sequence] = place
            moments.append(Moment(fact.at, fact.kind, fact.data))
        before = moments[place]
        account = account_in(fact.data) if fact.kind == Kind.DECIDED else Account()
        moments[place] = replace(
            before,
            account=Account(
                consequences=(*before.account.consequences, *account.consequences),
                calls=(*before.account.calls, *account.calls),
            ),
            numbers=(*before.numbers, fact.number),
        )
        of_notice |= {called.notice: place for calls in account.calls for called in calls.people}
        if fact.kind in HANDED_OVER:
            _hand_over(moments, fact, of_notice)
    return _folded(moments, of_notice)


def _decided_on(fact: RecordedFact, of_sequence: Mapping[int, int]) -> int | None:
    if fact.kind != Kind.DECIDED:
        return None
    return of_sequence.get(int(fact.data.part("about").number("sequence") or -1))


def _hand_over(moments: list[Moment], fact: RecordedFact, of_notice: Mapping[str, int]) -> None:
    lines = deliveries_in(fact.data)
    for place in {of_notice[line.notice] for line in lines if line.notice in of_notice}:
        account = moments[place].account.delivered(lines, failed=fact.kind == Kind.FAILED)
        moments[place] = replace(moments[place], account=account)


def _folded(moments: list[Moment], of_notice: Mapping[str, int]) -> tuple[Moment, ...]:
    kept: dict[int, Moment] = {}
    for place, moment in enumerate(moments):
        if not kept or moment.kind not in FOLDED or not moment.account.is_empty:
            kept[place] = moment
            continue
        told = (of_notice[notice] for notice in notices_in(moment.data) if notice in of_notice)
        into = next((one for one in told if one in kept), max(kept))
        kept[into] = replace(kept[into], numbers=(*kept[into].numbers, *moment.numbers))
    return tuple(kept.values())


def account_in(decision: FactBody) -> Account:
    """Of the data of a `decided` fact, whichever version wrote it."""
    return together(
        map(_consequence, decision.effects),
        (
            Calls(
                purpose=notice.text("purpose") or "",
                channels=notice.texts("channels"),
                is_held=notice.text("held") is not None,
                people=(
                    Called(
                        notice=notice.text("id") or "",
                        person=notice.text("person") or "",
                        post=notice.text("post"),
                    ),
                ),
            )
            for notice in decision.parts("notices")
        ),
    )


def _consequence(effect: EffectBody) -> Consequence:
    approvals = effect.number("approvals")
    return Consequence(
        kind=effect.kind,
        why=effect.why,
        rule=effect.duty_rule or None,
        task=effect.task,
        unit=effect.unit,
        due_at=effect.due,
        was=effect.was,
        late_by_seconds=effect.late_by,
        cause=effect.cause,
        stood_in=effect.text("stood_in"),
        excuses=effect.texts("excuses"),
        outage=effect.outage,
        likeness=effect.number("likeness"),
        ground=effect.text("ground"),
        measure=effect.measure if effect.kind in (EffectKind.PROPOSED, EffectKind.STATUS) else None,
        approvals=None if approvals is None else int(approvals),
        approvals_needed=None if approvals is None else effect.approvals_needed,
        note=effect.note if effect.kind == EffectKind.TASK else None,
        level=effect.text("level"),
        harm=effect.harm("harm"),
        harm_was=effect.harm("harm_was"),
        people=named(effect.person, effect.text("post"), effect.texts("people")),
    )


def task_titles(moments: Iterable[Moment]) -> dict[str, str]:
    """What each task was called when it was laid."""
    return {
        consequence.task: consequence.note
        for moment in moments
        for consequence in moment.account.consequences
        if consequence.kind == EffectKind.TASK and consequence.why in LAID
        if consequence.task is not None and consequence.note is not None
    }


LAID = ("assigned", "waiting")
