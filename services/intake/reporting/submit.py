"""The one path by which a form becomes a report on record, for HTTP, the desk, `report.submit`, the inbox and
the ingest paths.

Invariant: a report is stored once for each (principal, key). The same key with the same form answers with
what was stored first; with another form it is refused, and nothing is stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import structlog
from pydantic import TypeAdapter, ValidationError
from ulid import ULID

from services.intake.board.access import check_report
from services.intake.board.board import Board
from services.intake.board.card import Card
from services.intake.board.case_lookup import CaseLookup
from services.intake.fields.addressed import addressed, as_asked
from services.intake.fields.form_blocks import FormBlocks, given_of, without_form
from services.intake.fields.lookups import assignment_faults, directory_faults
from services.intake.files.keeping import AttachedOriginal, IncomingFiles
from services.intake.recording.answers import DutyRef, FactRef, Submitted
from services.intake.recording.receipts import Receipts
from services.intake.recording.record import AppendedFact, FactRecord, Unreachable, id_of
from services.intake.recording.refusals import Refusals
from shared.acts.fields import Named
from shared.bodies import json_in
from shared.directory import Directory
from shared.facts import Actor, Fact, Instant, Original, Report, ReportForm
from shared.facts.form import block_in, wrong_in
from shared.facts.report import CATEGORISED, Reported
from shared.fault_texts import TIME_EXAMPLE, Fault, faults_of
from shared.forms.blocks import same_given
from shared.ids import CaseId, PersonId, case_id_for
from shared.logs import about_case
from shared.message import N_, marked, said
from shared.problems import Problem, invalid
from shared.subjects import fact_subject
from shared.tokens import Principal
from shared.vocabulary import Category, Kind, ReportKind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

KEY_LIMIT = 200
KEY_FAULT: Fault = ("Idempotency-Key", N_("stands for another report: use a new key for a new report"))
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TIMES = ("occurred_at", "learned_at")
_instant: TypeAdapter[datetime] = TypeAdapter(Instant)
_CHOICES = ", ".join(repr(category.value) for category in Category)
_FORM_FIELDS = tuple(Reported.model_fields)


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A report on its way in, with all that is known of how it came."""

    form: ReportForm
    principal: str
    key: str
    """Idempotency: unique among this principal's reports."""
    is_given: bool = True
    """The key came with the report, so that it may come again."""
    at: datetime
    """The time part of the case id: the same for every repeat of the same report."""
    fact_id: str
    source: str
    by: Actor
    person: PersonId | None = None
    handed_in_at: datetime | None = None
    original: Original | None = None
    attached: AttachedOriginal | None = None
    """The message itself, kept as a file of the case."""


class Submission:
    """The one path by which a form becomes a report; `file` is for what other systems send."""

    def __init__(
        self,
        record: FactRecord,
        board: Board,
        lookup: CaseLookup,
        directory: Callable[[], Directory],
        receipts: Receipts,
        refusals: Refusals,
        files: IncomingFiles,
        clock: Callable[[], datetime],
        forms: FormBlocks,
        *,
        wait: timedelta,
        skew: timedelta,
    ) -> None:
        """`directory` gives it as it is at the call."""
        self._forms = forms
        self._record, self._board, self._live, self._receipts = record, board, directory, receipts
        self._lookup, self._refusals, self._files = lookup, refusals, files
        self._clock, self._wait, self._skew = clock, wait.total_seconds(), skew

    @property
    def _directory(self) -> Directory:
        return self._live()

    async def parse(self, raw: bytes) -> ReportForm:
        """The form in a request's body. Problem 400 where it is no JSON, 422 naming every field at fault,
        503.
        """
        fields = json_in(raw)
        if not isinstance(fields, dict):
            raise invalid([("(body)", N_("must be a JSON object with the fields of a report"))])
        return await self.read(cast(dict[str, Any], fields))

    async def read(self, fields: Mapping[str, Any]) -> ReportForm:
        """Check what was filled in. Problem 422 names every field at fault at once; 503."""
        form, faults = await self.check(fields)
        if form is None:
            raise invalid(faults)
        return form

    async def check(
        self, fields: Mapping[str, Any], prefix: str = ""
    ) -> tuple[ReportForm | None, list[Fault]]:
        """The form, or every fault of it with its field written after `prefix`. Raises Unreachable."""
        faults = [
            *self._strangers(fields, prefix),
            *self._odd_times(fields, prefix),
            *await self._parent_faults(fields, prefix),
        ]
        block = self._forms.of_report(fields)
        try:
            form = ReportForm.model_validate(without_form(fields), extra="forbid")
        except ValidationError as error:
            named = {field for field, _ in faults}
            faults += [fault for fault in faults_of(error, ReportForm, prefix) if fault[0] not in named]
            return None, faults
        tasks, unaddressed = addressed(form.tasks, self._directory, form.area, form.unit, prefix)
        faults += unaddressed or assignment_faults(tasks, self._directory, self._clock(), prefix)
        return (None, faults) if faults else (form.model_copy(update={"form": block, "tasks": tasks}), [])

    def _strangers(self, fields: Mapping[str, Any], prefix: str) -> list[Fault]:
        """What does not depend on the form as a whole: named even where other fields can't be read."""
        faults: list[Fault] = []
        unit, area = (
            fields.get(name) if isinstance(fields.get(name), str) else None for name in ("unit", "area")
        )
        faults += directory_faults(f"{prefix}unit", Named.UNIT, unit, self._directory)
        if area is not None and area not in self._directory.areas_by_code:
            faults.append(
                (
                    f"{prefix}area",
                    said(
                        N_("no area %(area)s is known: take a code from GET /api/v1/directory/areas"),
                        area=repr(area[:60]),
                    ),
                )
            )
        if not fields.get("category") and fields.get("kind", ReportKind.INCIDENT) in CATEGORISED:
            faults.append(
                (f"{prefix}category", said(N_("is missing: write one of %(choices)s"), choices=_CHOICES))
            )
        return faults

    async def _parent_faults(self, fields: Mapping[str, Any], prefix: str) -> list[Fault]:
        """A case may follow from one that is reported and not decided on yet: its report is on record, and so
        it is there.
        """
        parent = fields.get("parent")
        if not isinstance(parent, str):
            return []
        try:
            if await self._lookup.is_reported(CaseId(parent)):
                return []
        except Problem as problem:
            raise Unreachable(
                said(
                    N_(
                        "Whether there is a case as `parent` names it can't be said at the moment: send it "
                        "again. %(detail)s"
                    ),
                    detail=marked(problem.detail),
                )
            ) from problem
        return [
            (
                f"{prefix}parent",
                said(
                    N_("no case %(parent)s is known: name one from GET /api/v1/cases, or leave it out"),
                    parent=repr(parent[:60]),
                ),
            )
        ]

    def _odd_times(self, fields: Mapping[str, Any], prefix: str) -> list[Fault]:
        now = self._clock()
        faults: list[Fault] = []
        for name in TIMES:
            value = fields.get(name)
            if isinstance(value, int | float):
                faults.append(
                    (
                        f"{prefix}{name}",
                        said(
                            N_(
                                "must be text with date, time and offset, not a number: write it as in "
                                "%(example)s"
                            ),
                            example=TIME_EXAMPLE,
                        ),
                    )
                )
                continue
            try:
                at = _instant.validate_python(value)
            except ValidationError:
                continue
            if at > now + self._skew:
                minutes = int(self._skew.total_seconds() // 60)
                faults.append(
                    (
                        f"{prefix}{name}",
                        said(
                            N_(
                                "lies more than %(minutes)s minutes ahead of our clock: "
                                "correct it, or the clock it came from"
                            ),
                            minutes=minutes,
                        ),
                    )
                )
            elif at < EARLIEST:
                faults.append(
                    (
                        f"{prefix}{name}",
                        said(N_("lies before %(year)s: correct the year"), year=EARLIEST.year),
                    )
                )
        return faults

    async def report(self, form: ReportForm, principal: Principal, key: str | None = None) -> Submitted:
        """Store it and say what it set off. Problem 403, 422 (the key stands for another report, a file is not
        there), 503.
        """
        check_report(principal, form, self._directory)
        form, faults = await self.with_files(form, principal.subject)
        if faults:
            raise invalid(faults)
        if key is not None and not (0 < len(key) <= KEY_LIMIT and key.isprintable()):
            raise invalid(
                [
                    (
                        "Idempotency-Key",
                        said(
                            N_("must be 1 to %(limit)s printable characters: a UUID is good"),
                            limit=KEY_LIMIT,
                        ),
                    )
                ]
            )
        is_given, key = key is not None, key or str(ULID())
        stored = await self.file(
            Handover(
                form=form,
                principal=principal.subject,
                key=key,
                is_given=is_given,
                at=form.learned_at,
                fact_id=id_of("report", principal.subject, key),
                source="/services/intake",
                by=principal.actor(),
                person=principal.person,
            )
        )
        # What was stored just now is this very report.
        if stored.repeated and not says_the_same(stored, form):
            await self._refusals.used_before(stored, form, principal.subject, KEY_FAULT)
            detail = said(
                N_(
                    "This Idempotency-Key was used for another report (case %(subject)s); nothing new is "
                    "stored."
                ),
                subject=stored.fact.subject,
            )
            raise Problem(422, N_("Key already used"), detail, errors=[KEY_FAULT])
        return await self.answer(stored)

    async def with_files(
        self, form: ReportForm, principal: str, prefix: str = ""
    ) -> tuple[ReportForm, list[Fault]]:
        """The form with what is stored of the files it names. Raises Unreachable."""
        if not form.files:
            return form, []
        files, faults = await self._files.named(form.files, principal)
        return form.model_copy(update={"files": files}), [
            (f"{prefix}{field}", said) for field, said in faults
        ]

    async def file(self, handover: Handover) -> AppendedFact:
        """Append the `reported` fact, or find the one stored before under the same key. Raises
        Unreachable; Problem 422 where an upload that it names has faded meanwhile.
        """
        case = case_id_for(f"{handover.principal}\n{handover.key}", handover.at)
        known = self._board.card(case)
        if known is not None:
            # The broker forgets message ids after an hour; the case remembers its report.
            return await self._record.read(known.report_sequence, repeated=True)
        await self._files.settle(handover.form.files, case)
        files = handover.form.files + await self._files.keep_original(handover.attached, case)
        form = handover.form.model_copy(update={"files": files})
        received_at = self._clock()
        report = Report(
            **dict(form),
            received_at=received_at,
            handed_in_at=handover.handed_in_at,
            reported_by=handover.principal,
            person=handover.person,
            by=handover.by,
            original=handover.original,
        )
        raw = Fact.bytes_of(
            Kind.REPORTED,
            id=handover.fact_id,
            source=handover.source,
            subject=case,
            time=received_at,
            data=report,
        )
        with about_case(case):
            subject = fact_subject(case, Kind.REPORTED)
            stored = await self._record.append(subject, raw, handover.fact_id, once=handover.is_given)
            log.info(
                "reported",
                by=handover.principal,
                unit=report.unit,
                sequence=stored.sequence,
                repeated=stored.repeated,
            )
        return stored

    async def answer(self, stored: AppendedFact) -> Submitted:
        """Wait a moment for the duties; an escalator that is away delays them, never the report."""
        case = CaseId(stored.fact.subject or "")
        duties = await self._board.wait_for(case, duties_on, self._wait)
        notice = None
        if duties is None:
            notice = N_(
                "The report is stored and this receipt proves it. The duties it opens are not worked out "
                "yet; they follow on the case."
            )
        return Submitted(
            case=case,
            fact=FactRef(id=stored.fact.id, sequence=stored.sequence, time=stored.time),
            duties=duties or (),
            receipt=self._receipts.sign(stored),
            notice=notice,
            repeated=stored.repeated,
            form_faults=wrong_in(stored.fact.data),
        )


def form_in(stored: AppendedFact) -> Reported:
    """What was filled in, of a report on record; without its typed block."""
    return Reported.model_validate(
        {name: stored.fact.data[name] for name in _FORM_FIELDS if name in stored.fact.data}
    )


def says_the_same(stored: AppendedFact, form: ReportForm, **but: Any) -> bool:
    """Whether what is on record is this report; `but`: fields that may differ, as they are on record."""
    block = given_of(form.form)
    if not same_given(block_in(stored.fact.data), block):
        return False
    stands, says = dict(form_in(stored)), without_form(dict(form)) | but
    for fields in (stands, says):
        fields["tasks"] = as_asked(fields["tasks"])
    return stands == says


def duties_on(card: Card) -> tuple[DutyRef, ...]:
    owed = card.owed_duties
    return tuple(
        DutyRef(
            id=duty.id,
            act=duty.act,
            title=owed.plans[duty.rule].title,
            owed_by=duty.owed_by,
            bearer=duty.bearer,
            owed_to=duty.owed_to,
            due_at=duty.due_at,
        )
        for duty in owed.duties
    )
