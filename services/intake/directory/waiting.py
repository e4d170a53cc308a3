"""Changes of the directory that wait for a second person: kept for a week, on record when they are made and
when they are refused.

Invariant: the fact comes first, then the bucket: whatever waits is on record. Nobody is the second person of
their own proposal, nor of a change that touches them. How a proposal that is approved is applied:
`changes`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import StringConstraints

from services.intake.board.access import forbidden
from services.intake.directory.bucket import BUSY, TRIES, DirectoryBucket
from services.intake.recording.record import FactRecord
from shared.broker.forever import attempts
from shared.directory import Directory, shown
from shared.directory.change_facts import Change, DirectoryProposal, ProposalState, Telling, Told
from shared.directory.changing import MAY_APPROVE, NEEDS, Asker, Need, NotYours, approvers, units_of, why_not
from shared.directory.kept import KeptProposals, Proposal
from shared.directory.touched import touched
from shared.facts import Actor, Fact, Frozen, Given, Instant, Name, PersonalChange, Signature
from shared.facts.bounds import PLAIN_LINE
from shared.ids import PersonId, UnitId
from shared.message import N_, said
from shared.problems import Problem
from shared.role_words import role_said, roles_said
from shared.standing import DIRECTORY_CASE
from shared.subjects import fact_subject
from shared.tokens import Principal
from shared.vocabulary import Kind

SOURCE = "/services/intake"
WAITS = timedelta(days=7)
MOST = 20
"""Proposals of one principal that wait, or were taken back, within those days: each rings the people it would
touch.
"""
LARGEST = 60_000
"""Bytes of one proposal; what is larger is for the operator, who needs nobody."""
_NOT_YOURS = {
    NotYours.ROLE: N_("Your role is %(role)s; it takes one of: %(roles)s."),
    NotYours.OWN_PROPOSAL: N_("You proposed it yourself: it takes another person."),
    NotYours.TOUCHED: N_(
        "It changes what the directory says of you: it takes a person whom it does not touch."
    ),
    NotYours.UNIT: N_("It is for a leader or supervisor of one of these: %(units)s."),
}
NO_UNIT = N_("no unit: only the operator decides it")


class RefusalForm(Given):
    """The body of a refusal."""

    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), PLAIN_LINE] = ""


class Proposed(Frozen):
    """The answer to a change that needs a second person: nothing has changed yet."""

    proposal: str
    expires_at: Instant
    needs: tuple[Name, ...]
    """Why it takes a second person."""
    approvers: tuple[Name, ...]
    """The units whose leader or supervisor may approve it, the nearest first. The operator always may."""
    detail: str
    repeated: bool = False


class Touches(Frozen):
    """A person whom it would touch, and how."""

    person: PersonId
    changes: tuple[PersonalChange, ...]


class WaitingProposal(Frozen):
    """A proposal as it is shown."""

    proposal: str
    at: Instant
    expires_at: Instant
    by: Signature
    why: str
    touches: tuple[Touches, ...]
    approvers: tuple[Name, ...]
    may_decide: bool
    yours: bool
    """The reader proposed it, and may take it back."""
    changes: tuple[dict[str, object], ...]
    """Addresses are shown to operators alone."""


@dataclass(frozen=True)
class Weighed:
    """A proposal laid against the directory of now."""

    touches: tuple[Told, ...]
    units: tuple[UnitId, ...]

    @classmethod
    def of(cls, changes: Sequence[Change], before: Directory, after: Directory, now: datetime) -> "Weighed":
        concerned = frozenset[UnitId | None]().union(*(units_of(change, before, after) for change in changes))
        return cls(touched(before, after, now), approvers(concerned, before))


class WaitingChanges:
    def __init__(self, bucket: DirectoryBucket, record: FactRecord, clock: Callable[[], datetime]) -> None:
        self._bucket, self._record, self._clock = bucket, record, clock

    async def propose(
        self,
        proposal: Proposal,
        telling: Telling | None,
        needs: Sequence[Need],
        weighed: Weighed,
        directory: Directory,
    ) -> Proposed:
        """Problem 409 (too many wait), 413 (too large)."""
        if len(proposal.model_dump_json()) > LARGEST:
            raise Problem(
                413,
                N_("Too large"),
                said(
                    N_(
                        "A change that needs a second person takes at most %(largest)s bytes: have the operator make it."
                    ),
                    largest=LARGEST,
                ),
            )
        async for _ in attempts(TRIES):
            proposals, last = await self._bucket.proposals()
            pending = proposals.at(self._clock())
            repeated = next((waiting for waiting in pending if waiting.id == proposal.id), None)
            if (
                repeated is None
                and sum(waiting.by.principal == proposal.by.principal for waiting in pending) >= MOST
            ):
                raise Problem(
                    409,
                    N_("Too many wait"),
                    said(
                        N_(
                            "%(most)s of your changes wait for a second person: have them approved or refused first."
                        ),
                        most=MOST,
                    ),
                )
            if repeated is None:
                await self._say(proposal, ProposalState.PROPOSED, proposal.why, telling)
            if repeated is not None or await self._bucket.store_proposals(
                KeptProposals(pending=(*pending, proposal)), last
            ):
                return self._answer(
                    repeated or proposal, needs, weighed, directory, repeated=repeated is not None
                )
        raise busy()

    async def pending(self) -> tuple[Proposal, ...]:
        proposals, _ = await self._bucket.proposals()
        return tuple(waiting for waiting in proposals.at(self._clock()) if not waiting.taken_back)

    async def find(self, proposal: str) -> Proposal:
        """Problem 404."""
        waiting = next((pending for pending in await self.pending() if pending.id == proposal), None)
        if waiting is None:
            raise Problem(
                404,
                N_("No such proposal"),
                said(
                    N_("No change %(proposal)s waits: it was decided on, or its %(days)s days are over."),
                    proposal=repr(proposal[:60]),
                    days=WAITS.days,
                ),
            )
        return waiting

    async def refuse(
        self, proposal: Proposal, principal: Principal, why: str, telling: Telling | None
    ) -> None:
        await self._say(proposal, ProposalState.REFUSED, why, telling, principal.actor())
        taken_back = proposal.by.principal == principal.subject
        await self.drop(proposal.id, proposal.model_copy(update={"taken_back": True}) if taken_back else None)

    async def drop(self, proposal: str, instead: Proposal | None = None) -> None:
        async for _ in attempts(TRIES):
            proposals, last = await self._bucket.proposals()
            left = tuple(waiting for waiting in proposals.at(self._clock()) if waiting.id != proposal)
            left = (*left, instead) if instead else left
            if left == proposals.pending or await self._bucket.store_proposals(
                KeptProposals(pending=left), last
            ):
                return
        raise busy()

    async def _say(
        self,
        proposal: Proposal,
        state: ProposalState,
        why: str,
        telling: Telling | None,
        refused_by: Actor | None = None,
    ) -> None:
        data = DirectoryProposal(
            proposal=proposal.id,
            state=state,
            by=proposal.by,
            refused_by=refused_by,
            why=why,
            expires_at=proposal.expires_at,
            changes=proposal.changes,
            telling=telling,
        )
        fact_id = f"{state}:{proposal.id}"
        case = DIRECTORY_CASE if telling else None
        raw = Fact.bytes_of(
            Kind.DIRECTORY_PROPOSED, id=fact_id, source=SOURCE, subject=case, time=self._clock(), data=data
        )
        await self._record.append(fact_subject(case or fact_id, Kind.DIRECTORY_PROPOSED), raw, fact_id)

    def _answer(
        self,
        proposal: Proposal,
        needs: Sequence[Need],
        weighed: Weighed,
        directory: Directory,
        *,
        repeated: bool,
    ) -> Proposed:
        units = tuple(directory.units_by_id[unit].name for unit in weighed.units)
        reasons = tuple(NEEDS[need] for need in dict.fromkeys(needs))
        return Proposed(
            proposal=proposal.id,
            expires_at=proposal.expires_at,
            needs=reasons,
            approvers=units,
            detail=f"Nothing has changed yet: {'; '.join(reason.en for reason in reasons)}. {who_may(units)}",
            repeated=repeated,
        )


def who_may(units: Sequence[Name]) -> str:
    if not units:
        return "The operator has to approve it."
    return f"A leader or supervisor of {' or '.join(unit.en for unit in units)}, or the operator, has to approve it."


def may_decide(
    proposal: Proposal, principal: Principal, weighed: Weighed, directory: Directory
) -> NotYours | None:
    asker = Asker.of(principal.role, principal.unit, principal.person or principal.subject, directory)
    people = [touch.person for touch in weighed.touches]
    return why_not(asker, principal.subject, proposal.by, proposal.person, people, weighed.units)


def check_decider(proposal: Proposal, principal: Principal, weighed: Weighed, directory: Directory) -> None:
    """Problem 403."""
    if (why := may_decide(proposal, principal, weighed, directory)) is not None:
        units = tuple(directory.units_by_id[unit].name for unit in weighed.units)
        raise forbidden(
            said(
                _NOT_YOURS[why],
                role=role_said(principal.role),
                roles=roles_said(MAY_APPROVE),
                units=units or said(NO_UNIT),
            )
        )


def shown_to(
    principal: Principal, proposal: Proposal, weighed: Weighed, directory: Directory
) -> WaitingProposal:
    sees_addresses = principal.role in shown.SEE_ADDRESSES
    return WaitingProposal(
        proposal=proposal.id,
        at=proposal.at,
        expires_at=proposal.expires_at,
        by=proposal.signature,
        why=proposal.why,
        touches=tuple(Touches(person=touch.person, changes=touch.changes) for touch in weighed.touches),
        approvers=tuple(directory.units_by_id[unit].name for unit in weighed.units),
        yours=proposal.by.principal == principal.subject,
        may_decide=may_decide(proposal, principal, weighed, directory) is None,
        changes=tuple(shown.change(change, personal=sees_addresses) for change in proposal.changes),
    )


def busy() -> Problem:
    return Problem(409, N_("Changed meanwhile"), BUSY)
