"""Which duties are open now and what is due when, folded from facts; the countdown under the story."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.facts import Effect, EffectKind, Fact, read_decision
from shared.ids import CaseId, DutyId, PersonId
from shared.vocabulary import Kind

REPORT = "first_report"
"""The duty this is all about: whoever the report is owed to must answer."""


def in_words(rule: str | None) -> str:
    return (rule or "").replace("_", " ")


@dataclass
class OpenDuty:
    """What `person` owes. `lit` are those told so far, the last of them the one who is waited for."""

    case: CaseId
    rule: str
    person: PersonId
    due_at: datetime
    lit: list[PersonId] = field(default_factory=list[PersonId])
    taken_by: PersonId | None = None
    lapsed: bool = False


@dataclass
class OpenDuties:
    """The open duties by (case, duty), in the order they were opened."""

    duties: dict[tuple[str, DutyId], OpenDuty] = field(default_factory=dict[tuple[str, DutyId], OpenDuty])

    def take(self, fact: Fact) -> None:
        if fact.kind != Kind.DECIDED:
            return
        decision = read_decision(fact.data)
        for effect in decision.effects:
            if effect.duty is not None:
                self._apply(decision.case, effect.duty, effect)

    def _apply(self, case: CaseId, duty: DutyId, effect: Effect) -> None:
        key = (case, duty)
        if effect.kind is EffectKind.OPENED and effect.due_at and effect.person:
            self.duties[key] = OpenDuty(case, effect.duty_rule or "", effect.person, effect.due_at)
            return
        known = self.duties.get(key)
        if known is None:
            return
        match effect.kind:
            case EffectKind.LIT if effect.person:
                known.lit.append(effect.person)
            case EffectKind.TAKEN:
                known.taken_by = effect.person
            case EffectKind.LAPSED:
                known.lapsed = True
            case EffectKind.MOVED if effect.due_at:
                known.due_at = effect.due_at
            case EffectKind.DISCHARGED | EffectKind.CANCELLED:
                del self.duties[key]
            case _:
                return

    def by_due(self) -> list[OpenDuty]:
        return sorted(self.duties.values(), key=lambda duty: (duty.lapsed, duty.due_at))
