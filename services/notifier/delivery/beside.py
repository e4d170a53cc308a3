"""The ways beside those of a notice: whoever has put down a browser is rung there too, whatever else goes
out.

Invariant: nothing relies on them. They take the place of no channel, count as reaching nobody and as failing
nobody, wait for no gateway, and keep nothing else waiting; what became of each stands on the sheet like any
other.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from services.notifier.delivery.record import Sheet, place_of
from services.notifier.delivery.routes import Leg, Route
from shared.facts import Decision
from shared.ids import PersonId


@dataclass(frozen=True)
class WaysBeside:
    channels: Collection[str] = ()
    has: Callable[[PersonId], bool] = lambda _: False
    """Whether this person has an address there."""

    def routes(self, person: PersonId) -> list[Route]:
        return [Route(channel, (person,), is_beside=True) for channel in self.channels if self.has(person)]

    def legs(self, decision: Decision, done: Sheet, people: Collection[PersonId]) -> list[Leg]:
        """Of those that have no outcome yet; `people`: who is in the directory now."""
        if not self.channels:
            return []
        known = done.by_place()
        return [
            (notice, route)
            for notice in decision.notices
            if not notice.held and notice.person in people
            for route in self.routes(notice.person)
            if route.channel not in notice.channels and place_of(notice.id, route.channel) not in known
        ]
