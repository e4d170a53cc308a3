"""What a fact's fields are called for people, and how each is read: the one table of the explorer.

Invariant: a field that is not named here is left to the raw text; its order here is its order on the page.
"""

from collections.abc import Mapping

from shared.acts.fields import FIELDS as ACT_FIELDS
from shared.language.catalogue import N_

FIELDS: Mapping[str, tuple[str, str]] = {
    "summary": (N_("Summary"), "text"),
    "details": (N_("Details"), "text"),
    "kind": (N_("Kind"), "kind"),
    "category": (N_("Category"), "category"),
    "level": (N_("Level"), "level"),
    "unit": (N_("Unit"), "unit"),
    "area": (N_("Area"), "area"),
    "occurred_at": (N_("Occurred"), "at"),
    "learned_at": (N_("Learned of"), "at"),
    "handed_in_at": (N_("Handed in"), "at"),
    "received_at": (N_("Received"), "at"),
    "reported_by": (N_("Reported by"), "by"),
    "person": (N_("Person"), "person"),
    "via": (N_("By which way"), "via"),
    "by": (N_("Done by"), "actor"),
    **{name: (field.term, field.shown_as) for name, field in ACT_FIELDS.items() if field.term},
    "note": (N_("Note"), "text"),
    "at": (N_("Set for"), "at"),
    "topic": (N_("Topic"), "text"),
    "parent": (N_("Follows from the case"), "text"),
    "exercise": (N_("Exercise"), "yes"),
    "title": (N_("Title"), "text"),
    "watch": (N_("What is watched"), "text"),
    "subject": (N_("Came on"), "text"),
    "source": (N_("Source"), "source"),
    "report": (N_("The unit's report"), "text"),
    "score": (N_("How alike, from 0 to 1"), "text"),
    "case": (N_("Case"), "text"),
    "starts_at": (N_("Its clock started"), "at"),
    "opened_at": (N_("Opened"), "at"),
    "limit": (N_("Limit"), "at"),
    "found_at": (N_("Found"), "at"),
    "cause": (N_("Cause"), "cause"),
    "lapses": (N_("Lapses"), "text"),
    "found": (N_("What was found"), "found"),
    "durable": (N_("Where"), "text"),
    "expected_at": (N_("Expected"), "at"),
    "pending_at": (N_("Pending"), "at"),
    "sequence": (N_("Place in the record"), "text"),
    "repaired": (N_("Repaired"), "yes_or_no"),
    "version": (N_("Version"), "text"),
    "base": (N_("Version before"), "text"),
    "reason": (N_("Reason"), "text"),
    "policy": (N_("Policy"), "text"),
    "legal_basis": (N_("Legal basis"), "text"),
    "hold": (N_("Hold"), "text"),
    "first": (N_("First record"), "text"),
    "last": (N_("Last record"), "text"),
    "why": (N_("Why"), "text"),
    "start": (N_("First record"), "text"),
    "end": (N_("First record after it"), "text"),
    "manifest": (N_("Digest of the file's manifest"), "text"),
    "how": (N_("How it was read"), "how"),
    "records": (N_("Records"), "text"),
    "checkpoint": (N_("Records covered then"), "text"),
    "first_at": (N_("First"), "at"),
    "last_at": (N_("Last"), "at"),
    "more": (N_("Further questions"), "text"),
    "broken_off": (N_("Broken off before the end"), "yes"),
}
"""Field → (its name, how it is read). Their order here is their order on the page."""
OTHERWISE: Mapping[tuple[str, str], tuple[str, str]] = {
    ("established", "subject"): (N_("Which one"), "text"),
    ("due", "at"): (N_("Set for"), "at"),
    ("heard", "at"): (N_("Heard"), "at"),
    ("regraded", "sensitive"): (N_("Sensitive"), "yes_or_no"),
}
"""(Kind, field): where the same field has another name."""
EXCUSE = N_("What excuses it")
"""Of a lapse that was referred: a line for each."""
