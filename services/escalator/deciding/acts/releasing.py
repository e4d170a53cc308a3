"""One text for every outlet 统一发布: drafted, approved by different people, held until its embargo has passed, then sent to
the outlets; each hands in what it published (DOMAIN row 41).

Invariant: nobody approves what they drafted, nor twice; no outlet is rung, and no receipt is taken, before the text is
approved and its hour has come.
"""

from datetime import datetime

from msgspec.structs import replace

from services.escalator.deciding.acts import tasks
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.forms import moment_in_form
from shared.case import OutletReceipt, ReleaseText, TaskState
from shared.facts import CaseAct, EffectKind, Reason
from shared.facts.body import instant
from shared.vocabulary import Document, ReportKind

EMBARGO, RECEIPT_FORM = "form.publication.embargo", "publication_receipt"
ENDED_TASKS = frozenset({TaskState.VERIFIED, TaskState.CANCELLED})


def begin(draft: Draft) -> None:
    """The details of a publication are its text."""
    report = draft.case.report
    if report.kind is ReportKind.PUBLICATION and report.details and draft.policy.document.publication:
        _draft_text(draft, report.details, report.reported_by)


def file(draft: Draft, act: CaseAct) -> None:
    """A text that was handed in takes the place of the one before; a receipt is compared with it."""
    if draft.case.report.kind is not ReportKind.PUBLICATION or draft.policy.document.publication is None:
        return
    if act.document is Document.PRESS_RELEASE and act.text:
        release = draft.case.release
        if release is not None and not release.is_held_back:
            draft.refuse(Reason.TEXT_IS_OUT)
        else:
            _draft_text(draft, act.text, act.by.principal)
    elif act.document is Document.RECEIPT and _may_be_out(draft):
        _receive(draft, act)


def complete(draft: Draft, act: CaseAct) -> None:
    """The result of a task; of a publication's it is the outlet's receipt."""
    if _may_be_out(draft):
        tasks.complete(draft, act)
        if not draft.is_refused:
            _receive(draft, act)


def _draft_text(draft: Draft, text: str, by: str) -> None:
    rule = draft.policy.document.publication
    assert rule is not None
    drafted = ReleaseText(
        text=text,
        drafted_by=by,
        drafted_at=draft.now,
        approvals_needed=rule.approvals,
        not_before=embargo_of(draft),
    )
    draft.change(release=drafted)
    _note(draft, Reason.TEXT_DRAFTED, drafted)
    draft.happened("text_drafted")


def approve(draft: Draft, act: CaseAct) -> None:
    release, who = draft.case.release, act.by.principal
    if release is None or not release.awaits_approval:
        draft.refuse(Reason.NO_TEXT_TO_APPROVE)
    elif act.duty is not None and not draft.is_owed(act.duty):
        draft.refuse(Reason.DECIDED_ON_MEANWHILE)
    elif act.approve is False:
        draft.change(release=replace(release, approvals=(), sent_back=True))
        draft.note(EffectKind.STATUS, Reason.TEXT_SENT_BACK, note=act.text)
        draft.happened("text_sent_back", actor=act.by, text=act.text)
    elif who == release.drafted_by:
        draft.refuse(Reason.NOBODY_APPROVES_THEIR_OWN_DRAFT)
    elif who in release.approvals:
        draft.refuse(Reason.APPROVED_ALREADY)
    else:
        release = replace(release, approvals=(*release.approvals, who))
        draft.change(release=release)
        _note(draft, Reason.TEXT_APPROVED, release)
        if release.awaits_approval:
            draft.happened("text_approved.wanting")
            return
        draft.happened("text_approved.all")
        release_if_due(draft)


def release_at(draft: Draft) -> datetime | None:
    """When an approved text goes out; None where nothing waits for its hour."""
    release = draft.case.release
    if release is None or not release.awaits_its_hour:
        return None
    return embargo_of(draft) or draft.now


def release_if_due(draft: Draft) -> None:
    """The embargo has passed: the text goes to each outlet."""
    at, release = release_at(draft), draft.case.release
    if at is None or release is None or at > draft.now:
        return
    release = replace(release, released_at=draft.now, not_before=embargo_of(draft))
    draft.change(release=release)
    _note(draft, Reason.TEXT_RELEASED, release)
    draft.happened("released")
    for task in draft.tasks.values():
        if task.state not in ENDED_TASKS:
            draft.happened("released", task=task.id)


def embargo_of(draft: Draft) -> datetime | None:
    """As the case's form says it now."""
    return moment_in_form(draft.case.forms, EMBARGO, draft.policy.zone)


def follow_form(draft: Draft) -> None:
    """Another hour than the form said before: whoever is to approve reads the one that counts."""
    release = draft.case.release
    if release is not None and release.is_held_back and release.not_before != (at := embargo_of(draft)):
        draft.change(release=replace(release, not_before=at))


def _may_be_out(draft: Draft) -> bool:
    """An outlet has published nothing that is held back."""
    release = draft.case.release
    if release is None or not release.is_held_back:
        return True
    draft.refuse(Reason.UNDER_EMBARGO, due_at=embargo_of(draft))
    return False


def _receive(draft: Draft, act: CaseAct) -> None:
    """What the outlet says that it published stands beside the approved text."""
    release = draft.case.release
    task = draft.tasks.get(act.task) if act.task is not None else None
    if release is None or task is None:
        return
    said = act.form.values if act.form is not None and act.form.id == RECEIPT_FORM else {}
    text, url, published = said.get("text"), said.get("url"), said.get("published")
    receipt = OutletReceipt(
        task=task.id,
        unit=task.unit,
        published_at=(instant(published) if isinstance(published, str) else None) or draft.now,
        handed_in_at=draft.now,
        text=text if isinstance(text, str) else None,
        url=url if isinstance(url, str) else None,
    )
    others = tuple(one for one in release.receipts if one.task != task.id)
    draft.change(release=replace(release, receipts=(*others, receipt)))


def _note(draft: Draft, why: Reason, release: ReleaseText) -> None:
    draft.note(
        EffectKind.STATUS,
        why,
        due_at=release.not_before if release.released_at is None else None,
        approvals=len(release.approvals),
        approvals_needed=release.approvals_needed,
    )
