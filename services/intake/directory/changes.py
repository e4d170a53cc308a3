"""Changes to the directory at run time: checked as a whole, kept by compare-and-set, then told as a fact.

Invariant: the head of the bucket is written first, with the fact's bytes inside: from then on the change is
in force. Then the objects it changes are written, the fact is appended under its own id, and it is noted that
this was done. A crash between any two leaves work for the next start or the next change, which does it from
the bytes that lie in the bucket before anything else. A change that leaves a post dark, or takes one away
that the policy names, is refused; one that its maker may not make alone waits for a second person.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import structlog
from nats.aio.client import Client
from pydantic import Field, StringConstraints
from ulid import ULID

from services.intake.board.access import forbidden
from services.intake.directory.bucket import DirectoryBucket
from services.intake.directory.facts import ChangeFact, facts_of
from services.intake.directory.waiting import (
    WAITS,
    Proposed,
    RefusalForm,
    WaitingChanges,
    WaitingProposal,
    Weighed,
    check_decider,
    shown_to,
)
from services.intake.recording.record import FactRecord, Unreachable, id_of
from shared.broker.forever import attempts
from shared.directory import Directory, DirectoryFault, Gap, load_directory
from shared.directory.change_facts import Change, DirectoryChange, Remove, Telling
from shared.directory.changes import apply_change, difference
from shared.directory.changing import MAY_PROPOSE, Asker, needs
from shared.directory.file_changes import file_changes
from shared.directory.fit import misfits
from shared.directory.gaps import new_gaps
from shared.directory.kept import KeptDirectory, Proposal
from shared.directory.live import LiveDirectory
from shared.directory.parts import Ids, altered
from shared.directory.touched import signature, touched
from shared.facts import Actor, Frozen, Given, Instant, Name, Signature
from shared.facts.bounds import PLAIN_LINE
from shared.problems import Problem, invalid
from shared.tokens import Principal
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TRIES = 8
"""Compare-and-set against other intakes that change the directory at the same moment."""
REMEMBERED = 64
NAMED_BY = 60
"""Characters of a version that those after it begin with: a fact takes 80."""
MOST_TOUCHED = 300
"""People whom one change may touch: what each is told has to fit one decision (1 MB, 3 KB for each at
worst).
"""
AHEAD = timedelta(days=14)
"""How far ahead the answer to a change looks for the gaps it opens."""
OPERATOR_ACTOR = Actor(principal="operator", role=Role.OPERATOR)
OPERATOR = Name(zh="系统管理员", en="the operator")
THE_FILE = Signature(name=Name(zh="系统管理员（名录文件）", en="the operator (directory file)"))
WITHOUT_NAME = {
    Role.DUTY_OFFICER: Name(zh="值班员", en="a duty officer"),
    Role.SUPERVISOR: Name(zh="督查人员", en="a supervisor"),
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


class TooManyTouched(Problem):
    """413: not everybody could be told of it."""

    def __init__(self, touched: int) -> None:
        detail = (
            f"It touches {touched} people, and each is told: change at most {MOST_TOUCHED} people at once."
        )
        super().__init__(413, "Too many people", detail)


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


@dataclass(frozen=True)
class LaidChange:
    """A change laid against the directory it is to change."""

    before: KeptDirectory
    last: int
    """The sequence of its head in the bucket."""
    wanted: DirectoryChange
    after: Directory
    telling: Telling | None


class DirectoryChanges:
    def __init__(
        self,
        live: LiveDirectory,
        record: FactRecord,
        connection: Callable[[], Client],
        clock: Callable[[], datetime],
        named_by_policy: Callable[[], frozenset[str]],
    ) -> None:
        """`named_by_policy` gives every word the policy file uses: a post among them can't be removed."""
        self._live, self._record, self._clock, self._named = live, record, clock, named_by_policy
        self._bucket = DirectoryBucket(connection, live)
        self._waiting = WaitingChanges(self._bucket, record, clock)
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
                f"Your role is {principal.role}; the directory is changed by: {', '.join(sorted(MAY_PROPOSE))}."
            )
        if not form.changes:
            raise invalid([("changes", "is empty: say what is to change")], "change")
        self._keeps_what_policy_names(form.changes)
        change_id = id_of("directory", principal.subject, key) if key else str(ULID())
        async with self._in_turn:
            return await self._change(form, principal, change_id)

    async def _change(self, form: ChangeForm, principal: Principal, change_id: str) -> Changed | Proposed:
        async for _ in attempts(TRIES):
            before, last = await self._current()
            told = await self._tell(before)
            if change_id in before.recent:
                return Changed(
                    change=change_id,
                    revision=before.revision,
                    version=before.directory.version,
                    at=before.at,
                    repeated=True,
                )
            if form.base is not None and form.base != before.revision:
                detail = f"It was made for revision {form.base}, the directory is at {before.revision}: look at it again, and repeat."
                raise Problem(409, "Changed meanwhile", detail, revision=before.revision)
            step = self._step(
                before, last, told, form, ChangeAuthors(principal.actor(), _sign(before.directory, principal))
            )
            asker = Asker.of(
                principal.role, principal.unit, principal.person or principal.subject, before.directory
            )
            if missing := [
                need
                for need in needs(asker, form.changes, before.directory, step.after, self._clock())
                if need
            ]:
                proposal = self._proposal(form, principal, change_id, before.directory)
                weighed = Weighed.of(form.changes, before.directory, step.after, self._clock())
                return await self._waiting.propose(proposal, step.telling, missing, weighed, before.directory)
            if (changed := await self._store(step, change_id)) is not None:
                return changed
        raise Problem(
            409, "Changed meanwhile", "Others are changing the directory at this moment: send it again."
        )

    async def _current(self) -> tuple[KeptDirectory, int]:
        """The directory of now, and the sequence of its head. Problem 503 before the first start."""
        kept, last = await self._bucket.kept()
        if self._live.single is not None:
            await self._move_over(self._live.single, last)
            kept, last = await self._bucket.kept()
        if kept is None:
            raise Problem(
                503,
                "No directory yet",
                "This intake has just started and has not stored it yet: send it again in a moment.",
            )
        return kept, last

    # The second person

    async def waiting(self, principal: Principal) -> list[WaitingProposal]:
        """The changes that wait, as far as they are the principal's to see: who proposed, may decide, is
        touched, or sees all.
        """
        directory = (await self._current())[0].directory
        found: list[WaitingProposal] = []
        for proposal in await self._waiting.pending():
            shown = shown_to(principal, proposal, self._weighed(proposal, directory), directory)
            sees_all = principal.role in (Role.OPERATOR, Role.AUDITOR)
            if (
                sees_all
                or shown.may_decide
                or shown.yours
                or principal.person in [one.person for one in shown.touches]
            ):
                found.append(shown)
        return found

    async def approve(self, proposal_id: str, principal: Principal) -> Changed:
        """Problem 403, 404, 409 (it does not fit the directory of now), 503."""
        async with self._in_turn:
            return await self._approve(proposal_id, principal)

    async def _approve(self, proposal_id: str, principal: Principal) -> Changed:
        async for _ in attempts(TRIES):
            before, last = await self._current()
            told = await self._tell(before)
            if proposal_id in before.recent:
                await self._waiting.drop(proposal_id)
                return Changed(
                    change=proposal_id,
                    revision=before.revision,
                    version=before.directory.version,
                    at=before.at,
                    repeated=True,
                )
            proposal = await self._waiting.find(proposal_id)
            check_decider(proposal, principal, self._weighed(proposal, before.directory), before.directory)
            self._keeps_what_policy_names(proposal.changes)
            signed = ChangeAuthors(
                proposal.by,
                proposal.signature,
                principal.actor(),
                _sign(before.directory, principal),
                proposal.id,
            )
            step = self._fitting(before, last, told, proposal, signed)
            if (changed := await self._store(step, proposal.id)) is not None:
                await self._waiting.drop(proposal.id)
                return changed
        raise Problem(
            409, "Changed meanwhile", "Others are changing the directory at this moment: send it again."
        )

    async def refuse(self, proposal_id: str, form: RefusalForm, principal: Principal) -> None:
        """By whoever may approve it, or by whoever proposed it. Problem 403, 404, 503."""
        before, last = await self._current()
        proposal = await self._waiting.find(proposal_id)
        if proposal.by.principal != principal.subject:
            check_decider(proposal, principal, self._weighed(proposal, before.directory), before.directory)
        signed = ChangeAuthors(
            proposal.by,
            proposal.signature,
            principal.actor(),
            _sign(before.directory, principal),
            proposal.id,
        )
        try:
            telling = self._fitting(before, last, await self._tell(before), proposal, signed).telling
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
        wanted = DirectoryChange(by=proposal.by, version=directory.version, base=0, changes=proposal.changes)
        try:
            after = apply_change(directory, wanted)
        except DirectoryFault:
            return Weighed((), ())
        return Weighed.of(proposal.changes, directory, after, self._clock())

    def _fitting(
        self, before: KeptDirectory, last: int, told: int, proposal: Proposal, signed: ChangeAuthors
    ) -> LaidChange:
        """Problem 409 where it does not fit the directory of now."""
        try:
            return self._step(
                before, last, told, ChangeForm(changes=proposal.changes, why=proposal.why), signed
            )
        except Problem as problem:
            detail = f"It does not fit the directory as it is now: {problem.detail} Refuse it, and have it proposed anew."
            raise Problem(
                409, "It does not fit any more", detail, errors=problem.errors, **problem.extra
            ) from None

    # The change itself

    def _step(
        self, before: KeptDirectory, last: int, told: int, form: ChangeForm, signed: ChangeAuthors
    ) -> LaidChange:
        """`told`: the sequence in the bucket by which all of `before` was written. Problem 409 (a post would
        be dark), 413 (it touches too many people), 422.
        """
        version = form.version or _following(before.directory.version, before.revision)
        wanted = DirectoryChange(
            by=signed.by,
            approved_by=signed.approved_by,
            proposal=signed.proposal,
            why=form.why,
            version=version,
            base=before.revision,
            changes=form.changes,
        )
        after = _applied(before.directory, wanted)
        telling = self._telling(before.directory, after, told, signed.signature, signed.approval)
        return LaidChange(before, last, wanted.model_copy(update={"telling": telling}), after, telling)

    async def _store(self, step: LaidChange, change_id: str) -> Changed | None:
        """None where somebody else was faster."""
        kept, facts = self._kept(step.before, step.after, step.wanted, change_id)
        _check_fits(step.after, altered(step.before.directory, step.after))
        if not await self._bucket.store(kept, step.last, facts, file_bytes=self._file_bytes_known()):
            return None
        await self._complete()
        opened = self._new_gaps(step.before.directory, step.after)
        return Changed(
            change=change_id, revision=kept.revision, version=step.wanted.version, at=kept.at, gaps=opened
        )

    def _file_bytes_known(self) -> str | None:
        return self._live.head.file_bytes if self._live.head is not None else None

    def _telling(
        self, before: Directory, after: Directory, told: int, by: Signature, approval: Signature | None = None
    ) -> Telling | None:
        people = touched(before, after, self._clock())
        if len(people) > MOST_TOUCHED:
            raise TooManyTouched(len(people))
        return Telling(addresses_at=told, by=by, approved_by=approval, told=people) if people else None

    # The file

    async def take_file_at_start(self, path: Path) -> None:
        """A step of the service's `prepare`: raises OSError, on which it is tried again, while the broker
        does not answer, and YamlFault for a file that says something new and can't be read.
        """
        raw = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(raw).hexdigest()
        try:
            before, _ = await self._bucket.kept()
            if before is not None and self._live.single is None and self._file_bytes_known() == digest:
                await self._tell(before)
                return
            await self.take_file(await asyncio.to_thread(load_directory, path), digest)
        except Unreachable as away:
            raise OSError(away.detail) from away

    async def take_file(self, file: Directory, file_bytes: str | None = None) -> None:
        """At the start: an empty bucket is filled from the file; a file that says something new is taken in
        as a change.

        One that can't be (a post would be dark with what was changed at run time, too many people would have
        to be told) is said and left aside. Raises Unreachable.
        """
        digest = hashlib.sha256(file.model_dump_json().encode()).hexdigest()
        async for _ in attempts(TRIES):
            before, last = await self._bucket.kept()
            if self._live.single is not None:
                await self._move_over(self._live.single, last)
                continue
            told = await self._tell(before) if before is not None else 0
            if (
                before is not None
                and before.file == digest
                and file_bytes in (None, self._file_bytes_known())
            ):
                return
            try:
                after, facts = await self._with_file(before, told, file, digest)
            except (DirectoryFault, TooManyTouched, Problem) as fault:
                log.error(
                    "directory_file_refused",
                    faults=str(fault),
                    next="mend the file or what was changed at run time; start again",
                )
                return
            if facts:
                await self._bucket.put_file(digest, file)
            if await self._bucket.store(after, last, facts, file_bytes=file_bytes):
                await self._complete()
                if before is not None and before.file not in (None, digest):
                    await self._bucket.drop_file(before.file)
                return

    async def _move_over(self, single: KeptDirectory, last: int) -> None:
        """The version before this one kept the directory in one value: it becomes objects and a head, of the
        same revision.
        """
        told, _ = await self._bucket.told()
        if told != single.change and single.fact:
            await self._record.append(single.subject, single.fact.encode(), single.change)
        # Also what the head had and the single value has no more.
        removals = [
            Remove.model_validate({"what": what, "id": name}) for what, name in self._live.objects.gone
        ]
        changes = (*difference(None, single.directory), *removals)
        wanted = DirectoryChange(
            by=OPERATOR_ACTOR,
            why="moved over",
            version=single.directory.version,
            base=single.revision - 1,
            file=single.file,
            changes=changes,
        )
        moved = single.model_copy(
            update={
                "change": f"moved-{single.revision}",
                "recent": (*single.recent, single.change)[-REMEMBERED:],
            }
        )
        facts = facts_of(wanted, moved.change, self._clock())
        if await self._bucket.store(moved, last, facts, file_bytes=None, moved=True):
            log.info("directory_moved_over", revision=single.revision, objects=len(changes))

    async def _with_file(
        self, before: KeptDirectory | None, told: int, file: Directory, digest: str
    ) -> tuple[KeptDirectory, list[ChangeFact]]:
        if before is None:
            changes = difference(None, file)
            _check_fits(file)
            wanted = DirectoryChange(
                by=OPERATOR_ACTOR,
                why="first start",
                version=file.version,
                base=0,
                file=digest,
                changes=changes,
            )
            return self._kept(None, file, wanted, f"directory-file-{digest[:32]}")
        earlier = await self._bucket.file(before.file)
        changes = file_changes(earlier, file, before.directory)
        if not changes:
            return before.model_copy(update={"file": digest}), []
        version = (
            file.version
            if file.version != before.directory.version
            else _following(file.version, before.revision)
        )
        wanted = DirectoryChange(
            by=OPERATOR_ACTOR,
            why="the file has changed",
            version=version,
            base=before.revision,
            file=digest,
            changes=changes,
        )
        changed = apply_change(before.directory, wanted)
        _check_fits(changed, altered(before.directory, changed))
        telling = self._telling(before.directory, changed, told, THE_FILE)
        with_telling = wanted.model_copy(update={"telling": telling})
        return self._kept(
            before, changed, with_telling, f"directory-file-{digest[:32]}-{before.revision + 1}"
        )

    def _kept(
        self, before: KeptDirectory | None, directory: Directory, wanted: DirectoryChange, change_id: str
    ) -> tuple[KeptDirectory, list[ChangeFact]]:
        at = self._clock()
        facts = facts_of(wanted, change_id, at)
        kept = KeptDirectory.model_construct(
            revision=wanted.base + 1,
            at=at,
            change=change_id,
            subject=facts[0].subject,
            fact=facts[0].raw.decode(),
            file=wanted.file or (before.file if before else None),
            recent=(*(before.recent if before else ()), change_id)[-REMEMBERED:],
            directory=directory,
        )
        return kept, facts

    async def _complete(self) -> None:
        """What is left to do for the head: its objects, its facts, and the word that this was done."""
        kept, _ = await self._bucket.kept()
        if kept is not None and self._live.single is None:
            await self._tell(kept)

    async def _tell(self, kept: KeptDirectory) -> int:
        """Write the objects of the change and append its facts, unless it is known that this was done. `kept`
        is of the head that was read last. Returns the sequence in the bucket of the word that it was done.
        Raises Unreachable.
        """
        head = self._live.head
        change, sequence = await self._bucket.told()
        if change == kept.change or head is None:
            return sequence
        await self._bucket.write_objects()
        for fact in await self._bucket.facts(head):
            stored = await self._record.append(fact.subject, fact.raw, fact.id)
            log.info(
                "directory_changed",
                revision=kept.revision,
                version=kept.directory.version,
                sequence=stored.sequence,
            )
        return await self._bucket.put_told(head, kept)

    # What else is looked at

    def _keeps_what_policy_names(self, changes: Sequence[Change]) -> None:
        removed = [
            (number, one.id)
            for number, one in enumerate(changes)
            if isinstance(one, Remove) and one.what == "post"
        ]
        named = self._named() if removed else frozenset[str]()
        if faults := [
            (f"changes.{number}.id", f"post {post} is named by the policy")
            for number, post in removed
            if post in named
        ]:
            posts = [post for _, post in removed if post in named]
            detail = f"The policy names {', '.join(posts)}: whoever is owed something there would be dark. Change the policy first."
            raise Problem(409, "A post would be dark", detail, errors=faults, dark=posts)

    def _new_gaps(self, before: Directory, after: Directory) -> tuple[Gap, ...]:
        now = self._clock()
        return tuple(new_gaps(before, after, now, now + AHEAD))


def _following(version: str, revision: int) -> str:
    """The version of the revision that comes next."""
    return f"{version.partition('+')[0][:NAMED_BY]}+{revision + 1}"


def _check_fits(directory: Directory, ids: Ids | None = None) -> None:
    """Problem 413 where one of these objects (None: of all) would not fit a message."""
    if faults := misfits(directory, ids):
        raise Problem(413, "Too large", "; ".join(faults))


def _sign(directory: Directory, principal: Principal) -> Signature:
    return signature(
        directory,
        principal.person or principal.subject,
        principal.unit,
        WITHOUT_NAME.get(principal.role, OPERATOR),
    )


def _applied(directory: Directory, wanted: DirectoryChange) -> Directory:
    try:
        return apply_change(directory, wanted)
    except DirectoryFault as fault:
        errors = [
            (".".join(map(str, one.path)) if one.path[0] == "changes" else "changes", one.text)
            for one in fault.found
        ]
        if not fault.dark:
            raise invalid(errors, "change") from None
        detail = "Nothing is stored. " + "; ".join(one.text for one in fault.found if one.dark)
        raise Problem(409, "A post would be dark", detail, errors=errors, dark=list(fault.dark)) from None
