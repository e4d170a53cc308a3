"""What a decision came to, short enough for a case to keep: effects that say the same of several people are
one, and so are the messages that went out together.

Invariant: made of the effects and notices alone, so that the case as it stands and the facts on record are
told in the same words; nothing is parsed here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from shared.facts.acts import MessageState
from shared.facts.body import DeliveryBody
from shared.facts.decision import Notice
from shared.facts.effect import Effect, EffectKind, Outage
from shared.facts.harm import HarmCount
from shared.facts.value import Value


class AtPost(Value, frozen=True, kw_only=True):
    """A person, and the post they are named for."""

    person: str
    post: str | None = None


class Consequence(Value, frozen=True, kw_only=True):
    """Effects of one kind that say the same of `people`."""

    kind: str
    why: str = ""
    rule: str | None = None
    """Of the policy, that laid the duty."""
    task: str | None = None
    unit: str | None = None
    due_at: datetime | None = None
    was: datetime | None = None
    late_by_seconds: float | None = None
    cause: str | None = None
    stood_in: str | None = None
    excuses: tuple[str, ...] = ()
    outage: Outage | None = None
    likeness: float | None = None
    ground: str | None = None
    """Suspected: why it is that unit's to report."""
    measure: str | None = None
    approvals: int | None = None
    approvals_needed: int | None = None
    note: str | None = None
    """Of a task its title."""
    level: str | None = None
    """Regraded: from now on."""
    harm: HarmCount | None = None
    harm_was: HarmCount | None = None
    """As it was before."""
    people: tuple[AtPost, ...] = ()


class Called(Value, frozen=True, kw_only=True):
    """A person to whom a message went, and whether any channel has handed it over."""

    notice: str
    person: str
    post: str | None = None
    delivered: bool | None = None
    """Handed over on any channel. None: nothing is known yet."""
    handed_over: tuple[str, ...] = ()
    """On these channels. None where an earlier version has kept it."""
    arrived: bool = False
    """A gateway says that the telephone has it."""
    opened: bool = False
    """Its link was opened, which is no answer."""

    def told(self, line: DeliveryBody, *, failed: bool) -> "Called":
        """With what became of the message on a channel."""
        if line.state in (MessageState.SPARED, MessageState.BESIDE, MessageState.KEPT):
            return self
        if line.state == MessageState.OPENED:
            return replace(self, opened=True)
        others = tuple([channel for channel in self.handed_over if channel != line.channel])
        if not failed:
            is_arrived = self.arrived or line.state == MessageState.ARRIVED
            return replace(self, delivered=True, handed_over=(*others, line.channel), arrived=is_arrived)
        is_taken_back = line.state == MessageState.UNDELIVERED and line.channel in self.handed_over
        if is_taken_back:
            return replace(
                self, delivered=bool(others), handed_over=others, arrived=self.arrived and bool(others)
            )
        return self if self.delivered else replace(self, delivered=False)


class Calls(Value, frozen=True, kw_only=True):
    """Messages of one purpose over the same channels."""

    purpose: str
    channels: tuple[str, ...] = ()
    is_held: bool = False
    """Sent to nobody: an exercise, or a plan of silence."""
    people: tuple[Called, ...] = ()


class Account(Value, frozen=True, kw_only=True):
    consequences: tuple[Consequence, ...] = ()
    calls: tuple[Calls, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.consequences or self.calls)

    def has(self, kind: EffectKind) -> bool:
        return any(consequence.kind == kind for consequence in self.consequences)

    def delivered(self, lines: Sequence[DeliveryBody], *, failed: bool) -> "Account":
        return replace(self, calls=delivered(self.calls, lines, failed=failed))


def delivered(calls: tuple[Calls, ...], lines: Sequence[DeliveryBody], *, failed: bool) -> tuple[Calls, ...]:
    """With what became of messages. One that was handed over on a channel stays so, unless its gateway says
    that it did not arrive.
    """
    of_notice: dict[str, list[DeliveryBody]] = {}
    for line in lines:
        of_notice.setdefault(line.notice, []).append(line)

    def now(called: Called) -> Called:
        for line in of_notice.get(called.notice, ()):
            called = called.told(line, failed=failed)
        return called

    return tuple(
        replace(group, people=tuple(map(now, group.people)))
        if any(called.notice in of_notice for called in group.people)
        else group
        for group in calls
    )


SAID_BY_THE_CALL = frozenset({EffectKind.LIT, EffectKind.TOLD})
"""Whoever is called stands among those called."""


def calls_of(notices: Iterable[Notice]) -> tuple[Calls, ...]:
    return tuple(
        Calls(
            purpose=notice.purpose,
            channels=notice.channels,
            is_held=notice.held is not None,
            people=(Called(notice=notice.id, person=notice.person, post=notice.post),),
        )
        for notice in notices
    )


def account_of(effects: Iterable[Effect], calls: Iterable[Calls]) -> Account:
    return together(map(_consequence, effects), calls)


def _consequence(effect: Effect) -> Consequence:
    return Consequence(
        kind=effect.kind,
        why=effect.why,
        rule=effect.duty_rule,
        task=effect.task,
        unit=effect.unit,
        due_at=effect.due_at,
        was=effect.was,
        late_by_seconds=effect.late_by_seconds,
        cause=effect.cause,
        stood_in=effect.stood_in,
        excuses=effect.excuses,
        outage=effect.outage,
        likeness=effect.likeness,
        ground=effect.ground,
        measure=effect.measure,
        approvals=effect.approvals,
        approvals_needed=effect.approvals_needed,
        note=effect.note if effect.kind is EffectKind.TASK else None,
        level=effect.level,
        harm=effect.harm,
        harm_was=effect.harm_was,
        people=named(effect.person, effect.post, effect.people),
    )


def named(person: str | None, post: str | None, people: Iterable[str]) -> tuple[AtPost, ...]:
    return (AtPost(person=person, post=post),) if person else tuple(AtPost(person=one) for one in people)


def together(consequences: Iterable[Consequence], calls: Iterable[Calls]) -> Account:
    """Consequences that say the same become one, and so do messages; whoever is called is not named twice."""
    called: dict[Calls, dict[Called, None]] = {}
    for call in calls:
        called.setdefault(replace(call, people=()), {}).update(dict.fromkeys(call.people))
    reached = {person.person for people in called.values() for person in people}
    people_of: dict[Consequence, dict[AtPost, None]] = {}
    for consequence in consequences:
        people = consequence.people
        if people and consequence.kind in SAID_BY_THE_CALL:
            people = tuple([one for one in people if one.person not in reached])
            if not people:
                continue
        people_of.setdefault(replace(consequence, people=()), {}).update(dict.fromkeys(people))
    return Account(
        consequences=tuple(replace(alike, people=tuple(people)) for alike, people in people_of.items()),
        calls=tuple(replace(alike, people=tuple(people)) for alike, people in called.items()),
    )
