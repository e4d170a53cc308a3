"""A gateway as the watch over troubles sees it: what is said of it, and by which channels it is not said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifier.channels import Letter
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gateway import GatewayAtWork
from services.notifier.delivery.taking import StandingTrouble
from services.notifier.delivery.trouble_watch import Ring
from services.notifier.messages.gateway_news import GatewayNews, GatewayPlace
from shared.vocabulary import Language


@dataclass(frozen=True, slots=True)
class WatchedGateway:
    gateway: GatewayAtWork
    couriers: Mapping[str, Courier]

    @property
    def kind(self) -> str:
        return "gateway"

    @property
    def name(self) -> str:
        return self.gateway.name

    @property
    def took_at(self) -> datetime | None:
        return self.gateway.taking.took_at

    def trouble(self, now: datetime) -> StandingTrouble | None:
        return self.gateway.taking.trouble(now)

    def is_in_the_way_of(self, courier: Courier) -> bool:
        return self.gateway in courier.line

    def letter(self, ring: Ring, language: Language, zone: ZoneInfo, now: datetime) -> Letter:
        courier = self._longest()
        news = GatewayNews(
            place=GatewayPlace(courier.name, courier.line.index(self.gateway) + 1, len(courier.line)),
            since=ring.since,
            whose=ring.whose,
            carried_on=any(
                other.taking.trouble(now) is None for other in courier.line if other is not self.gateway
            ),
            over_at=ring.over_at,
        )
        return news.letter(language, zone, now)

    def _longest(self) -> Courier:
        """The longest line it stands in: as the next of another channel rather than as one of its own."""
        lines = filter(self.is_in_the_way_of, self.couriers.values())
        return max(lines, key=lambda courier: len(courier.line))
