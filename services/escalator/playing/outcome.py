"""A history played under a policy: what became of each case's duties, and who was told when.

Invariant: people's acts happen when they happened, under whatever policy; everything else (decisions, clocks,
what one case says to another) is worked out anew by `decide`. A case that has ended and waits for nothing is
let go of, so that ten years fit into memory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from services.escalator.deciding.draft import Rules, UndecidableError
from services.escalator.playing.world import STEP, World
from services.escalator.policy.archive import Archive
from services.escalator.policy.load import Policy
from shared.case import Case
from shared.directory import Directory
from shared.facts import Decision, Deliveries, Delivery, Effect, EffectKind, Fact, LapseCause
from shared.ids import CaseId, NoticeId
from shared.vocabulary import CASE_ACTS, Kind

SYSTEM = "/services/escalator"
"""Whose facts are worked out anew instead of taken from the history."""
REPLAYED = frozenset(
    {
        Kind.REPORTED,
        Kind.ACKNOWLEDGED,
        Kind.HEARD,
        Kind.ESTABLISHED,
        Kind.MATCHED,
        Kind.DELIVERED,
        Kind.FAILED,
        *CASE_ACTS,
    }
)
AS_THEY_STAND = frozenset({Kind.ESTABLISHED, Kind.MATCHED})
"""Said by the escalator, but not by `decide`: taken from the history all the same."""

Stored = tuple[Fact, datetime]
"""A fact, and when the broker stored it."""


@dataclass(slots=True)
class DutyOutcome:
    """One duty as it went: opened for the `number`-th time of its rule and bearer in the case."""

    rule: str
    bearer: str
    due_at: datetime
    done_at: datetime | None = None
    lapsed: LapseCause | None = None
    cancelled: str | None = None


@dataclass(slots=True)
class CaseOutcome:
    case: CaseId
    summary: str
    unit: str
    level: str | None
    duties: dict[tuple[str, str, int], DutyOutcome] = field(
        default_factory=dict[tuple[str, str, int], DutyOutcome]
    )
    told: list[tuple[datetime, str, str, str]] = field(default_factory=list[tuple[datetime, str, str, str]])
    """(when, person, purpose, reason) of each notice."""
    measure: str | None = None
    """Of an accountability case: what the ladder proposes."""


@dataclass(slots=True)
class PlayedOutcome:
    policy: str
    facts: int = 0
    decisions: int = 0
    not_applicable: int = 0
    """Acts on what there would not have been under this policy."""
    cases: dict[CaseId, CaseOutcome] = field(default_factory=dict[CaseId, CaseOutcome])

    @property
    def lapses(self) -> int:
        return sum(duty.lapsed is not None for case in self.cases.values() for duty in case.duties.values())

    @property
    def duties(self) -> int:
        return sum(len(case.duties) for case in self.cases.values())

    @property
    def notices(self) -> int:
        return sum(len(case.told) for case in self.cases.values())


Turn = tuple[datetime, Policy]
"""From when on a policy is in force."""


def play(
    history: Iterable[Stored], turns: Sequence[Turn], directory: Directory, until: datetime | None = None
) -> PlayedOutcome:
    """Every fact of `history` (in the order of its storing), then the clocks up to `until` (default: the last
    fact).

    `turns`: the policies that came into force, in order; the first also holds before its moment.
    """
    return _Play(turns, directory).whole(history, until)


class _Play:
    def __init__(self, turns: Sequence[Turn], directory: Directory) -> None:
        self._turns = list(turns[1:])
        self._rules = {policy.label: Rules(policy, directory) for _, policy in turns}
        self._cases = Archive()
        self._world = World(
            self._rules[turns[0][1].label], by_policy=self._rules, cases=cast(dict[CaseId, Case], self._cases)
        )
        self._outcome = PlayedOutcome(", ".join(self._rules))
        self._open: dict[tuple[CaseId, str], DutyOutcome] = {}
        """By case and duty id, the duties that are still owed."""

    def whole(self, history: Iterable[Stored], until: datetime | None) -> PlayedOutcome:
        last = until
        for fact, at in history:
            if not is_replayed(fact):
                continue
            self._pass(at)
            if fact.kind in (Kind.DELIVERED, Kind.FAILED):
                self._delivery(fact, at)
            else:
                self._apply(fact, at)
            last = at if until is None else until
        if last is not None:
            self._pass(last + STEP)
        return self._outcome

    def _pass(self, at: datetime) -> None:
        """Time passes until just before `at`, and through every change of policy on the way."""
        while self._turns and self._turns[0][0] <= at:
            begins, policy = self._turns.pop(0)
            self._world.pass_until(begins - STEP)
            self._world.rules = self._rules[policy.label]
        self._world.pass_until(at - STEP)
        self._watch()

    def _apply(self, fact: Fact, at: datetime) -> None:
        self._outcome.facts += 1
        try:
            self._world.applied(fact, at)
        except UndecidableError:
            self._outcome.not_applicable += 1
            return
        self._watch()

    def _delivery(self, fact: Fact, at: datetime) -> None:
        """What became of a call is what would have become of it: the same person, over the same channel."""
        case = self._world.cases.get(CaseId(fact.subject or ""))
        if case is None:
            return
        readdressed = [
            each.model_copy(update={"notice": notice})
            for each in Deliveries.model_validate(fact.data).deliveries
            if (notice := _latest_notice(case, each)) is not None
        ]
        if readdressed:
            data = Deliveries(deliveries=tuple(readdressed)).model_dump(mode="json", exclude_none=True)
            self._apply(fact.model_copy(update={"data": data}), at)

    def _watch(self) -> None:
        """Take down what the decisions since the last look have brought about."""
        decisions = self._world.decisions
        for decision in decisions:
            self._take_down(decision)
        self._outcome.decisions += len(decisions)
        touched = {decision.case for decision in decisions}
        decisions.clear()
        for case_id in touched:
            case = self._cases[case_id]
            if case.ended_at is not None and case.clock_at is None:
                self._cases.put_away(case_id)

    def _take_down(self, decision: Decision) -> None:
        case_outcome = self._outcome.cases.get(decision.case)
        if case_outcome is None:
            case = self._world.cases[decision.case]
            case_outcome = CaseOutcome(case.id, case.report.summary, case.report.unit, case.report.level)
            self._outcome.cases[case.id] = case_outcome
        at = decision.about.time
        for effect in decision.effects:
            if effect.kind is EffectKind.PROPOSED and effect.measure is not None:
                case_outcome.measure = effect.measure
            if effect.duty is not None:
                self._effect(case_outcome, effect, at)
        case_outcome.told += [
            (at, notice.person, notice.purpose.value, notice.why) for notice in decision.notices
        ]

    def _effect(self, case_outcome: CaseOutcome, effect: Effect, at: datetime) -> None:
        assert effect.duty is not None
        name = (case_outcome.case, str(effect.duty))
        if effect.kind is EffectKind.OPENED:
            assert effect.due_at is not None
            rule, bearer = str(effect.duty).partition("-")[0], effect.person or ""
            number = sum(owed[:2] == (rule, bearer) for owed in case_outcome.duties)
            self._open[name] = case_outcome.duties[rule, bearer, number] = DutyOutcome(
                rule, bearer, effect.due_at
            )
            return
        duty = self._open.get(name)
        if duty is None:
            return
        if effect.kind is EffectKind.MOVED and effect.due_at is not None:
            duty.due_at = effect.due_at
        elif effect.kind is EffectKind.LAPSED:
            duty.lapsed = effect.cause or LapseCause.NOT_DONE
        elif effect.kind is EffectKind.DISCHARGED:
            duty.done_at = at
            del self._open[name]
        elif effect.kind is EffectKind.CANCELLED:
            duty.cancelled = effect.why
            del self._open[name]


def is_replayed(fact: Fact) -> bool:
    """What people and systems said; what the escalator concluded is worked out anew."""
    return fact.kind in REPLAYED and (not fact.source.startswith(SYSTEM) or fact.kind in AS_THEY_STAND)


def _latest_notice(case: Case, told: Delivery) -> NoticeId | None:
    """The last call of this person that went over this channel and has come no further there yet."""
    channel, is_handed_over = told.channel, told.state is not None
    lit = [
        contact
        for duty in case.duties
        for contact in duty.lit
        if contact.person == told.person
        and channel in contact.channels
        and (channel in contact.delivered) is is_handed_over
        and channel not in contact.failed
    ]
    return max(lit, key=lambda contact: contact.at).notice if lit else None
