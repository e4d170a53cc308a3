"""What excuses a lapse, in words: our own failure first, with when we were away; then what a person weighs.

Invariant: forgiving towards records of before and after: a name that is not known here is shown as it is.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.facts import OUR_FAILURES, Excuse, Outage
from shared.language.catalogue import N_
from shared.language.labels import label
from shared.vocabulary import Language

OURS = N_("Excused, the failure was ours: %(what)s")
WEIGHED = N_("Speaks for them: %(what)s")
NAMED = N_("Named, and no excuse: %(what)s")
AWAY = N_("%(what)s (%(part)s, %(since)s to %(until)s)")
STILL = N_("%(what)s (%(part)s, from %(since)s on)")


def excuse_words(
    excuses: Sequence[str],
    outage: Outage | None,
    language: Language,
    zone: ZoneInfo,
    say: Callable[[str], str],
) -> tuple[str, ...]:
    """One sentence for each sort there is; `say` finds a message of the catalogue."""

    def told(name: str) -> str:
        what = say(label("excuse", name))
        if outage is None or name not in (Excuse.SYSTEM_AWAY, Excuse.INTAKE_UNREACHABLE):
            return what
        given = {"what": what, "part": say(label("part", outage.of)), "since": _clock(outage.since, zone)}
        return (
            say(STILL) % given
            if outage.until is None
            else say(AWAY) % {**given, "until": _clock(outage.until, zone)}
        )

    between = "、" if language is Language.ZH else ", "
    ours = [told(name) for name in excuses if name in OUR_FAILURES]
    weighed = [told(name) for name in excuses if name not in OUR_FAILURES and name != Excuse.SNOOZED]
    named = [told(name) for name in excuses if name == Excuse.SNOOZED]
    said = ((OURS, ours), (WEIGHED, weighed), (NAMED, named))
    return tuple(say(message) % {"what": between.join(parts)} for message, parts in said if parts)


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%m-%d %H:%M:%S")
