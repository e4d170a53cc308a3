"""Whether a file was made from the record, in words. Pure."""

from zoneinfo import ZoneInfo

from shared.facts.file import MadeFromRecord
from shared.language.catalogue import N_
from shared.language.words import Words

MADE = N_("made from the record of %(since)s to %(until)s as it stood at %(at)s, unchanged since")
NOT_MADE = N_("not the document made from the record")


def origin_in_words(words: Words, origin: MadeFromRecord | bool | None, zone: ZoneInfo) -> str:
    """Empty where nobody has looked."""
    if origin is None or origin is True:
        return ""
    if origin is False:
        return words.of(NOT_MADE)
    since, until, at = (at.astimezone(zone) for at in (origin.since, origin.until, origin.at))
    return words.of(MADE, since=f"{since:%Y-%m-%d}", until=f"{until:%Y-%m-%d}", at=f"{at:%Y-%m-%d %H:%M}")
