"""What whoever runs the system is told of a gateway: that it takes nothing and what to do, and that it is over.
Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifier.channels import Letter, Trouble
from shared.language import times
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Language

ITS_OWN = N_("%(channel)s gateway")
OF_SEVERAL = N_("%(channel)s gateway, number %(place)s of %(count)s")
TROUBLE = N_("[Fenghuo] Gateway trouble: %(gateway)s has taken no message since %(since)s")
WHY = {
    Trouble.GATEWAY: N_(
        "It can't be reached, does not answer, or is too busy. See whether it and the network are up, or call the provider."
    ),
    Trouble.OURS: N_(
        "It refuses our log-in, signature, template or settings. Check the channel file, the keys and the account at the provider."
    ),
}
CARRIED_ON = N_("Its messages go out by the next gateway.")
WAITING = N_("Its messages wait until it takes again; people are told by their other channels.")
TOLD_AGAIN = N_("You hear when it is over.")
OVER = N_("[Fenghuo] Gateway trouble over: %(gateway)s takes messages again")
LASTED = N_("It took none from %(since)s to %(until)s. There is nothing for you to do.")


@dataclass(frozen=True, slots=True)
class GatewayPlace:
    """A gateway as people know it: of which channel, and the how many-th of its line."""

    channel: str
    number: int
    count: int

    def in_words(self, words: Words) -> str:
        channel = words.label("channel", self.channel)
        if self.count == 1:
            return words.of(ITS_OWN, channel=channel)
        return words.of(OF_SEVERAL, channel=channel, place=self.number, count=self.count)


@dataclass(frozen=True, slots=True)
class GatewayNews:
    place: GatewayPlace
    since: datetime
    whose: Trouble
    carried_on: bool
    """Another gateway of the line takes its messages."""
    over_at: datetime | None = None

    def letter(self, language: Language, zone: ZoneInfo, now: datetime) -> Letter:
        words = Words(language)
        gateway, since = self.place.in_words(words), times.minute(self.since, zone, now)
        if self.over_at is not None:
            head = words.of(OVER, gateway=gateway)
            parts = [words.of(LASTED, since=since, until=times.minute(self.over_at, zone, now))]
        else:
            head = words.of(TROUBLE, gateway=gateway, since=since)
            parts = [
                words.of(WHY[self.whose]),
                words.of(CARRIED_ON if self.carried_on else WAITING),
                words.of(TOLD_AGAIN),
            ]
        return news_letter(head, parts, language)


def news_letter(head: str, parts: Sequence[str], language: Language) -> Letter:
    """What is new, and behind it what it means."""
    is_chinese = language is Language.ZH
    text = (head + "。" + "".join(parts)) if is_chinese else f"{head}. {' '.join(parts)}"
    return Letter(subject=head, text=text)
