"""One doubtful case, looked at closely: is it a difference, and can it be repaired?

Invariant: nothing is called a difference that was not seen on the broker twice with the same revision of the
case in between, and nothing is written over what changed meanwhile. It arms and cancels in its own words, not
in those of the lanes: what is wrong there must not be repaired by being done wrong once more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import orjson
from nats.aio.client import Client
from nats.js.errors import APIError

from shared.broker.stored import asking, last_on, value_of
from shared.case import CaseStatus
from shared.case_parts import MissingPartError, head_of, is_parted, whole_case
from shared.facts import Checked, CheckOutcome
from shared.ids import CaseId
from shared.streams import CASES, CLOCKS, FACTS, escalator_durable
from shared.subjects import armed_subject, due_subject, lane_of
from shared.vocabulary import Level

TIMEOUT = 5.0
IN_FLIGHT = timedelta(seconds=5)
"""A case written so lately may still be about to set its clock."""
ON_ITS_WAY = timedelta(seconds=15)
"""A clock that struck so lately may still be on its way into the record (a broker that restarts takes a while
to fetch it).
"""


class _AppliedTo(msgspec.Struct):
    sequence: int


class _NoticeSeen(msgspec.Struct):
    published_at: datetime | None = None


class _ReportSeen(msgspec.Struct):
    exercise: bool = False


class CaseSeen(msgspec.Struct):
    """As much of a case as the check needs; read on its own, not by the lanes' reader."""

    id: str
    applied: _AppliedTo
    clock_at: datetime | None = None
    clock_duty: str | None = None
    ended_at: datetime | None = None
    kept_until: datetime | None = None
    policy: str = ""
    standing: dict[str, Any] | None = None
    notice: _NoticeSeen | None = None
    status: str = CaseStatus.OPEN
    level: str | None = None
    report: _ReportSeen | None = None

    @property
    def is_grave(self) -> bool:
        """An emergency of level I or II that is being handled."""
        is_exercise = self.report is not None and self.report.exercise
        return self.status == CaseStatus.OPEN and self.level in (Level.I, Level.II) and not is_exercise

    @property
    def is_public(self) -> bool:
        """A public notice of it is out, and stays on its page."""
        return self.notice is not None and self.notice.published_at is not None


@dataclass(frozen=True, slots=True)
class CaseStored:
    """None for a case that is not there; `readable` False for bytes that are no case."""

    case: CaseSeen | None
    revision: int
    at: datetime | None = None
    readable: bool = True


_read = msgspec.json.Decoder(CaseSeen)


def case_seen(raw: bytes) -> CaseSeen:
    """Of one in parts what its own key has. Raises msgspec.MsgspecError."""
    return _read.decode(head_of(raw))


class Closely:
    def __init__(self, connection: Callable[[], Client], clock: Callable[[], datetime]) -> None:
        self._connection, self._clock = connection, clock

    async def clock_of(self, case: CaseId) -> Checked | None:
        """The difference between the case and its clock, repaired where that is possible; None where there is
        none (any more).
        """
        before, (pending_at, pending_sequence) = await self.case(case), await self._pending(case)
        after = await self.case(case)
        if before.revision != after.revision or (
            after.at is not None and self._clock() - after.at < IN_FLIGHT
        ):
            return None
        if not after.readable:
            return Checked(found=CheckOutcome.CASE_UNREADABLE, case=case, pending_at=pending_at)
        expected_at = after.case.clock_at if after.case is not None else None
        if expected_at == pending_at:
            return None
        if expected_at is None:
            done = await self._cancel(case, pending_sequence)
            return Checked(found=CheckOutcome.CLOCK_STRAY, case=case, pending_at=pending_at, repaired=done)
        outcome = CheckOutcome.CLOCK_MISSING if pending_at is None else CheckOutcome.CLOCK_OTHER
        if pending_at is None and expected_at <= self._clock():
            if self._clock() - expected_at < ON_ITS_WAY or await self._lane_has_work(case):
                return None
            outcome = CheckOutcome.CLOCK_LOST
        duty = after.case.clock_duty if after.case is not None else None
        done = await self._arm(case, duty, expected_at, pending_sequence)
        return Checked(
            found=outcome, case=case, expected_at=expected_at, pending_at=pending_at, repaired=done
        )

    async def fact_of(self, case: CaseId, sequence: int) -> Checked | None:
        """Whether the case has taken in the fact at `sequence`, which its lane is past."""
        stored = await self.case(case)
        if stored.case is not None and stored.case.applied.sequence >= sequence:
            return None
        return Checked(found=CheckOutcome.FACT_IGNORED, case=case, sequence=sequence)

    async def case(self, case: CaseId) -> CaseStored:
        """As it stands on the broker now."""
        stored = await value_of(asking(self._connection, TIMEOUT), CASES, case)
        if stored is None or stored.is_deletion:
            return CaseStored(None, stored.sequence if stored is not None else 0)
        try:
            seen = case_seen(stored.data)
            if is_parted(stored.data):
                await whole_case(asking(self._connection, TIMEOUT), case, stored.data)
            return CaseStored(seen, stored.sequence, stored.at)
        except (msgspec.MsgspecError, MissingPartError):
            return CaseStored(None, stored.sequence, stored.at, readable=False)

    async def _pending(self, case: CaseId) -> tuple[datetime | None, int]:
        stored = await last_on(asking(self._connection, TIMEOUT), CLOCKS, armed_subject(case))
        schedule = stored.headers.get("Nats-Schedule") if stored is not None else None
        return (armed_for(schedule), stored.sequence) if stored is not None and schedule else (None, 0)

    async def _lane_has_work(self, case: CaseId) -> bool:
        info = (
            await self._connection()
            .jetstream(timeout=TIMEOUT)
            .consumer_info(FACTS, escalator_durable(lane_of(case)))
        )
        return bool(info.num_pending or info.num_ack_pending)

    async def _arm(self, case: CaseId, duty: str | None, at: datetime, over: int) -> bool:
        """Over exactly what was seen pending; False where somebody has armed it meanwhile."""
        stamp = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        fact = {
            "specversion": "1.0",
            "id": f"clock:{case}:{stamp}",
            "source": "/services/escalator/watcher",
            "type": "cn.fenghuo.due.v1",
            "subject": case,
            "time": stamp,
            "datacontenttype": "application/json",
            "dataschema": "https://fenghuo.invalid/schemas/due.v1.json",
            "data": {"at": stamp} | ({"duty": duty} if duty else {}),
        }
        headers = {
            "Nats-Schedule": f"@at {stamp}",
            "Nats-Schedule-Target": due_subject(case),
            "Nats-Schedule-TTL": "24h",
            "Nats-Expected-Last-Subject-Sequence": str(over),
            "Content-Type": "application/cloudevents+json",
        }
        try:
            await (
                self._connection()
                .jetstream()
                .publish(
                    armed_subject(case), orjson.dumps(fact), timeout=TIMEOUT, stream=CLOCKS, headers=headers
                )
            )
        except APIError:
            return False
        return True

    async def _cancel(self, case: CaseId, sequence: int) -> bool:
        """Exactly the clock that was seen; one armed meanwhile stays."""
        request = orjson.dumps({"filter": armed_subject(case), "seq": sequence + 1})
        answer = await self._connection().request(f"$JS.API.STREAM.PURGE.{CLOCKS}", request, timeout=TIMEOUT)
        return bool(orjson.loads(answer.data).get("success"))


def armed_for(schedule: str) -> datetime:
    """The moment of a schedule's header `@at 2026-11-23T03:00:00.000000Z`."""
    return datetime.fromisoformat(schedule.removeprefix("@at "))
