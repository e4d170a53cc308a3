"""A case as the duty officer needs to see it at three in the morning: who owes what by when, who is lit, who
is dark, what is next.

Invariant: a pure reading of the case. Nothing is decided here and nothing is hidden; what is due next stands
first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.board.task_list import URGENCY, slip_of
from services.intake.desk.act_fields import ROWS
from services.intake.desk.lights import LitView, lit_view, most_hopeful
from services.intake.desk.next_step import NextStep, next_step
from services.intake.desk.offered_acts import offered
from services.intake.desk.unanswered import PolicyOfCase, UnansweredView, unanswered
from shared.case import Case, Duty, HolderTerm, Item, Slip, Task
from shared.facts import Name
from shared.ids import PersonId
from shared.territory import MAY_LOG_A_CALL
from shared.tokens import Principal
from shared.vocabulary import Kind
from shared.web.names import Names

CALM_SHOWN = 3
"""Duties of a case on the board that are merely due, beside those that press."""


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


@dataclass(frozen=True)
class CaseView:
    case: Case
    unit: Name
    holder: Name
    area: Name
    duties: tuple[DutyView, ...]
    """Those still owed first, the next due at the head; then what is settled. Of each long list only what a
    page shows.
    """
    duty_count: int
    owed: int
    pressing: tuple[DutyView, ...]
    """What the board shows of the duties: whoever is called, what is late, the reader's own, and the next
    few; the case has all.
    """
    rings: bool
    """Somebody is being called, or a limit has passed: the duties stand open on the board."""
    unanswered: tuple[UnansweredView, ...]
    """Who was called for what is still owed and has not answered, the silent first: those whom a page shows."""
    unanswered_count: int
    policy: PolicyOfCase
    chain: tuple[LinkView, ...]
    exhausted: bool
    """Somebody is still owed a report, and nobody is being rung for them any more."""
    step: NextStep | None
    tasks: tuple[TaskView, ...]
    task_count: int
    items: tuple[Item, ...]
    """Of the inventory, what still lacks a measure or an owner first, then the newest."""
    held: tuple[HolderTerm, ...]
    """Who answered for it, in turn; one alone says nothing."""
    can: frozenset[Kind]
    may_acknowledge: bool
    """The reader has an unanswered call of this case: one click settles all of theirs."""

    @property
    def regraded(self) -> bool:
        return (self.case.level, self.case.sensitive) != (self.case.report.level, self.case.report.sensitive)

    @property
    def next(self) -> DutyView | None:
        """What is due next."""
        return next((view for view in self.duties if view.duty.is_owed), None)


def case_view(
    case: Case,
    names: Names,
    principal: Principal,
    can: frozenset[Kind],
    now: datetime,
    *,
    wanted: str = "",
) -> CaseView:
    """`wanted`: the person whose call is to be written down."""
    # Whoever may have somebody called by hand may write down that they called them.
    logs_calls = principal.role in MAY_LOG_A_CALL and Kind.ESCALATED in can
    can = offered(case, can, principal.person)
    owed = [duty for duty in case.duties if duty.is_owed]
    ordered = sorted(case.duties, key=lambda duty: (not duty.is_owed, duty.due_at))
    may_answer = any(
        lit.person == principal.person and lit.answered_at is None for duty in owed for lit in duty.lit
    )
    tasks = sorted(case.tasks, key=lambda task: (URGENCY[slip_of(task, now)], task.due_at))

    silent, silent_count = unanswered(owed, case, names, logs_calls=logs_calls, wanted=wanted)

    def viewed(duty: Duty) -> DutyView:
        return _duty_view(duty, case, names, principal, logs_calls=logs_calls)

    return CaseView(
        case=case,
        unit=names.unit(case.report.unit),
        holder=names.unit(case.holder),
        area=names.area(case.report.area),
        duties=tuple(viewed(duty) for duty in ordered[:ROWS]),
        duty_count=len(case.duties),
        owed=len(owed),
        pressing=tuple(viewed(duty) for duty in _pressing(ordered, principal)),
        rings=any(_is_lit(duty) or duty.lapse is not None for duty in owed),
        unanswered=silent,
        unanswered_count=silent_count,
        policy=PolicyOfCase.of(case.policy),
        chain=_chain(case.duties, names, logs_calls=logs_calls),
        exhausted=any(_is_exhausted(duty, case) for duty in case.duties),
        step=next_step(case, names),
        tasks=tuple(TaskView(task, slip_of(task, now), task.unit == principal.unit) for task in tasks[:ROWS]),
        task_count=len(tasks),
        items=tuple(
            sorted(
                case.items,
                key=lambda item: (item.measure is not None and item.owner is not None, -item.number),
            )
        )[:ROWS],
        held=case.held if len(case.held) > 1 else (),
        can=can,
        may_acknowledge=may_answer and Kind.ACKNOWLEDGED in can,
    )


def _pressing(ordered: Sequence[Duty], principal: Principal) -> list[Duty]:
    """In their order: all that press, and the first few of those that are merely due."""
    calm, pressing = 0, list[Duty]()
    for duty in ordered:
        presses = (
            _is_lit(duty) or duty.bearer == principal.person or (duty.is_owed and duty.lapse is not None)
        )
        calm += not presses and duty.is_owed
        if presses or (duty.is_owed and calm <= CALM_SHOWN):
            pressing.append(duty)
        if len(pressing) == ROWS:
            break
    return pressing


def _is_lit(duty: Duty) -> bool:
    return any(lit.person == duty.bearer for lit in duty.lit)


def _is_exhausted(duty: Duty, case: Case) -> bool:
    had_a_chain = bool(case.plan_of(duty).chain) and not case.report.exercise
    return (
        had_a_chain
        and duty.is_owed
        and not duty.chain
        and duty.next_link_at is None
        and duty.taken_by is None
    )


def _duty_view(duty: Duty, case: Case, names: Names, principal: Principal, *, logs_calls: bool) -> DutyView:
    own = next(
        (lit_view(lit, duty, names, logs_calls=logs_calls) for lit in duty.lit if lit.person == duty.bearer),
        None,
    )
    return DutyView(
        duty=duty,
        title=case.plan_of(duty).title,
        name=names.person(duty.bearer),
        post=names.post(duty.bearer_post),
        owed_to=names.person(duty.owed_to) if duty.owed_to != duty.bearer else None,
        own=own,
        taken_by=names.person(duty.taken_by) if duty.taken_by else None,
        mine=duty.bearer == principal.person,
        may_log_call=own.may_log_call
        if own
        else logs_calls and duty.is_owed and case.plan_of(duty).by_recipient,
    )


def _chain(duties: Iterable[Duty], names: Names, *, logs_calls: bool) -> tuple[LinkView, ...]:
    views_of: dict[PersonId, list[tuple[LitView, Name]]] = {}
    for duty in duties:
        for lit in duty.lit:
            if lit.person != duty.bearer:
                view = lit_view(lit, duty, names, logs_calls=logs_calls)
                views_of.setdefault(lit.person, []).append((view, names.person(duty.bearer)))
    links = [
        LinkView(
            most_hopeful(view for view, _ in views),
            tuple(name for _, name in views),
        )
        for views in views_of.values()
    ]
    return tuple(sorted(links, key=lambda link: link.lit.at))
