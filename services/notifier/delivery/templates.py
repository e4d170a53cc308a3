"""Which templates fail, by what their messages are for.

Invariant: one that failed is in trouble until a message has been written with it long after the last failure;
what fails now and then is one trouble. Pure but for its memory.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.channels import Letter, Trouble
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.taking import StandingTrouble
from services.notifier.delivery.trouble_watch import Ring
from services.notifier.messages.template_news import TemplateNews
from shared.facts import Purpose
from shared.vocabulary import Language

WELL_AFTER = timedelta(minutes=10)
"""Without a failure for so long, the next message that is written says that it is over."""


class TemplateAtWork:
    """That of one purpose, in every language and form."""

    kind = "template"

    def __init__(self, purpose: Purpose) -> None:
        self._purpose = purpose
        self._since: datetime | None = None
        self._failed_at: datetime | None = None
        self._wrote_at: datetime | None = None

    @property
    def name(self) -> str:
        return self._purpose.value

    @property
    def took_at(self) -> datetime | None:
        return self._wrote_at

    def wrote(self, at: datetime) -> None:
        if self._failed_at is None or at - self._failed_at >= WELL_AFTER:
            self._since, self._failed_at, self._wrote_at = None, None, at

    def failed(self, at: datetime) -> None:
        self._since, self._failed_at = self._since or at, at

    def trouble(self, now: datetime) -> StandingTrouble | None:  # noqa: ARG002 - it stands however long
        return StandingTrouble(Trouble.OURS, self._since) if self._since is not None else None

    def is_in_the_way_of(self, courier: Courier) -> bool:  # noqa: ARG002 - the news has no template
        return False

    def letter(self, ring: Ring, language: Language, zone: ZoneInfo, now: datetime) -> Letter:
        return TemplateNews(self._purpose, ring.since, ring.over_at).letter(language, zone, now)


class Templates:
    """`count`: told the channel of each message that went out without its template."""

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self.at_work = {purpose: TemplateAtWork(purpose) for purpose in Purpose}

    def wrote(self, purpose: Purpose, at: datetime) -> None:
        self.at_work[purpose].wrote(at)

    def failed(self, purpose: Purpose, channel: str, at: datetime) -> None:
        self._count(channel)
        self.at_work[purpose].failed(at)
