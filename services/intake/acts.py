"""What people do to a case: each act is a fact of its own, and the answer says what the escalator made of it.

Invariant: an act is stored before it is decided on, so that an act that is refused is on record too; the answer never claims
more than the decision that was seen.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel
from ulid import ULID

from services.intake import access, known
from services.intake.act_faults import faults_in
from services.intake.acts_table import ACTS
from services.intake.answers import Acted, FactRef, Outcome
from services.intake.board import Board
from services.intake.card import Card
from services.intake.forms import ActForm
from services.intake.record import Record, Stored, id_of
from services.intake.words import Fault, invalid
from shared.case import Case
from shared.directory import Directory
from shared.facts import Acknowledgement, Actor, CaseAct, Decision, Effect, EffectKind, Fact, Original, Via
from shared.ids import CaseId, PersonId
from shared.logs import about_case
from shared.problems import Problem
from shared.subjects import fact_subject
from shared.tokens import Principal
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class CaseActs:
    """`Acts` of desk_services, and `tell` for what other systems say about what they reported."""

    def __init__(
        self, record: Record, board: Board, directory: Callable[[], Directory], clock: Callable[[], datetime], *, wait: timedelta
    ) -> None:
        """`directory` gives it as it is at the call."""
        self._record, self._board, self._live, self._clock = record, board, directory, clock
        self._wait = wait.total_seconds()

    @property
    def _directory(self) -> Directory:
        return self._live()

    def allowed(self, principal: Principal, case: Case) -> frozenset[Kind]:
        card = self._board.card(case.id)
        return frozenset[Kind]() if card is None else access.allowed(principal, card)

    async def acknowledge(
        self,
        case: CaseId,
        principal: Principal,
        *,
        person: PersonId | None = None,
        via: Via | None = None,
        note: str | None = None,
        key: str | None = None,
    ) -> Acted:
        """For the principal themself; with `person` the duty officer logs a call to somebody else. Problem 403, 404, 422, 503."""
        card = self._known(case)
        access.may_act(principal, Kind.ACKNOWLEDGED, card)
        who = self._who_knows(principal, person)
        if who != principal.person:
            via = Via.LOGGED_CALL
        elif via is not Via.DESK:
            via = Via.API
        said = Acknowledgement(person=who, via=via, by=principal.actor(), note=note)
        return await self._do(Kind.ACKNOWLEDGED, case, said, principal.subject, key)

    def _who_knows(self, principal: Principal, person: PersonId | None) -> PersonId:
        if person is None or person == principal.person:
            if principal.person is None:
                raise invalid([("person", "is missing: your token names no person, so say who now knows")], "acknowledgement")
            return principal.person
        if principal.role not in access.MAY_LOG_A_CALL:
            raise access.forbidden("You acknowledge for yourself alone; a call to somebody else is logged by the duty officer.")
        if person not in self._directory.people_by_id:
            raise invalid([("person", f"nobody {person!r} is known: take an id from GET /api/v1/directory/people")], "acknowledgement")
        return person

    async def act(self, kind: Kind, case: CaseId, form: ActForm, principal: Principal, key: str | None = None) -> Acted:
        """Any other act. Problem 403, 404, 422, 503; a refusal by the escalator is an answer."""
        card = self._known(case)
        access.may_act(principal, kind, card)
        whole = card.whole
        if kind is Kind.COMMAND_TAKEN and form.to_person is None:
            form = form.model_copy(update={"to_person": self._themself(principal)})
        faults = [*faults_in(ACTS[kind], form, whole, self._directory, self._clock()), *self._merge_faults(case, form)]
        if faults:
            raise invalid(faults, "act")
        if kind is Kind.SNOOZED and form.to_person not in (None, principal.person) and principal.role not in access.MAY_LOG_A_CALL:
            raise access.forbidden("You put off your own calls alone; somebody else's are put off by the duty officer.")
        for task in whole.tasks:
            if task.id == form.task:
                access.may_act_on(principal, kind, task)
        said = CaseAct(by=principal.actor(), **{name: getattr(form, name) for name in form.filled})
        return await self._do(kind, case, said, principal.subject, key)

    def _themself(self, principal: Principal) -> PersonId:
        if principal.person is None:
            raise invalid([("to_person", "is missing: your token names no person, so say who commands")], "act")
        return principal.person

    def _merge_faults(self, case: CaseId, form: ActForm) -> list[Fault]:
        if form.into == case:
            return [("into", "is this very case: name the other one")]
        return known.named("into", "case", form.into, self._board, "name one from GET /api/v1/cases")

    async def tell(self, kind: Kind, case: CaseId, text: str, by: Actor, *, fact_id: str, source: str, original: Original) -> Stored:
        """What a system says about a case it reported; its own id makes it idempotent."""
        said = CaseAct(by=by, text=text, original=original)
        return await self._append(kind, case, said, fact_id, source)

    def _known(self, case: CaseId) -> Card:
        card = self._board.card(case)
        if card is None:
            raise unknown_case(case, self._board)
        return card

    async def _do(self, kind: Kind, case: CaseId, said: BaseModel, principal: str, key: str | None) -> Acted:
        fact_id = str(ULID()) if key is None else id_of("act", principal, case, kind, key)
        stored = await self._append(kind, case, said, fact_id, "/services/intake")
        if stored.repeated and stored.fact.data != said.model_dump(mode="json", exclude_none=True):
            raise invalid([("Idempotency-Key", "stands for another act on this case: use a new key for a new act")], "act")
        return await self._answer(case, stored)

    async def _append(self, kind: Kind, case: CaseId, said: BaseModel, fact_id: str, source: str) -> Stored:
        fact = Fact.of(kind, id=fact_id, source=source, subject=case, time=self._clock(), data=said)
        with about_case(case):
            stored = await self._record.append(fact_subject(case, kind), fact.write(), fact_id)
            log.info(kind.value, sequence=stored.sequence, repeated=stored.repeated)
        return stored

    async def _answer(self, case: CaseId, stored: Stored) -> Acted:
        decided = await self._board.wait_for(case, lambda card: decided_on(card, stored.sequence), self._wait)
        outcome = Outcome.RECORDED
        if decided is not None and decided.about.sequence == stored.sequence:
            refused = any(effect.kind is EffectKind.REFUSED for effect in decided.effects)
            outcome = Outcome.REFUSED if refused else Outcome.APPLIED
        effects: tuple[Effect, ...] = () if decided is None or outcome is Outcome.RECORDED else decided.effects
        fact = FactRef(id=stored.fact.id, sequence=stored.sequence, time=stored.time)
        return Acted(case=case, fact=fact, effects=effects, outcome=outcome)


def decided_on(card: Card, sequence: int) -> Decision | None:
    """The decision on the fact at `sequence`, or a later one where ours has gone by already; None while it is still to come."""
    if card.applied < sequence:
        return None
    return card.whole.decision


def unknown_case(case: str, board: Board) -> Problem:
    if not board.ready:
        return Problem(503, "The board is not caught up", "Wait a moment and try again.", headers={"Retry-After": "1"})
    return Problem(
        404,
        "No such case on the board",
        f"No case {case[:60]!r} is on the board. One reported a moment ago appears as soon as the escalator has taken it up; "
        "one closed long ago has left the board: look in the trail, GET /api/v1/cases/{id}/timeline of the audit service.",
    )
