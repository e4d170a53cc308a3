"""Tasks: assigned, accepted, completed, returned for rework, verified and so closed 销号; campaigns and plans
that make many.

Invariant: a task is held by one unit and closed by another: whoever did it can't verify it.
"""

from datetime import datetime
from typing import Any

from services.escalator.deciding import states
from services.escalator.deciding.acts.holding import answered, find_task
from services.escalator.deciding.draft import Draft
from services.escalator.policy.rule import RuleScope
from shared.acts.states import is_under_way
from shared.case import ENDED, HolderTerm, Task, TaskState
from shared.facts import CaseAct, EffectKind, Reason, TaskForm
from shared.facts.report import MOST_TASKS_OF_A_CASE, task_count
from shared.ids import PlanId, TaskId, UnitId
from shared.territory import unit_of
from shared.vocabulary import Document, Kind, ReportKind

MOST_NAMED = 20
"""Items that a refusal names; there may be thousands."""


def assign(draft: Draft, act: CaseAct) -> None:
    assigner = act.by.unit or draft.case.holder
    faults = [unit for form in act.tasks for unit in _units(form) if unit not in draft.directory.units_by_id]
    if faults:
        draft.refuse(Reason.NO_SUCH_UNIT, note=", ".join(faults))
    elif not act.tasks:
        draft.refuse(Reason.NOTHING_ASSIGNED)
    elif _has_room(draft, act.tasks):
        make_tasks(draft, act.tasks, assigner)


def _has_room(draft: Draft, forms: tuple[TaskForm, ...]) -> bool:
    """Refused where the case would have more tasks than it takes: intake says so before, unless two assign at
    once.
    """
    if len(draft.tasks) + task_count(forms) <= MOST_TASKS_OF_A_CASE:
        return True
    draft.refuse(
        Reason.TOO_MANY_TASKS, note=f"{len(draft.tasks)} + {task_count(forms)} > {MOST_TASKS_OF_A_CASE}"
    )
    return False


def make_tasks(draft: Draft, forms: tuple[TaskForm, ...], assigner: UnitId) -> None:
    """One task for each unit of each form, in order; those that wait for another begin when that one is
    verified.
    """
    ids: dict[int, TaskId] = {}
    for number, form in enumerate(forms, 1):
        for unit in _units(form):
            before = ids.get(form.after) if form.after is not None else None
            task = _new_task(draft, form, unit, assigner, before)
            draft.tasks[task.id] = task
            ids.setdefault(number, task.id)
            draft.note(
                EffectKind.TASK,
                task.state,
                task=task.id,
                unit=unit,
                person=task.owner,
                due_at=task.due_at,
                note=task.title,
            )
            if task.state is TaskState.ASSIGNED:
                draft.happened("assigned", task=task.id)


def _units(form: TaskForm) -> tuple[UnitId, ...]:
    return form.units or ((form.unit,) if form.unit else ())


def _new_task(draft: Draft, form: TaskForm, unit: UnitId, assigner: UnitId, before: TaskId | None) -> Task:
    due_at = form.due_at or (draft.now + form.within if form.within else _usual_term(draft))
    return Task(
        id=TaskId(f"t{len(draft.tasks) + 1}"),
        title=form.title,
        unit=unit,
        owner=form.owner,
        assigner=assigner,
        assigned_at=draft.now,
        due_at=due_at,
        state=TaskState.WAITING if before else TaskState.ASSIGNED,
        lead=form.lead,
        after=before,
        span=due_at - draft.now if before else None,
        held=(HolderTerm(unit=unit, since=draft.now, how="assigned"),),
    )


def _usual_term(draft: Draft) -> datetime:
    """The policy's own: the term of the duty that completing the task discharges."""
    for rule in draft.policy.rules_on("assigned", draft.sort):
        if rule.scope is RuleScope.TASK and rule.given and rule.term is not None:
            return rule.term.after(draft.now, draft.policy.calendar)
    return draft.now + draft.policy.document.half_hour.within


def as_answer(draft: Draft, kind: Kind, act: CaseAct) -> tuple[Kind, CaseAct]:
    """A document that answers a campaign (a nil report, the list) completes the unit's task, named or not: a
    unit that has reported never lapses for the way it did.
    """
    if not _answers_the_campaign(draft, kind, act):
        return kind, act
    if act.task is not None:
        return Kind.COMPLETED, act
    own = unit_of(act.by, draft.directory)
    theirs = [task for task in draft.tasks.values() if task.unit == own]
    under_way = list(filter(is_under_way, theirs))
    if len(under_way) > 1:
        draft.refuse(Reason.SEVERAL_TASKS_ARE_OPEN, unit=own)
    if not theirs:
        return kind, act
    return Kind.COMPLETED, act.model_copy(update={"task": (under_way or theirs)[-1].id})


def _answers_the_campaign(draft: Draft, kind: Kind, act: CaseAct) -> bool:
    """Where the policy has the document beside the completed task."""
    case = draft.case
    if kind is not Kind.FILED or case.report.kind is not ReportKind.CAMPAIGN or case.status in ENDED:
        return False
    either = {Kind.COMPLETED.value, f"{kind}.{act.document}"}
    return any(either <= set(plan.discharged_by) for plan in draft.plans.values())


def complete(draft: Draft, act: CaseAct) -> None:
    """The result is in. A campaign's answer is a ledger whose every item has measure, owner and date, or
    an outspoken nil report; of a unit that has listed something the list counts.
    """
    task = find_task(draft, act)
    if task is None:
        return
    nil, why = act.document is Document.NIL_REPORT, Reason.COMPLETED
    if nil:
        why = Reason.NIL_REPORT
    if draft.case.report.kind is ReportKind.CAMPAIGN:
        items = [item for item in draft.case.items if item.unit == task.unit]
        bare = [item.number for item in items if item.lacks]
        if bare:
            named = ", ".join(map(str, bare[:MOST_NAMED]))
            more = " …" if len(bare) > MOST_NAMED else ""
            draft.refuse(Reason.ITEM_WITHOUT_MEASURE_OR_OWNER, task=task.id, note=f"{named}{more}")
            return
        inventory = draft.policy.document.inventory
        if not items and not nil and inventory is not None and inventory.nil_report == "required":
            draft.refuse(Reason.NOTHING_REGISTERED_AND_NO_NIL_REPORT, task=task.id)
            return
        if items and nil:
            nil, why = False, Reason.LISTED_THOUGH_NIL
    if _move(draft, task, "completed", result=act.text, nil=nil):
        draft.note(
            EffectKind.TASK,
            why,
            task=task.id,
            unit=task.unit,
            note=act.text,
        )
        if task.transfer is not None:
            answered(draft, task.id, Reason.TASK_IS_COMPLETED)


def give_back(draft: Draft, act: CaseAct) -> None:
    """The result is not enough: back for rework, with the limit it had, or a new one where that has
    passed.
    """
    task = find_task(draft, act)
    if task is None:
        return
    due_at = act.due_at or task.due_at
    if due_at <= draft.now:
        draft.refuse(Reason.NAME_A_NEW_LIMIT, task=task.id, due_at=task.due_at)
        return
    if _move(
        draft,
        task,
        "returned",
        reworks=task.reworks + 1,
        due_at=due_at,
        first_due_at=task.first_due_at or task.due_at,
    ):
        draft.note(
            EffectKind.TASK, Reason.RETURNED, task=task.id, unit=task.unit, due_at=due_at, note=act.text
        )


def verify(draft: Draft, act: CaseAct) -> None:
    task = find_task(draft, act)
    if task is None:
        return
    if act.by.unit is not None and act.by.unit == task.unit and task.unit != task.assigner:
        draft.refuse(Reason.NOBODY_VERIFIES_THEIR_OWN_WORK, task=task.id, unit=task.unit)
        return
    if _move(draft, task, "verified"):
        draft.note(EffectKind.TASK, Reason.VERIFIED, task=task.id, unit=task.unit, note=act.text)
        _turns_come(draft, task.id)
        if all(one.state in (TaskState.VERIFIED, TaskState.CANCELLED) for one in draft.tasks.values()):
            draft.note(EffectKind.TASK, Reason.ALL_VERIFIED)
            draft.happened("all_verified")


def _turns_come(draft: Draft, done: TaskId) -> None:
    for task in list(draft.tasks.values()):
        if task.after == done and task.state is TaskState.WAITING:
            due_at = draft.now + task.span if task.span is not None else task.due_at
            state = states.move(states.TASK, task.state, "turn_comes")
            draft.put_task(task, state=state, assigned_at=draft.now, due_at=due_at)
            draft.note(EffectKind.TASK, state, task=task.id, unit=task.unit, due_at=due_at, note=task.title)
            draft.happened("assigned", task=task.id)


def invoke_plan(draft: Draft, act: CaseAct) -> None:
    """The steps of a contingency plan become tasks."""
    plan = draft.directory.plans_by_id.get(PlanId(act.plan or ""))
    if plan is None:
        draft.refuse(Reason.NO_SUCH_PLAN, note=act.plan)
        return
    forms = tuple(
        TaskForm(title=step.title.zh, unit=step.unit, within=step.within, after=step.after)
        for step in plan.steps
    )
    if not _has_room(draft, forms):
        return
    draft.note(EffectKind.NOTED, Reason.PLAN_INVOKED, unit=plan.unit, note=f"{plan.id} {plan.version}")
    make_tasks(draft, forms, act.by.unit or draft.case.holder)


def _move(draft: Draft, task: Task, by: str, **fields: Any) -> bool:
    try:
        state = states.move(states.TASK, task.state, by)
    except states.ImpossibleError:
        draft.refuse(Reason(f"task_is_{task.state}"), task=task.id)
        return False
    draft.put_task(task, state=state, **fields)
    return True
