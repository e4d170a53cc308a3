"""The cases as they stand, in the KV bucket CASES: read by key, written by compare-and-set.

Invariant: a write succeeds only on the revision that was read, so that two replicas can never both decide on the same state.
A small memory of recent cases saves the read; a stale one costs a conflict and a fresh read, never a wrong write.
"""

import asyncio
from collections import OrderedDict

import msgspec

from services.escalator.send import ConflictError, Exchange
from shared.broker import PUBLISH_TIMEOUT
from shared.case import Case, read_case
from shared.ids import CaseId
from shared.streams import CASES

REMEMBERED = 500
"""Cases kept in memory: those whose outcomes come in now, not those that wait for a clock."""
_NOT_FOUND = "404"


class BrokenCaseError(ValueError):
    """The stored case can't be read: its facts are set aside until an operator has looked."""


def case_subject(case_id: CaseId) -> str:
    return f"$KV.{CASES}.{case_id}"


class Cases:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._recent: OrderedDict[CaseId, tuple[Case, int]] = OrderedDict()

    async def load(self, case_id: CaseId, *, fresh: bool = False) -> tuple[Case | None, int]:
        """The case and its revision; (None, revision to write over) for one that is not there. `fresh` asks the broker."""
        if not fresh and case_id in self._recent:
            self._recent.move_to_end(case_id)
            return self._recent[case_id]
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            answer = await self._exchange.ask(f"$JS.API.DIRECT.GET.KV_{CASES}.{case_subject(case_id)}")
        headers = answer.headers or {}
        if "Nats-Sequence" not in headers:
            if headers.get("Status") == _NOT_FOUND:
                return None, 0
            raise RuntimeError(f"the broker gives no answer about case {case_id}: {headers.get('Status')} {headers.get('Description')}")
        revision = int(headers["Nats-Sequence"])
        if "KV-Operation" in headers:
            return None, revision
        try:
            case = read_case(answer.data)
        except msgspec.MsgspecError as error:
            raise BrokenCaseError(f"case {case_id} at revision {revision} can't be read: {error}") from None
        self._remember(case, revision)
        return case, revision

    def recent(self, case_id: CaseId) -> tuple[Case | None, int]:
        """What is remembered of the case; (None, 0) where nothing is, which for a new report is nearly always the truth."""
        return self._recent.get(case_id, (None, 0))

    async def store(self, case: Case, raw: bytes, revision: int) -> None:
        """Write `raw`, which is `case`, over exactly `revision` (0: it must not be there). Raises ConflictError."""
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            stored = await self._exchange.publish(case_subject(case.id), raw, {"Nats-Expected-Last-Subject-Sequence": str(revision)})
            try:
                written = await stored
            except ConflictError:
                self._recent.pop(case.id, None)
                raise
        self._remember(case, written)

    def _remember(self, case: Case, revision: int) -> None:
        self._recent[case.id] = (case, revision)
        self._recent.move_to_end(case.id)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
