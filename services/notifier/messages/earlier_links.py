"""Links that went out before they were short: they are read as long as they live, and no more are made. Pure.

Invariant: the first 22 characters are an HMAC-SHA256, cut to 128 bits, over all that follows.

  <mac>~<case>~<rest of the notice id>~<person>~<hour of expiry, base 36>
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from urllib.parse import unquote

from services.notifier.messages.links import HOUR, Link, LinkExpired, LinkRefused
from shared.ids import CaseId, NoticeId, PersonId

SEPARATOR = "~"
MAC_BYTES, MAC_CHARACTERS = 16, 22


def read_earlier(key: bytes, token: str, now: datetime) -> Link:
    """Raises LinkRefused or LinkExpired."""
    if not token.isascii():
        raise LinkRefused
    mac, _, claims = token.partition(SEPARATOR)
    # Compared as text: base 64 has several spellings of the same bytes, and one changed character must not pass.
    if not hmac.compare_digest(mac.encode(), mac_of(key, claims).encode()):
        raise LinkRefused
    case, within, person, hour = (unquote(part.replace("=", "%")) for part in claims.split(SEPARATOR))
    expires_at = datetime.fromtimestamp(int(hour, 36) * HOUR, UTC)
    if now > expires_at:
        raise LinkExpired
    notice = within[1:] if within.startswith("=") else f"{case}.{within}"
    return Link(token, CaseId(case), NoticeId(notice), PersonId(person), expires_at)


def mac_of(key: bytes, claims: str) -> str:
    digest = hmac.digest(key, claims.encode(), hashlib.sha256)[:MAC_BYTES]
    return urlsafe_b64encode(digest).decode()[:MAC_CHARACTERS]
