"""A reply that belongs to no message: the duty desk is called to see to it.

Invariant: each stands on record, whole; the desk is rung for the first, and again only once it has
taken what came before, a few times a case. However many replies a stranger sends, the desk sleeps no worse.
"""

from msgspec.structs import replace

from services.escalator.deciding.desk_call import call_the_desk, times_called
from services.escalator.deciding.draft import DESK_DUTY, Draft
from services.escalator.deciding.watching import open_standing
from shared.case import STRAY_REPLIES, Applied, Case
from shared.directory import Directory
from shared.facts import Decision, EffectKind, Reason, StrayReply
from shared.ids import CaseId

MOST_CALLS = 5
"""Of the desk about one case; a channel has one case an hour."""


def open_stray(
    case: CaseId, reply: StrayReply, directory: Directory, decision: Decision, applied: Applied
) -> Case:
    top = next(unit for unit in directory.units if unit.superior is None)
    return open_standing(
        case, STRAY_REPLIES, reply.channel, top.id, top.area, summary_of(reply), decision, applied
    )


def see_to(draft: Draft, reply: StrayReply) -> None:
    draft.note(EffectKind.NOTED, Reason.REPLY_WITHOUT_A_MESSAGE, person=reply.person, note=reply.words)
    if any(duty.rule == DESK_DUTY for duty in draft.owed()) or times_called(draft) >= MOST_CALLS:
        return
    draft.change(report=replace(draft.case.report, summary=summary_of(reply)))
    call_the_desk(draft)


def summary_of(reply: StrayReply) -> str:
    return f"{reply.number}：“{reply.words}”"
