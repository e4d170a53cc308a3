"""A case with all that a bundle must tell: dark and answered calls, a stand-in, a lapse, a late answer;
decided by the real escalator.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.escalator.playing.world import World
from shared.facts import Decision, Fact, PolicyDrafted, Purpose
from shared.ids import CaseId
from shared.vocabulary import Kind, Level
from tests.escalator.builders import KEEPS_OPEN
from tests.stories.stage import Stage


@dataclass(slots=True)
class Recorded(World):
    """A world that keeps what the broker would have stored: every fact, and after it the decision made on
    it.
    """

    facts: list[tuple[Fact, datetime]] = field(default_factory=list[tuple[Fact, datetime]])

    def applied(self, fact: Fact, at: datetime) -> Decision:
        self.facts.append((fact, at))
        self.sequence, own = len(self.facts) - 1, len(self.facts)
        decision = World.applied(self, fact, at)
        if not decision.is_empty:
            told = Fact.of(
                Kind.DECIDED,
                id=f"{decision.case}:{own}",
                source="/services/escalator",
                subject=decision.case,
                time=at,
                data=decision,
            )
            self.facts.append((told, at + timedelta(milliseconds=3)))
        return decision


def policy_told(stage: Stage) -> Fact:
    """The policy in force, as it is told to the trail before anything else."""
    label, text = stage.policy.label, stage.policy.text
    drafted = PolicyDrafted(version=label.rpartition("sha256:")[2], label=label, by="file", text=text)
    return Fact.of(
        Kind.POLICY_DRAFTED,
        id=f"policy:{label}",
        source="/services/escalator",
        subject=None,
        time=stage.now,
        data=drafted,
    )


def a_story() -> tuple[CaseId, list[tuple[Fact, datetime]]]:
    """The facts in their order with the broker's times; a second case runs beside the first."""
    stage = Stage(policy=KEEPS_OPEN)
    world = stage.world = Recorded(stage.world.rules)
    world.facts.append((policy_told(stage), stage.now))
    case = stage.report(level=Level.II, reported_by="p_reporter")
    other = stage.report(level=Level.III, summary="供水管网爆裂")
    (_, first), *_ = stage.notices(case, purpose=Purpose.REPORT)
    stage.after(seconds=20)
    stage.delivers(first)
    stage.after(minutes=2)
    stage.acknowledges(case, "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
    stage.after(minutes=6)
    stage.acknowledges(case, "secretary_general")
    stage.after(minutes=26)
    stage.acknowledges(case, "party_main")
    stage.acknowledges(other, "emergency_office")
    stage.after(minutes=3)
    return case, world.facts
