"""Extensions: of a task's limit, or of a duty that the policy lets be extended (a petition's settlement,
say).

Invariant: asked for before the limit and granted by whoever assigned it, or answers for the case; the first
limit stays on record and so does a lapse that came first. A duty's limit moves by what the policy allows at
most, counted from the first limit.
"""

from datetime import datetime

from msgspec.structs import replace

from services.escalator.deciding.acts.holding import find_task
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import move_limit
from services.escalator.deciding.opening import reminders_of
from shared.case import Duty, Extension, Task, TaskState
from shared.facts import CaseAct, EffectKind, Reason
from shared.ids import TaskId


def ask_extension(draft: Draft, act: CaseAct) -> None:
    """Of the task the act names, or else of the duty it names."""
    if act.task is None and act.duty is not None:
        _ask_of_duty(draft, act, draft.duties.get(act.duty))
        return
    task = find_task(draft, act)
    if task is None:
        return
    if task.state is TaskState.COMPLETED:
        draft.refuse(Reason.TASK_IS_COMPLETED, task=task.id)
    elif _may_be_asked(draft, act, task.due_at, task.extension, task.id):
        draft.put_task(task, extension=_request(draft, act))
        draft.note(
            EffectKind.TASK,
            Reason.EXTENSION_ASKED,
            task=task.id,
            unit=task.unit,
            due_at=act.due_at,
            was=task.due_at,
            note=act.text,
        )


def decide_extension(draft: Draft, act: CaseAct) -> None:
    """Granted, for the limit asked for or another one; or refused."""
    if act.task is None and act.duty is not None:
        _decide_of_duty(draft, act, draft.duties.get(act.duty))
        return
    task = find_task(draft, act)
    if task is None:
        return
    extension = task.extension
    if extension is None or extension.granted is not None:
        draft.refuse(Reason.NO_EXTENSION_ASKED, task=task.id)
        return
    granted, due_at = bool(act.approve), act.due_at or extension.due_at
    if granted and due_at <= task.due_at:
        draft.refuse(Reason.NO_LATER_LIMIT_NAMED, task=task.id, due_at=task.due_at)
        return
    decided = replace(extension, granted=granted, decided_by=act.by.principal)
    if not granted:
        draft.put_task(task, extension=decided)
        draft.note(
            EffectKind.TASK,
            Reason.EXTENSION_REFUSED,
            task=task.id,
            unit=task.unit,
            due_at=task.due_at,
            note=act.text,
        )
        return
    draft.put_task(task, extension=decided, due_at=due_at, first_due_at=task.first_due_at or task.due_at)
    draft.note(
        EffectKind.TASK,
        Reason.EXTENSION_GRANTED,
        task=task.id,
        unit=task.unit,
        due_at=due_at,
        was=task.due_at,
        note=act.text,
    )
    _move_duties_of(draft, task, due_at)


def _move_duties_of(draft: Draft, task: Task, due_at: datetime) -> None:
    """The duty whose limit is the task's own."""
    for duty in draft.owed():
        rule = draft.policy.rule_named(duty.rule, draft.sort)
        if (
            duty.task == task.id
            and rule is not None
            and rule.given
            and duty.due_at == task.due_at
            and duty.lapse is None
        ):
            _move(draft, duty, due_at)


def _ask_of_duty(draft: Draft, act: CaseAct, duty: Duty | None) -> None:
    if duty is None or not duty.is_owed:
        draft.refuse(Reason.NO_SUCH_DUTY_IS_OWED, note=act.duty)
        return
    longest = _longest(draft, duty)
    if longest is None:
        draft.refuse(Reason.MAY_NOT_BE_EXTENDED, rule=draft.plan_of(duty).limit)
    elif act.due_at is not None and act.due_at > longest:
        draft.refuse(Reason.EXTENDED_LONGER_THAN_ALLOWED, due_at=longest)
    elif _may_be_asked(draft, act, duty.due_at, duty.extension):
        draft.put(duty, extension=_request(draft, act))
        draft.on(
            duty, EffectKind.NOTED, Reason.EXTENSION_ASKED, due_at=act.due_at, was=duty.due_at, note=act.text
        )


def _decide_of_duty(draft: Draft, act: CaseAct, duty: Duty | None) -> None:
    extension = duty.extension if duty is not None else None
    if duty is None or extension is None or extension.granted is not None:
        draft.refuse(Reason.NO_EXTENSION_ASKED, note=act.duty)
        return
    due_at, longest = act.due_at or extension.due_at, _longest(draft, duty)
    if act.approve and due_at <= duty.due_at:
        draft.refuse(Reason.NO_LATER_LIMIT_NAMED, due_at=duty.due_at)
        return
    if act.approve and (longest is None or due_at > longest):
        draft.refuse(Reason.EXTENDED_LONGER_THAN_ALLOWED, due_at=longest)
        return
    duty = draft.put(
        duty, extension=replace(extension, granted=bool(act.approve), decided_by=act.by.principal)
    )
    if not act.approve:
        draft.on(duty, EffectKind.NOTED, Reason.EXTENSION_REFUSED, due_at=duty.due_at, note=act.text)
    elif duty.lapse is None and duty.is_owed:
        _move(draft, duty, due_at)


def _may_be_asked(
    draft: Draft, act: CaseAct, due_at: datetime, earlier: Extension | None, task: TaskId | None = None
) -> bool:
    """Refused where it is not: no later limit, too late, or asked already."""
    rule = draft.policy.document.tasks
    if act.due_at is None or act.due_at <= due_at:
        draft.refuse(Reason.NO_LATER_LIMIT_NAMED, task=task, due_at=due_at)
    elif rule is not None and rule.extension.asked_before_due and draft.now > due_at:
        draft.refuse(Reason.ASKED_AFTER_THE_LIMIT, task=task, due_at=due_at)
    elif earlier is not None and earlier.granted is None:
        draft.refuse(Reason.EXTENSION_ASKED_ALREADY, task=task)
    else:
        return True
    return False


def _request(draft: Draft, act: CaseAct) -> Extension:
    assert act.due_at is not None
    return Extension(asked_by=act.by.principal, asked_at=draft.now, due_at=act.due_at, reason=act.text or "")


def _longest(draft: Draft, duty: Duty) -> datetime | None:
    """Until when the policy lets this duty be extended; None where it does not."""
    rule = draft.policy.rule_named(duty.rule, draft.sort)
    if rule is None or rule.extend is None:
        return None
    return rule.extend.after(duty.first_due_at or duty.due_at, draft.policy.calendar)


def _move(draft: Draft, duty: Duty, due_at: datetime) -> None:
    rule = draft.policy.rule_named(duty.rule, draft.sort)
    later = (
        reminders_of(rule, duty.starts_at, due_at, draft.now, draft.policy.calendar)
        if rule is not None
        else duty.reminders
    )
    move_limit(
        draft,
        duty,
        due_at,
        Reason.EXTENSION_GRANTED,
        reminders=later,
        granted=duty.granted + (due_at - duty.due_at),
    )
