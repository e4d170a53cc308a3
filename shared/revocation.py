"""Which tokens were taken back: one by its id, or all that somebody had until a moment. Pure.

Invariant: the list is one value of the bucket TOKENS, so that whoever has read it has read all of it, and a
service is never half told. An entry stays until the last token it could stop has ended by itself.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.facts import Frozen, Instant
from shared.tokens import Claims

REVOKED = "revoked"
"""Key of the bucket: the list. Only the operator's command writes it."""
ISSUED = "issued"
"""`issued.<id>`: what was issued, never the token itself."""


class TakenBackBy(StrEnum):
    TOKEN = "token"  # noqa: S105 - a word
    PERSON = "person"
    SUBJECT = "subject"
    ROLE = "role"


class Revocation(Frozen):
    """`by` token: the one with that id. Else all of that person, subject or role issued until `at`."""

    by: TakenBackBy
    value: str
    at: Instant
    ends_at: Instant
    """When the last token it stops has expired, and the entry may go."""


class RevocationList(Frozen):
    """The value under `revoked`."""

    revision: Annotated[int, Field(ge=1)]
    entries: tuple[Revocation, ...] = ()

    def with_entries(self, more: Iterable[Revocation], now: datetime) -> "RevocationList":
        """The next list: a later entry about the same replaces an earlier one, and what has ended goes."""
        kept = {(entry.by, entry.value): entry for entry in (*self.entries, *more) if entry.ends_at > now}
        return self.model_copy(update={"revision": self.revision + 1, "entries": tuple(kept.values())})

    def by_value(self) -> Mapping[TakenBackBy, Mapping[str, Revocation]]:
        return {by: {entry.value: entry for entry in self.entries if entry.by is by} for by in TakenBackBy}


def revocation_of(
    claims: Claims, entries: Mapping[TakenBackBy, Mapping[str, Revocation]]
) -> Revocation | None:
    """What took this token back; None for one that still holds. `entries`: RevocationList.by_value()."""
    if claims.id is not None and (entry := entries[TakenBackBy.TOKEN].get(claims.id)) is not None:
        return entry
    who = claims.principal
    named = (
        (TakenBackBy.PERSON, who.person),
        (TakenBackBy.SUBJECT, who.subject),
        (TakenBackBy.ROLE, who.role),
    )
    for by, value in named:
        entry = entries[by].get(value) if value is not None else None
        if entry is not None and claims.issued_at <= entry.at:
            return entry
    return None
