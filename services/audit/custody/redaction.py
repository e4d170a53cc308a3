"""Carries out what redactions on record say: erases from the payloads and the files what they name, and nothing
else.

Invariant: the record comes first. Only what a signed checkpoint covers is carried out, so that wherever
something is missing the signed trail says why; what a crash left standing is found on record at the next
start and erased then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.audit.custody.file_erasure import FileEraser
from services.audit.reading.keeper import Keeper
from services.audit.records.fields import kind_of
from services.audit.records.keeping import Keeping
from services.audit.records.payload_check import WHOLE, missing_of
from services.audit.records.record import Rec
from services.audit.store.calls import StoreError
from services.audit.store.erasure import ErasureStore, RecordErasure
from services.audit.store.trail import Trail
from services.audit.writing.indexer import SearchIndexer
from shared.concurrent import happens

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_AT_ONCE = 256
_LOOKS_AGAIN = 30.0
"""Seconds between looks at the record where nobody says that there is something."""
_PATIENCE = 2.0


class Eraser:
    """`covered`: how many records a checkpoint covers. `store` None: there are no credentials, and nothing is
    erased.
    """

    def __init__(
        self,
        trail: Trail,
        keeper: Keeper,
        store: ErasureStore | None,
        covered: Callable[[], Awaitable[int]],
        files: FileEraser,
        *,
        indexer: SearchIndexer | None = None,
        words_keys: Sequence[int] = (),
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.can_erase = store is not None
        self.keeper, self.files = keeper, files
        self._trail, self._store, self._covered = trail, store, covered
        self._indexer, self._words_keys, self._step = indexer, words_keys, step
        self._done: dict[int, int] = {}
        """Record → how many redactions of it have been carried out."""
        self._wake = asyncio.Event()
        self._round = asyncio.Lock()

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            rest = _LOOKS_AGAIN
            try:
                if size := await self._covered():
                    await self.carry_out(size)
                else:
                    rest = _PATIENCE
            except StoreError as error:
                rest = _PATIENCE
                log.warning("erasure_waits", why=str(error)[:300])
            await happens(self._wake, rest)

    async def carry_out(self, size: int) -> bool:
        """Erase what the records below `size` say and still stands; whether nothing waits. Raises StoreError."""
        async with self._round:
            state = await self.keeper.refresh(size)
            due = [index for index, said in state.erasures.items() if self._done.get(index, 0) < len(said)]
            for at in range(0, len(due), _AT_ONCE):
                await self._erase(state, due[at : at + _AT_ONCE])
            return await self.files.carry_out(state.file_orders())

    async def _erase(self, state: Keeping, indexes: Sequence[int]) -> None:
        counts = {index: len(state.erasures[index]) for index in indexes}
        payloads = await self._trail.payloads.at(indexes)
        erasures: dict[int, RecordErasure] = {}
        for entry in await self._trail.entries.some(indexes):
            rec = Rec.read(entry.rec)
            fields = state.erased(entry.index, rec.case) & {WHOLE, *rec.personal}
            missing = missing_of(rec, payloads.get(entry.index))
            if fields and WHOLE not in missing and not fields <= missing:
                erasures[entry.index] = RecordErasure(kind_of(rec), fields, rec.digest)
        if erasures:
            if self._store is None:
                log.warning(
                    "erasure_outstanding",
                    records=len(erasures),
                    next="set FENGHUO_REDACTOR_URL: no credentials may erase",
                )
                return
            await self._remove(self._store, erasures)
        self._done |= counts

    async def _remove(self, store: ErasureStore, erasures: dict[int, RecordErasure]) -> None:
        self._step("redacted")
        if self._indexer is None:
            await store.erase(erasures)
        else:
            # Words first: killed after it, the payload still stands and both are done again.
            async with self._indexer.quiet:
                for key in self._words_keys:
                    await store.forget_words(erasures, key)
                self._step("words")
                await store.erase(erasures)
            self._indexer.erased()
        self._step("erased")
        log.info("erased", records=len(erasures))
