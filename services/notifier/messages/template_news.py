"""What whoever runs the system is told of a template that fails: what becomes of its messages, and that it is
over. Pure.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifier.channels import Letter
from services.notifier.messages.gateway_news import TOLD_AGAIN, news_letter
from shared.facts import Purpose
from shared.language import times
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Language

TROUBLE = N_("[Fenghuo] A template fails since %(since)s: that of messages “%(purpose)s”")
PLAIN = N_("They go out all the same, in plain words. The notifier's log says why: have it mended.")
OVER = N_("[Fenghuo] Template trouble over: messages “%(purpose)s”")
LASTED = N_(
    "From %(since)s some of them went out in plain words; since %(until)s they are whole again. There is nothing for you to do."
)


@dataclass(frozen=True, slots=True)
class TemplateNews:
    purpose: Purpose
    since: datetime
    over_at: datetime | None = None

    def letter(self, language: Language, zone: ZoneInfo, now: datetime) -> Letter:
        words = Words(language)
        purpose, since = words.label("purpose", self.purpose), times.minute(self.since, zone, now)
        if self.over_at is not None:
            head = words.of(OVER, purpose=purpose)
            parts = [words.of(LASTED, since=since, until=times.minute(self.over_at, zone, now))]
        else:
            head = words.of(TROUBLE, purpose=purpose, since=since)
            parts = [words.of(PLAIN), words.of(TOLD_AGAIN)]
        return news_letter(head, parts, language)
