"""What a played story leaves on record: the facts about a case and the decisions made on them, as the audit
reads them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import orjson

from services.escalator.playing.world import World
from shared.facts import Decision, Fact
from shared.facts.body import FactBody
from shared.ids import CaseId
from shared.story.narrator import Titles
from shared.story.reading import RecordedFact
from shared.vocabulary import Kind
from tests.stories.stage import Stage


@dataclass(slots=True)
class RecordingWorld(World):
    recorded: list[tuple[str, RecordedFact]] = field(default_factory=list[tuple[str, RecordedFact]])
    """(case, fact), decisions among them."""

    def applied(self, fact: Fact, at: datetime) -> Decision:
        place = len(self.recorded)
        decision = World.applied(self, fact, at)
        sequence = decision.about.sequence
        taken = [(fact.subject or "", _recorded(sequence, at, fact.kind, fact.data))]
        if not decision.is_empty:
            data = orjson.loads(msgspec.json.encode(decision))
            taken.append((fact.subject or "", _recorded(-sequence, at, Kind.DECIDED, data)))
        self.recorded[place:place] = taken
        return decision


def _recorded(sequence: int, at: datetime, kind: str, data: dict[str, Any]) -> RecordedFact:
    return RecordedFact(sequence, 0, at, kind, FactBody(orjson.loads(orjson.dumps(data))))


def recording(stage: Stage) -> Stage:
    stage.world = RecordingWorld(stage.world.rules)
    return stage


def facts_of(stage: Stage, case: CaseId) -> list[RecordedFact]:
    assert isinstance(stage.world, RecordingWorld)
    of_case = [fact for subject, fact in stage.world.recorded if subject == case]
    return [
        RecordedFact(fact.sequence, number, fact.at, fact.kind, fact.data)
        for number, fact in enumerate(of_case, 1)
    ]


def titles_of(stage: Stage, case: CaseId) -> Titles:
    found = stage.case(case)
    return Titles(
        duties={rule: terms.title for rule, terms in found.plans.items()},
        tasks={task.id: task.title for task in found.tasks},
    )
