"""Public notice 通报: drafted, approved by other people, replied to within its window, and only then
published (DOMAIN row 24).

Invariant: nobody approves what they drafted, nor twice; it takes as many as the policy said at the draft;
nothing is published before the reply window has closed, unless the unit named has replied.
"""

from itertools import chain
from typing import Any

from msgspec.structs import replace

from services.escalator.deciding.draft import Draft
from shared.case import Case, PublicNotice
from shared.case.proceedings import COMPILATION
from shared.facts import CaseAct, EffectKind, Reason, Report
from shared.ids import UnitId
from shared.vocabulary import ReportKind


def begin(draft: Draft, report: Report) -> None:
    """A compilation is drafted by its report: its details are the text, and nobody is named who could reply."""
    rule = draft.policy.document.public_notice
    if rule is None or report.details is None or not is_compilation(draft.case):
        return
    drafted = PublicNotice(
        text=report.details,
        unit=report.unit,
        drafted_by=report.reported_by,
        drafted_at=draft.now,
        reply_by=draft.now,
        organ=report.unit,
        approvals_needed=rule.approvals,
    )
    draft.change(notice=drafted)
    draft.note(EffectKind.STATUS, Reason.COMPILATION_DRAFTED, **_approvals(0, rule.approvals))
    draft.happened("compilation_drafted")


def is_compilation(case: Case) -> bool:
    return case.report.kind is ReportKind.TASK and case.report.topic == COMPILATION


def draft_notice(draft: Draft, act: CaseAct) -> None:
    """A new draft replaces one that was not published, with its approvals; the trail keeps both."""
    rule = draft.policy.document.public_notice
    if is_compilation(draft.case):
        draft.refuse(Reason.COMPILATION_IS_NO_NOTICE)
    elif not act.text:
        draft.refuse(Reason.A_NOTICE_NEEDS_A_TEXT)
    elif rule is None:
        draft.refuse(Reason.NO_PUBLIC_NOTICE_IN_THIS_POLICY)
    else:
        least = rule.reply_within.after(draft.now, draft.policy.calendar)
        reply_by = max(act.reply_by or least, least)
        unit = _named(draft, act)
        drafted = PublicNotice(
            text=act.text,
            unit=unit,
            drafted_by=act.by.principal,
            drafted_at=draft.now,
            reply_by=reply_by,
            organ=act.by.unit,
            approvals_needed=rule.approvals,
        )
        draft.change(notice=drafted)
        draft.note(
            EffectKind.STATUS,
            Reason.NOTICE_DRAFTED,
            unit=unit,
            due_at=reply_by,
            **_approvals(0, rule.approvals),
        )


def _named(draft: Draft, act: CaseAct) -> UnitId:
    """Whom the draft says; else whoever owes what has lapsed, else whose task it is, else whoever answers for the
    case.
    """
    if act.to_unit is not None and act.to_unit in draft.directory.units_by_id:
        return act.to_unit
    lapsed = (duty.owed_by for duty in draft.owed() if duty.lapse is not None and duty.lapse.is_pursued)
    assigned = (task.unit for task in draft.tasks.values() if task.unit != act.by.unit)
    return next(chain(lapsed, assigned), draft.case.holder)


def _pending(draft: Draft) -> PublicNotice | None:
    notice = draft.case.notice
    if notice is None or notice.published_at is not None:
        draft.refuse(Reason.NO_NOTICE_IS_PENDING)
        return None
    return notice


def approve(draft: Draft, act: CaseAct) -> None:
    notice = _pending(draft)
    if notice is None:
        return
    who = act.by.principal
    if act.duty is not None and not draft.is_owed(act.duty):  # another draft has a duty of its own
        draft.refuse(Reason.DECIDED_ON_MEANWHILE)
    elif act.approve is False:
        draft.change(notice=None)
        draft.note(EffectKind.STATUS, Reason.NOTICE_TURNED_DOWN, note=act.text)
        draft.happened("notice_turned_down", actor=act.by, text=act.text)
    elif who == notice.drafted_by:
        draft.refuse(Reason.NOBODY_APPROVES_THEIR_OWN_DRAFT)
    elif who in notice.approvals:
        draft.refuse(Reason.APPROVED_ALREADY)
    else:
        draft.change(notice=replace(notice, approvals=(*notice.approvals, who)))
        approvals = len(notice.approvals) + 1
        draft.note(
            EffectKind.STATUS,
            Reason.NOTICE_APPROVED,
            **_approvals(approvals, notice.approvals_needed),
        )
        if approvals < notice.approvals_needed:
            draft.happened("notice_approved.wanting")
        elif approvals == notice.approvals_needed:
            draft.happened("notice_approved.all")
            if is_compilation(draft.case):
                _put_out(draft, act)
                draft.note(EffectKind.STATUS, Reason.COMPILATION_PUBLISHED)


def reply(draft: Draft, act: CaseAct) -> None:
    """What the unit named has to say to it."""
    notice = _pending(draft)
    if notice is None:
        return
    if draft.now > notice.reply_by:
        draft.refuse(Reason.REPLY_WINDOW_CLOSED, due_at=notice.reply_by)
        return
    draft.change(notice=replace(notice, replies=(*notice.replies, act.text or "")))
    draft.note(EffectKind.NOTED, Reason.NOTICE_REPLIED, unit=notice.unit, note=act.text)


def publish(draft: Draft, act: CaseAct) -> None:
    notice = _pending(draft)
    if notice is None:
        return
    if len(notice.approvals) < notice.approvals_needed:
        draft.refuse(Reason.APPROVALS_MISSING, **_approvals(len(notice.approvals), notice.approvals_needed))
    elif draft.now < notice.reply_by and not notice.replies:
        draft.refuse(Reason.REPLY_WINDOW_IS_OPEN, due_at=notice.reply_by)
    else:
        _put_out(draft, act)
        draft.note(EffectKind.STATUS, Reason.NOTICE_PUBLISHED, unit=notice.unit, note=act.text)


def _put_out(draft: Draft, act: CaseAct) -> None:
    notice = draft.case.notice
    assert notice is not None
    organ = notice.organ or act.by.unit
    draft.change(notice=replace(notice, published_at=draft.now, organ=organ, number=draft.sequence))


def _approvals(given: int, needed: int) -> dict[str, Any]:
    return {"approvals": given, "approvals_needed": needed, "note": f"{given}/{needed}"}
