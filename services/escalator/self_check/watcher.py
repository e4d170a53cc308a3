"""Who watches the watcher: every minute all cases are laid beside all pending clocks, and both beside the
record.

Invariant: whoever relies on a clock learns within a round that it is not there, and it is armed again; each
difference is a fact. The outside address is called only after a round that found none, while every service is
ready by its own word, stored a moment ago. It shares nothing with the lanes but the stored contract.

What it sees: for every case, that exactly the clock it waits for is pending; that no clock is pending for
nobody; of every report and act that a lane is past, that its case has taken it in (or that it was set aside);
that no lane, nor those who deliver and record, stand still. What it does not see: clocks that struck and
hand-overs whose decisions changed nothing, and whether a decision was right.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, NamedTuple

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from services.escalator.lanes.cases import GONE
from services.escalator.metrics import WatchMetrics
from services.escalator.self_check.watch_repair import IN_FLIGHT, CaseSeen, Closely, armed_for, case_seen
from services.escalator.settings import EscalatorSettings
from shared.broker.append import append
from shared.broker.forever import AWAY, error_text
from shared.broker.stillness import STILL_AFTER, Queue, Stillness, queue_of
from shared.broker.stored import StoredMessage
from shared.broker.times import STAMP, from_stamp
from shared.broker.walk import walk
from shared.case_parts import is_parted
from shared.facts import Checked, CheckOutcome, Fact
from shared.facts.aside import aside_id
from shared.facts.authenticity import distrust_envelope
from shared.ids import CaseId
from shared.lights import lights_out, read_light
from shared.streams import CASES, CLOCKS, FACTS, LIGHTS, POSITIONS, Position, escalator_durable, position_key
from shared.subjects import LANES, fact_subject, lane_of
from shared.vocabulary import ESCALATOR_KINDS, Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SOURCE = "/services/escalator/watcher"
PART = 250
"""Messages read between two pauses."""
MOST_LOOKED_AT = 2000
"""Doubtful cases looked at closely in one round; the next round goes on."""
MOST_FACTS = 20_000
"""New facts followed into their cases in one round; where more came in, the oldest of them are not followed,
and that is said.
"""
REST = 4
"""A round is followed by at least so many times its own length without one."""
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
class Round:
    """What one round has met so far."""

    began: datetime
    clocks: int = 0
    cases: int = 0
    doubtful: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """In the order they were met."""
    parted: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """Cases in parts: whether all are there is looked at apart."""
    moving: dict[CaseId, None] = field(default_factory=dict[CaseId, None])
    """Written since the round began: doubtful only because the clocks were read before."""
    ignored: dict[CaseId, int] = field(default_factory=dict[CaseId, int])
    """Case → the fact that its lane is past and it has not taken in."""
    ended: dict[CaseId, int] = field(default_factory=dict[CaseId, int])
    """Case → revision, of cases that ended long enough ago."""
    differences: list[Checked] = field(default_factory=list[Checked])


class Watcher:
    def __init__(
        self,
        connection: Callable[[], Client],
        settings: EscalatorSettings,
        metrics: WatchMetrics,
        clock: Callable[[], datetime],
        rebuild: Callable[[CaseId], Awaitable[object]] | None = None,
    ) -> None:
        """`rebuild` makes a case that can't be read again from the record."""
        self._rebuild = rebuild
        self._connection, self._settings, self._metrics, self._clock = connection, settings, metrics, clock
        self._closely = Closely(connection, clock)
        self._followed_to = 0
        """Facts up to this sequence have been followed into their cases."""
        self._stillness = Stillness()
        self._positions: dict[str, int] = {}

    async def run(self) -> None:
        """For as long as the service lives."""
        every = self._settings.watch_every.total_seconds()
        if not every:
            return
        while True:
            await asyncio.sleep(every)
            began = perf_counter()
            try:
                await self.round()
            except AWAY as error:
                self._metrics.well.set(0)
                log.warning("round_not_ended", error=error_text(error), next=f"again in {every:g} s")
            except Exception:  # the boundary: the check must never take down the lanes it watches
                self._metrics.well.set(0)
                log.exception(
                    "round_failed", next=f"again in {every:g} s; no call goes out to the outside address"
                )
            await asyncio.sleep(max(0.0, REST * (perf_counter() - began) - every))

    async def round(self) -> Round:
        """Look at everything once, repair what can be, say what was found."""
        started = perf_counter()
        met = Round(self._clock())
        last = (await self._connection().jetstream(timeout=5).stream_info(FACTS)).state.last_seq
        lanes = await self._lanes(met)
        recent = await self._recent_facts(last, lanes)
        clocks = await self._clocks(met)
        await self._cases(met, clocks, recent, lanes)
        met.ignored |= {
            case: sequence for case, sequence in recent.items() if sequence <= lanes[lane_of(case)].done
        }
        await self._look_closely(met)
        await self._retire(met)
        await self._tell(met, perf_counter() - started)
        return met

    # The durables

    async def _lanes(self, met: Round) -> dict[int, Queue]:
        """Each lane's queue. Notes every durable that stands still."""
        js = self._connection().jetstream(timeout=5)
        queues: dict[int, Queue] = {}
        names = {escalator_durable(lane): lane for lane in range(LANES)} | dict.fromkeys(
            self._settings.watch_also, -1
        )
        for name, lane in names.items():
            queue = queue_of(await js.consumer_info(FACTS, name))
            if self._stillness.seconds(name, queue, met.began.timestamp()) > STILL_AFTER.total_seconds():
                met.differences.append(
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
        after = self._followed_to or last
        if last - after > MOST_FACTS * 8:
            log.warning(
                "facts_not_followed",
                since=after,
                until=last - MOST_FACTS * 8,
                next="the lanes are faster than the check",
            )
            after = last - MOST_FACTS * 8
        # What a lane has not done with yet is followed in the next round.
        self._followed_to = min([last, *(lane.done for lane in lanes.values() if lane.waiting)])
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

    async def _clocks(self, met: Round) -> dict[CaseId, Pending]:
        """Every pending clock by its case: some 250 bytes each."""
        clocks: dict[CaseId, Pending] = {}
        for lane in range(LANES):
            async for stored in self._slowly(CLOCKS, f"clock.armed.{lane}.*"):
                met.clocks += 1
                clocks[CaseId(stored.subject.rpartition(".")[2])] = Pending(
                    armed_for(stored.headers["Nats-Schedule"]), stored.at
                )
        return clocks

    async def _cases(
        self,
        met: Round,
        clocks: Mapping[CaseId, Pending],
        recent: dict[CaseId, int],
        lanes: Mapping[int, Queue],
    ) -> None:
        """Every kept revision of every case, the oldest first: what was noted of one is forgotten where a
        later one is met.
        """
        strays = set(clocks)
        info = await self._connection().request(f"$JS.API.STREAM.INFO.KV_{CASES}", b"", timeout=5)
        met.cases = _json.decode(info.data)["state"].get("num_subjects", 0)  # which the client leaves out
        followed: dict[CaseId, int] = {}
        async for stored in self._slowly(f"KV_{CASES}", f"$KV.{CASES}.*"):
            case_id = CaseId(stored.subject.rpartition(".")[2])
            for noted in (met.doubtful, met.parted, met.moving, met.ignored, met.ended):
                noted.pop(case_id, None)
            if "KV-Operation" in stored.headers:
                met.cases -= 1
                continue
            strays.discard(case_id)
            pending = clocks.get(case_id)
            try:
                case = case_seen(stored.data)
            except msgspec.MsgspecError:
                met.doubtful[case_id] = None
                continue
            if is_parted(stored.data):
                met.parted[case_id] = None
            if (pending.at if pending else None) != case.clock_at:
                (met.doubtful if stored.at < met.began - IN_FLIGHT else met.moving)[case_id] = None
            sequence = recent.pop(case_id, 0) or followed.get(case_id, 0)
            if sequence:
                followed[case_id] = sequence
            if case.applied.sequence < sequence <= lanes[lane_of(case_id)].done:
                met.ignored[case_id] = sequence
            if self._may_leave(case):
                met.ended[case_id] = stored.sequence
        met.doubtful |= {
            case_id: None for case_id in strays if self._clock() - clocks[case_id].armed >= IN_FLIGHT
        }

    def _may_leave(self, case: CaseSeen) -> bool:
        if case.ended_at is None or case.clock_at is not None or case.standing is not None:
            return False
        return self._clock() - case.ended_at > self._settings.closed_kept

    async def _slowly(self, stream: str, subject: str, after: int = 0) -> AsyncIterator[StoredMessage]:
        """A walk that takes no more than its share of the broker and of this process."""
        done = 0
        async for stored in walk(self._connection, stream, subject, after=after, batch=PART):
            yield stored
            done += 1
            if done % PART == 0:
                await asyncio.sleep(PART / self._settings.watch_rate)

    # What follows

    async def _look_closely(self, met: Round) -> None:
        if len(met.doubtful) > MOST_LOOKED_AT:
            log.error(
                "many_differences",
                doubtful=len(met.doubtful),
                looked_at=MOST_LOOKED_AT,
                next="the next rounds go on",
            )
        for case in dict.fromkeys([*met.doubtful, *met.moving, *met.parted][:MOST_LOOKED_AT]):
            if (difference := await self._closely.clock_of(case)) is not None:
                met.differences.append(await self._made_again(difference))
        for case, sequence in [*met.ignored.items()][:MOST_LOOKED_AT]:
            if (difference := await self._closely.fact_of(case, sequence)) is not None:
                met.differences.append(difference)

    async def _made_again(self, difference: Checked) -> Checked:
        """A case that can't be read is made again at once, whether or not a fact about it comes."""
        if (
            difference.found is not CheckOutcome.CASE_UNREADABLE
            or difference.case is None
            or self._rebuild is None
        ):
            return difference
        await self._rebuild(difference.case)
        again = await self._closely.case(difference.case)
        return difference.model_copy(update={"repaired": again.readable})

    async def _retire(self, met: Round) -> None:
        """Cases that ended long ago leave the bucket, each at exactly the revision that was seen; the trail
        keeps them.
        """
        js = self._connection().jetstream(timeout=5)
        for case, revision in met.ended.items():
            headers = {
                "KV-Operation": "PURGE",
                "Nats-Rollup": "sub",
                # The mark itself goes after an hour, so that a bucket of years does not fill with marks.
                "Nats-TTL": "1h",
                "Nats-Expected-Last-Subject-Sequence": str(revision),
                "Nats-Expected-Stream": f"KV_{CASES}",
            }
            try:
                await js.publish(f"$KV.{CASES}.{case}", b"", timeout=5, headers=headers)
            except NatsError as error:
                log.info(
                    "case_stays",
                    case=case,
                    error=str(error),
                    next="it was written meanwhile, or the next round takes it",
                )
                continue
            await self._retire_parts(js, case)
            self._metrics.purged.inc()

    async def _retire_parts(self, js: JetStreamContext, case: CaseId) -> None:
        """Also those that no revision of the case has named since a crash."""
        async for part in self._slowly(f"KV_{CASES}", f"$KV.{CASES}.{case}.*"):
            if "KV-Operation" not in part.headers:
                await js.publish(part.subject, b"", timeout=5, headers=GONE)

    async def _tell(self, met: Round, took: float) -> None:
        for one in met.differences:
            self._metrics.differences.labels(one.found).inc()
            self._metrics.repaired.inc(one.repaired)
            said = one.model_dump(mode="json", exclude_none=True)
            log.error("difference", **said, next="look at the `checked` fact; if it comes again, why")
            subject, moment = one.case or one.durable or "", one.expected_at or one.pending_at
            # What stays as it is is said once an hour (the broker's dedupe window), what was repaired each
            # time.
            fact_id = f"check:{subject}:{one.found}:{one.sequence or moment or ''}" + (
                f":{met.began:%H%M%S}" if one.repaired else ""
            )
            raw = Fact.bytes_of(
                Kind.CHECKED, id=fact_id, source=SOURCE, subject=one.case, time=met.began, data=one
            )
            await append(self._connection(), fact_subject(subject, Kind.CHECKED), raw, fact_id)
        well = not met.differences and len(met.doubtful) <= MOST_LOOKED_AT
        self._metrics.cases.set(met.cases)
        self._metrics.clocks.set(met.clocks)
        self._metrics.took.set(took)
        self._metrics.well.set(well)
        self._metrics.ended.set(self._clock().timestamp())
        log.info(
            "round",
            cases=met.cases,
            clocks=met.clocks,
            differences=len(met.differences),
            seconds=round(took, 2),
        )
        if well and self._settings.deadman_url and await self._all_lights_are_on():
            await _call(self._settings.deadman_url)

    async def _all_lights_are_on(self) -> bool:
        """Whether every service wrote a moment ago that it is ready: that it can store, that its queues move,
        that its channels take.
        """
        stored = [
            read_light(one.subject, one.at, one.data)
            async for one in walk(self._connection, f"KV_{LIGHTS}", f"$KV.{LIGHTS}.>")
        ]
        out = lights_out([light for light in stored if light is not None], self._settings.watch_services)
        if out:
            log.error("lights_out", out=out, next="no call goes out to the outside address")
        return not out


_json = msgspec.json.Decoder(dict[str, Any])


async def _call(url: str) -> None:
    """Says that all is well; an address that does not answer is somebody else's to notice: that is what it is
    for.
    """
    import httpx2  # only where an address is set: it costs 8 MB

    try:
        async with httpx2.AsyncClient(timeout=10) as client:
            (await client.get(url)).raise_for_status()
    except httpx2.HTTPError as error:
        log.warning("deadman_not_reached", error=error_text(error))
