"""The end of every decision: the case's clock is set anew, the notices are written, case and decision are put
together.

Invariant: nothing of what was drafted is lost on the way, and a report that owes somebody a call always rings
somebody.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.escalator.deciding import opening, repeats
from services.escalator.deciding.briefing import NewsInMaking, notices_of
from services.escalator.deciding.clockwork import next_moment
from services.escalator.deciding.desk_call import call_the_desk
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.leaving_out import LeavingOut
from services.escalator.deciding.log import logged
from services.escalator.deciding.telling import tell_news
from shared.case import Applied, Case, LeftOut
from shared.facts import About, Clock, Decision, Effect, EffectKind, Fact, Notice, Purpose, Reason, spelled
from shared.ids import PersonId, PostId
from shared.vocabulary import Kind, ReportKind

LEFT_OUT_KEPT = 20
"""What the case itself remembers of what was left out of it; the trail has it all."""
TRIED_AGAIN = timedelta(minutes=1)
"""What a clock could not do is tried again then; a case whose clock is always due would strike without
end.
"""
OWED_A_CALL = (ReportKind.INCIDENT, ReportKind.OPINION)


def settle(draft: Draft, fact: Fact) -> tuple[Case, Decision]:
    """Set the clock anew and put case and decision together."""
    case = draft.case
    if (
        case.report_sequence == draft.sequence
        and not draft.duties
        and not draft.openings
        and not draft.effects
    ):
        draft.note(EffectKind.NOTED, spelled(Reason.NO_DUTY_FOR, case.report.kind))
    if draft.is_careful:
        _call_the_desk_for_want_of_others(draft)
    moment = next_moment(draft)
    if moment is not None and draft.is_careful and fact.kind == Kind.DUE and moment[0] <= draft.now:
        moment = draft.now + TRIED_AGAIN, moment[1]
    clock = None
    fields: dict[str, Any] = {}
    if moment is None:
        if case.clock_at is not None:
            struck = fact.kind == Kind.DUE and case.clock_at <= draft.now
            clock = None if struck else Clock()
            fields = {"clock_at": None, "clock_duty": None}
    elif moment[0] != case.clock_at:
        clock = Clock(at=moment[0], duty=moment[1])
        fields = {"clock_at": moment[0], "clock_duty": moment[1]}
    news: list[NewsInMaking] = []
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "tells"):
        news = tell_news(draft)
    notices = notices_of(draft, news)
    if notices and ((told := _newly_told(case, notices)) or not case.told):
        fields["told"] = {**case.people_told, **told}
    with LeavingOut(draft, Reason.FAULT_OF_OURS, "prune"):
        opening.prune(draft)
    left_out = [
        effect
        for effect in draft.effects
        if effect.kind is EffectKind.LEFT_OUT or effect.why == Reason.ACT_SET_ASIDE
    ]
    if left_out:
        fields["left_out"] = (*case.left_out, *[_left_out(draft, fact, effect) for effect in left_out])[
            -LEFT_OUT_KEPT:
        ]
    decision = Decision(
        case=case.id,
        about=About(id=fact.id, kind=fact.kind, sequence=draft.sequence, time=draft.now),
        policy=case.policy,
        directory=draft.rules.revision,
        effects=tuple(draft.effects),
        notices=notices,
        clock=clock,
        sends=tuple(draft.sends),
        late_since=draft.late_since,
    )
    applied = Applied(id=fact.id, sequence=draft.sequence, at=draft.now)
    fields["log"] = logged(case.log, fact, decision)
    return draft.settled(decision, applied=applied, taken=repeats.with_it(case, fact), **fields), decision


def _newly_told(case: Case, notices: Sequence[Notice]) -> dict[PersonId, PostId]:
    """Whoever hears of the case for the first time; of the directory's changes people hear as themselves."""
    told = case.people_told
    return {
        notice.person: notice.post
        for notice in notices
        if notice.person not in told and notice.purpose is not Purpose.CHANGED
    }


def _left_out(draft: Draft, fact: Fact, effect: Effect) -> LeftOut:
    return LeftOut(sequence=draft.sequence, at=draft.now, kind=fact.kind, why=effect.why, note=effect.note)


def _call_the_desk_for_want_of_others(draft: Draft) -> None:
    """A report that owes a call to the leaders, and of which nobody is called: the duty desk is."""
    case = draft.case
    if case.report_sequence != draft.sequence or case.report.kind not in OWED_A_CALL or draft.calls:
        return
    draft.note(EffectKind.NOTED, Reason.NOBODY_WAS_CALLED)
    call_the_desk(draft)
