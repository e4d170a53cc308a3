"""After an outage of the broker a lane decides on its overdue clocks in the order of their limits: the broker
strikes them in another one.

Invariant: a case's own facts keep their order, so that a clock is taken ahead only where nothing else of its
case waits before it. Nothing is acknowledged before its turn: when that comes it has been decided on, and is
acknowledged as it is.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import msgspec
from nats.aio.client import Client

from shared.broker.open_pull import Handed
from shared.broker.stored import StoredMessage, as_it_lies, asking
from shared.broker.walk import walk
from shared.facts import Due, Fact, FactError
from shared.facts.authenticity import distrust
from shared.formats import NewerError
from shared.pulse import AWAY_AFTER
from shared.streams import FACTS
from shared.vocabulary import ESCALATOR_KINDS, Kind

ARRIVING = 0.3
"""Seconds after the first in which what else has struck reaches the record: the broker strikes everything
overdue at once.
"""
TIMEOUT = 5.0
MOST = 256
"""Facts of a lane that are looked through at once: within them the order is that of the limits."""


@dataclass(frozen=True, slots=True)
class LateClock:
    """A clock that struck late."""

    fact: Fact
    sequence: int
    at: datetime
    due_at: datetime


class _About(msgspec.Struct):
    subject: str | None = None


class OverdueClocks:
    """What each lane has decided on ahead of its turn, in the memory of this process: after a restart it
    finds itself applied.
    """

    def __init__(self, connection: Callable[[], Client], clock: Callable[[], datetime]) -> None:
        self._connection, self._clock = connection, clock
        self._decided: dict[str, set[int]] = {}

    def is_decided(self, handed: Handed) -> bool:
        return handed.sequence in self._decided.get(_lane_of(handed.subject), ())

    def decided(self, handed: Handed, overdue: LateClock) -> None:
        """It went out while `handed` was at work."""
        self._decided.setdefault(_lane_of(handed.subject), set()).add(overdue.sequence)

    async def in_order(self, handed: Handed, fact: Fact) -> list[LateClock]:
        """The overdue clocks of the lane from `handed` on, by limit; none where it is no such clock
        itself.
        """
        first = overdue_of(fact, handed.sequence, handed.at)
        if first is None:
            return []
        await asyncio.sleep(still_arriving(first.at, self._clock()))
        lane = _lane_of(handed.subject)
        decided = self._decided[lane] = {
            sequence for sequence in self._decided.get(lane, ()) if sequence > handed.sequence
        }
        waiting: list[StoredMessage] = []
        async with aclosing(
            walk(self._connection, FACTS, f"fact.{lane}.*", after=handed.sequence, batch=MOST)
        ) as behind:
            async for stored in behind:
                waiting.append(stored)
                if len(waiting) == MOST:
                    break
        ordered = by_limit(first, [stored for stored in waiting if stored.sequence not in decided])
        return [overdue for overdue in ordered if overdue is first or await self._is_authentic(overdue)]

    async def _is_authentic(self, overdue: LateClock) -> bool:
        """Whoever decides reads what was stored; what is not authentic is set aside in its turn."""
        stored = await as_it_lies(asking(self._connection, TIMEOUT), FACTS, overdue.sequence)
        return stored is not None and distrust(stored.subject, stored.headers, overdue.fact) is None


def still_arriving(struck_at: datetime, now: datetime) -> float:
    """Seconds to wait for what struck together with it: a clock that has lain on record for longer has
    nothing more to wait for. Pure.
    """
    return min(max(ARRIVING - (now - struck_at).total_seconds(), 0.0), ARRIVING)


def by_limit(first: LateClock, waiting: list[StoredMessage]) -> list[LateClock]:
    """`first` and those behind it that are the first of their case to wait. Pure."""
    overdue = [first]
    cases = {first.fact.subject}
    for stored in waiting:
        if stored.subject.rpartition(".")[2] not in ESCALATOR_KINDS:
            continue
        case = case_about(stored)
        if case is not None and case not in cases:
            cases.add(case)
            overdue += _overdue_in(stored)
    return sorted(overdue, key=lambda strike: (strike.due_at, strike.sequence))


def overdue_of(fact: Fact, sequence: int, at: datetime) -> LateClock | None:
    """What struck late by the broker's own stamp. Pure."""
    if fact.kind != Kind.DUE:
        return None
    try:
        due_at = Due.model_validate(fact.data).at
    except ValueError:
        return None  # it is set aside in its turn
    return LateClock(fact, sequence, at, due_at) if at - due_at > AWAY_AFTER else None


def _overdue_in(stored: StoredMessage) -> list[LateClock]:
    """Whatever is odd about it is found in its turn."""
    if not stored.subject.endswith(f".{Kind.DUE}"):
        return []
    try:
        fact = Fact.read(stored.data)
    except (FactError, NewerError):
        return []
    overdue = overdue_of(fact, stored.sequence, stored.at)
    return [] if overdue is None else [overdue]


def case_about(stored: StoredMessage) -> str | None:
    """The case that what is stored says it is about; None where it can't be read, or is about none."""
    try:
        return msgspec.json.decode(stored.data, type=_About).subject
    except msgspec.MsgspecError:
        return None


def _lane_of(subject: str) -> str:
    return subject.split(".")[1]
