"""A valid thing in one call, showing only what matters to the test; and a player that feeds facts to `decide` as the lanes do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.escalator.decide import decide
from services.escalator.draft import Rules
from services.escalator.policy.load import parse_policy
from shared.case import Case, Duty
from shared.directory import Directory, load_directory
from shared.facts import Acknowledgement, Actor, CaseAct, Decision, Deliveries, Delivery, Due, EffectKind, Fact, Report, Via
from shared.ids import CaseId, DutyId, NoticeId, PersonId, PostId, UnitId
from shared.vocabulary import Category, Kind, Level, Role

ROOT = Path(__file__).resolve().parents[2]
LEARNED = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CASE = CaseId("01JDCASE000000000000000000")


@cache
def example_directory() -> Directory:
    return load_directory(ROOT / "config" / "directory.yaml")


def default_rules(**replacements: str) -> Rules:
    """The default policy with pieces of its text replaced: `default_rules(**{"after: PT5M": "after: PT1M"})`."""
    text = (ROOT / "config" / "policy.yaml").read_text(encoding="utf-8")
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    return Rules(parse_policy(text), example_directory())


def a_report(**changes: Any) -> Report:
    known: dict[str, Any] = {
        "category": Category.ACCIDENT,
        "level": Level.II,
        "unit": UnitId(example_directory().units[0].id),
        "area": "620622",
        "occurred_at": LEARNED - timedelta(minutes=5),
        "learned_at": LEARNED,
        "summary": "化工厂爆炸",
        "received_at": LEARNED,
        "reported_by": "zhang",
    }
    return Report.model_validate(known | changes)


@dataclass
class Story:
    """Plays facts in order. `at` is minutes after the unit learned of it."""

    rules: Rules = field(default_factory=default_rules)
    case: Case | None = None
    sequence: int = 0
    decisions: list[Decision] = field(default_factory=list[Decision])

    def happens(self, kind: Kind, data: Any, minutes: float) -> Decision:
        self.sequence += 1
        now = LEARNED + timedelta(minutes=minutes)
        fact = Fact.of(kind, id=f"f{self.sequence}", source="/test", subject=CASE, time=now, data=data)
        before = self.case
        self.case, decision = decide(before, fact, self.sequence, now, self.rules)
        assert decide(before, fact, self.sequence, now, self.rules) == (self.case, decision), "the same fact is decided the same"
        self.decisions.append(decision)
        return decision

    def reported(self, minutes: float = 0, **changes: Any) -> Decision:
        return self.happens(Kind.REPORTED, a_report(**changes), minutes)

    def acknowledged(self, person: str, minutes: float, via: Via = Via.LINK) -> Decision:
        by = Actor(principal=person, role=Role.LEADER)
        return self.happens(Kind.ACKNOWLEDGED, Acknowledgement(person=PersonId(person), via=via, by=by), minutes)

    def delivery(self, kind: Kind, notice: str, person: str, channel: str, minutes: float) -> Decision:
        at = LEARNED + timedelta(minutes=minutes)
        done = Delivery(
            notice=NoticeId(notice), person=PersonId(person), channel=channel, address="+86•••1", attempts=3, first_tried_at=at, done_at=at
        )
        return self.happens(kind, Deliveries(deliveries=(done,)), minutes)

    def act(self, kind: Kind, minutes: float, unit: str | None = None, **data: Any) -> Decision:
        by = Actor(principal="officer", role=Role.DUTY_OFFICER, unit=UnitId(unit) if unit else None)
        return self.happens(kind, CaseAct(by=by, **data), minutes)

    def clock_strikes(self, duty: str) -> Decision:
        """The duty's armed clock fires, to the moment."""
        at = self.duty(duty).clock_at
        assert at is not None, f"{duty} has no clock armed"
        return self.happens(Kind.DUE, Due(duty=DutyId(duty), at=at), (at - LEARNED).total_seconds() / 60)

    def time_passes(self, until: float) -> None:
        """Every clock up to and including `until` minutes strikes, in order."""
        limit = LEARNED + timedelta(minutes=until)
        while True:
            armed = [(duty.clock_at, duty.id) for duty in self.now.duties if duty.clock_at is not None and duty.clock_at <= limit]
            if not armed:
                return
            self.clock_strikes(min(armed)[1])

    @property
    def now(self) -> Case:
        assert self.case is not None
        return self.case

    def duty(self, duty: str) -> Duty:
        return next(one for one in self.now.duties if one.id == duty)

    def holder(self, post: str) -> str:
        return self.rules.directory.holder_of(PostId(post)).id

    def lit(self) -> list[tuple[float, str]]:
        """(minute, person) of every notice ordered so far, in order."""
        return [
            (round((decision.about.time - LEARNED).total_seconds() / 60, 3), notice.person)
            for decision in self.decisions
            for notice in decision.notices
        ]

    def effects(self, kind: EffectKind) -> list[tuple[str | None, str]]:
        """(duty, reason) of every effect of a kind so far."""
        return [(effect.duty, effect.why) for decision in self.decisions for effect in decision.effects if effect.kind is kind]
