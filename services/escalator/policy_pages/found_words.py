"""Words for what a policy names without naming anybody: who is found at the moment, what opens, ends and
follows.
"""

from shared.language.catalogue import N_

BEARER_WORDS = {
    "recipient": N_("each of those to whom it is owed"),
    "unit": N_("the unit that reported"),
    "holder": N_("the unit that answers for the case"),
    "assignee": N_("the unit that has the task"),
    "assigner": N_("the unit that laid the task"),
    "asked": N_("the unit that is asked to take it over"),
    "superior": N_("the unit above"),
    "superior_above": N_("the unit above the unit above"),
    "competent": N_("the competent unit"),
    "watched": N_("the unit that is watched"),
    "named": N_("the unit that the notice names"),
    "approver": N_("the next who is asked to approve"),
}
"""Who owes a duty, where it is not a post."""
FOUND_WORDS = {
    "owner": N_("whoever has the task"),
    "bearer": N_("whoever owes it"),
    "unit_head": N_("the head of the unit that owes it"),
    "common_superior": N_("the unit above both"),
    "supervision_order": N_("a supervision order follows"),
    "public_notice_draft": N_("a public notice is proposed"),
    "refer": N_("it is referred for accountability"),
    "incident": N_("it is an incident itself"),
    "unacknowledge": N_("it counts as not acknowledged, and is raised again"),
    "everybody": N_("everybody of the unit who has a channel"),
}
"""Who is told, and what follows, besides those that `explain` names."""
CHANNEL_WORDS = {
    "each": N_("every channel that the person has"),
    "first": N_("the person's first channel"),
}
EVENT_WORDS = {
    "reported.outside": N_("an outside source reports"),
    "suspected": N_("an omission is suspected"),
    "review_asked.again": N_("a review is asked for once more"),
    "bounced": N_("it was sent to and fro too often"),
    "all_verified": N_("every task is verified"),
    "listed": N_("a lapse stands on the organ's list"),
    "compilation_drafted": N_("a compilation is drafted"),
    "notice_approved.wanting": N_("an approval of the notice is still wanting"),
    "notice_approved.all": N_("all approvals of the notice are there"),
    "notice_turned_down": N_("the notice is turned down"),
    "suspicion_withdrawn": N_("the suspicion is withdrawn"),
    "judged.wanting": N_("a lapse still waits for the organ's word"),
    "judged.all": N_("the organ has said who answers for each lapse"),
    "text_drafted": N_("a text is drafted"),
    "text_approved.wanting": N_("an approval of the text is still wanting"),
    "text_approved.all": N_("all approvals of the text are there"),
    "text_sent_back": N_("the text is sent back"),
    "released": N_("the text is out"),
    "regraded.up": N_("it is graded up"),
    "regraded.down": N_("it is graded down"),
    "lapsed": N_("a duty lapses"),
    "discharged": N_("a duty is done"),
    "established.roster": N_("each shift begins"),
    "established.source": N_("a source is watched"),
    "established.plan": N_("a contingency plan is in the directory"),
    "established.periodic": N_("the calendar says so"),
    "established.ledger": N_("a unit has a ledger"),
    "established.gaps": N_("the directory is watched for gaps"),
    "established.roll_call": N_("the calendar says so"),
    "roll_call.unanswered": N_("a roll call ends without everybody's answer"),
    "logged_call": N_("a call was written down"),
    "filed": N_("a document is handed in"),
}
"""What opens, discharges and ends a duty, where it is no act with a label of its own."""
GRAVITY_WORDS = {
    "grave": N_("grave matters"),
    "serious": N_("serious matters"),
    "ordinary": N_("ordinary matters"),
}
STARTS_WORDS = {
    "event": N_("what opens it"),
    "occurred_at": N_("when it happened"),
    "learned_at": N_("when the unit learned of it"),
    "received_at": N_("when the report was received"),
    "form": N_("the time that its form names"),
}
GIVEN_WORDS = {
    "given": N_("the limit named when it opens"),
    "review_by": N_("the day that the plan names for its review"),
    "drill_every": N_("as often as the plan says"),
}
REFERS_WORDS = {
    "true": N_("referred for accountability"),
    "together": N_("all of one case go to the discipline organ as one list"),
    "false": N_("not referred"),
}
CHOICE_WORDS = {
    "yes": N_("yes"),
    "no": N_("no"),
    "required": N_("needed in any case"),
    "optional": N_("not required"),
    "approved": N_("the approval of a second person"),
    "resolution": N_("the resolution of a meeting, as a file"),
    "up": N_("more harm grades up by itself"),
    "never": N_("harm never grades by itself"),
    "settles": N_("whoever answers in their place settles it"),
    "keeps_open": N_("it stays owed until they answer themselves"),
    "any": N_("one answers for all"),
    "each": N_("each answers"),
    "head": N_("the head of the unit"),
    "duty_post": N_("the duty post of the unit"),
    "common_superior": N_("the unit above both"),
    "assigner": N_("the unit that laid the task"),
}
