"""A petition 信访: who took it up, how it was settled, what the reviews 复查 and 复核 came to (DOMAIN row 8).

Invariant: no unit reviews twice; each answer stands in the case with whom it is by and until when the next
step may be asked for, so that the letter made of it says the same whenever it is made.
"""

from typing import Any

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.leaving_out import LeavingOut
from services.escalator.deciding.parties import unit_of as unit_meant
from shared.case import AnswerStep, Case, PetitionAnswer
from shared.facts import CaseAct, EffectKind, Reason
from shared.ids import UnitId
from shared.territory import speaks_for, unit_of
from shared.vocabulary import Document, Kind, ReportKind

TAKEN_UP_BY = frozenset({Kind.ACCEPTED, Kind.IMPOSED, Kind.ASSIGNED, Kind.PROGRESSED})
"""Acts by which the unit that holds a petition takes it up; to hand it on is none."""
NEXT = {AnswerStep.SETTLED: "review_asked", AnswerStep.REVIEWED: "review_asked.again"}
"""What may be asked for after it, as the policy calls it; after the second review nothing."""
MOST_ANSWERS = 20


def is_reviewed(case: Case) -> bool:
    """Reviewed once, so that what is asked for now is the second review 复核."""
    # Of a case from before units were kept here, the log says it as far back as it goes.
    return case.report.kind is ReportKind.PETITION and (
        bool(case.reviewed_by) or any(entry.kind is Kind.REVIEWED for entry in case.log)
    )


def review(draft: Draft, act: CaseAct) -> None:
    """复查 is the superior's, 复核 the level's above: no unit reviews twice."""
    unit = unit_of(act.by, draft.directory)
    if unit is not None and unit in draft.case.reviewed_by:
        draft.refuse(Reason.REVIEWED_BY_THE_SAME_UNIT, unit=unit)
        return
    step = AnswerStep.REVIEWED_AGAIN if is_reviewed(draft.case) else AnswerStep.REVIEWED
    if unit is not None:
        draft.change(reviewed_by=(*draft.case.reviewed_by, unit))
    _keep(draft, step, unit, act, upheld=bool(act.approve))
    draft.note(EffectKind.NOTED, Reason.REVIEWED, unit=unit, note=act.text)


def keep_answer(draft: Draft, kind: Kind, act: CaseAct) -> None:
    """After an act that was not refused: that the petition is taken up, or settled."""
    if draft.case.report.kind is not ReportKind.PETITION:
        return
    if kind is Kind.FILED and act.document is Document.SETTLEMENT:
        _keep(draft, AnswerStep.SETTLED, unit_of(act.by, draft.directory), act)
    elif kind in TAKEN_UP_BY and act.task is None and _is_news_of_the_holder(draft, kind, act):
        _keep(draft, AnswerStep.TAKEN_UP, draft.case.holder, act)


def _is_news_of_the_holder(draft: Draft, kind: Kind, act: CaseAct) -> bool:
    """Whoever holds it says so, or was told to, and neither it has taken it up before nor anybody answered
    it.
    """
    holder = draft.case.holder
    said_by_it = speaks_for(draft.directory, unit_of(act.by, draft.directory), holder)
    known = any(
        answer.step is not AnswerStep.TAKEN_UP or answer.unit == holder for answer in draft.case.answers
    )
    return (said_by_it or kind in (Kind.ACCEPTED, Kind.IMPOSED)) and not known


def _keep(
    draft: Draft, step: AnswerStep, unit: UnitId | None, act: CaseAct, *, upheld: bool | None = None
) -> None:
    answer = PetitionAnswer(
        step=step,
        sequence=draft.sequence,
        at=draft.now,
        unit=unit or draft.case.holder,
        text=None if step is AnswerStep.TAKEN_UP else act.text,
        upheld=upheld,
        **_next_step(draft, NEXT[step]) if step in NEXT else {},
    )
    draft.change(
        answers=(*draft.case.answers, answer)[-MOST_ANSWERS:],
        kept_until=answer.ask_by or draft.case.kept_until,
    )


def _next_step(draft: Draft, asking: str) -> dict[str, Any]:
    """Of whom, and until when, whoever petitioned may ask for a review of what was said now."""
    petition = draft.policy.document.petition
    with LeavingOut(draft, Reason.RULE_FAILED, asking):
        rule = next(iter(draft.policy.rules_on(asking, draft.sort)), None)
        asked = unit_meant(draft, rule.by, None) if rule is not None else None
        if asked is not None and petition is not None and petition.ask is not None:
            return {"ask": asked, "ask_by": petition.ask.after(draft.now, draft.policy.calendar)}
        return {"ask": asked}
    return {}
