"""A case as the duty officer needs to see it at three in the morning: who is owed what by when, who is lit, who is dark, what is next.

Invariant: a pure reading of the case. Nothing is decided here and nothing is hidden.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.case import Case, CaseStatus, Duty, DutyState, Lit
from shared.facts import Name, rfc3339
from shared.ids import PersonId
from shared.tokens import Principal
from shared.vocabulary import Kind, Role
from shared.web.names import Names


class Light(StrEnum):
    """How a person who was told stands."""

    ANSWERED = "answered"
    DARK = "dark"
    WAITING = "waiting"
    ENDED = "ended"
    """The duty was settled before they answered."""


class Sent(StrEnum):
    DELIVERED = "delivered"
    FAILED = "failed"
    TRYING = "trying"


@dataclass(frozen=True)
class LitView:
    person: PersonId
    name: Name
    post: Name
    at: datetime
    light: Light
    since: datetime | None
    channels: tuple[tuple[str, Sent], ...]
    may_log_call: bool


@dataclass(frozen=True)
class DutyView:
    duty: Duty
    name: Name
    post: Name
    own: LitView | None
    taken_by: Name | None
    mine: bool
    may_log_call: bool
    """The reader may write down that they reached this person, and it would still count."""


@dataclass(frozen=True)
class LinkView:
    """A contact of the fallback chain, shown once for the case however many duties they were lit for."""

    lit: LitView
    stands_for: tuple[Name, ...]


class StepKind(StrEnum):
    REMIND = "remind"
    LIGHT = "light"
    GIVE_UP = "give_up"
    """The last contact of the chain is given up: nobody is left to light."""
    LIMIT = "limit"


@dataclass(frozen=True)
class Step:
    """What happens next by itself if nobody answers."""

    at: datetime
    kind: StepKind
    about: Name
    lights: Name | None = None


@dataclass(frozen=True)
class CaseView:
    case: Case
    unit: Name
    holder: Name
    area: Name
    duties: tuple[DutyView, ...]
    chain: tuple[LinkView, ...]
    exhausted: bool
    """Somebody is still owed a report, and nobody is being rung for them any more."""
    step: Step | None
    can: frozenset[Kind]
    may_acknowledge: bool
    """The reader has an unanswered call of this case: one click settles all of theirs."""

    @property
    def owed(self) -> int:
        return sum(view.duty.is_owed for view in self.duties)

    @property
    def order(self) -> str:
        """Sorts as the board does: the next due first, those that owe nothing last, older before younger."""
        due = self.case.next_due
        return f"{rfc3339(due) if due else '~'} {self.case.id}"


def case_view(case: Case, names: Names, principal: Principal, can: frozenset[Kind]) -> CaseView:
    can = fitting(case, can)
    logs_calls = principal.role is Role.DUTY_OFFICER and Kind.ACKNOWLEDGED in can
    duties = tuple(_duty_view(duty, names, principal, logs_calls=logs_calls) for duty in case.duties)
    unanswered = any(lit.person == principal.person and lit.answered_at is None for duty in case.duties if duty.is_owed for lit in duty.lit)
    return CaseView(
        case=case,
        unit=names.unit(case.report.unit),
        holder=names.unit(case.holder),
        area=names.area(case.report.area),
        duties=duties,
        chain=_chain(case.duties, names, logs_calls=logs_calls),
        exhausted=any(duty.is_owed and duty.next_link_at is None and duty.taken_by is None for duty in case.duties),
        step=_next_step(case.duties, names),
        can=can,
        may_acknowledge=unanswered and Kind.ACKNOWLEDGED in can,
    )


def fitting(case: Case, can: frozenset[Kind]) -> frozenset[Kind]:
    """Of what the reader may do, that which means something now: only these buttons are shown."""
    if case.status in (CaseStatus.CLOSED, CaseStatus.WITHDRAWN, CaseStatus.MERGED):
        return can & {Kind.ACKNOWLEDGED, Kind.FOLLOWED_UP}
    if case.status is CaseStatus.RESOLVED:
        can -= {Kind.RESOLVED}
    return can - ({Kind.TRANSFERRED} if case.transfer else {Kind.ACCEPTED, Kind.OBJECTED})


def _duty_view(duty: Duty, names: Names, principal: Principal, *, logs_calls: bool) -> DutyView:
    own = next((_lit_view(lit, duty, names, logs_calls=logs_calls) for lit in duty.lit if lit.person == duty.owed_to), None)
    return DutyView(
        duty=duty,
        name=names.person(duty.owed_to),
        post=names.post(duty.posts[0]) if duty.posts else names.person(duty.owed_to),
        own=own,
        taken_by=names.person(duty.taken_by) if duty.taken_by else None,
        mine=duty.owed_to == principal.person,
        may_log_call=logs_calls and duty.is_owed,
    )


_PROMISE = (Light.ANSWERED, Light.WAITING, Light.DARK, Light.ENDED)
"""Somebody lit for several duties stands as in the most hopeful of them."""


def _chain(duties: Iterable[Duty], names: Names, *, logs_calls: bool) -> tuple[LinkView, ...]:
    found: dict[PersonId, list[tuple[LitView, Name]]] = {}
    for duty in duties:
        for lit in duty.lit:
            if lit.person != duty.owed_to:
                view = _lit_view(lit, duty, names, logs_calls=logs_calls)
                found.setdefault(lit.person, []).append((view, names.person(duty.owed_to)))
    links = [
        LinkView(min((view for view, _ in views), key=lambda view: _PROMISE.index(view.light)), tuple(name for _, name in views))
        for views in found.values()
    ]
    return tuple(sorted(links, key=lambda link: link.lit.at))


def _lit_view(lit: Lit, duty: Duty, names: Names, *, logs_calls: bool) -> LitView:
    if lit.answered_at is not None:
        light, since = Light.ANSWERED, lit.answered_at
    elif lit.dark_at is not None:
        light, since = Light.DARK, lit.dark_at
    elif duty.is_owed:
        light, since = Light.WAITING, lit.at
    else:
        light, since = Light.ENDED, None
    return LitView(
        person=lit.person,
        name=names.person(lit.person),
        post=names.post(lit.post),
        at=lit.at,
        light=light,
        since=since,
        channels=tuple(_sent(lit)),
        may_log_call=logs_calls and duty.is_owed and lit.answered_at is None,
    )


def _sent(lit: Lit) -> Iterable[tuple[str, Sent]]:
    for channel in dict.fromkeys((*lit.channels, *lit.delivered, *lit.failed)):
        if channel in lit.delivered:
            yield channel, Sent.DELIVERED
        else:
            yield channel, Sent.FAILED if channel in lit.failed else Sent.TRYING


def _next_step(duties: Iterable[Duty], names: Names) -> Step | None:
    steps: list[Step] = []
    for duty in duties:
        if not duty.is_owed:
            continue
        about = names.person(duty.owed_to)
        if duty.next_link_at is not None:
            following = next(iter(duty.plan.chain), None)
            kind = StepKind.LIGHT if following else StepKind.GIVE_UP
            steps.append(Step(duty.next_link_at, kind, about, names.post(following) if following else None))
        if duty.plan.remind:
            steps.append(Step(min(duty.plan.remind), StepKind.REMIND, about))
        if duty.state is DutyState.OPEN:
            steps.append(Step(duty.due_at, StepKind.LIMIT, about))
    return min(steps, key=lambda step: step.at, default=None)
