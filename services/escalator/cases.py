"""The cases as they stand, in the KV bucket CASES: read by key, written by compare-and-set.

Invariant: a write succeeds only on the revision that was read, so that two replicas can never both decide on the same state.
A small memory of recent cases saves the read; a stale one costs a conflict and a fresh read, never a wrong write.
"""

from collections import OrderedDict
from collections.abc import Callable

from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue
from pydantic import ValidationError

from shared.case import Case
from shared.ids import CaseId

REMEMBERED = 200
"""Cases kept in memory, about 40 KB each: those whose outcomes come in now, not those that wait for a clock."""


class ConflictError(RuntimeError):
    """Somebody else has written the case meanwhile: read it again."""


class BrokenCaseError(ValueError):
    """The stored case can't be read: its facts are set aside until an operator has looked."""


class Cases:
    def __init__(self, bucket: Callable[[], KeyValue]) -> None:
        self._bucket = bucket
        self._recent: OrderedDict[CaseId, tuple[Case, int]] = OrderedDict()

    async def load(self, case_id: CaseId, *, fresh: bool = False) -> tuple[Case | None, int]:
        """The case and its revision; (None, 0) for one that is not there. `fresh` asks the broker, whatever is remembered."""
        if not fresh and case_id in self._recent:
            self._recent.move_to_end(case_id)
            return self._recent[case_id]
        try:
            entry = await self._bucket().get(case_id)
        except KeyNotFoundError:
            return None, 0
        try:
            case = Case.model_validate_json(entry.value or b"")
        except ValidationError as error:
            raise BrokenCaseError(f"case {case_id} at revision {entry.revision} can't be read: {error}") from None
        self._remember(case, entry.revision or 0)
        return case, entry.revision or 0

    def recent(self, case_id: CaseId) -> tuple[Case | None, int]:
        """What is remembered of the case; (None, 0) where nothing is, which for a new report is nearly always the truth."""
        return self._recent.get(case_id, (None, 0))

    async def store(self, case: Case, revision: int) -> None:
        """Write over exactly `revision` (0: it must not be there). Raises ConflictError."""
        raw = case.model_dump_json(exclude_none=True).encode()
        try:
            written = await self._bucket().update(case.id, raw, last=revision)
        except KeyWrongLastSequenceError:
            self._recent.pop(case.id, None)
            raise ConflictError(case.id) from None
        self._remember(case, written)

    def _remember(self, case: Case, revision: int) -> None:
        self._recent[case.id] = (case, revision)
        self._recent.move_to_end(case.id)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
