"""What people do to a case besides reporting and acknowledging it: follow-ups, transfers, resolution, closure, withdrawal.

Invariant: an open case has exactly one unit that answers for it; a transfer binds the sender until it is accepted; an act
that cannot be is refused with a named reason and stays on record as refused.
"""

from typing import Any

from services.escalator.draft import Draft
from services.escalator.duties import cancel_owed
from shared.case import Case, CaseStatus, Transfer
from shared.facts import CaseAct, EffectKind, Purpose
from shared.vocabulary import Kind

ENDED = (CaseStatus.CLOSED, CaseStatus.WITHDRAWN, CaseStatus.MERGED)


def apply_act(draft: Draft, case: Case, kind: Kind, act: CaseAct) -> dict[str, Any]:
    """What changes in the case besides its duties, as an update for `model_copy`; {} where the act is refused or only noted."""
    if case.status in ENDED and kind not in (Kind.FOLLOWED_UP,):
        return _refused(draft, f"case_is_{case.status}")
    match kind:
        case Kind.FOLLOWED_UP | Kind.PROGRESSED:
            draft.note(EffectKind.NOTED, kind.value, note=act.text)
            return {}
        case Kind.TRANSFERRED:
            return _transfer(draft, case, act)
        case Kind.ACCEPTED:
            return _accept(draft, case, act)
        case Kind.OBJECTED:
            return _object(draft, case, act)
        case Kind.RESOLVED:
            draft.note(EffectKind.STATUS, "resolved", note=act.text)
            return {"status": CaseStatus.RESOLVED}
        case Kind.CLOSED:
            cancel_owed(draft, "case_closed")
            draft.note(EffectKind.STATUS, "closed", note=act.text)
            return {"status": CaseStatus.CLOSED, "transfer": None}
        case Kind.WITHDRAWN:
            _tell_it_is_withdrawn(draft)
            cancel_owed(draft, "report_withdrawn")
            draft.note(EffectKind.STATUS, "withdrawn", note=act.text)
            return {"status": CaseStatus.WITHDRAWN, "transfer": None}
        case Kind.MERGED:
            if act.into is None or act.into == case.id:
                return _refused(draft, "merged_into_itself_or_nothing")
            # The duties stay watched here, by their own clocks, until somebody answers: a merge forgives nothing.
            draft.note(EffectKind.STATUS, "merged", note=act.into)
            return {"status": CaseStatus.MERGED, "merged_into": act.into}
        case _:
            raise ValueError(f"{kind} is no act on a case")


def _refused(draft: Draft, why: str) -> dict[str, Any]:
    draft.note(EffectKind.REFUSED, why)
    return {}


def _transfer(draft: Draft, case: Case, act: CaseAct) -> dict[str, Any]:
    if act.to_unit is None or act.to_unit not in draft.rules.directory.units_by_id:
        return _refused(draft, "no_such_unit")
    if act.to_unit == case.holder:
        return _refused(draft, "holds_it_already")
    if case.transfer is not None:
        return _refused(draft, "transfer_pending")
    draft.note(EffectKind.HOLDER, "transfer_offered_sender_answers_until_accepted", unit=case.holder, note=act.to_unit)
    offer = Transfer(from_unit=case.holder, to_unit=act.to_unit, at=draft.now, by=act.by.principal, reason=act.text or "")
    return {"transfer": offer}


def _accept(draft: Draft, case: Case, act: CaseAct) -> dict[str, Any]:
    if case.transfer is None:
        return _refused(draft, "no_transfer_pending")
    if act.by.unit not in (None, case.transfer.to_unit):
        return _refused(draft, "offered_to_another_unit")
    draft.note(EffectKind.HOLDER, "transfer_accepted", unit=case.transfer.to_unit)
    return {"holder": case.transfer.to_unit, "transfer": None}


def _object(draft: Draft, case: Case, act: CaseAct) -> dict[str, Any]:
    if case.transfer is None:
        return _refused(draft, "no_transfer_pending")
    if act.by.unit not in (None, case.transfer.to_unit):
        return _refused(draft, "offered_to_another_unit")
    draft.note(EffectKind.HOLDER, "transfer_refused_sender_keeps_it", unit=case.holder, note=act.text)
    return {"transfer": None}


def _tell_it_is_withdrawn(draft: Draft) -> None:
    """Whoever was told is told that it is not so, once each."""
    told: set[str] = set()
    for duty in draft.duties.values():
        for lit in duty.lit:
            if lit.person not in told:
                told.add(lit.person)
                draft.call(draft.rules.directory.people_by_id[lit.person], lit.post, Purpose.WITHDRAWN, "report_withdrawn", duty)
