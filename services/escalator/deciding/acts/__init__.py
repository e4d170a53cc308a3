"""What people do to a case (`shared.acts`), one function a kind: `HANDLERS` is the table.

Invariant: an act that cannot be is refused with a named reason and stays on record as refused; what it does
to duties that are done by it, end with it or open on it is the policy's business, not the act's.
"""

from collections.abc import Callable

from services.escalator.deciding.acts import (
    accountability,
    calls,
    clocks,
    command,
    ending,
    extensions,
    growing,
    holding,
    items,
    merging,
    notices,
    omission,
    passing,
    petitions,
    releasing,
    seconding,
    tasks,
)
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.roll_call import call_the_roll
from shared.facts import CaseAct, EffectKind, Reason
from shared.vocabulary import Kind

Handler = Callable[[Draft, CaseAct], None]


def _file(draft: Draft, act: CaseAct) -> None:
    """The causes a review has found stand on record by their codes."""
    if act.causes:
        draft.note(EffectKind.NOTED, Reason.CAUSES_FOUND, unit=draft.case.holder, note=", ".join(act.causes))
    releasing.file(draft, act)


HANDLERS: dict[Kind, Handler] = {
    Kind.FILED: _file,
    Kind.TRANSFERRED: holding.transfer,
    Kind.ACCEPTED: holding.accept,
    Kind.OBJECTED: holding.object_to,
    Kind.IMPOSED: holding.impose,
    Kind.RESOLVED: ending.resolve,
    Kind.CLOSED: seconding.by_two(Kind.CLOSED),
    Kind.REOPENED: ending.reopen,
    Kind.WITHDRAWN: seconding.by_two(Kind.WITHDRAWN),
    Kind.MERGED: seconding.by_two(Kind.MERGED),
    Kind.SPLIT: merging.split,
    Kind.GROWN: growing.grow,
    Kind.TAKEN_UP: growing.take_up,
    Kind.REGRADED: seconding.by_two(Kind.REGRADED),
    Kind.ASSIGNED: tasks.assign,
    Kind.EXTENSION_ASKED: extensions.ask_extension,
    Kind.EXTENSION_DECIDED: extensions.decide_extension,
    Kind.COMPLETED: releasing.complete,
    Kind.RETURNED: tasks.give_back,
    Kind.VERIFIED: tasks.verify,
    Kind.REGISTERED: items.register,
    Kind.PLAN_INVOKED: tasks.invoke_plan,
    Kind.COMMAND_TAKEN: command.take_command,
    Kind.SIGNED_IN: command.sign_in,
    Kind.HANDED_OVER: command.hand_over,
    Kind.SNOOZED: clocks.snooze,
    Kind.PASSED_ON: passing.pass_on,
    Kind.PAUSED: clocks.pause,
    Kind.RESUMED: clocks.resume_clock,
    Kind.REASSIGNED: clocks.reassign,
    Kind.ESCALATED: clocks.escalate,
    Kind.CONFIRMED: omission.confirm,
    Kind.REFUTED: omission.refute,
    Kind.STATED: accountability.state,
    Kind.MEASURE_DECIDED: accountability.decide_measure,
    Kind.REVIEW_ASKED: accountability.ask_review,
    Kind.REVIEWED: accountability.review,
    Kind.CORRECTED: accountability.correct,
    Kind.NOTICE_DRAFTED: notices.draft_notice,
    Kind.NOTICE_APPROVED: notices.approve,
    Kind.NOTICE_REPLIED: notices.reply,
    Kind.NOTICE_PUBLISHED: notices.publish,
    Kind.TEXT_APPROVED: releasing.approve,
    Kind.SECONDED: seconding.second,
    Kind.CONTESTED: calls.contest,
    Kind.ROLL_CALLED: call_the_roll,
}
"""Of the other acts nothing comes but what the policy makes of them."""


def name_of(draft: Draft, kind: Kind, act: CaseAct) -> str:
    """What the policy calls this act: its kind, `filed.<document>`, for a petition's second review
    `review_asked.again`, for a word about the organ's list `judged.all` or `judged.wanting`.
    """
    if kind in (Kind.CONFIRMED, Kind.REFUTED) and (word := omission.judged(draft)) is not None:
        return word
    if kind is Kind.FILED and act.document is not None:
        return f"{kind}.{act.document}"
    if kind is Kind.REVIEW_ASKED and petitions.is_reviewed(draft.case):
        return f"{kind}.again"
    return kind.value
