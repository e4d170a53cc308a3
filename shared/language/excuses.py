"""What excuses a lapse, in words: our own failure first, with when we were away; then what a person weighs.

Invariant: forgiving towards records of before and after: a name that is not known here is shown as it is.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.facts import OUR_FAILURES, Excuse, Outage
from shared.language.catalogue import N_
from shared.language.words import Words

OURS = N_("Excused, the failure was ours: %(what)s")
WEIGHED = N_("Speaks for them: %(what)s")
NAMED = N_("Bilingual, and no excuse: %(what)s")
AWAY = N_("%(what)s (%(part)s, %(since)s to %(until)s)")
STILL = N_("%(what)s (%(part)s, from %(since)s on)")


def excuse_words(
    excuses: Sequence[str], outage: Outage | None, zone: ZoneInfo, words: Words
) -> tuple[str, ...]:
    """One sentence for each sort there is."""

    def sentence(name: str) -> str:
        what = words.label("excuse", name)
        if outage is None or name not in (Excuse.SYSTEM_AWAY, Excuse.INTAKE_UNREACHABLE):
            return what
        given = {"what": what, "part": words.label("part", outage.of), "since": _clock(outage.since, zone)}
        if outage.until is None:
            return words.of(STILL, **given)
        return words.of(AWAY, **given, until=_clock(outage.until, zone))

    ours = [sentence(name) for name in excuses if name in OUR_FAILURES]
    weighed = [sentence(name) for name in excuses if name not in OUR_FAILURES and name != Excuse.SNOOZED]
    named = [sentence(name) for name in excuses if name == Excuse.SNOOZED]
    said = ((OURS, ours), (WEIGHED, weighed), (NAMED, named))
    return tuple(words.of(message, what=words.listed(parts)) for message, parts in said if parts)


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%m-%d %H:%M:%S")
