"""The words of DOMAIN.md for the closed sets, as messages of the catalogue: the same on every page.

A level has its colour (red, orange, yellow, blue) and always its numeral and word too: colour alone says
nothing to many eyes.
"""

from collections.abc import Callable

from shared.facts import reason_of
from shared.language.catalogue import N_
from shared.language.event_labels import EVENTS
from shared.message import Marked, Said, foreign, said
from shared.role_words import ROLES

LABELS: dict[str, dict[str, str]] = {
    **EVENTS,
    "level": {
        "I": N_("Level I (extremely grave)"),
        "II": N_("Level II (grave)"),
        "III": N_("Level III (serious)"),
        "IV": N_("Level IV (ordinary)"),
        "": N_("not graded"),
    },
    "kind": {
        "incident": N_("incident"),
        "opinion": N_("public-opinion hit"),
        "dispute": N_("dispute"),
        "hazard": N_("hazard"),
        "petition": N_("petition"),
        "complaint": N_("complaint"),
        "task": N_("task"),
        "campaign": N_("inventory campaign"),
        "supervision_order": N_("supervision order"),
        "publication": N_("publication"),
        "visit": N_("visit"),
        "accountability": N_("accountability"),
        "standing": N_("standing watch"),
    },
    "category": {
        "natural_disaster": N_("natural disaster"),
        "accident": N_("accident"),
        "public_health": N_("public health"),
        "public_security": N_("public security"),
    },
    "role": {role.value: words for role, words in ROLES.items()},
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
    "channel": {
        "voice": N_("phone"),
        "sms": N_("SMS"),
        "email": N_("e-mail"),
        "webhook": N_("webhook"),
        "chat": N_("chat"),
        "browser": N_("browser"),
    },
    "document": {
        "written_report": N_("written report"),
        "verification_report": N_("verification report"),
        "final_report": N_("final report"),
        "nil_report": N_("nil report"),
        "plan": N_("plan of action"),
        "feedback": N_("feedback"),
        "press_release": N_("press release"),
        "press_conference": N_("press conference"),
        "analysis": N_("analysis"),
        "case_bulletin": N_("bulletin of cases"),
        "review": N_("review after the event"),
        "drill_record": N_("record of the drill"),
        "reading": N_("reading"),
        "price_bulletin": N_("price bulletin"),
        "stock_report": N_("stock report"),
        "receipt": N_("proof of delivery"),
        "settlement": N_("settlement in writing"),
        "inventory": N_("list of what was found"),
    },
    "review_cause": {
        "awareness": N_("awareness"),
        "unclear_duty": N_("unclear duty"),
        "mechanism": N_("mechanism"),
        "work_style": N_("work style"),
    },
    "task": {
        "assigned": N_("not accepted yet"),
        "accepted": N_("under way"),
        "completed": N_("waits to be verified"),
        "verified": N_("verified and closed"),
        "waiting": N_("waits for another task"),
        "cancelled": N_("cancelled"),
    },
    "slip": {
        "blue": N_("blue slip"),
        "yellow": N_("yellow slip"),
        "red": N_("red slip: overdue"),
        "": N_("in good time"),
    },
    "held": {
        "reported": N_("reported it"),
        "established": N_("watched from the start"),
        "assigned": N_("by assignment"),
        "accepted": N_("by accepted transfer"),
        "imposed": N_("imposed by the superior"),
        "split": N_("split off"),
        "raised": N_("raised by another case"),
    },
    "measure": {
        "reminder": N_("reminder of the duty"),
        "written_explanation": N_("written explanation"),
        "admonitory_talk": N_("admonitory talk"),
        "notice_of_criticism": N_("notice of criticism"),
        "referral": N_("referral to the discipline organ"),
    },
    "reach": {
        "answered": N_("answered"),
        "waiting": N_("may still answer"),
        "silent": N_("no answer"),
        "unreachable": N_("reached by no channel"),
        "not_sent": N_("not sent, by a failure of ours"),
    },
    "way": {
        "arrived": N_("delivered"),
        "handed_over": N_("handed to the gateway"),
        "not_delivered": N_("not delivered"),
        "unknown": N_("nothing heard yet"),
    },
    "topic": {
        "roster": N_("duty roster"),
        "source": N_("source"),
        "periodic": N_("periodic duty"),
        "ledger": N_("ledger of the unit"),
        "gaps": N_("gaps in the directory"),
        "roll_call": N_("roll call"),
        "directory": N_("changes of the directory"),
        "meeting": N_("meeting"),
        "compilation": N_("compilation of a special case"),
        "meeting_report": N_("matter of the meeting"),
        "tv": N_("television"),
        "web": N_("websites"),
        "external_media": N_("external media"),
        "press": N_("press"),
        "urgent": N_("urgent call"),
        "utility": N_("heat, water, power"),
        "normal": N_("ordinary call"),
        "complex": N_("complex call"),
        "land": N_("land"),
        "restructuring": N_("restructuring of firms"),
        "resettlement": N_("resettlement"),
        "heating": N_("heating"),
        "water": N_("water"),
        "power": N_("power"),
        "gas": N_("gas"),
        "fire": N_("fire safety"),
        "mine": N_("mines"),
        "food": N_("food"),
        "drug": N_("drugs"),
        "flood": N_("floods"),
        "weather": N_("weather"),
        "roads": N_("roads"),
        "transport": N_("transport"),
        "construction": N_("construction"),
        "price": N_("prices"),
        "fuel": N_("fuel"),
        "welfare": N_("welfare"),
        "hotline": N_("hotline"),
        "press_conference": N_("press conference"),
        "round_table": N_("round table of journalists"),
        "press_monthly": N_("monthly press conference"),
        "press_quarterly": N_("quarterly press conference"),
        "price_point": N_("price points"),
        "fuel_stock": N_("stock of fuel"),
        "check": N_("seasonal check"),
    },
    "version": {
        "draft": N_("draft"),
        "approved": N_("approved, not in force yet"),
        "in_force": N_("in force"),
        "superseded": N_("no longer in force"),
    },
    "span": {
        "PT5M": N_("5 minutes"),
        "PT10M": N_("10 minutes"),
        "PT1H": N_("1 hour"),
        "PT6H": N_("6 hours"),
        "P1D": N_("1 day"),
        "P3D": N_("3 days"),
        "P7D": N_("7 days"),
    },
    "how": {"looked": N_("looked at"), "taken": N_("taken away as a file")},
    "part": {
        "intake": N_("taking in reports"),
        "escalator": N_("watching the limits"),
        "notifier": N_("calling people"),
        "audit": N_("keeping the record"),
        "the broker": N_("the whole system"),
    },
    "weekday": {
        "1": N_("Monday"),
        "2": N_("Tuesday"),
        "3": N_("Wednesday"),
        "4": N_("Thursday"),
        "5": N_("Friday"),
        "6": N_("Saturday"),
        "7": N_("Sunday"),
    },
    "submission": {
        "late": N_("late, nothing handed in"),
        "returned": N_("returned for rework"),
        "owed": N_("not handed in yet"),
        "submitted": N_("list handed in"),
        "nil": N_("nil report"),
        "verified": N_("verified and closed"),
        "cancelled": N_("cancelled"),
    },
    "addressees": {
        "unit": N_("every unit here and one level below"),
        "government": N_("the government of every area one level below"),
    },
    "trouble": {
        "address": N_("the address itself is refused: mend it in the directory"),
        "gateway": N_("the gateway's trouble: it is away, busy or throttles; try again later"),
        "ours": N_("ours to mend: the channel file, its keys, or its gateway's settings"),
    },
    "answer": {"yes": N_("yes"), "no": N_("no")},
    "via": {
        "api": N_("interface"),
        "desk": N_("desk"),
        "link": N_("link"),
        "logged_call": N_("logged call"),
        "message": N_("reply to the message"),
        "key": N_("key pressed in the call"),
        "mail": N_("reply by mail"),
        "stood_in": N_("by a stand-in who knew already"),
        "judged": N_("every suspicion judged"),
    },
}


def label(group: str, value: object) -> str:
    """The message for a value; a value nobody has named yet shows as it is."""
    key = "" if value is None else str(value)
    return LABELS[group].get(key) or key


ALSO_WHY = (
    "why",
    "fact",
    "status",
    "task",
    "slip",
    "cause",
    "measure",
    "gap",
    "excuse",
    "document",
    "kind",
    "topic",
)
"""Why something followed is often the act itself, or what it has become."""
WITH_MORE = N_("%(why)s: %(more)s")


def why_said(why: str) -> Said:
    """A reason in words, with what it carries; one that no list has, as it is."""
    reason, carried = reason_of(why)
    if reason is None:
        alone, _, carried = why.partition(":" if ":" in why else ".")
    else:
        alone = reason
    words = next((LABELS[group][alone] for group in ALSO_WHY if alone in LABELS[group]), None)
    if words is None:
        return foreign(why)
    return (
        said(WITH_MORE, why=said(Marked(words)), more=why_said(carried)) if carried else said(Marked(words))
    )


def why_in_words(why: str, say: Callable[[str], str]) -> str:
    """`say` finds a message of the catalogue."""
    return why_said(why).again(say, lambda name: name.en, ", ")


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
    N_("This token was taken back: ask the operator for a new one (`fenghuo token`)."),
    N_("The person this token was made for is not in the directory any more: ask the operator."),
    N_(
        "The directory does not give you the role of this token any more: ask the operator for a new one (`fenghuo token`)."
    ),
    N_("The source this token was made for is not in the directory any more: ask the operator."),
    N_("The unit this token was made for is not in the directory any more: ask the operator."),
    N_(
        "A reporter speaks for a unit, and this token names none: ask the operator for a new one (`fenghuo token`)."
    ),
    N_(
        "This service has just started and does not know yet which tokens were taken back: try again in a moment."
    ),
    N_("Not ready"),
    N_(
        "learned_at is before occurred_at: nobody learns of an event before it happens; correct one of the two"
    ),
    N_(
        "The report is stored and this receipt proves it. The duties it opens are not worked out yet; they follow on the case."
    ),
)
"""What other modules say in English and a page may have to show."""
