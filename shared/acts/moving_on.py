"""Who has the matter in hand, who commands, who is on watch, and how it ends."""

from shared.acts.act import FILES, TASK, Act, Group
from shared.acts.states import (
    has_not_ended,
    is_a_roster,
    is_going_on,
    is_graded,
    is_offered,
    is_under_way,
    transfers,
)
from shared.acts.who import ABOVE, OFFICES, PEOPLE, Where, who
from shared.case import Case, CaseStatus
from shared.message import N_
from shared.vocabulary import Kind, ReportKind


def _waits_to_be_taken(case: Case) -> bool:
    """A standing watch too: what a check found is laid on somebody there."""
    return has_not_ended(case) and (any(transfers(case)) or any(map(is_offered, case.tasks)))


def _has_no_taker(case: Case) -> bool:
    """It was passed on, or passed back before."""
    was_passed_on = any(transfers(case)) or any(part.bounces for part in (case, *case.tasks))
    return is_going_on(case) and was_passed_on


MOVING_ON = (
    Act(
        kind=Kind.TRANSFERRED,
        path="transfer",
        group=Group.MOVE_ON,
        says="The holder asks another unit to take the case (or a task) over; until that one accepts, the sender answers for it.",
        label=N_("transfer asked"),
        title=N_("Transfer"),
        button=N_("Ask for the transfer"),
        text=N_("Why it is theirs"),
        needs={"to_unit": "name the unit that is asked to take it over", "text": "say why it is theirs"},
        takes=(TASK, FILES),
        who_may=who(PEOPLE, Where.HOLDER),
        fits=lambda case: is_going_on(case) and (case.transfer is None or any(map(is_under_way, case.tasks))),
        fits_task=lambda task: is_under_way(task) and task.transfer is None,
    ),
    Act(
        kind=Kind.ACCEPTED,
        path="accept",
        group=Group.MOVE_ON,
        says="The unit asked has taken the case over, or the task on.",
        label=N_("transfer accepted"),
        title=N_("Accept"),
        button=N_("Accept: we answer for it now"),
        takes=(TASK,),
        who_may=who(PEOPLE, Where.ASKED),
        fits=_waits_to_be_taken,
        needs_its_object=True,
        fits_task=is_offered,
    ),
    Act(
        kind=Kind.OBJECTED,
        path="object",
        group=Group.MOVE_ON,
        says="The unit asked says that the case or task is not its own, and why.",
        label=N_("transfer refused"),
        title=N_("Refuse"),
        button=N_("Refuse: it is not ours"),
        text=N_("Why it is not yours"),
        needs={"text": "say why it is not yours"},
        takes=(TASK, FILES),
        who_may=who(PEOPLE, Where.ASKED),
        fits=_waits_to_be_taken,
        needs_its_object=True,
        fits_task=is_offered,
    ),
    Act(
        kind=Kind.IMPOSED,
        path="impose",
        group=Group.MOVE_ON,
        says="The common superior has said who leads.",
        label=N_("lead imposed"),
        title=N_("Say who leads"),
        button=N_("Impose: this unit leads"),
        text=N_("Why it is theirs"),
        needs={"to_unit": "name the unit that leads from now on", "text": "say why it is theirs"},
        takes=(TASK,),
        who_may=who(ABOVE, Where.SUPERIOR),
        fits=_has_no_taker,
        needs_its_object=True,
        fits_task=lambda task: task.transfer is not None,
    ),
    Act(
        kind=Kind.PLAN_INVOKED,
        path="invoke-plan",
        group=Group.MOVE_ON,
        says="A contingency plan was invoked: its steps become tasks.",
        label=N_("contingency plan invoked"),
        title=N_("Invoke a contingency plan"),
        button=N_("Invoke the plan: its steps become tasks"),
        text=N_("Why now"),
        needs={"plan": "name the contingency plan", "text": "say why it is invoked"},
        who_may=who(OFFICES, Where.STANDING),
        fits=is_graded,
    ),
    Act(
        kind=Kind.COMMAND_TAKEN,
        path="take-command",
        group=Group.MOVE_ON,
        says="Somebody commands, or acts as commander.",
        label=N_("command taken"),
        title=N_("Command"),
        button=N_("Record who commands"),
        takes=("to_person", "acting"),
        who_may=who(OFFICES, Where.STANDING),
        fits=lambda case: is_going_on(case) and case.report.kind in (ReportKind.INCIDENT, ReportKind.OPINION),
    ),
    Act(
        kind=Kind.SIGNED_IN,
        path="sign-in",
        group=Group.MOVE_ON,
        says="Signed in for a shift.",
        label=N_("signed in for the shift"),
        title=N_("Sign in for the shift"),
        button=N_("I am here: sign in"),
        takes=("post", "to_person"),
        hidden=frozenset({"post", "to_person"}),
        who_may=who(PEOPLE, Where.WATCH),
        fits=is_a_roster,
    ),
    Act(
        kind=Kind.HANDED_OVER,
        path="hand-over",
        group=Group.MOVE_ON,
        says="A shift was handed over.",
        label=N_("shift handed over"),
        title=N_("Hand the shift over"),
        button=N_("Hand over"),
        text=N_("What is open, what to watch"),
        needs={"to_person": "name who takes the shift over"},
        takes=("post", FILES),
        hidden=frozenset({"post"}),
        who_may=who(PEOPLE, Where.WATCH),
        fits=is_a_roster,
    ),
    Act(
        kind=Kind.RESOLVED,
        path="resolve",
        group=Group.MOVE_ON,
        says="The event itself is over.",
        label=N_("resolved"),
        title=N_("Resolve"),
        button=N_("Record as resolved"),
        text=N_("How it was resolved"),
        needs={"text": "say how it was resolved"},
        takes=(FILES,),
        who_may=who(PEOPLE, Where.STANDING),
        fits=lambda case: is_going_on(case) and case.status is CaseStatus.OPEN,
    ),
    Act(
        kind=Kind.CLOSED,
        path="close",
        group=Group.MOVE_ON,
        says="The case is closed, with the evidence for it.",
        label=N_("closed"),
        title=N_("Close"),
        button=N_("Close the case"),
        text=N_("The evidence that it is settled"),
        needs={"text": "give the evidence that it is settled"},
        takes=("satisfaction", FILES),
        who_may=who(OFFICES, Where.STANDING),
        fits=is_going_on,
    ),
    Act(
        kind=Kind.REOPENED,
        path="reopen",
        group=Group.MOVE_ON,
        says="Something has come up: the case is open again.",
        label=N_("reopened"),
        title=N_("Open again"),
        button=N_("Open the case again"),
        text=N_("What has come up"),
        needs={"text": "say what has come up"},
        who_may=who(OFFICES, Where.STANDING),
        fits=lambda case: (
            case.status is CaseStatus.CLOSED or (is_going_on(case) and case.status is CaseStatus.RESOLVED)
        ),
        may_follow_the_end=True,
    ),
)
