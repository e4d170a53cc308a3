"""Makes a case again that can't be read, or has left the bucket, from what is on record of it.

Invariant: a case that can be read is never touched. What is written goes over exactly what could not be read;
what goes out besides has the ids it would have had then, so that made again it is stored once. Afterwards its
clock is armed anew: a moment that has passed strikes at once, late rather than never.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Set
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import structlog
from msgspec.structs import replace
from nats.aio.client import Client

from services.escalator.deciding.draft import Rules
from services.escalator.deciding.rebuild import AuthenticFact, History, Rebuilt, RulesFor, rebuild
from services.escalator.lanes.cases import BrokenCaseError, Cases
from services.escalator.lanes.earlier_directories import DecisionMoment, EarlierDirectories
from services.escalator.lanes.kept_parts import kept_parts
from services.escalator.lanes.outgoing import Outgoings
from services.escalator.lanes.rulebook import RuleBook
from shared.broker.append import PUBLISH_TIMEOUT
from shared.broker.exchange import ConflictError
from shared.broker.revisions import last_readable
from shared.broker.stored import StoredMessage
from shared.broker.walk import walk
from shared.case import ENDED, Case, CaseStatus, read_case
from shared.case_parts import address_of, head_of, places_of, put_together
from shared.facts import (
    Checked,
    CheckOutcome,
    Decision,
    EffectKind,
    Fact,
    FactError,
    Frozen,
    Rejection,
    read_decision,
)
from shared.facts.authenticity import distrust
from shared.facts.cause import Cause
from shared.ids import CaseId, learned_at
from shared.streams import CASES, FACTS, escalator_durable
from shared.subjects import lane_of
from shared.vocabulary import ESCALATOR_KINDS, Kind

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_UNREADABLE_BEFORE = "can't be read: "
"""In the reason of a fact that was set aside for no fault of its own, when rejections had no cause yet."""
BEFORE_ITS_ID = timedelta(hours=1)
"""The time in a case's id is when somebody learned of it; nothing about it was stored much earlier."""
EVER = datetime(2000, 1, 1, tzinfo=UTC)
_OF_A_CASE = frozenset({*ESCALATOR_KINDS, Kind.DECIDED, Kind.REJECTED})


class RebuildOutcome(StrEnum):
    STANDS = "stands"
    """It can be read: nothing was done."""
    REBUILT = "rebuilt"
    NOT_ON_RECORD = "not_on_record"
    """The record has nothing to begin it with."""


class Done(Frozen):
    """What became of one case."""

    case: CaseId
    outcome: RebuildOutcome
    late: int = 0
    """Decisions made now on facts that were set aside."""
    differing: int = 0
    """Decisions on record that would be others now."""


class Rebuilding:
    def __init__(
        self,
        connection: Callable[[], Client],
        cases: Cases,
        outgoings: Outgoings,
        rulebook: RuleBook,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection, self._cases, self._out, self._rulebook, self._clock = (
            connection,
            cases,
            outgoings,
            rulebook,
            clock,
        )
        self._earlier = EarlierDirectories(connection, rulebook.directory)

    async def rebuild_case(self, case_id: CaseId) -> Done:
        """Make the case again where it can't be read or is not there."""
        try:
            case, revision = await self._cases.load(case_id, fresh=True)
        except BrokenCaseError as error:
            case, revision = None, error.revision
        if case is not None:
            return Done(case=case_id, outcome=RebuildOutcome.STANDS)
        try:
            rebuilt = await self._rebuilt(case_id, revision, await self._first_to_come(case_id))
        except ConflictError:
            return Done(
                case=case_id, outcome=RebuildOutcome.STANDS
            )  # whoever wrote it meanwhile could read it
        if rebuilt is None:
            return Done(case=case_id, outcome=RebuildOutcome.NOT_ON_RECORD)
        return Done(
            case=case_id,
            outcome=RebuildOutcome.REBUILT,
            late=len(rebuilt.unsent),
            differing=len(rebuilt.differing),
        )

    async def broken(self) -> list[CaseId]:
        """Every case that can't be read; and every one that is on record, had not ended, and is not there."""
        readable: dict[CaseId, bool] = {}
        parts = {
            stored.subject
            async for stored in walk(self._connection, f"KV_{CASES}", f"$KV.{CASES}.*.*")
            if _is_part(stored)
        }
        async for stored in walk(self._connection, f"KV_{CASES}", f"$KV.{CASES}.*"):
            readable[CaseId(stored.subject.rpartition(".")[2])] = (
                "KV-Operation" in stored.headers or _is_readable(stored, parts)
            )
        gone: dict[CaseId, bool] = {}
        async for stored in walk(self._connection, FACTS, f"fact.*.{Kind.DECIDED}"):
            told = _authentic_fact(stored)
            case_id = CaseId(told.fact.subject or "") if told is not None else None
            decision = _decision(told.fact) if told is not None else None
            if decision is not None and case_id is not None and case_id not in readable:
                gone[case_id] = _has_ended(decision, before=gone.get(case_id, False))
        return [case for case, can_be_read in readable.items() if not can_be_read] + [
            case for case, ended in gone.items() if not ended
        ]

    async def before(self, case_id: CaseId, revision: int, sequence: int) -> Case | None:
        """The case as it stood before the fact at `sequence`, or after the last fact that was decided on
        since; written over `revision`. Raises ConflictError.
        """
        rebuilt = await self._rebuilt(case_id, revision, sequence)
        return rebuilt.case if rebuilt else None

    async def _first_to_come(self, case_id: CaseId) -> int:
        """The first fact that the case's lane may still have to decide on: taken in here it would be decided
        on by nobody.
        """
        info = (
            await self._connection()
            .jetstream(timeout=PUBLISH_TIMEOUT)
            .consumer_info(FACTS, escalator_durable(lane_of(case_id)))
        )
        return (info.ack_floor.stream_seq if info.ack_floor else 0) + 1

    async def _rebuilt(self, case_id: CaseId, revision: int, until: int) -> Rebuilt | None:
        start = await self._start(case_id)
        history, places = await self._history(case_id, start)
        rules_for = await self._rules_for(history, places)
        # Of a campaign of thousands of acts it takes seconds: the lanes go on meanwhile.
        rebuilt = await asyncio.to_thread(rebuild, start, history, until, rules_for)
        if rebuilt is None:
            return None
        for decision in rebuilt.unsent:
            await self._out.send(decision, _no_step, again=True)
        await self._cases.store(rebuilt.case, self._cases.stow(rebuilt.case), revision)
        await self._out.arm_again(rebuilt.case)
        if rebuilt.case.report_sequence and (rebuilt.differing or rebuilt.skipped):
            log.warning(
                "rebuilt_otherwise",
                case=case_id,
                differing=rebuilt.differing[:20],
                skipped=rebuilt.skipped[:20],
            )
        log.critical(
            "case_rebuilt",
            case=case_id,
            revision=revision,
            sequence=rebuilt.case.applied.sequence,
            late=len(rebuilt.unsent),
        )
        checked = Checked(
            found=CheckOutcome.CASE_REBUILT,
            case=case_id,
            sequence=rebuilt.case.applied.sequence,
            repaired=True,
        )
        await self._out.say_checked(checked, f"rebuilt:{case_id}:{revision}", self._clock())
        return rebuilt

    async def _start(self, case_id: CaseId) -> Case | None:
        """As it stood before somebody wrote there what can't be read."""
        js = self._connection().jetstream(timeout=PUBLISH_TIMEOUT)
        parts = await kept_parts(js, case_id)

        def read(raw: bytes) -> Case:
            case = read_case(put_together(raw, parts))
            if case.id != case_id:
                raise ValueError(f"it is case {case.id}")
            return case

        return (await last_readable(js, CASES, case_id, read)).value

    async def _rules_for(self, history: History, places: Mapping[int, int]) -> RulesFor:
        """What has a decision on record is decided as it was then, all else as of now."""
        moments = {
            decided: DecisionMoment(decision.directory, places[decided])
            for decided, decision in history.decisions.items()
        }
        directories = await self._earlier.at({*moments.values()})

        def rules_for(case: Case | None, told: AuthenticFact, decision: Decision | None) -> Rules:
            if decision is None:
                return self._rulebook.rules_for(case, told.fact.kind, told.at)
            return self._rulebook.rules_then(decision, directories.get(moments[told.sequence]))

        return rules_for

    # The record

    async def _history(self, case_id: CaseId, start: Case | None) -> tuple[History, dict[int, int]]:
        """What is on record of the case; and by the sequence of each fact decided on where its decision
        stands.
        """
        facts, decisions, aside, decision_ids = (
            list[AuthenticFact](),
            dict[int, Decision](),
            set[int](),
            set[str](),
        )
        places: dict[int, int] = {}
        async for entry, stored in self._facts_of(case_id, start):
            if entry.fact.kind == Kind.DECIDED:
                if entry.fact.id not in decision_ids and (decision := _decision(entry.fact)) is not None:
                    decision_ids.add(entry.fact.id)
                    decisions[decision.about.sequence] = _joined(
                        decisions.get(decision.about.sequence), decision
                    )
                    places.setdefault(decision.about.sequence, entry.sequence)
            elif entry.fact.kind == Kind.REJECTED:
                aside |= _aside_for_no_fault_of_its_own(entry.fact)
            elif stored.subject.rpartition(".")[2] in ESCALATOR_KINDS:
                facts.append(entry)
        return History(facts, decisions, aside), places

    async def _facts_of(
        self, case_id: CaseId, start: Case | None
    ) -> AsyncIterator[tuple[AuthenticFact, StoredMessage]]:
        """The authentic facts about the case, since it stood at `start`."""
        subject, named = f"fact.{lane_of(case_id)}.*", case_id.encode()
        after, since = (
            (start.applied.sequence, None)
            if start is not None
            else (0, learned_at(case_id, EVER) - BEFORE_ITS_ID)
        )
        async for stored in walk(self._connection, FACTS, subject, after=after, since=since):
            if named not in stored.data or stored.subject.rpartition(".")[2] not in _OF_A_CASE:
                continue
            told = _authentic_fact(stored)
            if told is not None and told.fact.subject == case_id:
                yield told, stored


def _authentic_fact(stored: StoredMessage) -> AuthenticFact | None:
    """None for what is no authentic fact."""
    try:
        fact = Fact.read(stored.data)
    except FactError:
        return None
    return (
        AuthenticFact(fact, stored.sequence, stored.at)
        if distrust(stored.subject, stored.headers, fact) is None
        else None
    )


def _is_part(stored: StoredMessage) -> bool:
    """Whether it is what its key says."""
    return stored.subject.endswith(f".{address_of(stored.data)}")


def _is_readable(stored: StoredMessage, parts: Set[str]) -> bool:
    try:
        read_case(head_of(stored.data))
        named = places_of(stored.data).values()
    except ValueError:
        return False
    return all(f"{stored.subject}.{address}" in parts for addresses in named for address in addresses)


def _joined(first: Decision | None, next_part: Decision) -> Decision:
    """A decision that was told in several facts."""
    if first is None:
        return next_part
    return replace(
        first,
        effects=first.effects + next_part.effects,
        notices=first.notices + next_part.notices,
        sends=first.sends + next_part.sends,
    )


def _has_ended(decision: Decision, *, before: bool) -> bool:
    """By what the decision says of the case's status; where it says nothing, as it was before."""
    statuses = [
        effect.why
        for effect in decision.effects
        if effect.kind is EffectKind.STATUS and effect.why in tuple(CaseStatus)
    ]
    return statuses[-1] in ENDED if statuses else before


def _decision(fact: Fact) -> Decision | None:
    """None for what lies where decisions lie and is none."""
    try:
        return read_decision(fact.data)
    except ValueError:
        return None


def _aside_for_no_fault_of_its_own(fact: Fact) -> set[int]:
    """The sequence of a fact that was set aside as its case could not be read."""
    try:
        rejection = Rejection.model_validate(fact.data)
    except ValueError:
        return set()
    before = rejection.cause is None and rejection.distrust is None and _UNREADABLE_BEFORE in rejection.reason
    is_so = before or rejection.cause is Cause.CASE_UNREADABLE
    return {rejection.sequence} if is_so and rejection.sequence is not None else set()


async def _no_step(_: str) -> None:
    return None
