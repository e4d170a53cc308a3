"""Asking for an erasure or a hold: what is asked becomes a fact first, and is carried out after.

Invariant: nothing is asked of the payloads before the signed trail says it; a hold that came first on record
wins.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from ulid import ULID

from services.audit.custody.file_orders import FileOrders
from services.audit.custody.redaction import Eraser
from services.audit.reading.reader import TrailReader
from services.audit.reading.views import NotInTrail, no_record_of
from services.audit.records.keeping import Keeping
from services.audit.records.payload_check import WHOLE, missing_of
from services.audit.records.payloads import Payload
from services.audit.records.record import Rec
from services.audit.records.stored import StoredRecord
from services.audit.store.calls import StoreError
from shared.facts import Actor, Fact, Frozen, Given
from shared.facts.authors import SOURCES, Author
from shared.facts.bounds import PLAIN_ID
from shared.facts.file import MOST_FILES_OF_A_CASE, Sha256
from shared.facts.keeping import ErasedFields, Held, Redacted, Released
from shared.facts.report import Line
from shared.files.store import FileStore
from shared.http_fields import Index
from shared.ids import CaseId
from shared.message import N_, said
from shared.problems import Problem
from shared.subjects import fact_subject
from shared.vocabulary import Kind

SOURCE = SOURCES[Author.AUDIT][0]
NO_CASE = "trail"
"""Facts about no case keep their order under this key."""
_PATIENCE = 10.0
_IN_ONE = 500
"""Records in one fact at most: a case may have more."""
_ALSO = (
    "The facts themselves stay in the broker's stream FACTS, and in copies made before (exports, bundles, backups): docs/architecture/"
    "trail.md says what a deployment does about each."
)
_NO_CREDENTIALS = N_(
    "This audit holds no credentials that may erase: set FENGHUO_REDACTOR_URL (mongodb://redactor@…) and FENGHUO_REDACTOR_PASSWORD_FILE, "
    "or FENGHUO_REDACTOR_URL to the same address as FENGHUO_MONGO_URL with the embedded store, and start it again."
)
_NO_KEY = N_(
    "This audit holds no key that may erase files: set FENGHUO_REDACTOR_CREDENTIALS to the file nats-redactor.nk, and start it again."
)
Publish = Callable[[str, bytes, str], Awaitable[int]]
"""(subject, fact, message id) → the fact's sequence."""


class RedactionForm(Given):
    """Which records, and which of their personal fields."""

    entries: tuple[Index, ...] = Field(default=(), max_length=1_000)
    case: Annotated[CaseId, PLAIN_ID] | None = None
    """All records of the case so far."""
    fields: (
        Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=100)]
        | Literal["all"]
        | None
    ) = None
    """Paths as a record's header names them (`data.summary`), `*` for the whole message; `all` personal
    fields, which is meant where neither fields nor files are named.
    """
    files: Annotated[tuple[Sha256, ...], Field(max_length=MOST_FILES_OF_A_CASE)] = ()
    """Files that these records name, by hash: their content goes, for every case that names them."""
    legal_basis: Line
    reason: Line | None = None
    """Why, in a person's words: personal itself, and no part of what anyone may read."""

    @model_validator(mode="after")
    def names_records(self) -> "RedactionForm":
        if bool(self.entries) == (self.case is not None):
            raise ValueError("name the records by `entries` or by `case`, one of the two")
        return self


class HoldForm(Given):
    case: Annotated[CaseId, PLAIN_ID] | None = None
    first: Index | None = None
    last: Index | None = None
    why: Line


class ReleaseForm(Given):
    why: Line


class RedactionAnswer(Frozen):
    records: tuple[int, ...]
    """The redactions as they stand on record."""
    erased: tuple[ErasedFields, ...]
    carried_out: bool
    """False: on record, and carried out as soon as a checkpoint covers it."""
    also: str = _ALSO


class HoldAnswer(Frozen):
    hold: str
    record: int


class KeepingDesk:
    def __init__(
        self,
        reader: TrailReader,
        eraser: Eraser,
        publish: Publish,
        clock: Callable[[], datetime],
        files: FileStore,
    ) -> None:
        self._reader, self._eraser, self._publish, self._clock = reader, eraser, publish, clock
        self._orders = FileOrders(reader, files)

    async def state(self) -> Keeping:
        """What is on record and covered by a checkpoint."""
        return await self._eraser.keeper.refresh((await self._reader.checkpoints.newest()).size)

    async def redact(self, by: Actor, form: RedactionForm) -> RedactionAnswer:
        """Raises Problem 503 without credentials, 409 while a hold forbids it or where nothing is left to
        erase.
        """
        if not self._eraser.can_erase:
            raise Problem(503, N_("Nothing may be erased here"), _NO_CREDENTIALS)
        if form.files and not self._eraser.files.can_erase:
            raise Problem(503, N_("Nothing may be erased here"), _NO_KEY)
        stored = await _named(self._reader, form)
        fields = form.fields if form.fields is not None else () if form.files else "all"
        payloads = await self._reader.records.payloads([entry.index for entry in stored])
        erasures = _by_case(stored, payloads, fields)
        if files := await self._standing(form.files):
            erasures = _with_files(erasures, await self._orders.naming(files, stored))
        if not erasures:
            raise Problem(
                409, N_("Nothing to erase"), N_("None of these records has any of these fields (any more).")
            )
        _refuse_under_hold(await self.state(), erasures)
        if unread := self._eraser.keeper.unread:
            words = said(
                N_(
                    "Records %(unread)s are gone from the store and may hold some of this: "
                    "run `fenghuo trail verify`, then `fenghuo trail rebuild`."
                ),
                unread=unread,
            )
            raise Problem(409, N_("Perhaps held"), words)
        records: list[int] = []
        for case, entries in erasures.items():
            for at in range(0, len(entries), _IN_ONE):
                part = tuple(entries[at : at + _IN_ONE])
                order = Redacted(by=by, entries=part, legal_basis=form.legal_basis, reason=form.reason)
                records.append(await self._record(Kind.REDACTED, case, order))
        done = await self._covered(max(records)) and await self._carried_out(records)
        erased = tuple(one for entries in erasures.values() for one in entries)
        return RedactionAnswer(records=tuple(records), erased=erased, carried_out=done)

    async def _standing(self, hashes: tuple[str, ...]) -> list[str]:
        """Those whose content is not erased everywhere yet."""
        orders = (await self.state()).file_orders() if hashes else {}
        return [sha256 for sha256 in hashes if await self._orders.is_open(sha256, orders.get(sha256, ()))]

    async def _carried_out(self, records: list[int]) -> bool:
        size = (await self._reader.checkpoints.newest()).size
        if refused := set(records) & set((await self._eraser.keeper.refresh(size)).refused):
            raise Problem(
                409,
                N_("Held"),
                said(
                    N_(
                        "A hold was placed at the same time; records %(refused)s say so and count for nothing."
                    ),
                    refused=sorted(refused),
                ),
            )
        try:
            return await self._eraser.carry_out(size)
        except StoreError:
            self._eraser.wake()
            return False

    async def hold(self, by: Actor, form: HoldForm) -> HoldAnswer:
        name = str(ULID.from_datetime(self._clock()))
        try:
            order = Held(by=by, hold=name, case=form.case, first=form.first, last=form.last, why=form.why)
        except ValueError:
            words = N_("a hold is on a `case`, or on the records `first` to `last`: give one of the two")
            raise Problem(422, N_("Invalid request"), words, errors=[("case", words)]) from None
        index = await self._record(Kind.HELD, form.case or "", order)
        await self._covered(index)
        return HoldAnswer(hold=name, record=index)

    async def release(self, by: Actor, hold: str, form: ReleaseForm) -> HoldAnswer:
        held = (await self.state()).holds.get(hold)
        if held is None:
            raise NotInTrail(f"there is no hold {hold} in force: `GET /api/v1/trail/holds` lists them")
        index = await self._record(Kind.RELEASED, held.case or "", Released(by=by, hold=hold, why=form.why))
        await self._covered(index)
        return HoldAnswer(hold=hold, record=index)

    async def _record(self, kind: Kind, case: str, data: Frozen) -> int:
        """Returns the index its record will have."""
        now = self._clock()
        fact_id = str(ULID.from_datetime(now))
        raw = Fact.bytes_of(kind, id=fact_id, source=SOURCE, subject=case or None, time=now, data=data)
        return await self._publish(fact_subject(case or NO_CASE, kind), raw, fact_id) - 1

    async def _covered(self, index: int) -> bool:
        """Whether a checkpoint covers it within a while."""
        ends_at = asyncio.get_running_loop().time() + _PATIENCE
        while (await self._reader.checkpoints.newest()).size <= index:
            if asyncio.get_running_loop().time() > ends_at:
                return False
            await asyncio.sleep(0.1)
        return True


async def _named(reader: TrailReader, form: RedactionForm) -> list[StoredRecord]:
    size = (await reader.checkpoints.newest()).size
    if form.case is not None:
        found = await reader.records.of_case(form.case, size)
        if not found:
            raise no_record_of(form.case)
        return found
    if beyond := [index for index in form.entries if not 0 <= index < size]:
        raise NotInTrail(f"record {beyond[0]}: the last checkpoint covers {size} records, 0 to {size - 1}")
    return await reader.records.some(sorted(set(form.entries)))


def _by_case(
    stored: list[StoredRecord], payloads: dict[int, Payload], fields: tuple[str, ...] | str
) -> dict[str, list[ErasedFields]]:
    """What there is to erase of each record, case by case."""
    erasures: dict[str, list[ErasedFields]] = {}
    for entry in stored:
        rec = Rec.read(entry.rec)
        there = {*rec.personal, WHOLE} - missing_of(rec, payloads.get(entry.index))
        if rec.form == "gap" or WHOLE not in there:
            continue
        if rec.plain is None:
            paths: tuple[str, ...] = (WHOLE,)  # nothing in its header would prove a part of it
        elif fields == "all":
            paths = tuple(sorted(there - {WHOLE}))
        else:
            paths = tuple(path for path in fields if path in there)
        if paths:
            erasures.setdefault(rec.case, []).append(ErasedFields(index=entry.index, fields=paths))
    return erasures


def _with_files(
    erasures: dict[str, list[ErasedFields]], files: dict[str, dict[int, set[str]]]
) -> dict[str, list[ErasedFields]]:
    """The same with the files that each record names."""
    merged: dict[str, list[ErasedFields]] = {}
    for case in dict.fromkeys((*erasures, *files)):
        fields = {entry.index: entry.fields for entry in erasures.get(case, ())}
        hashes = files.get(case, {})
        merged[case] = [
            ErasedFields(
                index=index, fields=fields.get(index, ()), files=tuple(sorted(hashes.get(index, ())))
            )
            for index in sorted({*fields, *hashes})
        ]
    return merged


def _refuse_under_hold(state: Keeping, erasures: dict[str, list[ErasedFields]]) -> None:
    holds = [
        hold
        for case, entries in erasures.items()
        for hold in state.holds_on([one.index for one in entries], case)
    ]
    if holds:
        words = "; ".join(dict.fromkeys(hold.words() for hold in holds))
        raise Problem(
            409,
            N_("Held"),
            said(
                N_("Nothing of this may be erased now: %(words)s. Whoever holds it can release it."),
                words=words,
            ),
        )
