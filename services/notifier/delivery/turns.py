"""When each channel of one notice is tried, by the person's own order: those before it are given up first.

Invariant: nobody waits for a channel that did not take the message, or that nobody needs any more. Once one
has taken it, the next comes when the time the person gave it is over and nobody has answered. Without such
times all go at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from services.notifier.delivery.record import DeliveryOutcome, DeliveryRecord, Place, place_of
from shared.directory import Person
from shared.facts import Notice, Purpose
from shared.vocabulary import Level


def steps_of(channels: Sequence[str], give_ups: Mapping[str, timedelta]) -> list[list[str]]:
    """Those of one step go at the same time; a step ends behind a channel with a time to give it up."""
    steps: list[list[str]] = [[]]
    for before, channel in pairwise((None, *channels)):
        assert channel is not None
        if before in give_ups:
            steps.append([])
        steps[-1].append(channel)
    return steps


class Turns:
    """`ended`: what is on record of channels already; None for one that did not take it."""

    def __init__(
        self,
        channels: Sequence[str],
        give_ups: Mapping[str, timedelta],
        ended: Mapping[str, datetime | None],
    ) -> None:
        self._steps, self._give_ups = steps_of(channels, give_ups), give_ups
        self._taken_at: dict[str, datetime | None] = dict(ended)
        self._changed = asyncio.Event()

    def is_first(self, channel: str) -> bool:
        """It goes out without waiting for any other."""
        return self._step_of(channel) == 0

    def _step_of(self, channel: str) -> int:
        return next((number for number, step in enumerate(self._steps) if channel in step), 0)

    async def comes(
        self,
        channel: str,
        clock: Callable[[], datetime],
        rest: Callable[[timedelta], Awaitable[None]],
        is_answered: Callable[[], Awaitable[bool]],
    ) -> bool:
        """Waits for the turn; False where it is not needed any more when it comes. `rest` raises Interrupted
        when the service stops.
        """
        earlier = [each for step in self._steps[: self._step_of(channel)] for each in step]
        await self._are_known(earlier)
        taken = {each: at for each in earlier if (at := self._taken_at[each]) is not None}
        if not taken:
            return True
        given_up_at = max(at + self._give_ups.get(each, timedelta(0)) for each, at in taken.items())
        if (left := given_up_at - clock()) > timedelta(0):
            if await is_answered():
                return False
            await rest(left)
        return not await is_answered()

    def ended(self, channel: str, taken_at: datetime | None) -> None:
        """It was taken then; None: it was not, or has to wait for its gateway."""
        self._taken_at.setdefault(channel, taken_at)
        self._changed.set()

    async def _are_known(self, channels: Sequence[str]) -> None:
        while not all(channel in self._taken_at for channel in channels):
            self._changed.clear()
            await self._changed.wait()


def turns_of(
    notice: Notice, person: Person | None, chosen: Sequence[str], records: Mapping[Place, DeliveryRecord]
) -> Turns:
    """By the person's own order; what is grave, and a roll call, which tries each, goes out on all channels at once."""
    brief = notice.brief
    is_grave = brief.level in (Level.I, Level.II) or brief.sensitive
    all_at_once = is_grave or notice.purpose is Purpose.ROLL_CALL
    give_ups = {} if person is None or all_at_once else person.give_ups
    own = [entry.channel for entry in person.channels] if person is not None else []
    channels = sorted(chosen, key=lambda channel: own.index(channel) if channel in own else len(own))
    known = {channel: records.get(place_of(notice.id, channel)) for channel in channels}
    ended = {
        channel: record.delivery.done_at if record.outcome is DeliveryOutcome.DELIVERED else None
        for channel, record in known.items()
        if record is not None
    }
    return Turns(channels, give_ups, ended)
