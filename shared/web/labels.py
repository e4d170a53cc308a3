"""The words of DOMAIN.md for the closed sets, as messages of the catalogue: the same on every page.

A level has its colour (red, orange, yellow, blue) and always its numeral and word too: colour alone says nothing to many eyes.
"""

from shared.web.languages import N_

LABELS: dict[str, dict[str, str]] = {
    "level": {
        "I": N_("I · extremely grave"),
        "II": N_("II · grave"),
        "III": N_("III · serious"),
        "IV": N_("IV · ordinary"),
        "": N_("not graded"),
    },
    "kind": {
        "incident": N_("incident"),
        "opinion": N_("public-opinion hit"),
        "dispute": N_("dispute"),
        "hazard": N_("hazard"),
        "petition": N_("petition"),
    },
    "category": {
        "natural_disaster": N_("natural disaster"),
        "accident": N_("accident"),
        "public_health": N_("public health"),
        "public_security": N_("public security"),
    },
    "role": {
        "reporter": N_("reporter"),
        "duty_officer": N_("duty officer"),
        "leader": N_("leader"),
        "supervisor": N_("supervisor"),
        "discipline": N_("discipline organ"),
        "auditor": N_("auditor"),
        "operator": N_("operator"),
        "publisher": N_("publisher"),
    },
    "status": {
        "open": N_("open"),
        "resolved": N_("resolved"),
        "closed": N_("closed"),
        "withdrawn": N_("withdrawn"),
        "merged": N_("merged"),
    },
    "duty": {
        "open": N_("owed"),
        "discharged": N_("done in time"),
        "lapsed": N_("lapsed, still owed"),
        "lapsed_discharged": N_("done late"),
        "cancelled": N_("cancelled"),
    },
    "fact": {
        "reported": N_("reported"),
        "acknowledged": N_("acknowledged"),
        "followed_up": N_("follow-up report"),
        "transferred": N_("transfer asked"),
        "accepted": N_("transfer accepted"),
        "objected": N_("transfer refused"),
        "progressed": N_("progress"),
        "resolved": N_("resolved"),
        "closed": N_("closed"),
        "withdrawn": N_("withdrawn"),
        "merged": N_("merged"),
        "due": N_("a clock struck"),
        "decided": N_("decided"),
        "delivered": N_("message delivered"),
        "failed": N_("message failed"),
        "rejected": N_("message refused"),
        "directory_changed": N_("directory changed"),
    },
    "effect": {
        "opened": N_("duty opened"),
        "lit": N_("lit"),
        "reminded": N_("reminded"),
        "discharged": N_("duty discharged"),
        "lapsed": N_("duty lapsed"),
        "taken": N_("taken by a stand-in"),
        "dark": N_("stayed dark"),
        "chain_ended": N_("fallback chain at its end"),
        "cancelled": N_("duty cancelled"),
        "noted": N_("noted"),
        "refused": N_("refused"),
        "status": N_("status of the case"),
        "holder": N_("unit that answers"),
    },
    "cause": {
        "reported_late": N_("the report came in after the limit"),
        "not_acknowledged": N_("not acknowledged by the limit"),
    },
    "channel": {"voice": N_("phone"), "sms": N_("SMS"), "email": N_("e-mail"), "webhook": N_("webhook"), "chat": N_("chat")},
    "purpose": {
        "report": N_("report"),
        "reminder": N_("reminder"),
        "fallback": N_("stand-in for somebody who is dark"),
        "withdrawn": N_("withdrawal"),
    },
    "why": {
        "owed_on_report": N_("owed because it was reported"),
        "not_acknowledged_yet": N_("not acknowledged yet"),
        "dark_after_wait": N_("no answer within the wait"),
        "every_channel_failed": N_("every channel failed"),
        "nobody_left_to_light": N_("nobody is left to light"),
        "being_rung_already": N_("being rung about this case already"),
        "answered_in_this_case_already": N_("has answered in this case already"),
        "answered_for_the_one_who_is_dark": N_("answered for the one who is dark"),
        "acknowledged_in_time": N_("acknowledged in time"),
        "acknowledged_late": N_("acknowledged late"),
        "already_acknowledged": N_("had acknowledged already"),
        "owed_nothing": N_("nothing was owed to this person"),
        "limit_passed": N_("the limit has passed"),
        "reported_again": N_("the same report came again"),
        "case_closed": N_("the case is closed"),
        "report_withdrawn": N_("the report was withdrawn"),
        "transfer_offered_sender_answers_until_accepted": N_("transfer asked; the sender answers until it is accepted"),
        "transfer_accepted": N_("transfer accepted"),
        "transfer_refused_sender_keeps_it": N_("transfer refused; the sender keeps it"),
        "transfer_pending": N_("a transfer waits for its answer already"),
        "no_transfer_pending": N_("no transfer waits for an answer"),
        "offered_to_another_unit": N_("the transfer was offered to another unit"),
        "holds_it_already": N_("that unit holds the case already"),
        "no_such_unit": N_("there is no such unit"),
        "merged_into_itself_or_nothing": N_("a case can't be merged into itself or into nothing"),
    },
    "via": {"api": N_("interface"), "desk": N_("desk"), "link": N_("link"), "logged_call": N_("logged call")},
}


def label(group: str, value: object) -> str:
    """The message for a value; a value nobody has named yet shows as it is."""
    key = "" if value is None else str(value)
    return LABELS[group].get(key, key)


PROBLEMS = (
    N_("Unauthorized"),
    N_("Forbidden"),
    N_("Not Found"),
    N_("Conflict"),
    N_("Invalid request"),
    N_("No such case on the board"),
    N_("The board is not caught up"),
    N_("The record can't be reached"),
    N_("Wait a moment and try again."),
    N_("working"),
    N_("This form was not sent from a page of this system. Open the page again and repeat it there."),
    N_("The token has expired: ask the operator for a new one (`fenghuo token`)."),
    N_("learned_at is before occurred_at: nobody learns of an event before it happens; correct one of the two"),
    N_("The report is stored and this receipt proves it. The duties it opens are not worked out yet; they follow on the case."),
)
"""What other modules say in English and a page may have to show."""
