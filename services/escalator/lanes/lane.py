"""The shell around `decide`: one fact of a lane, from delivery to acknowledgement.

Invariant: killed between any two steps it neither loses nor doubles a decision. The case is written first
(compare-and-set, with the decision inside); then the decision, its clock and what follows for other cases go
out, all idempotent; then the fact is acknowledged. A fact that comes again finds itself applied and only
repeats what is not on record yet. A message that is no authentic fact, and a fact that can't be decided on,
is set aside as a `rejected` fact about its case with the reason, and never stops its lane. A report that
can't be decided on opens a case all the same (`bare_case`). A case that can't be read, or has left the
bucket, is made again from the record first. Nothing is suspected before the cross-check has come so far.
"""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import structlog
from msgspec.structs import replace

from services.escalator.deciding.bare_case import bare_case, decide_somehow
from services.escalator.deciding.decide import set_aside
from services.escalator.deciding.draft import UndecidableError
from services.escalator.deciding.rebuild import rearmed
from services.escalator.lanes.cases import BrokenCaseError, Cases
from services.escalator.lanes.established_before import EstablishedBefore
from services.escalator.lanes.grave_cases import GraveCases
from services.escalator.lanes.outgoing import Outgoings
from services.escalator.lanes.overdue import OverdueClocks
from services.escalator.lanes.rebuilding import Rebuilding
from services.escalator.lanes.rulebook import RuleBook, UnknownPolicyError
from services.escalator.metrics import Metrics
from shared.broker.exchange import ConflictError
from shared.broker.open_pull import Handed
from shared.case import Case
from shared.case_parts import Stowed, TooLargeError
from shared.facts import Decision, EffectKind, Fact, FactError, Purpose, Reason
from shared.facts.authenticity import distrust
from shared.facts.cause import Cause
from shared.facts.distrust import WORDS, Distrust
from shared.formats import NewerError, NewerSeen
from shared.ids import IS_CASE_ID, CaseId, learned_at
from shared.logs import about_case
from shared.streams import LANE_ACK_WAIT
from shared.vocabulary import DIRECTORY_KINDS, Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RETRY_AFTER = 0.5
"""Seconds until a fact whose decision could not go out is tried again; its lane waits, for order's sake."""
NEWER_AFTER = 2.0
"""Seconds until a fact that this version can't read yet is looked at again: its lane waits for the
upgrade.
"""
POLICY_TRIES = 20
"""Times a fact waits for the policy its case began under to reach this replica, before it is set aside."""

NEW = timedelta(hours=1)
"""Of a report older than this the record is asked whether its case was here before."""
OPENING = (Kind.REPORTED, Kind.ESTABLISHED, Kind.REFERRED, Kind.STRAY_REPLY, *DIRECTORY_KINDS)
"""What a case may begin with."""
MAY_CHANGE_NOTHING = (Kind.DUE, Kind.DELIVERED, Kind.FAILED)
"""Only these leave no mark in a case they did not change; the independent check follows all others."""
ACCUSING = (EffectKind.LAPSED, EffectKind.SUSPECTED)
OF_A_MESSAGE = (Kind.DELIVERED, Kind.FAILED)

Step = Callable[[str], Awaitable[None]]
"""Called by name after each step: tests kill the process there."""


async def no_step(_: str) -> None:
    return None


class PoisonedError(Exception):
    """The fact, or its case, can't be decided on: trying again would fail again. Says why."""

    def __init__(
        self,
        reason: str,
        cause: Cause,
        errors: tuple[tuple[str, str], ...] = (),
        distrust: Distrust | None = None,
    ) -> None:
        super().__init__(reason)
        self.cause, self.errors, self.distrust = cause, errors, distrust


LEFT_TO_ITS_TURN = (PoisonedError, UnknownPolicyError, NewerError)
"""What is wrong with one overdue clock holds up none of the others."""


class Lanes:
    """Handles the facts of every lane this replica pulls."""

    def __init__(
        self,
        cases: Cases,
        outgoings: Outgoings,
        rulebook: RuleBook,
        rebuilding: Rebuilding,
        overdue: OverdueClocks,
        metrics: Metrics,
        clock: Callable[[], datetime],
        is_match_awaited: Callable[[CaseId, int], Awaitable[bool]],
        grave_cases: GraveCases,
        established: EstablishedBefore,
        step: Step = no_step,
    ) -> None:
        self._cases, self._out, self._rulebook, self._metrics, self._step = (
            cases,
            outgoings,
            rulebook,
            metrics,
            step,
        )
        self._rebuilding, self._overdue, self._clock = rebuilding, overdue, clock
        self._is_match_awaited, self._grave_cases = is_match_awaited, grave_cases
        self._established = established
        self.newer = NewerSeen()

    async def handle(self, handed: Handed) -> None:
        try:
            with _renewed(handed):
                await self._step("received")
                await self._work_on(handed)
                await self._step("before_ack")
                await handed.ack()
        except asyncio.CancelledError:
            raise
        except NewerError as error:
            self.newer.saw(f"fact {handed.sequence} on {handed.subject}", error)
            log.warning(
                "fact_of_a_newer_format", subject=handed.subject, sequence=handed.sequence, next=str(error)
            )
            await handed.nak(NEWER_AFTER)
        except (
            Exception
        ) as error:  # the boundary: whatever went wrong outside `decide` is tried again, in order
            self._metrics.retried.inc()
            log.warning(
                "fact_retried",
                subject=handed.subject,
                error=str(error) or type(error).__name__,
                next=f"again in {RETRY_AFTER} s",
            )
            await handed.nak(RETRY_AFTER)

    async def _work_on(self, handed: Handed) -> None:
        fact: Fact | None = None
        try:
            fact = _read(handed)
            if (why := distrust(handed.subject, handed.headers, fact)) is not None:
                raise PoisonedError(f"not authentic: {WORDS[why]}", Cause.NOT_AUTHENTIC, distrust=why)
            if fact.subject is None and fact.kind in DIRECTORY_KINDS:
                return  # a change that touches nobody is about no case
            if await self._is_worked_through(handed, fact):
                return
            with about_case(fact.subject):
                decision, again = await self._decide_once(fact, handed.sequence, handed.at, handed.delivered)
                if decision is not None:
                    await self._out.send(decision, self._step, again=again)
                    if (reason := _set_aside_in(decision)) is not None:
                        await self._out.set_aside(handed, fact.subject, reason, Cause.UNDECIDABLE)
                        self._metrics.set_aside.inc()
        except PoisonedError as error:
            log.exception("fact_set_aside", sequence=handed.sequence, subject=handed.subject)
            await self._out.set_aside(
                handed, fact.subject if fact else None, str(error), error.cause, error.distrust, error.errors
            )
            self._metrics.set_aside.inc()
            if error.distrust is not None:
                self._metrics.distrusted.labels(error.distrust).inc()

    async def _is_worked_through(self, handed: Handed, fact: Fact) -> bool:
        """Whether it is an overdue clock that was decided on with its fellows, now or before, in the order of
        their limits.
        """
        if self._overdue.is_decided(handed):
            return True
        for overdue in await self._overdue.in_order(handed, fact):
            with about_case(overdue.fact.subject), suppress(*LEFT_TO_ITS_TURN):
                decision, again = await self._decide_once(overdue.fact, overdue.sequence, overdue.at, 1)
                if decision is not None:
                    await self._out.send(decision, self._step, again=again)
                self._overdue.decided(handed, overdue)
        return self._overdue.is_decided(handed)

    async def _decide_once(
        self, fact: Fact, sequence: int, now: datetime, delivered: int
    ) -> tuple[Decision | None, bool]:
        """The decision on this fact, and whether it was made before; None where a later fact has been applied
        since.
        """
        fresh = False
        while True:
            try:
                case, revision = await self._case_of(fact, sequence, now, fresh)
                if case is not None and case.applied.sequence >= sequence:
                    return (case.decision if case.applied.sequence == sequence else None), True
                if case is None and fact.kind in OF_A_MESSAGE:
                    return None, False  # an earlier version told the desk of a report without a case
                started = perf_counter()
                after, decision, stowed = self._decided(case, fact, sequence, now)
                if any(effect.kind in ACCUSING for effect in decision.effects):
                    # No lapse is written before it is known whether we were away ourselves: half a second for
                    # all that lapse then.
                    await self._rulebook.settled(now)
                    after, decision, stowed = self._decided(case, fact, sequence, now)
                if _is_suspecting(decision) and await self._is_match_awaited(decision.case, sequence):
                    after, decision, stowed = self._decided(case, fact, sequence, now, is_match_awaited=True)
                if _calls_a_roll(decision) and (grave := self._grave_cases.first()) is not None:
                    after, decision, stowed = self._decided(case, fact, sequence, now, grave_case=grave)
                self._metrics.decide_seconds.observe(perf_counter() - started)
                await self._step("decided")
                if (
                    case is not None
                    and fact.kind in MAY_CHANGE_NOTHING
                    and _is_unchanged(case, after, decision)
                ):
                    # A clock that struck for nothing leaves nothing to keep; it would find nothing again.
                    self._metrics.count(fact, decision, now)
                    return None, False
                await self._cases.store(after, stowed, revision)
            except ConflictError:
                fresh = True
                continue
            except UnknownPolicyError as error:
                if delivered < POLICY_TRIES:
                    raise
                raise PoisonedError(str(error), Cause.UNKNOWN_POLICY) from error
            self._grave_cases.saw(after)
            await self._step("stored")
            self._metrics.count(fact, decision, now)
            _say(after, decision)
            return decision, False

    async def _case_of(
        self, fact: Fact, sequence: int, now: datetime, fresh: bool
    ) -> tuple[Case | None, int]:
        """Raises ConflictError where somebody else wrote it while it was made again."""
        case_id = CaseId(fact.subject or "")
        if not IS_CASE_ID.fullmatch(case_id):
            raise PoisonedError(
                f"{fact.kind} is about no case: its subject {case_id[:80]!r} is no case's id", Cause.NO_CASE
            )
        opens = fact.kind in OPENING
        if fact.kind == Kind.REPORTED and not fresh and not self._is_old(case_id, now):
            # A case that is there all the same conflicts when it is written, and is then read.
            return self._cases.recent(case_id)
        try:
            case, revision = await self._cases.load(case_id, fresh=fresh)
        except BrokenCaseError as error:
            without = PoisonedError(
                f"{error}; the record has nothing to make it again from", Cause.CASE_UNREADABLE
            )
            return await self._case_from_record(
                case_id, error.revision, sequence, None if fact.kind == Kind.REPORTED else without
            )
        if case is not None or (opens and not self._is_old(case_id, now)):
            return case, revision
        if (
            fact.kind == Kind.ESTABLISHED
            and not revision
            and await self._established.is_first(case_id, sequence)
        ):
            return None, 0
        never = PoisonedError(f"{fact.kind} about case {case_id}, which was never reported", Cause.NO_CASE)
        may_be_without = opens or fact.kind in OF_A_MESSAGE
        return await self._case_from_record(case_id, revision, sequence, None if may_be_without else never)

    async def _case_from_record(
        self, case_id: CaseId, revision: int, sequence: int, without: PoisonedError | None
    ) -> tuple[Case | None, int]:
        """From the record. `without`: why the fact is set aside where the record has nothing of its case;
        None: then the case is new.
        """
        case = await self._rebuilding.before(case_id, revision, sequence)
        if case is None and without is not None:
            raise without
        return (None, revision) if case is None else await self._cases.load(case_id)

    def _is_old(self, case_id: CaseId, now: datetime) -> bool:
        """Whether the case may have been here before and have left the bucket: its id, or the fact itself, is
        not of the last hour.
        """
        oldest = self._clock() - NEW
        return now < oldest or learned_at(case_id, now) < oldest

    def _decided(
        self,
        case: Case | None,
        fact: Fact,
        sequence: int,
        now: datetime,
        **known_now: Any,
    ) -> tuple[Case, Decision, Stowed]:
        """The case after it, the decision, and the case as it is stored; whatever goes wrong here would go
        wrong again. `known_now`: fields of the rules that only this moment knows.
        """
        try:
            rules = self._rulebook.rules_for(case, fact.kind, now)
            if known_now:
                rules = dataclasses.replace(rules, **known_now)
            after, decision = decide_somehow(case, fact, sequence, now, rules)
            after, decision = rearmed(after, decision, fact)
            try:
                stowed = self._cases.stow(after)
            except TooLargeError as error:
                if case is not None:
                    after, decision = set_aside(case, fact, sequence, now, rules, error)
                elif fact.kind == Kind.REPORTED:
                    after, decision = bare_case(fact, sequence, now, rules, error)
                else:
                    raise
                stowed = self._cases.stow(after)
        except UnknownPolicyError:
            raise
        except UndecidableError as error:
            raise PoisonedError(str(error), Cause.UNDECIDABLE) from error
        except (
            Exception
        ) as error:  # a fault of ours in one case must not stop the hundreds that share its lane
            raise PoisonedError(f"{type(error).__name__}: {error}", Cause.FAULT) from error
        return after, decision, stowed


def _read(handed: Handed) -> Fact:
    try:
        return Fact.read(handed.data)
    except FactError as error:
        raise PoisonedError(
            f"not a fact: {error}", Cause.NOT_AUTHENTIC, tuple(error.errors), Distrust.ENVELOPE
        ) from error


def _is_suspecting(decision: Decision) -> bool:
    return any(effect.why == Reason.NO_UNIT_HAS_REPORTED for effect in decision.effects)


def _calls_a_roll(decision: Decision) -> bool:
    return any(notice.purpose is Purpose.ROLL_CALL for notice in decision.notices)


def _set_aside_in(decision: Decision) -> str | None:
    """Why the act that was decided on was set aside, where it was."""
    return next(
        (effect.note or effect.why for effect in decision.effects if effect.why == Reason.ACT_SET_ASIDE), None
    )


def _is_unchanged(case: Case, after: Case, decision: Decision) -> bool:
    return decision.is_empty and replace(after, applied=case.applied, decision=case.decision) == case


@contextmanager
def _renewed(handed: Handed) -> Generator[None]:
    """Tell the broker every second that this fact is being worked on, so that nobody else gets it."""
    loop = asyncio.get_running_loop()
    every = LANE_ACK_WAIT.total_seconds() / 2
    pending: set[asyncio.Task[None]] = set()

    def renew() -> None:
        nonlocal timer
        task = loop.create_task(handed.renew())
        pending.add(task)
        task.add_done_callback(pending.discard)
        timer = loop.call_later(every, renew)

    timer = loop.call_later(every, renew)
    try:
        yield
    finally:
        timer.cancel()


def _say(case: Case, decision: Decision) -> None:
    """One line for each decision that changed something, and one for each thing that was left out of it."""
    for effect in decision.effects:
        if effect.kind is EffectKind.LEFT_OUT or effect.why == Reason.ACT_SET_ASIDE:
            log.error(
                "left_out",
                why=effect.why,
                note=effect.note,
                sequence=decision.about.sequence,
                next="see to it by hand; tell us",
            )
    if decision.effects or decision.notices:
        log.info(
            "decided",
            about=decision.about.kind,
            sequence=decision.about.sequence,
            level=case.level,
            effects=Counter(effect.kind.value for effect in decision.effects),
            notices=len(decision.notices),
            next=decision.clock.at if decision.clock else None,
        )
