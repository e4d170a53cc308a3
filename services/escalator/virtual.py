"""The escalator on a virtual clock: cases, their one clock each, and what one case says to another, without a broker.

Invariant: exactly what the lanes would do, in the order in which the broker would store it: a clock that is due before a fact strikes
before it, and what a decision sends to another case is the next fact of that case. Stories, explanations and simulations all play here.
"""

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.escalator.decide import decide
from services.escalator.draft import Rules
from shared.case import Case
from shared.facts import Decision, Due, Fact, Frozen, Value
from shared.ids import CaseId
from shared.vocabulary import Kind

STEP = timedelta(microseconds=1)
"""Between a fact and what follows from it."""


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

    def happens(self, kind: Kind, case: CaseId, data: Frozen | Value, at: datetime) -> Decision:
        """A fact about `case`, stored at `at`, and all that follows from it at once. Clocks due before `at` strike first."""
        self.pass_until(at - STEP)
        return self.applied(Fact.of(kind, id=f"f{self.sequence + 1}", source="/virtual", subject=case, time=at, data=data), at)

    def applied(self, fact: Fact, at: datetime) -> Decision:
        """One fact as it stands; what it sends to other cases is applied after it."""
        self.sequence += 1
        case_id = CaseId(fact.subject or "")
        before = self.cases.get(case_id)
        rules = self.by_policy.get(before.policy, self.rules) if before is not None else self.rules
        after, decision = decide(before, fact, self.sequence, at, rules)
        self.cases[case_id] = after
        if self.keep:
            self.decisions.append(decision)
        if decision.clock is not None and decision.clock.at is not None:
            heapq.heappush(self._clocks, (decision.clock.at, case_id))
        for number, sent in enumerate(decision.sends):
            sent_id = f"{case_id}:{self.sequence}:{number}"
            said = Fact(id=sent_id, source="/virtual", type=f"cn.fenghuo.{sent.kind}.v1", subject=sent.case, time=at, data=sent.data)
            self.applied(said, at + STEP)
        return decision

    def pass_until(self, until: datetime) -> None:
        """Every clock up to and including `until` strikes, in order of due time."""
        while self._clocks and self._clocks[0][0] <= until:
            at, case_id = heapq.heappop(self._clocks)
            case = self.cases[case_id]
            if case.clock_at != at:
                continue  # armed anew since
            due = Due(duty=case.clock_duty, at=at)
            self.applied(Fact.of(Kind.DUE, id=f"clock:{case_id}:{at}", source="/virtual", subject=case_id, time=at, data=due), at)

    @property
    def next_at(self) -> datetime | None:
        """When the next clock strikes."""
        while self._clocks and self.cases[self._clocks[0][1]].clock_at != self._clocks[0][0]:
            heapq.heappop(self._clocks)
        return self._clocks[0][0] if self._clocks else None
