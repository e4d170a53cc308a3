"""Acknowledgement links: who may acknowledge what, until when, in as few characters as an SMS allows. Pure.

Invariant: a token says (case, person, notice, expiry) and is authentic or refused: its first 22 characters
are an HMAC-SHA256, cut to 128 bits, over all that follows. It carries no name, no number and no word of the
matter. It lives as long as what it asks can be answered, and not longer.

  <mac>~<case>~<rest of the notice id>~<person>~<hour of expiry, base 36>
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from shared.ids import CaseId, NoticeId, PersonId

MAC_BYTES = 16
MAC_CHARACTERS = 22
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Link:
    case: CaseId
    notice: NoticeId
    person: PersonId
    expires_at: datetime


class LinkRefused(Exception):
    """Not a link of ours, or changed on its way."""


class LinkExpired(LinkRefused):
    """Ours, but too old."""


def link_ends(due_at: datetime | None, now: datetime, grace: timedelta) -> datetime:
    """`grace` after the limit of what is asked; where that has passed, or there is none, `grace` from now."""
    return max(due_at or now, now) + grace


class Links:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, case: CaseId, notice: NoticeId, person: PersonId, ends_at: datetime) -> str:
        hour = -int(-ends_at.timestamp() // HOUR)  # rounded up: never shorter than promised
        within = notice.removeprefix(f"{case}.") if notice.startswith(f"{case}.") else f"={notice}"
        claims = "~".join((_plain(case), _plain(within), _plain(person), _base36(hour)))
        return f"{self._mac(claims)}~{claims}"

    def read(self, token: str, now: datetime) -> Link:
        """Raises LinkRefused or LinkExpired."""
        if not token.isascii():
            raise LinkRefused
        mac, _, claims = token.partition("~")
        # Compared as text: base 64 has several spellings of the same bytes, and one changed character must
        # not pass.
        if not hmac.compare_digest(mac.encode(), self._mac(claims).encode()):
            raise LinkRefused
        case, within, person, hour = (unquote(part.replace("=", "%")) for part in claims.split("~"))
        expires_at = datetime.fromtimestamp(int(hour, 36) * HOUR, UTC)
        if now > expires_at:
            raise LinkExpired
        notice = within[1:] if within.startswith("=") else f"{case}.{within}"
        return Link(CaseId(case), NoticeId(notice), PersonId(person), expires_at)

    def _mac(self, claims: str) -> str:
        digest = hmac.digest(self._key, claims.encode(), hashlib.sha256)[:MAC_BYTES]
        return urlsafe_b64encode(digest).decode()[:MAC_CHARACTERS]


def _plain(part: str) -> str:
    """Letters, digits and `_-.=` only: no phone breaks a link there, and `~` stays the separator."""
    return quote(part, safe="").replace("%", "=").replace("~", "=7E")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
