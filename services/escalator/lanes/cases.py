"""The cases as they stand, in the KV bucket CASES: read by key, written by compare-and-set.

Invariant: a write succeeds only on the revision that was read, so that two replicas can never both decide on
the same state. It names its stream, which nothing can that was written elsewhere: an answer of the broker
that was let in here is no case. A small memory of recent cases saves the read; a stale one costs a conflict
and a fresh read, never a wrong write.
"""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import msgspec
import orjson
from nats.errors import Error as NatsError

from shared.broker.append import PUBLISH_TIMEOUT
from shared.broker.exchange import LAST, ConflictError, Exchange, WrittenAt
from shared.broker.stored import StoredMessage, value_of
from shared.case import Case, read_case, write_case
from shared.case_parts import (
    MissingPartError,
    Runs,
    Stowed,
    fetch_parts,
    part_key,
    places_of,
    put_together,
    stow,
)
from shared.facts.authenticity import is_a_brokers_answer
from shared.ids import CaseId
from shared.kept_fields import Unknown, unknown_in
from shared.streams import CASES

READ_TRIES = 5
"""Times a case is read anew whose parts were replaced while they were read."""
GONE = {"KV-Operation": "PURGE", "Nats-Rollup": "sub", "Nats-TTL": "1h"}
"""Takes a part away; the mark itself goes after an hour."""
REMEMBERED = 500
"""Cases kept in memory: those whose outcomes come in now, not those that wait for a clock."""
STREAM = f"KV_{CASES}"
OF_THE_BUCKET = {"Nats-Expected-Stream": STREAM}
"""On whatever is written there by us."""


class BrokenCaseError(ValueError):
    """The stored case can't be read; `revision` is what has to be written over."""

    def __init__(self, words: str, revision: int) -> None:
        super().__init__(words)
        self.revision = revision


class _Known(NamedTuple):
    """A case as it was last read or written here."""

    case: Case
    revision: int
    parts: Mapping[str, int]
    """Of each part that it names the revision."""
    runs: Runs
    unknown: Unknown
    """Fields of a newer version, put back when the case is written."""


def case_subject(key: str) -> str:
    return f"$KV.{CASES}.{key}"


class Cases:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._recent: OrderedDict[CaseId, _Known] = OrderedDict()

    async def load(self, case_id: CaseId, *, fresh: bool = False) -> tuple[Case | None, int]:
        """The case and its revision; (None, revision to write over) for one that is not there. `fresh` asks
        the broker.
        """
        if not fresh and case_id in self._recent:
            self._recent.move_to_end(case_id)
            known = self._recent[case_id]
            return known.case, known.revision
        try:
            return await self._stored(case_id)
        except BrokenCaseError:
            self._recent.pop(case_id, None)  # what is made again is written whole
            raise

    async def _stored(self, case_id: CaseId) -> tuple[Case | None, int]:
        lost: MissingPartError | None = None
        revision = 0
        for _ in range(READ_TRIES):
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                stored = await value_of(self._exchange.ask, CASES, case_id)
            if stored is None:
                return None, 0
            revision = stored.sequence
            if stored.headers.get("Nats-Expected-Stream") != STREAM and await self._was_let_in(revision):
                raise BrokenCaseError(
                    f"under case {case_id} stands an answer of the broker at revision {revision}: it was let in",
                    revision,
                )
            if stored.is_deletion:
                return None, revision
            try:
                return await self._read(case_id, stored), revision
            except MissingPartError as error:
                lost = error  # where another revision has taken its place meanwhile, that is read
        raise BrokenCaseError(f"case {case_id} can't be read: {lost}", revision)

    async def _read(self, case_id: CaseId, stored: StoredMessage) -> Case:
        revision = stored.sequence
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                named = [address for addresses in places_of(stored.data).values() for address in addresses]
                parts = await fetch_parts(self._exchange.ask, case_id, named)
            whole = put_together(stored.data, {address: part.data for address, part in parts.items()})
            case = read_case(whole)
        except msgspec.MsgspecError as error:
            raise BrokenCaseError(
                f"case {case_id} at revision {revision} can't be read: {error}", revision
            ) from None
        if case.id != case_id:
            raise BrokenCaseError(
                f"under case {case_id} stands case {case.id} at revision {revision}: somebody else wrote there",
                revision,
            )
        revisions = {address: part.sequence for address, part in parts.items()}
        self._remember(_Known(case, revision, revisions, {}, unknown_in(whole, write_case(case))))
        return case

    async def _was_let_in(self, revision: int) -> bool:
        """Of an entry that does not name its stream, as those of earlier versions don't: whether it bears the
        broker's own headers, which only the leader tells as they are stored.
        """
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            answer = await self._exchange.ask(
                f"$JS.API.STREAM.MSG.GET.{STREAM}", orjson.dumps({"seq": revision})
            )
        message = orjson.loads(answer.data).get("message")
        if message is None:
            return False  # written over meanwhile: whoever writes on this revision conflicts
        stored = base64.b64decode(message.get("hdrs", "")).decode("latin-1")
        return is_a_brokers_answer(
            dict.fromkeys((line.partition(":")[0] for line in stored.split("\r\n")), "")
        )

    def recent(self, case_id: CaseId) -> tuple[Case | None, int]:
        """What is remembered of the case; (None, 0) where nothing is, which for a new report is nearly always
        the truth.
        """
        known = self._recent.get(case_id)
        return (None, 0) if known is None else (known.case, known.revision)

    def stow(self, case: Case) -> Stowed:
        """The case as bytes; of a large one only what has changed since it was last written here. Raises
        TooLargeError.
        """
        known = self._recent.get(case.id)
        return stow(case) if known is None else stow(case, known.runs, known.unknown)

    async def store(self, case: Case, stowed: Stowed, revision: int) -> None:
        """Write `stowed`, which is `case`, over exactly `revision` (0: it must not be there). Raises
        ConflictError.
        """
        recent = self._recent.get(case.id)
        before: Mapping[str, int] = recent.parts if recent is not None else {}
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            new = {address: raw for address, raw in stowed.parts.items() if address not in before}
            written = {address: await self._part(case.id, address, raw) for address, raw in new.items()}
            parts: dict[str, int] = {address: before.get(address, 0) for address in stowed.named}
            for address, future in written.items():
                parts[address] = await future
            stored = await self._exchange.publish(
                case_subject(case.id), stowed.raw, {LAST: str(revision), **OF_THE_BUCKET}
            )
            try:
                revision = await stored
            except ConflictError:
                self._recent.pop(case.id, None)
                raise
        self._remember(
            _Known(case, revision, parts, stowed.runs, recent.unknown if recent is not None else {})
        )
        await self._drop(case.id, {address: at for address, at in before.items() if address not in parts})

    async def _part(
        self, case_id: CaseId, address: str, raw: bytes, headers: dict[str, str] | None = None
    ) -> asyncio.Future[WrittenAt]:
        return await self._exchange.publish(case_subject(part_key(case_id, address)), raw, headers or {})

    async def _drop(self, case_id: CaseId, gone: Mapping[str, int]) -> None:
        """What the case no longer names, each at exactly the revision that it named: one stored again since
        is somebody's. What can't be taken away lies there until the case leaves the bucket, named by
        nobody.
        """
        if not gone:
            return
        with suppress(NatsError, TimeoutError, ConflictError):
            async with asyncio.timeout(PUBLISH_TIMEOUT):
                waiting = [
                    await self._part(case_id, address, b"", GONE | {LAST: str(at)})
                    for address, at in gone.items()
                ]
                await asyncio.gather(*waiting, return_exceptions=True)

    def _remember(self, known: _Known) -> None:
        case_id = known.case.id
        self._recent[case_id] = known
        self._recent.move_to_end(case_id)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
