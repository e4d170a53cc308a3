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
    "via": {"api": N_("interface"), "desk": N_("desk"), "link": N_("link"), "logged_call": N_("logged call")},
}


def label(group: str, value: object) -> str:
    """The message for a value; a value nobody has named yet shows as it is."""
    key = "" if value is None else str(value)
    return LABELS[group].get(key, key)
