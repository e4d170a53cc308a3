"""A case as the duty officer needs to see it at three in the morning: who owes what by when, who is lit, who is dark, what is next.

Invariant: a pure reading of the case. Nothing is decided here and nothing is hidden; what is due next stands first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.intake.card import emergency
from services.intake.desk.fitting import fitting
from services.intake.task_list import URGENCY, slip_of
from shared.case import Case, Duty, DutyState, Held, Lit, Slip, Task
from shared.facts import Name, rfc3339
from shared.ids import PersonId
from shared.tokens import Principal
from shared.vocabulary import Kind, Role
from shared.web.names import Names

CALM_SHOWN = 3
"""Duties of a case on the board that are merely due, beside those that press."""


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
    title: Name
    name: Name
    """Who has to move."""
    post: Name
    owed_to: Name | None
    """None where that is the same person: a report is owed to whoever is called."""
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


@dataclass(frozen=True)
class TaskView:
    task: Task
    slip: Slip | None
    mine: bool
    """It is with the reader's unit."""


class StepKind(StrEnum):
    REMIND = "remind"
    LIGHT = "light"
    GIVE_UP = "give_up"
    """The last contact of the chain is given up: nobody is left to light."""
    LIMIT = "limit"
    OVERDUE = "overdue"
    """Somebody above is told that it is still not done."""
    AGAIN = "again"
    """Whoever put it off, or has not done it yet, is called again."""
    RESUME = "resume"


@dataclass(frozen=True)
class Step:
    """What happens next by itself if nobody answers."""

    at: datetime
    kind: StepKind
    about: Name
    title: Name
    lights: Name | None = None


@dataclass(frozen=True)
class CaseView:
    case: Case
    unit: Name
    holder: Name
    area: Name
    duties: tuple[DutyView, ...]
    """Those still owed first, the next due at the head; then what is settled."""
    chain: tuple[LinkView, ...]
    exhausted: bool
    """Somebody is still owed a report, and nobody is being rung for them any more."""
    step: Step | None
    tasks: tuple[TaskView, ...]
    held: tuple[Held, ...]
    """Who answered for it, in turn; one alone says nothing."""
    can: frozenset[Kind]
    may_acknowledge: bool
    """The reader has an unanswered call of this case: one click settles all of theirs."""

    @property
    def owed(self) -> int:
        return sum(view.duty.is_owed for view in self.duties)

    @property
    def regraded(self) -> bool:
        return (self.case.level, self.case.sensitive) != (self.case.report.level, self.case.report.sensitive)

    @property
    def next(self) -> DutyView | None:
        """What is due next."""
        return next((view for view in self.duties if view.duty.is_owed), None)

    @property
    def order(self) -> str:
        """Sorts as the board does: emergencies, then the next due; those that owe nothing last, older before younger."""
        due, report = self.case.next_due, self.case.report
        rank = 0 if emergency(report.kind, self.case.status, exercise=report.exercise) else 1
        return f"{rank} {rfc3339(due) if due else '~'} {self.case.id}"

    @property
    def rings(self) -> bool:
        """Somebody is being called, or a limit has passed: the duties stand open on the board."""
        return any(view.duty.is_owed and (view.own is not None or view.duty.lapse is not None) for view in self.duties)

    @property
    def pressing(self) -> tuple[DutyView, ...]:
        """What the board shows of the duties: whoever is called, what is late, the reader's own, and the next few; the case has all."""
        calm = [view for view in self.duties if view.duty.is_owed and not _presses(view)][:CALM_SHOWN]
        return tuple(view for view in self.duties if _presses(view) or view in calm)


def _presses(view: DutyView) -> bool:
    return view.own is not None or view.mine or (view.duty.is_owed and view.duty.lapse is not None)


def case_view(case: Case, names: Names, principal: Principal, can: frozenset[Kind], now: datetime) -> CaseView:
    can = fitting(case, can)
    logs_calls = principal.role is Role.DUTY_OFFICER and Kind.ACKNOWLEDGED in can
    duties = [_duty_view(duty, case, names, principal, logs_calls=logs_calls) for duty in case.duties]
    unanswered = any(lit.person == principal.person and lit.answered_at is None for duty in case.duties if duty.is_owed for lit in duty.lit)
    tasks = [TaskView(task, slip_of(task, now), task.unit == principal.unit) for task in case.tasks]
    return CaseView(
        case=case,
        unit=names.unit(case.report.unit),
        holder=names.unit(case.holder),
        area=names.area(case.report.area),
        duties=tuple(sorted(duties, key=lambda view: (not view.duty.is_owed, view.duty.due_at))),
        chain=_chain(case.duties, names, logs_calls=logs_calls),
        exhausted=any(_is_exhausted(duty, case) for duty in case.duties),
        step=_next_step(case, names),
        tasks=tuple(sorted(tasks, key=lambda view: (URGENCY[view.slip], view.task.due_at))),
        held=case.held if len(case.held) > 1 else (),
        can=can,
        may_acknowledge=unanswered and Kind.ACKNOWLEDGED in can,
    )


def _is_exhausted(duty: Duty, case: Case) -> bool:
    had_a_chain = bool(case.plan_of(duty).chain) and not case.report.exercise
    return had_a_chain and duty.is_owed and not duty.chain and duty.next_link_at is None and duty.taken_by is None


def _duty_view(duty: Duty, case: Case, names: Names, principal: Principal, *, logs_calls: bool) -> DutyView:
    own = next((_lit_view(lit, duty, names, logs_calls=logs_calls) for lit in duty.lit if lit.person == duty.bearer), None)
    return DutyView(
        duty=duty,
        title=case.plan_of(duty).title,
        name=names.person(duty.bearer),
        post=names.post(duty.bearer_post),
        owed_to=names.person(duty.owed_to) if duty.owed_to != duty.bearer else None,
        own=own,
        taken_by=names.person(duty.taken_by) if duty.taken_by else None,
        mine=duty.bearer == principal.person,
        may_log_call=logs_calls and duty.is_owed and (own is not None or case.plan_of(duty).by_recipient),
    )


_PROMISE = (Light.ANSWERED, Light.WAITING, Light.DARK, Light.ENDED)
"""Somebody lit for several duties stands as in the most hopeful of them."""


def _chain(duties: Iterable[Duty], names: Names, *, logs_calls: bool) -> tuple[LinkView, ...]:
    found: dict[PersonId, list[tuple[LitView, Name]]] = {}
    for duty in duties:
        for lit in duty.lit:
            if lit.person != duty.bearer:
                view = _lit_view(lit, duty, names, logs_calls=logs_calls)
                found.setdefault(lit.person, []).append((view, names.person(duty.bearer)))
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


def _next_step(case: Case, names: Names) -> Step | None:
    steps = (step for duty in case.duties if duty.is_owed for step in _steps(duty, case, names))
    return min(steps, key=lambda step: step.at, default=None)


def _steps(duty: Duty, case: Case, names: Names) -> Iterator[Step]:
    about, title = names.person(duty.bearer), case.plan_of(duty).title
    if duty.paused_at is not None:
        if duty.paused_until is not None:
            yield Step(duty.paused_until, StepKind.RESUME, about, title)
        return
    if duty.next_link_at is not None:
        following = next(iter(duty.chain), None)
        kind = StepKind.LIGHT if following else StepKind.GIVE_UP
        yield Step(duty.next_link_at, kind, about, title, names.post(following) if following else None)
    if duty.reminders:
        yield Step(duty.reminders[0].at, StepKind.REMIND, about, title)
    if duty.overdue:
        yield Step(duty.overdue[0].at, StepKind.OVERDUE, about, title)
    yield from (Step(at, StepKind.AGAIN, about, title) for at in (duty.snoozed_until, duty.nag_at) if at is not None)
    if duty.state is DutyState.OPEN:
        yield Step(duty.due_at, StepKind.LIMIT, about, title)
