"""The head of an official document: its reference number 文号, and its date. Pure.

Invariant: a reference is made of what the record says of the act that gave the document its number alone
(whose it is, the year, the number of the fact), so that it is the same on the page, in the document and in
the bundle.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from shared.language.catalogue import N_
from shared.language.words import Words

NOTICE = N_("%(organ)s, notice %(year)s-%(number)s")
"""文号: `望风市信访局通报〔2026〕1834号`."""
ASSIGNMENT = N_("%(organ)s, assignment %(year)s-%(number)s")
"""`市委办公室交办〔2026〕1834号`."""
DATE = N_("%(year)04d-%(month)02d-%(day)02d")


def reference(
    words: Words, message: str, organ: str, number: int | None, at: datetime, zone: ZoneInfo
) -> str:
    """Empty where an earlier version published it, without a number."""
    if number is None:
        return ""
    return words.of(message, organ=organ, year=at.astimezone(zone).year, number=number)


def date_of(words: Words, at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return words.of(DATE, year=local.year, month=local.month, day=local.day)
