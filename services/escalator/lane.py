"""The shell around `decide`: one fact of a lane, from delivery to acknowledgement.

Invariant: killed between any two steps it neither loses nor doubles a decision. The case is written first (compare-and-set,
with the decision inside); then the decision, its clock and what follows for other cases go out, all idempotent; then the fact is
acknowledged. A fact that comes again finds itself applied and only repeats what goes out. A fact that can't be decided on is set
aside as a `rejected` fact with its bytes and the reason, and never stops its lane.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter

import structlog
from msgspec.structs import replace

from services.escalator.cases import BrokenCaseError, Cases
from services.escalator.decide import UndecidableError, decide
from services.escalator.metrics import Metrics
from services.escalator.outgoing import Outgoings
from services.escalator.pull import Handed
from services.escalator.rulebook import RuleBook, UnknownPolicyError
from services.escalator.send import ConflictError
from shared.case import Case, write_case
from shared.facts import Clock, Decision, Fact, FactError
from shared.ids import CaseId
from shared.logs import about_case
from shared.streams import LANE_ACK_WAIT
from shared.vocabulary import Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RETRY_AFTER = 0.5
"""Seconds until a fact whose decision could not go out is tried again; its lane waits, for order's sake."""
POLICY_TRIES = 20
"""Times a fact waits for the policy its case began under to reach this replica, before it is set aside."""

MAY_CHANGE_NOTHING = (Kind.DUE, Kind.DELIVERED, Kind.FAILED)
"""Only these leave no mark in a case they did not change; the independent check follows all others."""
LARGEST_CASE = 1_000_000
"""Bytes; the broker takes 1 MB with the envelope around it, and would refuse more each time it is tried."""

Step = Callable[[str], Awaitable[None]]
"""Called by name after each step: tests kill the process there."""


async def no_step(_: str) -> None:
    return None


class PoisonedError(Exception):
    """The fact, or its case, can't be decided on: trying again would fail again. Says why."""

    def __init__(self, reason: str, errors: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(reason)
        self.errors = errors


class Lanes:
    """Handles the facts of every lane this replica pulls."""

    def __init__(self, cases: Cases, outgoings: Outgoings, rulebook: RuleBook, metrics: Metrics, step: Step = no_step) -> None:
        self._cases, self._out, self._rulebook, self._metrics, self._step = cases, outgoings, rulebook, metrics, step

    async def handle(self, handed: Handed) -> None:
        try:
            with _renewed(handed):
                await self._step("received")
                await self._one(handed)
                await self._step("before_ack")
                await handed.ack()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the boundary: whatever went wrong outside `decide` is tried again, in order
            self._metrics.retried.inc()
            log.warning("fact_retried", subject=handed.subject, error=str(error) or type(error).__name__, next=f"again in {RETRY_AFTER} s")
            await handed.nak(RETRY_AFTER)

    async def _one(self, handed: Handed) -> None:
        try:
            fact = _read(handed)
            with about_case(fact.subject):
                decision = await self._decide_once(fact, handed.sequence, handed.at, handed.delivered)
                if decision is not None:
                    await self._out.send(decision, self._step)
        except PoisonedError as error:
            log.exception("fact_set_aside", sequence=handed.sequence, subject=handed.subject)
            await self._out.set_aside(handed, str(error), error.errors)
            self._metrics.set_aside.inc()

    async def _decide_once(self, fact: Fact, sequence: int, now: datetime, delivered: int) -> Decision | None:
        """The decision on this fact, made now or found made already; None where a later fact has been applied since."""
        fresh = False
        while True:
            case, revision = await self._case_of(fact, fresh)
            if case is not None and case.applied.sequence >= sequence:
                return case.decision if case.applied.sequence == sequence else None
            started = perf_counter()
            after, decision, raw = self._decided(case, fact, sequence, now, delivered)
            self._metrics.decide_seconds.observe(perf_counter() - started)
            await self._step("decided")
            if case is not None and fact.kind in MAY_CHANGE_NOTHING and _is_unchanged(case, after, decision):
                # A clock that struck for nothing leaves nothing to keep; it would find nothing again.
                self._metrics.count(fact, decision, now)
                return None
            try:
                await self._cases.store(after, raw, revision)
            except ConflictError:
                fresh = True
                continue
            await self._step("stored")
            self._metrics.count(fact, decision, now)
            _say(after, decision)
            return decision

    async def _case_of(self, fact: Fact, fresh: bool) -> tuple[Case | None, int]:
        case_id = CaseId(fact.subject or "")
        if not case_id:
            raise PoisonedError(f"{fact.kind} has no subject: it is about no case")
        if fact.kind == Kind.REPORTED and not fresh:
            # A case that is there all the same conflicts when it is written, and is then read.
            return self._cases.recent(case_id)
        try:
            return await self._cases.load(case_id, fresh=fresh)
        except BrokenCaseError as error:
            raise PoisonedError(str(error)) from error

    def _decided(self, case: Case | None, fact: Fact, sequence: int, now: datetime, delivered: int) -> tuple[Case, Decision, bytes]:
        """The case after it, the decision, and the case as it is stored; whatever goes wrong here would go wrong again."""
        try:
            rules = self._rulebook.rules_for(case, fact.kind, now)
            after, decision = decide(case, fact, sequence, now, rules)
            after, decision = _rearmed(after, decision, fact)
            raw = write_case(after)
        except UnknownPolicyError as error:
            if delivered < POLICY_TRIES:
                raise
            raise PoisonedError(str(error)) from error
        except UndecidableError as error:
            raise PoisonedError(str(error)) from error
        except Exception as error:  # a fault of ours in one case must not stop the hundreds that share its lane
            raise PoisonedError(f"{type(error).__name__}: {error}") from error
        if len(raw) > LARGEST_CASE:
            raise PoisonedError(f"the case would take {len(raw)} bytes, more than {LARGEST_CASE}: split it")
        return after, decision, raw


def _read(handed: Handed) -> Fact:
    try:
        return Fact.read(handed.data)
    except FactError as error:
        raise PoisonedError(f"not a fact: {error}", tuple(error.errors)) from error


def _is_unchanged(case: Case, after: Case, decision: Decision) -> bool:
    return decision.is_empty and replace(after, applied=case.applied, decision=case.decision) == case


def _rearmed(after: Case, decision: Decision, fact: Fact) -> tuple[Case, Decision]:
    """A clock that struck is gone from the broker: where its case keeps the same moment, it is armed again all the same."""
    if fact.kind != Kind.DUE or decision.clock is not None or after.clock_at is None:
        return after, decision
    decision = replace(decision, clock=Clock(at=after.clock_at, duty=after.clock_duty))
    return replace(after, decision=decision), decision


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
    """One line for each decision that changed something."""
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
