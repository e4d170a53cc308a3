"""Who writes which facts: the one table. The broker's rights (config/nats.conf) and the contract's pages are
held to it.

Invariant: every kind has an author. That a clock struck, nobody writes: it comes out of the broker itself.
"""

from enum import StrEnum

from shared.vocabulary import CASE_ACTS, DIRECTORY_KINDS, Kind


class Author(StrEnum):
    """A user of the broker, or the broker itself."""

    INTAKE = "intake"
    ESCALATOR = "escalator"
    NOTIFIER = "notifier"
    AUDIT = "audit"
    BROKER = "the broker"


ANSWERS_BY_LINK = (
    Kind.ACCEPTED,
    Kind.OBJECTED,
    Kind.SIGNED_IN,
    Kind.NOTICE_APPROVED,
    Kind.TEXT_APPROVED,
    Kind.NOTICE_REPLIED,
    Kind.STATED,
    Kind.COMPLETED,
    Kind.PROGRESSED,
)
"""Acts that a duty may wait for, and that the page behind a link then offers, in this order."""
ACTS_BY_LINK = (
    Kind.SNOOZED,
    Kind.PASSED_ON,
    Kind.CALL_ASKED,
    Kind.SECONDED,
    Kind.CONTESTED,
    *ANSWERS_BY_LINK,
)
"""Acts that a person may do behind the link of a message, or by a reply to it."""
AUTHORS: dict[Kind, tuple[Author, ...]] = {
    Kind.REPORTED: (Author.INTAKE, Author.ESCALATOR),
    Kind.ACKNOWLEDGED: (Author.INTAKE, Author.NOTIFIER),
    **dict.fromkeys(CASE_ACTS, (Author.INTAKE,)),
    **dict.fromkeys(ACTS_BY_LINK, (Author.INTAKE, Author.NOTIFIER)),
    Kind.HEARD: (Author.INTAKE,),
    Kind.ESTABLISHED: (Author.ESCALATOR,),
    Kind.MATCHED: (Author.ESCALATOR,),
    Kind.ABSORBED: (Author.ESCALATOR,),
    Kind.REFERRED: (Author.ESCALATOR,),
    Kind.STRAY_REPLY: (Author.NOTIFIER,),
    Kind.DUE: (Author.BROKER,),
    Kind.DECIDED: (Author.ESCALATOR,),
    Kind.DELIVERED: (Author.NOTIFIER,),
    Kind.FAILED: (Author.NOTIFIER,),
    Kind.NOTICES_PAUSED: (Author.NOTIFIER,),
    Kind.NOTICES_RESUMED: (Author.NOTIFIER,),
    Kind.LINKS_REVOKED: (Author.NOTIFIER,),
    Kind.REJECTED: (Author.INTAKE, Author.ESCALATOR, Author.NOTIFIER, Author.AUDIT),
    Kind.CHECKED: (Author.ESCALATOR,),
    Kind.POLICY_DRAFTED: (Author.ESCALATOR,),
    Kind.POLICY_SUBMITTED: (Author.ESCALATOR,),
    Kind.POLICY_APPROVED: (Author.ESCALATOR,),
    **dict.fromkeys(DIRECTORY_KINDS, (Author.INTAKE,)),
    Kind.REDACTED: (Author.AUDIT,),
    Kind.HELD: (Author.AUDIT,),
    Kind.RELEASED: (Author.AUDIT,),
    Kind.READ: (Author.AUDIT,),
    Kind.SEALED_RANGE: (Author.AUDIT,),
}
SOURCES: dict[Author, tuple[str, ...]] = {
    Author.INTAKE: ("/services/intake",),
    Author.ESCALATOR: ("/services/escalator", "/services/escalator/watcher"),
    Author.NOTIFIER: ("/services/notifier",),
    Author.AUDIT: ("/services/audit",),
    # Whoever armed the clock; that it struck is seen by what the broker adds.
    Author.BROKER: ("/services/escalator/clocks", "/services/escalator/watcher"),
}
"""What an author's facts name as their `source`. Intake writes besides what a source of the directory says,
as `/sources/<id>`.
"""
OF_A_SOURCE = "/sources/"
SAID_BY_SOURCES = frozenset({Kind.REPORTED, Kind.HEARD, *CASE_ACTS})
ABOUT_NO_CASE = frozenset(
    {
        Kind.POLICY_DRAFTED,
        Kind.POLICY_SUBMITTED,
        Kind.POLICY_APPROVED,
        Kind.NOTICES_PAUSED,
        Kind.NOTICES_RESUMED,
        Kind.READ,
        Kind.SEALED_RANGE,
    }
)
PERHAPS_ABOUT_A_CASE = frozenset(
    {Kind.REJECTED, Kind.CHECKED, Kind.REDACTED, Kind.HELD, Kind.RELEASED, *DIRECTORY_KINDS}
)
"""All other kinds are about a case, always."""
