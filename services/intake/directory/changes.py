"""Changes to the directory at run time, by one person or by two: checked as a whole, then put into force.

Invariant: a change that leaves a post dark, or takes one away that the policy names, is refused; one that its
maker may not make alone waits for a second person, and changes nothing until then.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints
from ulid import ULID

from services.intake.board.access import forbidden
from services.intake.directory.bucket import TRIES
from services.intake.directory.in_force import DirectoryInForce
from services.intake.directory.laying import LaidChange, SettledDirectory, lay
from services.intake.directory.waiting import (
    WAITS,
    Proposed,
    RefusalForm,
    WaitingChanges,
    WaitingProposal,
    Weighed,
    busy,
    check_decider,
    shown_to,
)
from services.intake.recording.record import FactRecord, id_of
from shared.broker.forever import attempts
from shared.directory import Directory, DirectoryFault, Gap
from shared.directory.change_facts import Change, DirectoryChange, Remove
from shared.directory.changes import apply_change
from shared.directory.changing import MAY_PROPOSE, Asker, needs
from shared.directory.gaps import new_gaps
from shared.directory.kept import KeptDirectory, Proposal
from shared.directory.touched import signature
from shared.facts import Actor, Frozen, Given, Instant, Name, Signature
from shared.facts.bounds import PLAIN_LINE
from shared.message import N_, on_lines, said
from shared.problems import Problem, invalid
from shared.role_words import role_said, roles_said
from shared.tokens import Principal
from shared.vocabulary import Role

AHEAD = timedelta(days=14)
"""How far ahead the answer to a change looks for the gaps it opens."""
OPERATOR = Name(zh="系统管理员", en="the operator")
WITHOUT_NAME = {
    Role.DUTY_OFFICER: Name(zh="值班员", en="a duty officer"),
    Role.SUPERVISOR: Name(zh="督办人员", en="a supervisor"),
    Role.LEADER: Name(zh="领导", en="a leader"),
    Role.OPERATOR: OPERATOR,
}
"""Who somebody is whom the directory does not know."""


class ChangeForm(Given):
    """The body of `POST /api/v1/directory/changes`: all of `changes`, or none."""

    changes: Annotated[tuple[Change, ...], Field(max_length=2000)]
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), PLAIN_LINE] = ""
    base: Annotated[int, Field(ge=0, le=2**53)] | None = None
    """The revision the change was made for: refused if it is another one by now. None: whatever it is."""
    version: Annotated[str, StringConstraints(min_length=1, max_length=80), PLAIN_LINE] | None = None
    """The new version; default the present one with the revision behind a plus."""


class Changed(Frozen):
    """The answer: the directory's revision after it, and the gaps it opens within two weeks."""

    change: str
    revision: int
    version: str
    at: Instant
    repeated: bool = False
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class ChangeAuthors:
    """By whom a change is: the actors for the record, the signatures for those who are told."""

    by: Actor
    signature: Signature
    approved_by: Actor | None = None
    approval: Signature | None = None
    proposal: str | None = None

    @classmethod
    def of_decided(cls, proposal: Proposal, decider: Principal, directory: Directory) -> "ChangeAuthors":
        return cls(proposal.by, proposal.signature, decider.actor(), _sign(directory, decider), proposal.id)


class DirectoryChanges:
    def __init__(
        self,
        in_force: DirectoryInForce,
        record: FactRecord,
        clock: Callable[[], datetime],
        named_by_policy: Callable[[], frozenset[str]],
    ) -> None:
        """`named_by_policy` gives every word the policy file uses: a post among them can't be removed."""
        self._in_force, self._clock, self._named_by_policy = in_force, clock, named_by_policy
        self._waiting = WaitingChanges(in_force.bucket, record, clock)
        self._in_turn = asyncio.Lock()
        """Of this intake's own changes; against other intakes' there is the compare-and-set."""

    async def change(
        self, form: ChangeForm, principal: Principal, key: str | None = None
    ) -> Changed | Proposed:
        """Problem 403, 409 (a post would be dark, or it has changed meanwhile), 422 (fields named), 503.

        What the principal may not change alone is proposed, and changes nothing yet.
        """
        if principal.role not in MAY_PROPOSE:
            raise forbidden(
                said(
                    N_("Your role is %(role)s; the directory is changed by: %(roles)s."),
                    role=role_said(principal.role),
                    roles=roles_said(MAY_PROPOSE),
                )
            )
        if not form.changes:
            raise invalid([("changes", N_("is empty: say what is to change"))], N_("change"))
        self._keep_what_policy_names(form.changes)
        change_id = id_of("directory", principal.subject, key) if key else str(ULID())
        async with self._in_turn:
            return await self._change(form, principal, change_id)

    async def _change(self, form: ChangeForm, principal: Principal, change_id: str) -> Changed | Proposed:
        async for _ in attempts(TRIES):
            settled = await self._in_force.settled()
            before = settled.kept
            if change_id in before.recent:
                return _repeat(before, change_id)
            if form.base is not None and form.base != before.revision:
                detail = said(
                    N_(
                        "It was made for revision %(base)s, the directory is at %(revision)s: look at it again, and repeat."
                    ),
                    base=form.base,
                    revision=before.revision,
                )
                raise Problem(409, N_("Changed meanwhile"), detail, revision=before.revision)
            authors = ChangeAuthors(principal.actor(), _sign(before.directory, principal))
            laid = self._lay(settled, form, authors)
            asker = Asker.of(
                principal.role, principal.unit, principal.person or principal.subject, before.directory
            )
            second_person_for = [
                need
                for need in needs(asker, form.changes, before.directory, laid.after, self._clock())
                if need
            ]
            if second_person_for:
                proposal = self._proposal(form, principal, change_id, before.directory)
                weighed = Weighed.of(form.changes, before.directory, laid.after, self._clock())
                return await self._waiting.propose(
                    proposal, laid.change.telling, second_person_for, weighed, before.directory
                )
            if (changed := await self._store(laid, change_id)) is not None:
                return changed
        raise busy()

    # The second person

    async def waiting(self, principal: Principal) -> list[WaitingProposal]:
        """The changes that wait, as far as they are the principal's to see: who proposed, may decide, is
        touched, or sees all.
        """
        directory = (await self._in_force.current()).directory
        proposals: list[WaitingProposal] = []
        for proposal in await self._waiting.pending():
            shown = shown_to(principal, proposal, self._weighed(proposal, directory), directory)
            sees_all = principal.role in (Role.OPERATOR, Role.AUDITOR)
            if (
                sees_all
                or shown.may_decide
                or shown.yours
                or principal.person in [touch.person for touch in shown.touches]
            ):
                proposals.append(shown)
        return proposals

    async def approve(self, proposal_id: str, principal: Principal) -> Changed:
        """Problem 403, 404, 409 (it does not fit the directory of now), 503."""
        async with self._in_turn:
            return await self._approve(proposal_id, principal)

    async def _approve(self, proposal_id: str, principal: Principal) -> Changed:
        async for _ in attempts(TRIES):
            settled = await self._in_force.settled()
            directory = settled.kept.directory
            if proposal_id in settled.kept.recent:
                await self._waiting.drop(proposal_id)
                return _repeat(settled.kept, proposal_id)
            proposal = await self._waiting.find(proposal_id)
            check_decider(proposal, principal, self._weighed(proposal, directory), directory)
            self._keep_what_policy_names(proposal.changes)
            laid = self._lay_proposal(
                settled, proposal, ChangeAuthors.of_decided(proposal, principal, directory)
            )
            if (changed := await self._store(laid, proposal.id)) is not None:
                await self._waiting.drop(proposal.id)
                return changed
        raise busy()

    async def refuse(self, proposal_id: str, form: RefusalForm, principal: Principal) -> None:
        """By whoever may approve it, or by whoever proposed it. Problem 403, 404, 503."""
        directory = (await self._in_force.current()).directory
        proposal = await self._waiting.find(proposal_id)
        if proposal.by.principal != principal.subject:
            check_decider(proposal, principal, self._weighed(proposal, directory), directory)
        authors = ChangeAuthors.of_decided(proposal, principal, directory)
        try:
            laid = self._lay_proposal(await self._in_force.settled(), proposal, authors)
            telling = laid.change.telling
        except Problem:
            telling = None
        await self._waiting.refuse(proposal, principal, form.why, telling)

    def _proposal(
        self, form: ChangeForm, principal: Principal, change_id: str, directory: Directory
    ) -> Proposal:
        at = self._clock()
        return Proposal(
            id=change_id,
            at=at,
            expires_at=at + WAITS,
            by=principal.actor(),
            person=principal.person,
            signature=_sign(directory, principal),
            why=form.why,
            changes=form.changes,
        )

    def _weighed(self, proposal: Proposal, directory: Directory) -> Weighed:
        """Laid against the directory of now; where it does not fit any more, only the operator is left to
        decide.
        """
        change = DirectoryChange(by=proposal.by, version=directory.version, base=0, changes=proposal.changes)
        try:
            after = apply_change(directory, change)
        except DirectoryFault:
            return Weighed((), ())
        return Weighed.of(proposal.changes, directory, after, self._clock())

    def _lay_proposal(
        self, settled: SettledDirectory, proposal: Proposal, authors: ChangeAuthors
    ) -> LaidChange:
        """Problem 409 where it does not fit the directory of now."""
        try:
            return self._lay(settled, ChangeForm(changes=proposal.changes, why=proposal.why), authors)
        except Problem as problem:
            detail = said(
                N_(
                    "It does not fit the directory as it is now: %(detail)s Refuse it, and have it proposed anew."
                ),
                detail=problem.detail,
            )
            raise Problem(
                409, N_("It does not fit any more"), detail, errors=problem.errors, **problem.extra
            ) from None

    # The change itself

    def _lay(self, settled: SettledDirectory, form: ChangeForm, authors: ChangeAuthors) -> LaidChange:
        """Problem 409 (a post would be dark), 413 (it touches too many people), 422."""
        change = DirectoryChange(
            by=authors.by,
            approved_by=authors.approved_by,
            proposal=authors.proposal,
            why=form.why,
            version=form.version or settled.next_version,
            base=settled.kept.revision,
            changes=form.changes,
        )
        try:
            return lay(settled, change, self._clock(), by=authors.signature, approval=authors.approval)
        except DirectoryFault as fault:
            raise _refusal(fault) from None

    async def _store(self, laid: LaidChange, change_id: str) -> Changed | None:
        """None where somebody else was faster."""
        kept, facts = laid.stored_as(change_id, self._clock())
        file_bytes = self._in_force.file_bytes
        if not await self._in_force.replace(kept, laid.settled.head_sequence, facts, file_bytes):
            return None
        now = self._clock()
        return Changed(
            change=change_id,
            revision=kept.revision,
            version=laid.change.version,
            at=kept.at,
            gaps=tuple(new_gaps(laid.before, laid.after, now, now + AHEAD)),
        )

    def _keep_what_policy_names(self, changes: Sequence[Change]) -> None:
        removed = [
            (number, change.id)
            for number, change in enumerate(changes)
            if isinstance(change, Remove) and change.what == "post"
        ]
        named = self._named_by_policy() if removed else frozenset[str]()
        if faults := [
            (f"changes.{number}.id", said(N_("post %(post)s is named by the policy"), post=post))
            for number, post in removed
            if post in named
        ]:
            posts = [post for _, post in removed if post in named]
            detail = said(
                N_(
                    "The policy names %(posts)s: whoever is owed something there would be dark. Change the policy first."
                ),
                posts=", ".join(posts),
            )
            raise Problem(409, N_("A post would be dark"), detail, errors=faults, dark=posts)


def _repeat(kept: KeptDirectory, change_id: str) -> Changed:
    """The answer to a change that was made before, under the same id."""
    return Changed(
        change=change_id,
        revision=kept.revision,
        version=kept.directory.version,
        at=kept.at,
        repeated=True,
    )


def _sign(directory: Directory, principal: Principal) -> Signature:
    return signature(
        directory,
        principal.person or principal.subject,
        principal.unit,
        WITHOUT_NAME.get(principal.role, OPERATOR),
    )


def _refusal(fault: DirectoryFault) -> Problem:
    """Problem 409 where a post would be dark, otherwise 422 with the fields at fault."""
    errors = [
        (".".join(map(str, placed.path)) if placed.path[0] == "changes" else "changes", placed.text)
        for placed in fault.found
    ]
    if not fault.dark:
        return invalid(errors, N_("change"))
    detail = said(
        N_("Nothing is stored. %(faults)s"),
        faults=on_lines(placed.text for placed in fault.found if placed.dark),
    )
    return Problem(409, N_("A post would be dark"), detail, errors=errors, dark=list(fault.dark))
