"""A valid thing in one call, showing only what matters to the test; and a player that feeds facts to `decide`
as the lanes do.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.escalator.deciding.decide import decide
from services.escalator.deciding.draft import Rules
from services.escalator.playing.world import World, handed_over_at_once
from services.escalator.policy.load import parse_policy, policy_text
from shared.case import Case, Duty, Task
from shared.directory import Directory, load_directory
from shared.facts import (
    Acknowledgement,
    Actor,
    CaseAct,
    Decision,
    Deliveries,
    Delivery,
    Due,
    Effect,
    EffectKind,
    Fact,
    Frozen,
    Harm,
    LapseCause,
    MessageState,
    Notice,
    Report,
    Via,
)
from shared.ids import CaseId, NoticeId, PersonId, PostId, UnitId
from shared.territory import MAY
from shared.vocabulary import Category, Kind, Level, Role

ROOT = Path(__file__).resolve().parents[2]
LEARNED = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CASE = CaseId("01JDCASE000000000000000000")
LEADERS = "first_report-"
"""What the duties owed to the leaders begin with: one for each of `half_hour.owed_to`."""


@cache
def example_directory() -> Directory:
    return load_directory(ROOT / "config" / "directory.yaml")


@cache
def _rules(replacements: tuple[tuple[str, str], ...]) -> Rules:
    text = policy_text(ROOT / "config" / "policy.yaml")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return Rules(parse_policy(text), example_directory())


KEEPS_OPEN = {
    '    refers: true\n    variants:\n      - { when: { level: none }, within: "@half_hour.within" }': (
        "    refers: true\n    stand_in: keeps_open\n    variants:\n"
        '      - { when: { level: none }, within: "@half_hour.within" }'
    )
}
"""The first report waits for its own recipient, whoever stands in."""


def default_rules(**replacements: str) -> Rules:
    """The default policy with pieces of its text replaced: `default_rules(**{"after: PT5M": "after:
    PT1M"})`.
    """
    return _rules(tuple(replacements.items()))


def usual_role(kind: Kind) -> Role:
    """A duty officer's where they may, else whoever's it is."""
    return next(
        role
        for role in (Role.DUTY_OFFICER, Role.SUPERVISOR, Role.LEADER, Role.DISCIPLINE)
        if role in MAY[kind]
    )


def a_report(**changes: Any) -> Report:
    known: dict[str, Any] = {
        "category": Category.ACCIDENT,
        "level": Level.II,
        "unit": "wangshan_info_centre",
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
    """Plays facts about one case in order; what it says to other cases is played in a World of its own
    (`world`).

    `at` is minutes after the unit learned of it.
    """

    rules: Rules = field(default_factory=default_rules)
    case: Case | None = None
    sequence: int = 0
    decisions: list[Decision] = field(default_factory=list[Decision])
    tells: bool = True
    """Calls are handed over at once unless a fact says that they failed; else only facts say what was handed
    over.
    """

    def happens(self, kind: Kind, data: Frozen, minutes: float, case: CaseId = CASE) -> Decision:
        self.sequence += 1
        now = LEARNED + timedelta(minutes=minutes)
        fact = Fact.of(kind, id=f"f{self.sequence}", source="/test", subject=case, time=now, data=data)
        before = self.case
        if before is not None and self.tells and kind not in (Kind.DELIVERED, Kind.FAILED):
            before = handed_over_at_once(before)
        self.case, decision = decide(before, fact, self.sequence, now, self.rules)
        assert decide(before, fact, self.sequence, now, self.rules) == (self.case, decision), (
            "the same fact is decided the same"
        )
        self.decisions.append(decision)
        return decision

    def reported(self, minutes: float = 0, **changes: Any) -> Decision:
        return self.happens(Kind.REPORTED, a_report(**changes), minutes)

    def acknowledged(self, person: str, minutes: float, via: Via = Via.LINK, *, by: str = "") -> Decision:
        """`by`: who wrote a call down."""
        actor = Actor(principal=by or person, role=Role.LEADER if by in (None, person) else Role.DUTY_OFFICER)
        return self.happens(
            Kind.ACKNOWLEDGED, Acknowledgement(person=PersonId(person), via=via, by=actor), minutes
        )

    def delivery(
        self,
        kind: Kind,
        notice: str,
        person: str,
        channel: str,
        minutes: float,
        state: MessageState | None = None,
    ) -> Decision:
        at = LEARNED + timedelta(minutes=minutes)
        done = Delivery(
            notice=NoticeId(notice),
            person=PersonId(person),
            channel=channel,
            address="+86•••1",
            attempts=3,
            first_tried_at=at,
            done_at=at,
            state=state,
        )
        return self.happens(kind, Deliveries(deliveries=(done,)), minutes)

    def act(
        self,
        kind: Kind,
        minutes: float,
        unit: str | None = None,
        role: Role | None = None,
        who: str = "officer",
        **data: Any,
    ) -> Decision:
        """Where nothing else is said somebody of the unit that holds the case acts, in a role that may."""
        by = Actor(
            principal=who, role=role or usual_role(kind), unit=UnitId(unit) if unit else self.now.holder
        )
        return self.happens(kind, CaseAct(by=by, **data), minutes)

    def by_two(self, kind: Kind, minutes: float, unit: str | None = None, **data: Any) -> Decision:
        """An act on a grave case that takes a second person, who agrees at once."""
        self.act(kind, minutes, unit, **data)
        return self.act(Kind.SECONDED, minutes, "government", Role.LEADER, "qian_yi", approve=True)

    def clock_strikes(self) -> Decision:
        """The case's armed clock fires, to the moment."""
        at = self.now.clock_at
        assert at is not None, "no clock is armed"
        return self.happens(
            Kind.DUE, Due(duty=self.now.clock_duty, at=at), (at - LEARNED).total_seconds() / 60
        )

    def time_passes(self, until: float) -> None:
        """Every clock up to and including `until` minutes strikes, in order."""
        limit = LEARNED + timedelta(minutes=until)
        while self.now.clock_at is not None and self.now.clock_at <= limit:
            self.clock_strikes()

    @property
    def now(self) -> Case:
        assert self.case is not None
        return self.case

    def duty(self, duty: str) -> Duty:
        """By its id, or by its rule where the case has one of it."""
        found = [one for one in self.now.duties if one.id == duty] or [
            one for one in self.now.duties if one.rule == duty
        ]
        assert found, f"{duty} is not among {[one.id for one in self.now.duties]}"
        return found[-1]

    def task(self, task: str = "t1") -> Task:
        return next(one for one in self.now.tasks if one.id == task)

    def holder(self, post: str) -> str:
        return self.rules.directory.holder_of(PostId(post), LEARNED).id

    def lit(self, rule: str = LEADERS) -> list[tuple[float, str]]:
        """(minute, person) of every notice about a duty whose id begins with `rule`, in order."""
        return [
            (round((decision.about.time - LEARNED).total_seconds() / 60, 3), notice.person)
            for decision in self.decisions
            for notice in decision.notices
            if any(duty.startswith(rule) for duty in notice.duties)
        ]

    def effects(self, kind: EffectKind, rule: str = "") -> list[tuple[str | None, str]]:
        """(duty, reason) of every effect of a kind so far."""
        return [
            (effect.duty, effect.why)
            for effect in self.all_effects(kind)
            if (effect.duty or "").startswith(rule)
        ]

    def all_effects(self, kind: EffectKind) -> list[Effect]:
        return [effect for decision in self.decisions for effect in decision.effects if effect.kind is kind]

    def notices(self) -> list[Notice]:
        return [notice for decision in self.decisions for notice in decision.notices]

    def world(self) -> World:
        """Cases that this one's decisions have opened or told so far, as they stand."""
        world = World(self.rules)
        for decision in self.decisions:
            for number, sent in enumerate(decision.sends):
                at = decision.about.time
                said = Fact(
                    id=f"{decision.case}:{decision.about.sequence}:{number}",
                    source="/test",
                    type=f"cn.fenghuo.{sent.kind}.v1",
                    subject=sent.case,
                    time=at,
                    data=sent.data,
                )
                world.applied(said, at)
        return world


__all__ = [
    "CASE",
    "LEADERS",
    "LEARNED",
    "Harm",
    "LapseCause",
    "Story",
    "World",
    "a_report",
    "default_rules",
    "example_directory",
    "usual_role",
]
