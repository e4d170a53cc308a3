"""Every act on a case in one table: its path, which fields it needs and takes, what its form on the desk
says.

Invariant: the API, the desk, the checks and the documents are built from this table alone; an act that is not
in it can't be done, and a field an act neither needs nor takes is refused by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.territory import MAY, Where
from shared.vocabulary import Kind, Role
from shared.web.languages import N_

NOTE = N_("Note (may stay empty)")
TASK, DUTY = "task", "duty"
WHICH = {TASK: "name the task, by its id in GET /api/v1/cases/{id}"}


class Group(StrEnum):
    """How the acts stand together on the desk."""

    REPORT = "report"
    MOVE_ON = "move_on"
    TASKS = "tasks"
    CLOCK = "clock"
    ACCOUNTABILITY = "accountability"


@dataclass(frozen=True, slots=True)
class Act:
    """One row. `text` may be given with any act; the other fields only where they stand here."""

    kind: Kind
    path: str
    """`POST /api/v1/cases/{id}/<path>`."""
    group: Group
    title: str
    button: str
    text: str
    """The label of the text field."""
    needs: Mapping[str, str]
    """Field → what to write there."""
    takes: tuple[str, ...]
    either: tuple[str, ...]
    """At least one of these."""

    @property
    def roles(self) -> frozenset[Role]:
        """Who may at all; where, and the standing it needs, stands in `shared.territory`."""
        return frozenset(MAY[self.kind])

    @property
    def by_assigner(self) -> bool:
        """About a task: for the unit that assigned it; otherwise for the one that holds it."""
        return Where.ASSIGNER in MAY[self.kind].values()

    @property
    def fields(self) -> tuple[str, ...]:
        """All the act knows besides `text`, as a form shows them."""
        return tuple(name for name in (*self.needs, *self.either, *self.takes) if name != "text")


def _act(
    kind: Kind,
    path: str,
    group: Group,
    words: tuple[str, str, str],
    needs: Mapping[str, str] | None = None,
    *,
    takes: tuple[str, ...] = (),
    either: tuple[str, ...] = (),
) -> Act:
    title, button, text = words
    return Act(kind, path, group, title, button, text, needs or {}, takes, either)


# fmt: off
_REPORT = (
    _act(Kind.FOLLOWED_UP, "follow-up", Group.REPORT,
         (N_("Follow-up report"), N_("Send the follow-up"), N_("What is known now")),
         {"text": "say what is known now"}),
    _act(Kind.PROGRESSED, "progress", Group.REPORT,
         (N_("Progress"), N_("Record progress"), N_("What was done")),
         {"text": "say what was done"}, takes=(TASK, "percent")),
    _act(Kind.FILED, "file", Group.REPORT,
         (N_("Hand in a document"), N_("Hand it in"), N_("What it says, or where it lies")),
         {"document": "say which document it is"}, takes=(TASK, "causes", "satisfaction")),
    _act(Kind.REGRADED, "regrade", Group.REPORT,
         (N_("Grade anew"), N_("Grade anew: limits are counted again from the start"), N_("Why it is graded anew")),
         {"text": "say why it is graded anew"}, either=("level", "sensitive")),
    _act(Kind.WITHDRAWN, "withdraw", Group.REPORT,
         (N_("Withdraw"), N_("Withdraw the report"), N_("Why the report is withdrawn")),
         {"text": "say why the report is withdrawn"}),
    _act(Kind.MERGED, "merge", Group.REPORT,
         (N_("Merge"), N_("Merge into the other case"), N_("How you know they are the same")),
         {"into": "name the case this one is a duplicate of", "text": "say how you know they are the same"}),
    _act(Kind.SPLIT, "split", Group.REPORT,
         (N_("Split off"), N_("Split off a case of its own"), N_("Why it is a matter of its own")),
         {"summary": "say in one line what the new case is about", "text": "say why it is a matter of its own"},
         takes=("to_unit", "level", "sensitive")),
    _act(Kind.SECONDED, "second", Group.REPORT,
         (N_("Decide as the second person"), N_("Decide"), N_("Reason (may stay empty)")),
         {"approve": "say true (agreed) or false (everything goes on)"}),
    _act(Kind.CONTESTED, "contest", Group.REPORT,
         (N_("Not so: I was not called"), N_("Record that there was no such call"), N_("What was not so (may stay empty)"))),
)
_MOVE_ON = (
    _act(Kind.TRANSFERRED, "transfer", Group.MOVE_ON,
         (N_("Transfer"), N_("Ask for the transfer"), N_("Why it is theirs")),
         {"to_unit": "name the unit that is asked to take it over", "text": "say why it is theirs"}, takes=(TASK,)),
    _act(Kind.ACCEPTED, "accept", Group.MOVE_ON,
         (N_("Accept"), N_("Accept: we answer for it now"), NOTE), takes=(TASK,)),
    _act(Kind.OBJECTED, "object", Group.MOVE_ON,
         (N_("Refuse"), N_("Refuse: it is not ours"), N_("Why it is not yours")),
         {"text": "say why it is not yours"}, takes=(TASK,)),
    _act(Kind.IMPOSED, "impose", Group.MOVE_ON,
         (N_("Say who leads"), N_("Impose: this unit leads"), N_("Why it is theirs")),
         {"to_unit": "name the unit that leads from now on", "text": "say why it is theirs"}, takes=(TASK,)),
    _act(Kind.PLAN_INVOKED, "invoke-plan", Group.MOVE_ON,
         (N_("Invoke a contingency plan"), N_("Invoke the plan: its steps become tasks"), N_("Why now")),
         {"plan": "name the contingency plan", "text": "say why it is invoked"}),
    _act(Kind.COMMAND_TAKEN, "take-command", Group.MOVE_ON,
         (N_("Command"), N_("Record who commands"), NOTE), takes=("to_person", "acting")),
    _act(Kind.SIGNED_IN, "sign-in", Group.MOVE_ON,
         (N_("Sign in for the shift"), N_("I am here: sign in"), NOTE), takes=("post", "to_person")),
    _act(Kind.HANDED_OVER, "hand-over", Group.MOVE_ON,
         (N_("Hand the shift over"), N_("Hand over"), N_("What is open, what to watch")),
         {"to_person": "name who takes the shift over"}, takes=("post",)),
    _act(Kind.RESOLVED, "resolve", Group.MOVE_ON,
         (N_("Resolve"), N_("Record as resolved"), N_("How it was resolved")),
         {"text": "say how it was resolved"}),
    _act(Kind.CLOSED, "close", Group.MOVE_ON,
         (N_("Close"), N_("Close the case"), N_("The evidence that it is settled")),
         {"text": "give the evidence that it is settled"}, takes=("satisfaction",)),
    _act(Kind.REOPENED, "reopen", Group.MOVE_ON,
         (N_("Open again"), N_("Open the case again"), N_("What has come up")),
         {"text": "say what has come up"}),
)
_TASKS = (
    _act(Kind.ASSIGNED, "assign", Group.TASKS,
         (N_("Assign a task"), N_("Assign"), NOTE),
         {"tasks": "say what is to be done, by which unit, by when"}),
    _act(Kind.COMPLETED, "complete", Group.TASKS,
         (N_("Hand in the result"), N_("Hand in: done"), N_("The result")),
         {**WHICH, "text": "say what the result is"}, takes=("document",)),
    _act(Kind.VERIFIED, "verify", Group.TASKS,
         (N_("Verify and close the task"), N_("Verified: close the task"), N_("What was checked (may stay empty)")),
         WHICH),
    _act(Kind.RETURNED, "return", Group.TASKS,
         (N_("Return for rework"), N_("Return it"), N_("What is missing")),
         {**WHICH, "text": "say what is missing"}, takes=("due_at",)),
    _act(Kind.EXTENSION_ASKED, "ask-extension", Group.TASKS,
         (N_("Ask for an extension"), N_("Ask for it"), N_("Why it takes longer")),
         {"due_at": "say until when", "text": "say why it takes longer"}, either=(TASK, DUTY)),
    _act(Kind.EXTENSION_DECIDED, "decide-extension", Group.TASKS,
         (N_("Decide on the extension"), N_("Decide"), N_("Reason (may stay empty)")),
         {"approve": "say true (granted) or false (refused)"}, either=(TASK, DUTY), takes=("due_at",)),
    _act(Kind.REGISTERED, "register", Group.TASKS,
         (N_("Register an item"), N_("Register"), NOTE),
         either=("summary", "step"), takes=("measure", "owner", "due_at", "to_unit")),
)
_CLOCK = (
    _act(Kind.SNOOZED, "snooze", Group.CLOCK,
         (N_("Remind me later"), N_("I know: remind me later"), NOTE),
         {"span": "say for how long, e.g. PT10M"}, takes=(DUTY, TASK, "to_person")),
    _act(Kind.PAUSED, "pause", Group.CLOCK,
         (N_("Pause the clock"), N_("Pause"), N_("Why the clock is paused")),
         {"text": "say why the clock is paused"}, takes=(DUTY, TASK, "span")),
    _act(Kind.RESUMED, "resume", Group.CLOCK,
         (N_("Let the clock run again"), N_("Let it run"), NOTE), takes=(DUTY, TASK)),
    _act(Kind.REASSIGNED, "reassign", Group.CLOCK,
         (N_("Put it on somebody else"), N_("Put it on them"), N_("Why")),
         {"to_person": "name who has to move from now on", "text": "say why"}, takes=(DUTY, TASK)),
    _act(Kind.ESCALATED, "escalate", Group.CLOCK,
         (N_("Call the next now"), N_("Call now"), N_("Why (may stay empty)")),
         either=("post", "step"), takes=(DUTY, TASK)),
)
_ACCOUNTABILITY = (
    _act(Kind.CONFIRMED, "confirm", Group.ACCOUNTABILITY,
         (N_("Confirm the omission"), N_("It was omitted"), N_("What shows it")),
         {"text": "say what shows it"}, takes=(DUTY, "intent")),
    _act(Kind.REFUTED, "refute", Group.ACCOUNTABILITY,
         (N_("Refute the suspicion"), N_("It was not omitted"), N_("What shows it")),
         {"text": "say what shows it"}),
    _act(Kind.STATED, "state", Group.ACCOUNTABILITY,
         (N_("Statement"), N_("Hand in the statement"), N_("How it came about")),
         {"text": "say how it came about"}),
    _act(Kind.MEASURE_DECIDED, "decide-measure", Group.ACCOUNTABILITY,
         (N_("Decide on the measure"), N_("Decide"), N_("The reasons")),
         {"measure": "name a step of the ladder in force", "text": "give the reasons"}),
    _act(Kind.REVIEW_ASKED, "ask-review", Group.ACCOUNTABILITY,
         (N_("Ask for a review"), N_("Ask for it"), N_("What is wrong with the decision")),
         {"text": "say what is wrong with the decision"}),
    _act(Kind.REVIEWED, "review", Group.ACCOUNTABILITY,
         (N_("Review the decision"), N_("Record the review"), N_("The reasons")),
         {"approve": "say true (the decision stands) or false (it does not)", "text": "give the reasons"}, takes=("measure",)),
    _act(Kind.CORRECTED, "correct", Group.ACCOUNTABILITY,
         (N_("Correct"), N_("Record the correction"), N_("What is put right, and why")),
         {"text": "say what is put right, and why"}, takes=("measure",)),
    _act(Kind.NOTICE_DRAFTED, "draft-notice", Group.ACCOUNTABILITY,
         (N_("Draft a public notice"), N_("Send the draft for approval"), N_("The notice, word for word")),
         {"text": "write the notice, word for word"}, takes=("to_unit", "reply_by")),
    _act(Kind.NOTICE_APPROVED, "approve-notice", Group.ACCOUNTABILITY,
         (N_("Approve the public notice"), N_("Decide"), N_("Reason (may stay empty)")),
         {"approve": "say true (approved) or false (refused)"}),
    _act(Kind.NOTICE_REPLIED, "reply-notice", Group.ACCOUNTABILITY,
         (N_("Reply to the public notice"), N_("Send the reply"), N_("The reply of the unit named")),
         {"text": "write the reply"}),
    _act(Kind.NOTICE_PUBLISHED, "publish-notice", Group.ACCOUNTABILITY,
         (N_("Publish the notice"), N_("Record as published"), N_("Where it was published (may stay empty)"))),
)
# fmt: on
ACTS: dict[Kind, Act] = {act.kind: act for act in (*_REPORT, *_MOVE_ON, *_TASKS, *_CLOCK, *_ACCOUNTABILITY)}
GROUPS: dict[Group, str] = {
    Group.REPORT: N_("Report"),
    Group.MOVE_ON: N_("Move on"),
    Group.TASKS: N_("Tasks"),
    Group.CLOCK: N_("Clock"),
    Group.ACCOUNTABILITY: N_("Accountability"),
}
