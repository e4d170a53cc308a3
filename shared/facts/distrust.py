"""The reasons for which a message of FACTS is no authentic fact: a closed set, in words for logs and
terminals.
"""

from enum import StrEnum


class Distrust(StrEnum):
    """Why a message is no authentic fact. What people read of it stands in shared/language/labels.py."""

    SUBJECT = "subject"
    """It does not lie on `fact.<lane>.<kind>` with a lane and a kind that there are."""
    ENVELOPE = "envelope"
    """It is no CloudEvent."""
    KIND = "kind"
    """Its envelope is of another kind than its subject."""
    CASE = "case"
    """It names no case and its kind is about one, or the other way round."""
    LANE = "lane"
    """It lies in another lane than its case."""
    AUTHOR = "author"
    """Whom it names as its source is no author of its kind."""
    ACTOR = "actor"
    """Its author can't speak for whom it says did it."""
    HEADERS = "headers"
    """It carries headers of the broker that no author sets, or lacks those of a clock that struck."""
    MESSAGE_ID = "message_id"
    """It was stored under another message id than its own."""


WORDS: dict[Distrust, str] = {
    Distrust.SUBJECT: "it lies on no subject that a fact could have",
    Distrust.ENVELOPE: "it is no CloudEvent",
    Distrust.KIND: "its content is of another kind than the subject it was stored on",
    Distrust.CASE: "it names no case where its kind is about one, or names one where its kind is about none",
    Distrust.LANE: "it was stored in another lane than its case's",
    Distrust.AUTHOR: "whom it names as its author may not write facts of its kind",
    Distrust.ACTOR: "its author can't speak for whom it says did it",
    Distrust.HEADERS: "it carries headers that no author sets: an answer of the broker was let into the record",
    Distrust.MESSAGE_ID: "it was stored under another id than its own",
}
"""For logs and terminals; pages have them in both languages (shared/language/labels.py)."""
