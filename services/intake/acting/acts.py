"""What people do to a case: each act is a fact of its own, and the answer says what the escalator made of it.

Invariant: an act is stored before it is decided on, so that an act that is refused is on record too; the
answer never claims more than the decision that was seen.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import BaseModel
from ulid import ULID

from services.intake.acting.act_faults import call_faults, faults_in, item_faults
from services.intake.acting.record_documents import RecordDocuments
from services.intake.board import access
from services.intake.board.board import Board
from services.intake.board.card import Card
from services.intake.board.case_lookup import CaseLookup
from services.intake.fields import lookups
from services.intake.fields.act_form import AcknowledgeForm, ActForm
from services.intake.fields.addressed import addressed, body_as_asked
from services.intake.fields.form_blocks import FormBlocks, given_of, without_form
from services.intake.files.keeping import AttachedOriginal, IncomingFiles
from services.intake.recording.answers import Acted, FactRef
from services.intake.recording.record import AppendedFact, FactRecord, Unreachable, id_of
from services.intake.recording.refusals import Refusals
from shared import territory
from shared.act_outcome import NOT_KNOWN_YET, Became, became_by
from shared.acts import ACTS
from shared.case import Case, Item
from shared.directory import Directory, Person
from shared.directory.addresses import is_theirs, masked, telephone_of
from shared.facts import Acknowledgement, Actor, CaseAct, Decision, Fact, Original, Via
from shared.facts.form import block_in
from shared.fault_texts import Fault
from shared.forms.blocks import same_given
from shared.ids import CaseId, PersonId
from shared.logs import about_case
from shared.message import N_, said
from shared.problems import Problem, invalid
from shared.subjects import fact_subject
from shared.territory import Refusal
from shared.tokens import Principal
from shared.vocabulary import Kind, ReportKind

GRADED = (ReportKind.INCIDENT, ReportKind.OPINION)
"""What is owed to the leaders within the half hour."""
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


KEY_FAULT: Fault = ("Idempotency-Key", N_("stands for another act on this case: use a new key for a new act"))


class CaseActs:
    """What people do to a case; `tell` is for what other systems say about what they reported."""

    def __init__(
        self,
        record: FactRecord,
        board: Board,
        lookup: CaseLookup,
        directory: Callable[[], Directory],
        refusals: Refusals,
        files: IncomingFiles,
        clock: Callable[[], datetime],
        forms: FormBlocks,
        documents: RecordDocuments,
        *,
        wait: timedelta,
    ) -> None:
        """`directory` gives it as it is at the call."""
        self._record, self._board, self._live, self._clock = record, board, directory, clock
        self._lookup, self._files = lookup, files
        self._refusals, self._wait, self._forms = refusals, wait.total_seconds(), forms
        self._documents = documents

    @property
    def _directory(self) -> Directory:
        return self._live()

    def allowed(self, principal: Principal, case: Case) -> frozenset[Kind]:
        """The acts this principal may do to this case, so that only their buttons are shown."""
        card = self._board.card(case.id)
        if card is None or not access.may_look(principal, card):
            return frozenset[Kind]()
        return territory.allowed(principal.actor(), case, self._directory, self._clock())

    async def acknowledge(
        self, case: CaseId, principal: Principal, form: AcknowledgeForm, key: str | None = None
    ) -> Acted:
        """For the principal themself; with `person` the duty officer logs a call to somebody else. Problem
        403, 404, 422, 503.
        """
        card = await self._lookup.card(case, principal)
        access.check_role(principal, Kind.ACKNOWLEDGED, self._directory)
        who = self._who_knows(principal, form.person)
        faults = call_faults(form, card.lean.opened_at, self._clock(), is_call=who != principal.person)
        if faults:
            raise invalid(faults, N_("acknowledgement"))
        if who != principal.person:
            acknowledgement = self._logged_call(form, self._directory.people_by_id[who], principal)
        else:
            acknowledgement = Acknowledgement(
                person=who,
                via=Via.DESK if form.via == Via.DESK else Via.API,
                by=principal.actor(),
                note=form.note,
            )
        access.check_acknowledgement(acknowledgement, card.lean, self._directory, self._clock())
        return await self._do(Kind.ACKNOWLEDGED, case, acknowledgement, principal.subject, key)

    def _logged_call(self, form: AcknowledgeForm, person: Person, principal: Principal) -> Acknowledgement:
        """Who rang, which number, when, and what was said; the number itself is not kept."""
        number = form.number or telephone_of(person)
        return Acknowledgement(
            person=person.id,
            via=Via.LOGGED_CALL,
            by=principal.actor(),
            note=form.note,
            called_at=form.called_at or self._clock(),
            number=masked(number) if number is not None else None,
            listed=number is not None and is_theirs(person, number),
        )

    def _who_knows(self, principal: Principal, person: PersonId | None) -> PersonId:
        if person is None or person == principal.person:
            if principal.person is None:
                raise invalid(
                    [("person", N_("is missing: your token names no person, so say who now knows"))],
                    N_("acknowledgement"),
                )
            return principal.person
        if person not in self._directory.people_by_id:
            raise invalid(
                [
                    (
                        "person",
                        said(
                            N_("nobody %(person)s is known: take an id from GET /api/v1/directory/people"),
                            person=repr(person),
                        ),
                    )
                ],
                N_("acknowledgement"),
            )
        return person

    async def act(
        self, kind: Kind, case: CaseId, form: ActForm, principal: Principal, key: str | None = None
    ) -> Acted:
        """Any other act. Problem 403, 404, 422, 503; a refusal by the escalator is an answer."""
        card = await self._lookup.card(case, principal)
        whole = card.lean
        access.check_act(
            principal,
            kind,
            whole,
            self._directory,
            self._clock(),
            task=form.task,
            duty=form.duty,
            person=form.to_person,
        )
        if kind is Kind.COMMAND_TAKEN and form.to_person is None:
            form = form.model_copy(update={"to_person": self._themself(principal)})
        tasks, unaddressed = addressed(
            form.tasks, self._directory, whole.report.area, principal.unit or whole.holder
        )
        form = form.model_copy(update={"tasks": tasks})
        faults = unaddressed or faults_in(ACTS[kind], form, whole, self._directory, self._clock())
        if kind is Kind.REGISTERED:
            faults += item_faults(form, card.item_count)
        if form.files and not faults:
            files, faults = await self._files.named(form.files, principal.subject, whole)
            form = form.model_copy(update={"files": files})
        if not faults:
            form = await self._documents.looked_at(kind, form)
            faults = self._documents.faults(kind, form, whole)
        form, form_faults = self._with_form(kind, form, card, whole)
        faults += form_faults
        if form.into is not None:
            faults += await self._merge_faults(card, form.into, principal)
        if faults:
            raise invalid(faults, N_("act"))
        if form.into is not None and (other := self._board.card(form.into)) is not None:
            # The case that goes on gets the other's clock: it must be theirs too.
            access.check_act(principal, kind, other.lean, self._directory, self._clock())
        if kind is Kind.CONTESTED:
            form = form.model_copy(update={"to_person": self._themself(principal)})
        act = CaseAct(by=principal.actor(), **{name: getattr(form, name) for name in form.filled})
        await self._files.settle(form.files, case)
        return await self._do(kind, case, act, principal.subject, key)

    def _with_form(self, kind: Kind, form: ActForm, card: Card, case: Case) -> tuple[ActForm, list[Fault]]:
        """With the typed block as it will stand on record, and what is wrong with it."""
        faults: list[Fault] = []
        if form.form is not None:
            item = item_named(card.whole, form.step) if kind is Kind.REGISTERED else None
            taken = self._forms.of_act(kind, form.document, form.form, case, item)
            form, faults = form.model_copy(update={"form": taken.block}), taken.as_faults()
        faults += self._forms.unfinished(kind, form.document, given_of(form.form), case)
        return form, faults

    def _themself(self, principal: Principal) -> PersonId:
        if principal.person is None:
            raise invalid(
                [
                    (
                        "to_person",
                        N_("is missing: your token names no person, and this is for a person to say"),
                    )
                ],
                N_("act"),
            )
        return principal.person

    async def _merge_faults(self, card: Card, into: CaseId, principal: Principal) -> list[Fault]:
        if into == card.case:
            return [("into", N_("is this very case: name the other one"))]
        try:
            other = await self._lookup.card(into, principal)
        except Problem as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise
            return lookups.named("into", N_("case"), into, self._board, N_("name one from GET /api/v1/cases"))
        return _unlike(card, other)

    def refusal_of(self, by: Actor, kind: Kind, case: CaseId) -> Refusal | None:
        """Why a system may not say so about the case; of one that has left the board the escalator says
        it.
        """
        card = self._board.card(case)
        return None if card is None else territory.may(by, kind, card.lean, self._directory, self._clock())

    async def tell(
        self,
        kind: Kind,
        case: CaseId,
        text: str,
        by: Actor,
        *,
        fact_id: str,
        source: str,
        original: Original,
        attached: AttachedOriginal | None,
    ) -> AppendedFact:
        """What a system says about a case it reported; its own id makes it idempotent."""
        files = await self._files.keep_original(attached, case)
        told = CaseAct(by=by, text=text, original=original, files=files)
        return await self._append(kind, case, told, fact_id, source, once=True)

    async def _do(self, kind: Kind, case: CaseId, data: BaseModel, principal: str, key: str | None) -> Acted:
        fact_id = str(ULID()) if key is None else id_of("act", principal, case, kind, key)
        stored = await self._append(kind, case, data, fact_id, "/services/intake", once=key is not None)
        if stored.repeated and not _says_the_same(stored.fact.data, data):
            await self._refusals.used_before(stored, data, principal, KEY_FAULT)
            raise invalid([KEY_FAULT], N_("act"))
        return await self._answer(case, stored)

    async def _append(
        self, kind: Kind, case: CaseId, data: BaseModel, fact_id: str, source: str, *, once: bool
    ) -> AppendedFact:
        fact = Fact.of(kind, id=fact_id, source=source, subject=case, time=self._clock(), data=data)
        with about_case(case):
            stored = await self._record.append(fact_subject(case, kind), fact.write(), fact_id, once=once)
            log.info(kind.value, sequence=stored.sequence, repeated=stored.repeated)
        return stored

    async def _answer(self, case: CaseId, stored: AppendedFact) -> Acted:
        decided = await self._board.wait_for(case, lambda card: decided_on(card, stored.sequence), self._wait)
        if decided is not None and decided.about.sequence == stored.sequence:
            became = became_by(decided)
        else:
            became = await self._on_record(case, stored)
        fact = FactRef(id=stored.fact.id, sequence=stored.sequence, time=stored.time)
        return Acted(case=case, fact=fact, effects=became.effects, outcome=became.outcome)

    async def _on_record(self, case: CaseId, stored: AppendedFact) -> Became:
        """Where the case has gone on since, or does not show it (it can't be read, or written)."""
        try:
            return await self._record.became(case, stored)
        except Unreachable:
            return NOT_KNOWN_YET


def item_named(case: Case, number: int | None) -> Item | None:
    """The item of a ledger that an act is about."""
    return case.items[number - 1] if number and number <= len(case.items) else None


def _says_the_same(first: dict[str, Any], data: BaseModel) -> bool:
    """What is worked out of a typed block may differ from one moment to the next."""
    other = data.model_dump(mode="json", exclude_none=True)
    return body_as_asked(without_form(first)) == body_as_asked(without_form(other)) and same_given(
        block_in(first), block_in(other)
    )


def _unlike(card: Card, other: Card) -> list[Fault]:
    """What is thrown together must be of one sort: an exercise rings nobody, and a task knows no half
    hour.
    """
    report, into = card.lean.report, other.lean.report
    if report.exercise != into.exercise:
        return [
            ("into", N_("is an exercise, or this one is: an exercise and an emergency are never one case"))
        ]
    if (report.kind in GRADED) != (into.kind in GRADED):
        return [
            (
                "into",
                said(
                    N_("is a %(into)s, and this is a %(report)s: name a case of the same sort, or raise one"),
                    into=into.kind,
                    report=report.kind,
                ),
            )
        ]
    return []


def decided_on(card: Card, sequence: int) -> Decision | None:
    """The decision on the fact at `sequence`, or a later one where ours has gone by already; None while it is
    still to come.
    """
    if card.applied < sequence:
        return None
    return card.decision
