"""Facts a second through the pure decision, in one process, over the life of an incident of level II. Goal:
at least 20,000.

The mix: for each report four deliveries, five answers, four acts of the unit, the clocks that strike
meanwhile, the end.
"""

import asyncio
import gc
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from services.escalator.deciding.decide import decide
from services.escalator.deciding.draft import Rules
from shared.case import Case
from shared.facts import Acknowledgement, Actor, CaseAct, Decision, Deliveries, Delivery, Fact, Frozen, Via
from shared.ids import CaseId, PersonId
from shared.service import GC_EVERY
from shared.vocabulary import Document, Kind, Role
from tests.escalator.builders import CASE, LEARNED, Story, default_rules

ROUNDS = 300
Played = list[tuple[Fact, int, datetime]]


@dataclass
class Life(Story):
    """A story that remembers its facts."""

    facts: Played = field(default_factory=list[tuple[Fact, int, datetime]])

    def happens(self, kind: Kind, data: Frozen, minutes: float, case: CaseId = CASE) -> Decision:
        decision = super().happens(kind, data, minutes, case)
        at = decision.about.time
        self.facts.append(
            (
                Fact.of(kind, id=f"f{self.sequence}", source="/bench", subject=case, time=at, data=data),
                self.sequence,
                at,
            )
        )
        return decision


def a_life() -> Played:
    """The facts of one case from its report to its end, in order."""
    story = Life()
    notices = story.reported(1).notices
    by = Actor(principal="officer", role=Role.DUTY_OFFICER, unit=story.now.holder)
    for number in range(4):
        told = tuple(
            Delivery(
                notice=one.id, person=one.person, channel=one.channels[number % len(one.channels)], address="•", attempts=1,
                first_tried_at=LEARNED, done_at=LEARNED,
            )
            for one in notices[number::4]
        )  # fmt: skip
        if told:
            story.happens(Kind.DELIVERED, Deliveries(deliveries=told), 1.01 + number / 100)
    for number, duty in enumerate([duty for duty in story.now.duties if duty.rule == "first_report"]):
        if number == 3:
            story.time_passes(8)  # one of five stays dark: the chain is lit
        person = Actor(principal=duty.owed_to, role=Role.LEADER)
        data = Acknowledgement(person=PersonId(duty.owed_to), via=Via.LINK, by=person)
        story.happens(Kind.ACKNOWLEDGED, data, 2 + number * (0.1 if number < 3 else 2))
    story.happens(Kind.PROGRESSED, CaseAct(by=by, text="on the spot"), 12)
    story.happens(Kind.FILED, CaseAct(by=by, document=Document.WRITTEN_REPORT), 40)
    story.time_passes(100)
    story.happens(Kind.FOLLOWED_UP, CaseAct(by=by, text="under control"), 101)
    story.happens(Kind.RESOLVED, CaseAct(by=by, text="out"), 180)
    story.time_passes(600)
    story.happens(Kind.FILED, CaseAct(by=by, document=Document.FINAL_REPORT), 601)
    story.happens(Kind.CLOSED, CaseAct(by=by, text="all done"), 602)
    return story.facts


def play(life: Played, rules: Rules, spent: dict[str, float] | None = None) -> None:
    case: Case | None = None
    for fact, sequence, now in life:
        if spent is None:
            case, _ = decide(case, fact, sequence, now, rules)
            continue
        began = time.perf_counter()
        case, _ = decide(case, fact, sequence, now, rules)
        spent[fact.kind] += time.perf_counter() - began


async def run() -> dict[str, object]:
    await asyncio.sleep(0)
    rules, life = default_rules(), a_life()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_EVERY, 20, 50)  # as the service does
    play(life, rules)
    best = min(_timed(life, rules) for _ in range(5))
    spent: defaultdict[str, float] = defaultdict(float)
    for _ in range(ROUNDS):
        play(life, rules, spent)
    count = {kind: sum(fact.kind == kind for fact, _, _ in life) for kind in spent}
    each = {
        kind: round(seconds / ROUNDS / count[kind] * 1e6)
        for kind, seconds in sorted(spent.items(), key=lambda one: -one[1])
    }
    return {
        "facts of one case": len(life),
        "facts/s (best of 5)": round(ROUNDS * len(life) / best),
        "µs a fact, by kind": each,
        "of one case": count,
    }


def _timed(life: Played, rules: Rules) -> float:
    began = time.perf_counter()
    for _ in range(ROUNDS):
        play(life, rules)
    return time.perf_counter() - began
