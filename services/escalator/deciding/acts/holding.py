"""No buck-passing: a transfer binds the sender until it is accepted, refusal needs a reason within its term,
and after the bounce limit, or on its way back to a previous holder, the common superior imposes the lead
(DOMAIN rows 21 and 23).

Invariant: an open case, and an open task, has exactly one unit that answers for it, at every moment; who held
it how long is part of the case.
"""

from datetime import datetime

from msgspec.structs import replace

from services.escalator.deciding import states
from services.escalator.deciding.draft import Draft, Event, Why
from services.escalator.deciding.duties import HANDING_OVER, cancel, done_by
from services.escalator.deciding.lighting import call_again
from services.escalator.deciding.parties import head_of
from shared.case import HolderTerm, Task, TaskState, Transfer
from shared.facts import CaseAct, EffectKind, Purpose, Reason
from shared.ids import TaskId, UnitId
from shared.vocabulary import Kind


class _WholeCase:
    """The case itself, where it is handed over like a task."""

    def __init__(self, draft: Draft) -> None:
        self.unit, self.held = draft.case.holder, draft.case.held
        self.bounces, self.transfer = draft.case.bounces, draft.case.transfer


def find_task(draft: Draft, act: CaseAct) -> Task | None:
    """The task the act names; refused where there is none of that id."""
    task = draft.tasks.get(act.task) if act.task else None
    if task is None:
        draft.refuse(Reason.NO_SUCH_TASK)
    return task


def _of(draft: Draft, act: CaseAct) -> _WholeCase | Task | None:
    if act.task is None:
        return _WholeCase(draft)
    task = find_task(draft, act)
    if task is not None and task.state not in (TaskState.ASSIGNED, TaskState.ACCEPTED):
        draft.refuse(Reason(f"task_is_{task.state}"))
        return None
    return task


def transfer(draft: Draft, act: CaseAct) -> None:
    holding = _of(draft, act)
    if holding is None:
        return
    if act.to_unit is None or act.to_unit not in draft.directory.units_by_id:
        draft.refuse(Reason.NO_SUCH_UNIT)
    elif act.to_unit == holding.unit:
        draft.refuse(Reason.HOLDS_IT_ALREADY)
    elif holding.transfer is not None:
        draft.refuse(Reason.TRANSFER_PENDING)
    elif holding.held and holding.held[-1].how == "imposed":
        draft.refuse(Reason.LEAD_WAS_IMPOSED, unit=holding.unit)
    else:
        offer = Transfer(
            from_unit=holding.unit,
            to_unit=act.to_unit,
            at=draft.now,
            by=act.by.principal,
            reason=act.text or "",
            answer_by=_answer_by(draft),
        )
        if any(one.unit == act.to_unit for one in holding.held):
            _deadlock(draft, act, offer, Reason.BACK_TO_A_PREVIOUS_HOLDER)
        elif holding.bounces >= _bounce_limit(draft):
            _deadlock(draft, act, offer, Reason.BOUNCE_LIMIT_REACHED)
        else:
            _put(draft, act.task, transfer=offer)
            draft.note(
                EffectKind.HOLDER,
                Reason.TRANSFER_OFFERED_SENDER_ANSWERS_UNTIL_ACCEPTED,
                unit=holding.unit,
                task=act.task,
                due_at=offer.answer_by,
                note=act.to_unit,
            )


def _deadlock(draft: Draft, act: CaseAct, offer: Transfer, why: Why) -> None:
    """Nobody passes it on any more: the common superior is asked to say who leads, and the sender answers
    meanwhile.
    """
    found = draft.directory.common_superior(offer.from_unit, offer.to_unit)
    superior = found.id if found is not None else None
    if superior is None:
        draft.refuse(Reason(f"{why}_and_no_common_superior"), unit=offer.from_unit)
        return
    _put(draft, act.task, transfer=replace(offer, superior=superior))
    draft.note(
        EffectKind.HOLDER, why, unit=offer.from_unit, task=act.task, note=f"{superior} imposes the lead"
    )
    draft.happened("bounced", task=act.task)


def accept(draft: Draft, act: CaseAct) -> None:
    """Of a transfer that is pending; of a task that was assigned and waits to be taken on."""
    holding = _of(draft, act)
    if holding is None:
        return
    offer = holding.transfer
    if offer is None:
        _accept_task(draft, act) if isinstance(holding, Task) else draft.refuse(Reason.NO_TRANSFER_PENDING)
        return
    if offer.superior is not None:
        draft.refuse(Reason.THE_SUPERIOR_IMPOSES, unit=offer.superior)
    else:
        take_over(draft, act.task, offer.to_unit, "accepted")
        draft.note(EffectKind.HOLDER, Reason.TRANSFER_ACCEPTED, unit=offer.to_unit, task=act.task)


def _accept_task(draft: Draft, act: CaseAct) -> None:
    task = find_task(draft, act)
    if task is None:
        return
    if task.state is not TaskState.ASSIGNED:
        draft.refuse(Reason(f"task_is_{task.state}"))
    else:
        draft.put_task(task, state=states.move(states.TASK, task.state, "accepted"))
        draft.note(EffectKind.TASK, Reason.ACCEPTED, task=task.id, unit=task.unit)


def object_to(draft: Draft, act: CaseAct) -> None:
    """Refuse a transfer, or an assignment, with a reason and in time; silence beyond the term is no
    refusal.
    """
    holding = _of(draft, act)
    if holding is None:
        return
    if not act.text:
        draft.refuse(Reason.REFUSAL_NEEDS_A_REASON)
    elif holding.transfer is not None:
        _refuse_transfer(draft, act, holding, holding.transfer)
    elif isinstance(holding, Task):
        _refuse_assignment(draft, act, holding)
    else:
        draft.refuse(Reason.NO_TRANSFER_PENDING)


def _refuse_transfer(draft: Draft, act: CaseAct, holding: _WholeCase | Task, offer: Transfer) -> None:
    if offer.superior is not None:
        draft.refuse(Reason.THE_SUPERIOR_IMPOSES, unit=offer.superior)
    elif offer.answer_by is not None and draft.now > offer.answer_by:
        draft.refuse(Reason.TOO_LATE_TO_REFUSE, due_at=offer.answer_by)
    else:
        bounces = holding.bounces + 1
        _put(draft, act.task, transfer=None, bounces=bounces)
        draft.note(
            EffectKind.HOLDER,
            Reason.TRANSFER_REFUSED_SENDER_KEEPS_IT,
            unit=offer.from_unit,
            task=act.task,
            note=act.text,
        )
        if (
            bounces >= _bounce_limit(draft)
            and draft.directory.common_superior(offer.from_unit, offer.to_unit) is not None
        ):
            _deadlock(draft, act, offer, Reason.BOUNCE_LIMIT_REACHED)


def _refuse_assignment(draft: Draft, act: CaseAct, task: Task) -> None:
    """Whoever was assigned a task and says that it is not theirs: the common superior of both decides; they
    answer meanwhile.
    """
    if task.state is not TaskState.ASSIGNED:
        draft.refuse(Reason.ACCEPTED_ALREADY)
        return
    answer_by = _answer_by(draft, task.assigned_at)
    if answer_by is not None and draft.now > answer_by:
        draft.refuse(Reason.TOO_LATE_TO_REFUSE, due_at=answer_by)
        return
    offer = Transfer(
        from_unit=task.unit, to_unit=task.assigner, at=draft.now, by=act.by.principal, reason=act.text or ""
    )
    _deadlock(draft, act, offer, Reason.ASSIGNMENT_OBJECTED_TO)
    if not draft.is_refused:
        draft.put_task(draft.tasks[task.id], bounces=task.bounces + 1)


def impose(draft: Draft, act: CaseAct) -> None:
    """The superior says who leads. It can't be passed on after that."""
    held = _of(draft, act)
    if held is None:
        return
    if act.to_unit is None or act.to_unit not in draft.directory.units_by_id:
        draft.refuse(Reason.NO_SUCH_UNIT)
        return
    take_over(draft, act.task, act.to_unit, "imposed")
    done_by(draft, Event(Kind.IMPOSED, draft.now, act.task, act.by))
    answered(draft, act.task, Reason.LEAD_IMPOSED)
    draft.note(EffectKind.HOLDER, Reason.LEAD_IMPOSED, unit=act.to_unit, task=act.task, note=act.text)


def take_over(draft: Draft, task_id: TaskId | None, unit: UnitId, how: str) -> None:
    """`unit` answers for it from now on, and owes what the former holder owed for it; a lapse stays with
    whoever let it happen.
    """
    if task_id is None:
        _put(draft, None, holder=unit, held=handed(draft.case.held, unit, draft.now, how), transfer=None)
    else:
        task = draft.tasks[task_id]
        by = "imposed" if how == "imposed" else "accepted"
        state = states.TASK.get((task.state, by), task.state)
        draft.put_task(
            task,
            unit=unit,
            owner=None,
            held=handed(task.held, unit, draft.now, how),
            transfer=None,
            state=state,
        )
    head = head_of(draft, unit)
    if head is None:
        return
    for duty in draft.owed():
        plan = draft.plan_of(duty)
        if (
            duty.task != task_id
            or plan.by not in ("holder", "assignee")
            or (plan.by == "assignee" and task_id is None)
        ):
            continue
        moved = draft.put(duty, owed_by=unit, bearer=head[0].id, bearer_post=head[1], snoozed_until=None)
        draft.on(moved, EffectKind.HOLDER, Reason.OWES_IT_FROM_NOW_ON, due_at=moved.due_at, rule=plan.limit)
        call_again(draft, moved, Reason.TOOK_THE_CASE_OVER, purpose=Purpose.DUTY)


def answered(draft: Draft, task_id: TaskId | None, why: Why) -> None:
    """Nothing is to be handed over any more: what only the pending transfer asked for ends with that
    reason.
    """
    _put(draft, task_id, transfer=None)
    for duty in draft.owed():
        if duty.task == task_id and not HANDING_OVER.isdisjoint(draft.plan_of(duty).on):
            cancel(draft, duty, why)


def handed(held: tuple[HolderTerm, ...], unit: UnitId, at: datetime, how: str) -> tuple[HolderTerm, ...]:
    """The chain of holders with one more."""
    before = (*held[:-1], replace(held[-1], until=at)) if held else ()
    return (*before, HolderTerm(unit=unit, since=at, how=how))


def _put(draft: Draft, task: TaskId | None, **fields: object) -> None:
    if task is None:
        draft.change(**fields)
    else:
        draft.put_task(draft.tasks[task], **fields)


def _bounce_limit(draft: Draft) -> int:
    tasks = draft.policy.document.tasks
    return tasks.bounce_limit if tasks is not None else 2


def _answer_by(draft: Draft, start: datetime | None = None) -> datetime | None:
    tasks = draft.policy.document.tasks
    return (
        tasks.objection.within.after(start or draft.now, draft.policy.calendar) if tasks is not None else None
    )
