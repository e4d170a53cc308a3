"""What one round of the check sees on the broker: the lanes, the latest facts, every pending clock, every case.

Invariant: whatever is not as it should be stands in the survey, with what is needed to look at it again; only
what is seen twice is a difference (watch_repair.py). Nothing is written here but the position of each durable.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import structlog
from nats.aio.client import Client

from services.escalator.self_check.watch_repair import IN_FLIGHT, CaseSeen, armed_for, case_seen
from services.escalator.settings import EscalatorSettings
from shared.broker.stillness import STILL_AFTER, Queue, Stillness, queue_of
from shared.broker.stored import StoredMessage
from shared.broker.times import STAMP, from_stamp
from shared.broker.walk import walk
from shared.case_parts import is_parted
from shared.facts import Checked, CheckOutcome
from shared.facts.aside import aside_id
from shared.facts.authenticity import distrust_envelope
from shared.ids import CaseId
from shared.streams import CASES, CLOCKS, FACTS, POSITIONS, Position, escalator_durable, position_key
from shared.subjects import LANES, lane_of
from shared.vocabulary import ESCALATOR_KINDS, Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PART = 250
"""Messages read between two pauses."""
MOST_FACTS = 20_000
"""New facts followed into their cases in one round; where more came in, the oldest of them are not followed,
and that is said.
"""
NOT_FOLLOWED = (Kind.DUE, Kind.DELIVERED, Kind.FAILED)
"""They may change nothing, and then leave no mark in their case."""
FOLLOWED = tuple(kind for kind in ESCALATOR_KINDS if kind not in NOT_FOLLOWED)


class Pending(NamedTuple):
    """A clock on the broker."""

    at: datetime
    """The moment it is set for."""
    armed: datetime
    """When it was set, by the broker's clock."""


@dataclass
class Survey:
    """What one round has met so far."""

    began: datetime
    clocks: int = 0
    cases: int = 0
    doubtful: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """In the order in which the round met them."""
    parted: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """Cases in parts: whether all are there is looked at apart."""
    moving: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """Written since the round began: doubtful only because the clocks were read before."""
    ignored: dict[CaseId, int] = field(default_factory=dict[CaseId, int])
    """Case → the fact that its lane is past and it has not taken in."""
    ended: dict[CaseId, int] = field(default_factory=dict[CaseId, int])
    """Case → revision, of cases that ended long enough ago."""
    running: dict[CaseId, str] = field(default_factory=dict[CaseId, str])
    """Case → the label of the policy it began under, of cases that people have open."""
    grave: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """Emergencies of level I or II that are being handled."""
    differences: list[Checked] = field(default_factory=list[Checked])


class Surveyor:
    def __init__(
        self, connection: Callable[[], Client], settings: EscalatorSettings, clock: Callable[[], datetime]
    ) -> None:
        self._connection, self._settings, self._clock = connection, settings, clock
        self.followed_to = 0
        """Facts up to this sequence have been followed into their cases."""
        self._stillness = Stillness()
        self._positions: dict[str, int] = {}

    async def survey(self) -> Survey:
        """Look at everything once."""
        survey = Survey(self._clock())
        last = (await self._connection().jetstream(timeout=5).stream_info(FACTS)).state.last_seq
        lanes = await self._lanes(survey)
        recent = await self._recent_facts(last, lanes)
        clocks = await self._clocks(survey)
        await self._cases(survey, clocks, recent, lanes)
        survey.ignored |= {
            case: sequence for case, sequence in recent.items() if sequence <= lanes[lane_of(case)].done
        }
        return survey

    # The durables

    async def _lanes(self, survey: Survey) -> dict[int, Queue]:
        """Each lane's queue. Notes every durable that stands still."""
        js = self._connection().jetstream(timeout=5)
        queues: dict[int, Queue] = {}
        names = {escalator_durable(lane): lane for lane in range(LANES)} | dict.fromkeys(
            self._settings.watch_also, -1
        )
        for name, lane in names.items():
            queue = queue_of(await js.consumer_info(FACTS, name))
            if self._stillness.seconds(name, queue, survey.began.timestamp()) > STILL_AFTER.total_seconds():
                survey.differences.append(
                    Checked(found=CheckOutcome.LANE_STILL, durable=name, sequence=queue.done)
                )
            await self._keep_position(name, queue.done)
            if lane >= 0:
                queues[lane] = queue
        return queues

    async def _keep_position(self, durable: str, floor: int) -> None:
        """So that one made anew goes on from there (shared/streams.py)."""
        if not floor or self._positions.get(durable) == floor:
            return
        answer = await self._connection().request(
            f"$JS.API.DIRECT.GET.{FACTS}", b'{"seq":%d}' % floor, timeout=5
        )
        if (stamp := (answer.headers or {}).get(STAMP)) is None:
            return
        js = self._connection().jetstream(timeout=5)
        await js.publish(
            f"$KV.{POSITIONS}.{position_key(FACTS, durable)}", Position(floor, from_stamp(stamp)).write()
        )
        self._positions[durable] = floor

    # The record

    async def _recent_facts(self, last: int, lanes: Mapping[int, Queue]) -> dict[CaseId, int]:
        """Case → its latest fact since the last round; those set aside are left out."""
        after = self.followed_to or last
        if last - after > MOST_FACTS * 8:
            log.warning(
                "facts_not_followed",
                since=after,
                until=last - MOST_FACTS * 8,
                next="the lanes are faster than the check",
            )
            after = last - MOST_FACTS * 8
        # What a lane has not done with yet is followed in the next round.
        self.followed_to = min([last, *(lane.done for lane in lanes.values() if lane.waiting)])
        if last == after:
            return {}
        aside = {envelope["id"] async for _, envelope in self._facts(Kind.REJECTED, after)}
        recent: dict[CaseId, int] = {}
        for kind in FOLLOWED:
            async for stored, envelope in self._facts(kind, after):
                if aside_id(stored.sequence) not in aside:
                    case = CaseId(envelope["subject"])
                    recent[case] = max(stored.sequence, recent.get(case, 0))
                if len(recent) >= MOST_FACTS:
                    log.warning(
                        "facts_not_followed",
                        since=after,
                        kind=kind,
                        next="the lanes are faster than the check",
                    )
                    return recent
        return recent

    async def _facts(self, kind: Kind, after: int) -> AsyncIterator[tuple[StoredMessage, dict[str, Any]]]:
        """The envelopes of authentic facts; what is none is set aside elsewhere."""
        async for stored in self._slowly(FACTS, f"fact.*.{kind}", after=after):
            try:
                envelope = _json.decode(stored.data)
            except msgspec.MsgspecError:
                continue
            if distrust_envelope(stored.subject, stored.headers, envelope) is None:
                yield stored, envelope

    # Clocks and cases

    async def _clocks(self, survey: Survey) -> dict[CaseId, Pending]:
        """Every pending clock by its case: some 250 bytes each."""
        clocks: dict[CaseId, Pending] = {}
        for lane in range(LANES):
            async for stored in self._slowly(CLOCKS, f"clock.armed.{lane}.*"):
                survey.clocks += 1
                clocks[CaseId(stored.subject.rpartition(".")[2])] = Pending(
                    armed_for(stored.headers["Nats-Schedule"]), stored.at
                )
        return clocks

    async def _cases(
        self,
        survey: Survey,
        clocks: Mapping[CaseId, Pending],
        recent: dict[CaseId, int],
        lanes: Mapping[int, Queue],
    ) -> None:
        """Every kept revision of every case, the oldest first: what was noted of one is forgotten where a
        later one is survey.
        """
        strays = set(clocks)
        info = await self._connection().request(f"$JS.API.STREAM.INFO.KV_{CASES}", b"", timeout=5)
        survey.cases = _json.decode(info.data)["state"].get("num_subjects", 0)  # which the client leaves out
        followed: dict[CaseId, int] = {}
        async for stored in self._slowly(f"KV_{CASES}", f"$KV.{CASES}.*"):
            case_id = CaseId(stored.subject.rpartition(".")[2])
            for noted in (
                survey.doubtful,
                survey.parted,
                survey.moving,
                survey.ignored,
                survey.ended,
                survey.running,
                survey.grave,
            ):
                noted.pop(case_id, None)
            if "KV-Operation" in stored.headers:
                survey.cases -= 1
                continue
            strays.discard(case_id)
            pending = clocks.get(case_id)
            try:
                case = case_seen(stored.data)
            except msgspec.MsgspecError:
                survey.doubtful[case_id] = None
                continue
            if is_parted(stored.data):
                survey.parted[case_id] = None
            if (pending.at if pending else None) != case.clock_at:
                (survey.doubtful if stored.at < survey.began - IN_FLIGHT else survey.moving)[case_id] = None
            sequence = recent.pop(case_id, 0) or followed.get(case_id, 0)
            if sequence:
                followed[case_id] = sequence
            if case.applied.sequence < sequence <= lanes[lane_of(case_id)].done:
                survey.ignored[case_id] = sequence
            if case.ended_at is None and case.standing is None:
                survey.running[case_id] = sys.intern(case.policy)
            if case.is_grave:
                survey.grave[case_id] = None
            if self._may_leave(case):
                survey.ended[case_id] = stored.sequence
        survey.doubtful |= {
            case_id: None for case_id in strays if self._clock() - clocks[case_id].armed >= IN_FLIGHT
        }

    def _may_leave(self, case: CaseSeen) -> bool:
        if case.ended_at is None or case.clock_at is not None or case.standing is not None or case.is_public:
            return False
        over = max(case.ended_at, case.kept_until or case.ended_at)
        return self._clock() - over > self._settings.closed_kept

    async def _slowly(self, stream: str, subject: str, after: int = 0) -> AsyncIterator[StoredMessage]:
        """A walk that takes no more than its share of the broker and of this process."""
        done = 0
        async for stored in walk(self._connection, stream, subject, after=after, batch=PART):
            yield stored
            done += 1
            if done % PART == 0:
                await asyncio.sleep(PART / self._settings.watch_rate)


_json = msgspec.json.Decoder(dict[str, Any])
