"""Makes a link as they were before they were short: what lies in people's old messages."""

from datetime import datetime
from urllib.parse import quote

from services.notifier.messages.earlier_links import mac_of
from services.notifier.messages.links import HOUR

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def earlier_link(key: bytes, case: str, within: str, person: str, ends_at: datetime) -> str:
    """`within`: the notice's id without its case."""
    claims = "~".join((*map(_plain, (case, within, person)), _base36(-int(-ends_at.timestamp() // HOUR))))
    return f"{mac_of(key, claims)}~{claims}"


def _plain(part: str) -> str:
    return quote(part, safe="").replace("%", "=").replace("~", "=7E")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits
