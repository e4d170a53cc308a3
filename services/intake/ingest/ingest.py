"""What other systems send becomes facts: the same for the inbox and for HTTP.

Invariant: a message is taken whole or not at all; each report in it is stored once for each (source, id),
however often it is sent; what is said about an earlier report goes to that report's case.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any

from services.intake.acting.acts import CaseActs
from services.intake.fields.form_blocks import faults_of_block, given_of
from services.intake.files.keeping import AttachedOriginal
from services.intake.ingest.formats import FORMATS
from services.intake.ingest.formats.items import Arrival, Follow, FormatError, Item, ReportDraft, readable
from services.intake.ingest.heartbeats import Heartbeats
from services.intake.ingest.threads import Threads
from services.intake.recording.answers import FactRef
from services.intake.recording.receipts import Receipts
from services.intake.recording.record import AppendedFact, id_of
from services.intake.recording.refusals import Refusals
from services.intake.reporting.submit import Handover, Submission, form_in, says_the_same
from shared.directory import Directory, Source
from shared.facts import Actor, CaseAct, Frozen, Original, ReportForm
from shared.fault_texts import MOST_FAULTS, Fault
from shared.ids import CaseId, SourceId, UnitId
from shared.language.reasons import in_words
from shared.message import N_, listed, said
from shared.problems import Problem
from shared.territory import report_faults
from shared.vocabulary import Kind, Role

PART_OF_FORM = N_("The report is taken; a part of its form is not, and stands on record as it was given:")
NOTHING_TO_SAY_IT_ABOUT = N_("What it refers to was never reported here: there is nothing to say it about.")


class ItemOutcome(StrEnum):
    REPORTED = "reported"
    FOLLOWED_UP = "followed_up"
    WITHDRAWN = "withdrawn"
    KNOWN = "known"
    """Taken before; nothing new is stored."""
    REFUSED = "refused"


class TakenItem(Frozen):
    """What became of one item of a message."""

    id: str
    outcome: ItemOutcome
    case: CaseId | None = None
    fact: FactRef | None = None
    receipt: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class _Checked:
    draft: ReportDraft
    form: ReportForm


class HandIn:
    def __init__(
        self,
        submission: Submission,
        acts: CaseActs,
        threads: Threads,
        directory: Callable[[], Directory],
        receipts: Receipts,
        refusals: Refusals,
        heartbeats: Heartbeats,
    ) -> None:
        self._submission, self._acts, self._threads, self._receipts = submission, acts, threads, receipts
        self._refusals, self._directory, self._heartbeats = refusals, directory, heartbeats

    def source(self, format_name: str, source_id: str) -> Source:
        """The declared source. Raises FormatError where it is unknown, or does not speak this format."""
        source = self._declared(source_id)
        if format_name not in FORMATS or format_name not in source.formats:
            words = said(
                N_("%(source)s sends %(formats)s, not %(format)s: correct one of the two"),
                source=source_id,
                formats=", ".join(source.formats),
                format=repr(format_name[:40]),
            )
            raise FormatError(N_("unknown format"), [("format", words)])
        return source

    def _declared(self, source_id: str) -> Source:
        source = self._directory().sources_by_id.get(SourceId(source_id))
        if source is None:
            words = said(
                N_("%(source)s is not declared: have it added to the directory's sources"),
                source=repr(source_id[:60]),
            )
            raise FormatError(N_("unknown source"), [("source", words)])
        return source

    async def hear(self, source_id: str, at: datetime) -> bool:
        """A sign of life, and nothing else; True where it went on record. Raises FormatError or
        Unreachable.
        """
        return await self._heartbeats.hear(self._declared(source_id), at)

    async def take(
        self,
        format_name: str,
        source_id: str,
        raw: bytes,
        headers: dict[str, str],
        *,
        received_at: datetime,
        from_inbox: bool,
    ) -> list[TakenItem]:
        """Take a message whole. Raises FormatError (it will never be right) or Unreachable (try again)."""
        source = self.source(format_name, source_id)
        await self._heartbeats.hear(source, received_at)
        arrival = Arrival(
            raw=raw,
            source=source,
            received_at=received_at,
            areas=self._directory().area_codes,
            headers=headers,
        )
        handing = _Handing(format_name, source, raw, received_at if from_inbox else None)
        checked = await self._check(FORMATS[format_name](arrival), handing.actor)
        return [await self._take_item(item, handing) for item in checked]

    async def _check(self, items: list[Item], by: Actor) -> list[_Checked | tuple[Follow, _Checked | None]]:
        """Every draft is checked before the first is stored."""
        faults: list[Fault] = []

        async def check(draft: ReportDraft) -> _Checked | None:
            form, wrong = await self._submission.check(draft.fields, draft.where)
            if form is not None and form.files:
                form, wrong = await self._submission.with_files(form, by.principal, draft.where)
            faults.extend(wrong)
            if form is not None:
                directory = self._directory()
                may_not = report_faults(by, form, directory)
                barred = [
                    (f"{draft.where}{field}", listed([in_words(refusal, directory)]))
                    for field, refusal in may_not
                ]
                faults.extend(barred)
                return None if barred else _Checked(draft, form)
            return None

        checked: list[_Checked | tuple[Follow, _Checked | None]] = []
        for item in map(readable, items):
            if isinstance(item, Follow):
                checked.append((item, await check(item.otherwise) if item.otherwise else None))
            elif valid := await check(item):
                checked.append(valid)
        if faults:
            raise FormatError(N_("not a valid report"), faults)
        return checked

    async def _take_item(
        self, item: _Checked | tuple[Follow, _Checked | None], handing: "_Handing"
    ) -> TakenItem:
        if isinstance(item, _Checked):
            return await self._report(item, handing)
        follow, otherwise = item
        case = await self._threads.case_of(handing.source.id, follow.of)
        if case is not None:
            return await self._follow(follow, case, handing)
        if otherwise is not None:
            return await self._report(otherwise, handing)
        return TakenItem(id=follow.id, outcome=ItemOutcome.REFUSED, note=NOTHING_TO_SAY_IT_ABOUT)

    async def _report(self, item: _Checked, handing: "_Handing") -> TakenItem:
        draft = item.draft
        handover = Handover(
            form=item.form,
            principal=handing.principal,
            key=draft.id,
            at=draft.at,
            fact_id=outside_id(handing.source.id, draft.id),
            source=f"/sources/{handing.source.id}",
            by=handing.actor,
            handed_in_at=handing.handed_in_at,
            original=handing.original(draft.id, draft.area_as_given),
            attached=handing.attached(draft),
        )
        try:
            stored = await self._submission.file(handover)
        except Problem as problem:
            if problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            raise FormatError(N_("not a valid report"), problem.errors) from None
        case = CaseId(stored.fact.subject or "")
        if draft.is_thread:
            await self._threads.remember(handing.source.id, draft.id, case)
        if stored.repeated and not _is_same(stored, draft, item.form):
            return await self._refused(draft.id, stored, item.form, handing)
        outcome = ItemOutcome.KNOWN if stored.repeated else ItemOutcome.REPORTED
        note = " ".join(filter(None, (draft.note, _of_the_form(item.form))))
        return self._taken_item(draft.id, outcome, case, stored, note or None)

    async def _follow(self, follow: Follow, case: CaseId, handing: "_Handing") -> TakenItem:
        refusal = self._acts.refusal_of(handing.actor, follow.kind, case)
        if refusal is not None:
            return TakenItem(
                id=follow.id,
                outcome=ItemOutcome.REFUSED,
                case=case,
                note=in_words(refusal, self._directory()).en,
            )
        stored = await self._acts.tell(
            follow.kind,
            case,
            follow.text,
            handing.actor,
            fact_id=outside_id(handing.source.id, follow.id),
            source=f"/sources/{handing.source.id}",
            original=handing.original(follow.id, None),
            attached=handing.attached(follow),
        )
        said = CaseAct(by=handing.actor, text=follow.text)
        if stored.repeated and (stored.fact.kind, stored.fact.data.get("text")) != (follow.kind, said.text):
            return await self._refused(follow.id, stored, said, handing)
        await self._threads.remember(handing.source.id, follow.id, case)
        return self._taken_item(
            follow.id,
            ItemOutcome.KNOWN if stored.repeated else ItemOutcome(follow.kind.value),
            case,
            stored,
            None,
        )

    async def _refused(
        self, item: str, first: AppendedFact, other: ReportForm | CaseAct, handing: "_Handing"
    ) -> TakenItem:
        """On record either way: a message of the inbox is kept whole by whoever took it out, one that came
        over HTTP is kept here.
        """
        case = CaseId(first.fact.subject or "")
        note = said(
            N_("Something else came with this id before (case %(case)s): give a new message a new id."),
            case=case,
        )
        if handing.handed_in_at is None:
            await self._refusals.used_before(first, other, handing.principal, ("id", note))
        return TakenItem(id=item, outcome=ItemOutcome.REFUSED, case=case, note=note)

    def _taken_item(
        self, item: str, outcome: ItemOutcome, case: CaseId, stored: AppendedFact, note: str | None
    ) -> TakenItem:
        fact = FactRef(id=stored.fact.id, sequence=stored.sequence, time=stored.time)
        return TakenItem(
            id=item, outcome=outcome, case=case, fact=fact, receipt=self._receipts.sign(stored), note=note
        )


def _of_the_form(form: ReportForm) -> str:
    """What of the typed block could not be taken."""
    faults = faults_of_block(given_of(form.form))
    if not faults:
        return ""
    return f"{PART_OF_FORM} {'; '.join(f'{field} {words}' for field, words in faults[:MOST_FAULTS])}"


@dataclass(frozen=True)
class _Handing:
    """Who hands in what, the same for all items of a message."""

    format: str
    source: Source
    raw: bytes
    handed_in_at: datetime | None

    @property
    def principal(self) -> str:
        return self.source.principal

    @cached_property
    def digest(self) -> str:
        """A batch is hashed once, not once for each of its items."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def actor(self) -> Actor:
        return Actor(principal=self.principal, role=Role.PUBLISHER, unit=UnitId(self.source.unit))

    def original(self, item: str, area_as_given: str | None) -> Original:
        return Original(
            format=self.format,
            source=SourceId(self.source.id),
            id=item,
            area_as_given=area_as_given,
            digest=self.digest,
        )

    def attached(self, item: Item) -> AttachedOriginal | None:
        """The message as a file, where its format says that it is kept."""
        if item.keeps is None:
            return None
        return AttachedOriginal(self.raw, item.keeps, f"{self.format.upper()} {item.id}")


def outside_id(source: str, item: str) -> str:
    """The fact id of something from outside: readable where the id given is plain, since it travels in a
    header.

    All ids of a source begin with what no other source's and no service's id begins with: a source's id has
    no colon in it.
    """
    plain = item.isascii() and item.isprintable() and " " not in item and len(item) <= 150
    return f"source:{source}:{item}" if plain else id_of(f"source:{source}", item)


def _is_same(first: AppendedFact, draft: ReportDraft, form: ReportForm) -> bool:
    """Whether what was stored under this id is this report. When a machine's report arrived is not part of
    what it says.
    """
    if first.fact.kind != Kind.REPORTED:
        return False
    stored = form_in(first)
    own: dict[str, Any] = {"learned_at": stored.learned_at, "occurred_at": stored.occurred_at}
    if draft.keeps is not None:
        own["files"] = stored.files  # the message itself is among them
    return draft.may_differ or says_the_same(first, form, **own)
