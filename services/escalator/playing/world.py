"""The escalator on a virtual clock: cases, their one clock each, and what one case says to another, without a
broker.

Invariant: exactly what the lanes would do, in the order in which the broker would store it: a clock that is
due before a fact strikes before it, and what a decision sends to another case is the next fact of that case.
Every call was handed over at once unless a fact says that it failed: here nothing of ours is ever away.
Stories, explanations and simulations all play here.
"""

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from services.escalator.deciding.decide import decide
from services.escalator.deciding.draft import Rules
from shared.case import Case, Lit
from shared.facts import Decision, Due, Fact, Frozen, Value
from shared.ids import CaseId, DutyId
from shared.vocabulary import Kind

STEP = timedelta(microseconds=1)
"""Between a fact and what follows from it."""


def handed_over_at_once(case: Case) -> Case:
    """The case as it is with a notifier that hands over whatever has not failed."""
    if not any(_waits(lit) for duty in case.duties for lit in duty.lit):
        return case
    return replace(
        case,
        duties=tuple(replace(duty, lit=tuple(_handed_over(lit) for lit in duty.lit)) for duty in case.duties),
    )


def _handed_over(lit: Lit) -> Lit:
    return replace(lit, handed_over_at=lit.at) if _waits(lit) else lit


def _waits(lit: Lit) -> bool:
    return not lit.is_reached and not set(lit.channels) <= {*lit.failed, *lit.spared}


@dataclass(slots=True)
class World:
    """`rules` for all; `by_policy` for cases that began under another one, by the policy's label."""

    rules: Rules
    by_policy: dict[str, Rules] = field(default_factory=dict[str, Rules])
    cases: dict[CaseId, Case] = field(default_factory=dict[CaseId, Case])
    decisions: list[Decision] = field(default_factory=list[Decision])
    keep: bool = True
    """Keep every decision; off for long simulations, which look at each as `happens` returns it."""
    sequence: int = 0
    _clocks: list[tuple[datetime, CaseId]] = field(default_factory=list[tuple[datetime, CaseId]])
    _armed: dict[CaseId, tuple[datetime, DutyId | None]] = field(
        default_factory=dict[CaseId, tuple[datetime, DutyId | None]]
    )
    """The one pending clock of each case; others in `_clocks` were armed anew since."""

    def happens(self, kind: Kind, case: CaseId, data: Frozen | Value, at: datetime) -> Decision:
        """A fact about `case`, stored at `at`, and all that follows from it at once. Clocks due before `at`
        strike first.
        """
        self.pass_until(at - STEP)
        return self.applied(
            Fact.of(kind, id=f"f{self.sequence + 1}", source="/virtual", subject=case, time=at, data=data), at
        )

    def applied(self, fact: Fact, at: datetime) -> Decision:
        """One fact as it stands; what it sends to other cases is applied after it."""
        self.sequence += 1
        case_id = CaseId(fact.subject or "")
        before = self.cases.get(case_id)
        if before is not None and fact.kind not in (Kind.DELIVERED, Kind.FAILED):
            before = handed_over_at_once(before)
        keeps_its_own = before is not None and fact.kind != Kind.ESTABLISHED
        rules = (
            self.by_policy.get(before.policy, self.rules)
            if before is not None and keeps_its_own
            else self.rules
        )
        after, decision = decide(before, fact, self.sequence, at, rules)
        self.cases[case_id] = after
        if self.keep:
            self.decisions.append(decision)
        if decision.clock is not None:
            self._arm(case_id, decision.clock.at, decision.clock.duty)
        for number, sent in enumerate(decision.sends):
            sent_id = f"{case_id}:{self.sequence}:{number}"
            sent_fact = Fact(
                id=sent_id,
                source="/virtual",
                type=f"cn.fenghuo.{sent.kind}.v1",
                subject=sent.case,
                time=at,
                data=sent.data,
            )
            self.applied(sent_fact, at + STEP)
        return decision

    def pass_until(self, until: datetime) -> None:
        """Every clock up to and including `until` strikes, in order of due time."""
        while self._clocks and self._clocks[0][0] <= until:
            at, case_id = heapq.heappop(self._clocks)
            armed = self._armed.get(case_id)
            if armed is None or armed[0] != at:
                continue
            del self._armed[case_id]
            due = Due(duty=armed[1], at=at)
            self.applied(
                Fact.of(
                    Kind.DUE,
                    id=f"clock:{case_id}:{at}",
                    source="/virtual",
                    subject=case_id,
                    time=at,
                    data=due,
                ),
                at,
            )

    def _arm(self, case: CaseId, at: datetime | None, duty: DutyId | None) -> None:
        if at is None:
            self._armed.pop(case, None)
        else:
            self._armed[case] = at, duty
            heapq.heappush(self._clocks, (at, case))
