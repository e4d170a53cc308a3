"""What a policy may have raised when a limit has passed, by name: the words in `overdue:` that are neither
posts nor audiences.

Invariant: an action opens or tells another case by a fact of its own, under an id that any repeat works out
again, or changes the duty it is about; it never says what a person has to decide.
"""

from collections.abc import Callable
from datetime import datetime

from services.escalator.deciding.draft import Draft, Why
from services.escalator.deciding.lighting import call_again
from services.escalator.deciding.referral import refer
from services.escalator.policy.model import SilentSource
from shared.case import Duty
from shared.facts import EffectKind, Reason, Report, TaskForm
from shared.ids import CaseId, PostId, UnitId, case_id_for
from shared.vocabulary import Kind, ReportKind

Action = Callable[[Draft, Duty], None]


def act_on(draft: Draft, duty: Duty, name: str) -> None:
    """Do what `name` stands for; nothing where it is no action (then it was a post or an audience, and is
    told).
    """
    action = ACTIONS.get(name)
    if action is not None:
        action(draft, duty)


def raise_case(draft: Draft, key: str, at: datetime, report: Report, why: Why, **more: object) -> CaseId:
    """Open another case by a `reported` fact; the same key and time always mean the same case."""
    case = case_id_for(key, at)
    draft.send(Kind.REPORTED, case, report.model_dump(mode="json", exclude_none=True), why, **more)
    return case


def _supervision_order(draft: Draft, duty: Duty) -> None:
    """督办: the order of whoever supervises (the petition office) to the unit that owes, with one task: to do
    what is overdue.
    """
    if draft.case.report.kind is ReportKind.SUPERVISION_ORDER or draft.case.report.exercise:
        return
    title = draft.plan_of(duty).title
    task_title = (
        draft.tasks[duty.task].title if duty.task is not None and duty.task in draft.tasks else title.zh
    )
    report = _follows(
        draft, duty, ReportKind.SUPERVISION_ORDER, f"督办：{task_title}（{draft.case.report.summary}）"
    ).model_copy(
        update={
            "unit": _supervisor(draft, duty),
            "tasks": (TaskForm(title=task_title[:500], unit=duty.owed_by),),
        }
    )
    raise_case(
        draft,
        f"order:{draft.case.id}:{duty.id}",
        duty.due_at,
        report,
        Reason.SUPERVISION_ORDER,
        duty=duty.id,
        unit=duty.owed_by,
    )


def _supervisor(draft: Draft, duty: Duty) -> UnitId:
    rule = draft.policy.document.tasks
    post = draft.directory.posts_by_id.get(PostId(rule.supervised_by or "")) if rule is not None else None
    person = draft.directory.people_by_id.get(duty.owed_to)
    return post.unit if post is not None else person.unit if person is not None else duty.owed_by


def _public_notice_draft(draft: Draft, duty: Duty) -> None:
    """A public notice 通报 is proposed; drafting, approving and publishing it are people's acts."""
    draft.on(
        duty,
        EffectKind.PROPOSED,
        Reason.PUBLIC_NOTICE_DRAFT,
        due_at=duty.due_at,
        rule=draft.plan_of(duty).overdue_rule,
    )


def _refer(draft: Draft, duty: Duty) -> None:
    if not draft.plan_of(duty).refers:
        refer(draft, duty, round((draft.now - duty.due_at).total_seconds(), 3))


def _incident(draft: Draft, duty: Duty) -> None:
    """A silent source is itself an incident."""
    as_graded = draft.policy.document.silent_source
    report = _follows(
        draft,
        duty,
        ReportKind.INCIDENT,
        f"{draft.case.report.summary}自 {duty.starts_at.astimezone(draft.policy.zone):%m-%d %H:%M} 起没有信号",
        as_graded,
    )
    raise_case(
        draft,
        f"incident:{draft.case.id}:{duty.id}",
        duty.due_at,
        report,
        Reason.INCIDENT_RAISED,
        duty=duty.id,
    )


def _unacknowledge(draft: Draft, duty: Duty) -> None:
    """It was acknowledged and went quiet: raised again, with the chain from its beginning."""
    duty = call_again(draft, duty, Reason.WENT_QUIET, chain=draft.plan_of(duty).chain)
    draft.put(duty, taken_by=None, taken_at=None)
    draft.on(
        duty,
        EffectKind.UNACKNOWLEDGED,
        Reason.WENT_QUIET,
        due_at=duty.due_at,
        rule=draft.plan_of(duty).overdue_rule,
    )


ACTIONS: dict[str, Action] = {
    "supervision_order": _supervision_order,
    "public_notice_draft": _public_notice_draft,
    "refer": _refer,
    "incident": _incident,
    "unacknowledge": _unacknowledge,
}
"""Every action a policy may name; `policy check` knows the same names (`duty_spec.ACTIONS`), which a test
holds together.
"""


def _follows(
    draft: Draft, duty: Duty, kind: ReportKind, summary: str, graded: SilentSource | None = None
) -> Report:
    """A report that follows from this case, made by the system itself; of the case's own category and level
    where none are given.
    """
    report = draft.case.report
    at = draft.now
    return Report(
        kind=kind,
        category=graded.category if graded else report.category,
        level=graded.level if graded else draft.case.level,
        unit=duty.owed_by,
        area=report.area,
        occurred_at=min(duty.due_at, at),
        learned_at=at,
        summary=summary[:500],
        parent=draft.case.id,
        exercise=report.exercise,
        received_at=at,
        reported_by="system",
    )
