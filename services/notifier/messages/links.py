"""Links of a message: who may answer what, until when, in as few characters as an SMS allows. Pure.

Invariant: a token names where its notice stands on record (the decision's sequence in FACTS and the notice's
number in it) and the hour at which it ends. Its seal, an HMAC-SHA256 cut to 72 bits, is over these and over the
case, the notice and the person that stand there: it is authentic or refused, and tells its reader nothing. It
lives as long as what it asks can be answered, and not longer.

26 characters: 5 bytes of sequence, 2 of number, 3 of hours since 1970, 9 of seal, in base 64.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.ids import CaseId, NoticeId, PersonId

TOKEN_LENGTH = 26
SEAL_BYTES = 9
HOUR = 3600


class NoticePlace(NamedTuple):
    """Where a notice stands on record."""

    sequence: int
    """Of its decision in FACTS."""
    number: int
    """In the decision, from 0."""


@dataclass(frozen=True, slots=True)
class Link:
    token: str
    case: CaseId
    notice: NoticeId
    person: PersonId
    expires_at: datetime


class LinkClaim(NamedTuple):
    """What a token says, not proven yet."""

    token: str
    place: NoticePlace
    hour: int

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.hour * HOUR, UTC)


class LinkRefused(Exception):
    """Not a link of ours, or changed on its way."""


class LinkExpired(LinkRefused):
    """Ours, but too old."""


class LinkRevoked(LinkRefused):
    """Ours, but taken back."""

    def __init__(self, link: Link) -> None:
        self.link = link
        super().__init__()


def link_ends(due_at: datetime | None, now: datetime, grace: timedelta) -> datetime:
    """`grace` after the limit of what is asked; where that has passed, or there is none, `grace` from now."""
    return max(due_at or now, now) + grace


class Links:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(
        self, place: NoticePlace, case: CaseId, notice: NoticeId, person: PersonId, ends_at: datetime
    ) -> str:
        hour = -int(-ends_at.timestamp() // HOUR)  # rounded up: never shorter than promised
        head = _head(place, hour)
        return urlsafe_b64encode(head + self._seal(head, case, notice, person)).decode().rstrip("=")

    def claim(self, token: str) -> LinkClaim:
        """What the token says of itself; whether it is ours, `prove` tells. Raises LinkRefused."""
        try:
            raw = urlsafe_b64decode(f"{token}==")
        except ValueError:
            raise LinkRefused from None
        # Compared as text: base 64 has several spellings of the same bytes, and one changed character must
        # not pass.
        if len(token) != TOKEN_LENGTH or urlsafe_b64encode(raw).decode().rstrip("=") != token:
            raise LinkRefused
        # Sequences count from 1; the broker takes 0 for no question at all.
        sequence, number, hour = (int.from_bytes(part) for part in (raw[:5], raw[5:7], raw[7:10]))
        if sequence == 0:
            raise LinkRefused
        return LinkClaim(token, NoticePlace(sequence, number), hour)

    def prove(
        self, claim: LinkClaim, case: CaseId, notice: NoticeId, person: PersonId, now: datetime
    ) -> Link:
        """The link, given what stands at its place on record. Raises LinkRefused or LinkExpired."""
        seal = urlsafe_b64decode(f"{claim.token}==")[-SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(_head(claim.place, claim.hour), case, notice, person)):
            raise LinkRefused
        if now > claim.expires_at:
            raise LinkExpired
        return Link(claim.token, case, notice, person, claim.expires_at)

    def _seal(self, head: bytes, *ids: str) -> bytes:
        """No id holds a character 0."""
        return hmac.digest(self._key, b"\0".join((head, *map(str.encode, ids))), hashlib.sha256)[:SEAL_BYTES]


def _head(place: NoticePlace, hour: int) -> bytes:
    return place.sequence.to_bytes(5) + place.number.to_bytes(2) + hour.to_bytes(3)
