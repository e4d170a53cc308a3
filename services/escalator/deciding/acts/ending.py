"""A case is resolved, closed, reopened, withdrawn."""

from services.escalator.deciding import states
from services.escalator.deciding.draft import Draft, Event
from services.escalator.deciding.duties import cancel_owed, done_by
from services.escalator.deciding.lighting import people_lit
from shared.acts import ACTS
from shared.case import DutyTerms, TaskState
from shared.facts import CaseAct, EffectKind, Purpose, Reason
from shared.vocabulary import Kind

KINDS = frozenset(map(str, Kind))


def enter(draft: Draft, by: str, note: str | None = None, **fields: object) -> bool:
    """Move the case's state; refused where the table has no such move."""
    try:
        status = states.move(states.CASE, draft.case.status, by)
    except states.ImpossibleError:
        draft.refuse(Reason(f"case_is_{draft.case.status}"))
        return False
    draft.change(status=status, **fields)
    draft.note(EffectKind.STATUS, status, note=note)
    return True


def resolve(draft: Draft, act: CaseAct) -> None:
    enter(draft, Kind.RESOLVED, act.text)


def close(draft: Draft, act: CaseAct) -> None:
    """Never by itself, and not over open tasks: those are verified first 销号, or the report is withdrawn."""
    waiting = [
        task.id
        for task in draft.tasks.values()
        if task.state not in (TaskState.VERIFIED, TaskState.CANCELLED)
    ]
    if waiting:
        draft.refuse(Reason.TASKS_ARE_OPEN, note=", ".join(waiting))
    elif enter(draft, Kind.CLOSED, act.text, ended_at=draft.now, transfer=None):
        done_by(draft, Event(Kind.CLOSED, draft.now, actor=act.by))
        cancel_owed(draft, Reason.CASE_CLOSED, spare=_may_begin_after_the_end)


def _may_begin_after_the_end(plan: DutyTerms) -> bool:
    """A review that is asked for runs on, whether it was asked for before the case was closed or after; what a
    report opens too ends with it.
    """
    acts = [
        ACTS.get(Kind(name)) if (name := trigger.partition(".")[0]) in KINDS else None for trigger in plan.on
    ]
    return bool(acts) and all(act is not None and act.may_follow_the_end for act in acts)


def reopen(draft: Draft, act: CaseAct) -> None:
    """The duties that were cancelled stay so; whatever the policy opens on `reopened` opens."""
    enter(draft, Kind.REOPENED, act.text, ended_at=None)


def withdraw(draft: Draft, act: CaseAct) -> None:
    """Whoever was told is told that it is not so, once each."""
    if enter(draft, Kind.WITHDRAWN, act.text, ended_at=draft.now, transfer=None):
        for person, post, duty in people_lit(draft):
            draft.call(person, post, Purpose.WITHDRAWN, Reason.REPORT_WITHDRAWN, duty)
        end_tasks(draft)
        cancel_owed(draft, Reason.REPORT_WITHDRAWN)


def end_tasks(draft: Draft) -> None:
    for task in list(draft.tasks.values()):
        if (task.state, "cancel") in states.TASK:
            draft.put_task(task, state=TaskState.CANCELLED, transfer=None)
