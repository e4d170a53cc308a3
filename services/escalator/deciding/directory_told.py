"""Whoever a change of the directory touches is told, by the addresses they had before it.

Invariant: everybody the fact names gets one notice of it, whoever made the change; nothing else follows. The
case of the directory owes nothing and never ends.
"""

from datetime import datetime

from services.escalator.deciding.briefing import area_name, unit_name
from services.escalator.deciding.draft import Draft, notice_id
from services.escalator.deciding.watching import open_standing
from shared.case import Applied, Case
from shared.directory import Directory
from shared.directory.change_facts import DirectoryChange, DirectoryProposal, ProposalState, Telling, Told
from shared.facts import Brief, ChangeState, Decision, DirectoryNote, EffectKind, Notice, Purpose, Reason
from shared.ids import CaseId, PostId
from shared.vocabulary import Kind, ReportKind

WATCH = "directory"
WHY_TOLD = 120
"""Characters of the reason that each is told; the fact has all of it."""
NO_POST = PostId("")
"""They are told as the persons they are, not as holders of a post."""


def open_directory(case: CaseId, directory: Directory, decision: Decision, applied: Applied) -> Case:
    """The case of the directory lies with the unit above all others."""
    top = next(unit for unit in directory.units if unit.superior is None)
    return open_standing(
        case, WATCH, WATCH, top.id, top.area, "名录变更 changes of the directory", decision, applied
    )


def tell_touched(draft: Draft, kind: Kind, data: dict[str, object]) -> None:
    """The fact says who is touched; here it is decided that each is told."""
    if kind is Kind.DIRECTORY_CHANGED:
        changed = DirectoryChange.model_validate(data)
        state, telling, why = ChangeState.IN_FORCE, changed.telling, changed.why
    else:
        proposal = DirectoryProposal.model_validate(data)
        refused = proposal.state is ProposalState.REFUSED
        state = ChangeState.REFUSED if refused else ChangeState.PROPOSED
        telling, why = proposal.telling, proposal.why
    if telling is None:
        draft.note(EffectKind.NOTED, Reason.NOBODY_TOUCHED)
        return
    for one in telling.told:
        draft.tell(_notice(draft, len(draft.notices), telling, one, state, why))
        draft.note(EffectKind.TOLD, Reason(f"directory_{state}"), person=one.person)


def _notice(
    draft: Draft, number: int, telling: Telling, recipient: Told, state: ChangeState, why: str
) -> Notice:
    why = why if len(why) <= WHY_TOLD else why[: WHY_TOLD - 1] + "…"
    note = DirectoryNote(
        state=state, changes=recipient.changes, by=telling.by, approved_by=telling.approved_by, why=why
    )
    return Notice(
        id=notice_id(draft.case.id, draft.sequence, number),
        person=recipient.person,
        post=NO_POST,
        purpose=Purpose.CHANGED,
        duties=(),
        channels=recipient.channels,
        language=recipient.language,
        brief=_brief(draft, note, draft.now),
        why=Reason(f"directory_{state}"),
        addresses_at=telling.addresses_at,
    )


def _brief(draft: Draft, note: DirectoryNote, now: datetime) -> Brief:
    case = draft.case
    return Brief(
        kind=ReportKind.STANDING,
        unit=case.holder,
        unit_name=unit_name(draft.directory, case.holder),
        area=case.report.area,
        area_name=area_name(draft.directory, case.report.area),
        summary=case.report.summary,
        occurred_at=now,
        learned_at=now,
        reported_at=now,
        directory=note,
    )
