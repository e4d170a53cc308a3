"""A stage for stories: the real policy and directory on a virtual clock, told in the words of the field.

Invariant: a story moves time only forward, and every clock that is due on the way strikes before the next
word is said. Whoever acts is named by post, unit or person; a word that is refused fails the story, unless
the story is about the refusal (`refused`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from services.escalator.deciding.draft import Rules
from services.escalator.playing.world import World
from services.escalator.policy.book import Policy
from services.escalator.standing import to_be_watched
from services.notifier.channels import Form
from services.notifier.messages.duty_desk import duty_desk
from services.notifier.messages.writer import Writer
from shared.case import Case, Duty, DutyState, Task
from shared.directory import Directory
from shared.facts import (
    Acknowledgement,
    Actor,
    CaseAct,
    Decision,
    Deliveries,
    Delivery,
    Effect,
    EffectKind,
    Established,
    Heard,
    Matched,
    Notice,
    Purpose,
    Report,
    Via,
)
from shared.facts.report import CATEGORISED
from shared.ids import CaseId, PersonId, PostId, SourceId, UnitId, case_id_for
from shared.standing import standing_case
from shared.vocabulary import Category, Kind, Language, Level, ReportKind, Role
from tests.escalator.builders import default_rules, usual_role

ZONE = ZoneInfo("Asia/Shanghai")
LINK = "https://f/a/x"
_WRITER = Writer(ZONE)
MORNING = "2026-11-23 11:00"
"""A Monday; where nothing else is said, a story begins here, by the clock on the wall in Wangfeng."""


def wall(at: datetime) -> str:
    """`11-23 11:30`: a moment as the clock on the wall shows it, to the minute."""
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"


def moment(text: str) -> datetime:
    """The moment of a wall clock reading such as `2026-11-23 11:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


class Stage:
    """`policy` replaces pieces of the policy's text; `directory` stands in for the example's."""

    def __init__(
        self,
        start: str = MORNING,
        *,
        directory: Directory | None = None,
        policy: dict[str, str] | None = None,
    ) -> None:
        rules = default_rules(**(policy or {}))
        self.world = World(Rules(rules.policy, directory or rules.directory))
        self.now = moment(start)
        self._reports = 0

    @property
    def directory(self) -> Directory:
        return self.world.rules.directory

    @property
    def policy(self) -> Policy:
        return self.world.rules.policy

    # What happens

    def report(
        self,
        kind: ReportKind = ReportKind.INCIDENT,
        *,
        level: Level | None = None,
        learned: timedelta | None = None,
        **more: Any,
    ) -> CaseId:
        """A unit reports now what it learned of `learned` ago (default: at this moment); returns the case."""
        self._reports += 1
        learned_at = self.now - (learned or timedelta(0))
        known: dict[str, Any] = {
            "kind": kind,
            "category": Category.ACCIDENT if kind in CATEGORISED else None,
            "level": level,
            "unit": "wangshan_info_centre",
            "area": "620622",
            "occurred_at": learned_at,
            "learned_at": learned_at,
            "summary": "化工厂爆炸",
            "received_at": self.now,
            "reported_by": "test",
        }
        case = case_id_for(f"story:{self._reports}", self.now)
        self.world.happens(Kind.REPORTED, case, Report.model_validate(known | more), self.now)
        return case

    def says(
        self, case: CaseId, kind: Kind, by: str | Actor = "", *, role: Role | None = None, **data: Any
    ) -> Decision:
        """Somebody does `kind` about the case; it must not be refused. `by` is a post, a unit (its head
        acts), a person, or given.
        """
        decision = self._act(case, kind, by, role, data)
        faults = [effect.why for effect in decision.effects if effect.kind is EffectKind.REFUSED]
        assert not faults, f"{kind} was refused: {faults}"
        return decision

    def by_two(
        self, case: CaseId, kind: Kind, by: str = "", second: str = "gov_main", **data: Any
    ) -> Decision:
        """A grave case that somebody has not answered ends, or is graded down: one asks, and a second of a
        unit above agrees.
        """
        self.says(case, kind, by, **data)
        return self.says(case, Kind.SECONDED, second, role=Role.LEADER, approve=True)

    def refused(
        self, case: CaseId, kind: Kind, by: str | Actor = "", *, role: Role | None = None, **data: Any
    ) -> str:
        """The named reason for which the act is refused; it must be."""
        decision = self._act(case, kind, by, role, data)
        reasons = [effect.why for effect in decision.effects if effect.kind is EffectKind.REFUSED]
        assert reasons, (
            f"{kind} was not refused: {[(effect.kind, effect.why) for effect in decision.effects]}"
        )
        return reasons[0]

    def tries(
        self, case: CaseId, kind: Kind, by: str | Actor = "", *, role: Role | None = None, **data: Any
    ) -> Decision:
        """Somebody does it, whether or not it is refused."""
        return self._act(case, kind, by, role, data)

    def _act(
        self, case: CaseId, kind: Kind, by: str | Actor, role: Role | None, data: dict[str, Any]
    ) -> Decision:
        actor = by if isinstance(by, Actor) else self.actor(by, role or usual_role(kind))
        act = CaseAct.model_validate({"by": actor, **data})
        return self.world.happens(kind, case, act, self.now)

    def acknowledges(self, case: CaseId, *posts: str, via: Via = Via.LINK) -> None:
        """Each of them answers the call; a person's id serves too."""
        for post in posts:
            who = self.actor(post, Role.LEADER)
            answer = Acknowledgement(person=PersonId(who.principal), via=via, by=who)
            self.world.happens(Kind.ACKNOWLEDGED, case, answer, self.now)

    def logs_a_call(self, case: CaseId, to: str, by: str, **said: Any) -> Decision:
        """`by` writes down that they reached `to` by telephone."""
        person = PersonId(self.actor(to).principal)
        call = Acknowledgement.model_validate(
            {"person": person, "via": Via.LOGGED_CALL, "by": self.actor(by), **said}
        )
        return self.world.happens(Kind.ACKNOWLEDGED, case, call, self.now)

    def fails(self, notice: Notice, *channels: str) -> None:
        """The channels (default: all of the notice's) have failed for good."""
        self._delivery(Kind.FAILED, notice, channels)

    def delivers(self, notice: Notice, *channels: str) -> None:
        self._delivery(Kind.DELIVERED, notice, channels)

    def _delivery(self, kind: Kind, notice: Notice, channels: tuple[str, ...]) -> None:
        done = tuple(
            Delivery(
                notice=notice.id,
                person=notice.person,
                channel=channel,
                address="+86•••1",
                attempts=3,
                first_tried_at=self.now,
                done_at=self.now,
            )
            for channel in channels or notice.channels
        )
        self.world.happens(kind, CaseId(notice.id.partition(".")[0]), Deliveries(deliveries=done), self.now)

    def hears(self, source: str) -> CaseId:
        """The source gives a sign of life; returns its standing case."""
        case = standing_case("source", source)
        self.world.happens(Kind.HEARD, case, Heard(source=SourceId(source), at=self.now), self.now)
        return case

    def watches(self, watch: str, subject: str) -> CaseId:
        """What policy and directory ask to be watched is established; returns its standing case."""
        said = self.watched(watch, subject)
        case = standing_case(watch, subject)
        self.world.happens(Kind.ESTABLISHED, case, said, self.now)
        return case

    def watched(self, watch: str, subject: str) -> Established:
        """What policy and directory ask of it now."""
        return next(
            one
            for one in to_be_watched(self.policy, self.directory)
            if (one.watch, one.subject) == (watch, subject)
        )

    def matches(self, witness: CaseId, report: CaseId, score: float = 0.8) -> None:
        """The cross-check finds that a unit's report tells of what the witness knew."""
        found = self.case(report)
        said = Matched.model_validate(
            {
                "report": report,
                "unit": found.report.unit,
                "reported_at": found.opened_at,
                "score": score,
                "why": [{"aspect": "area", "alike": 1.0, "words": "same county"}],
            }
        )
        self.world.happens(Kind.MATCHED, witness, said, self.now)

    def puts_in_force(self, policy: dict[str, str]) -> None:
        """The policy with these pieces replaced is in force from now on; cases that have begun keep
        theirs.
        """
        before = self.world.rules
        self.world.by_policy[before.policy.label] = before
        self.world.rules = Rules(default_rules(**policy).policy, before.directory)

    def changes(self, directory: Directory) -> None:
        """Who is who is different from now on, for every case."""
        self.world.rules = Rules(self.world.rules.policy, directory)
        self.world.by_policy = {
            label: Rules(rules.policy, directory) for label, rules in self.world.by_policy.items()
        }

    # Who acts, and when

    def actor(self, by: str, role: Role = Role.DUTY_OFFICER) -> Actor:
        """A post's holder, a unit's head, a person; without a name the desk of the emergency office."""
        directory = self.directory
        if not by:
            return Actor(principal="desk", role=role, unit=UnitId("emergency_office"))
        if PostId(by) in directory.posts_by_id:
            return Actor(
                principal=self.holder(by), role=role, unit=UnitId(directory.posts_by_id[PostId(by)].unit)
            )
        if UnitId(by) in directory.units_by_id:
            head = directory.units_by_id[UnitId(by)].head
            return Actor(principal=self.holder(head) if head else by, role=role, unit=UnitId(by))
        person = directory.people_by_id[PersonId(by)]
        return Actor(principal=person.id, role=role, unit=UnitId(person.unit))

    def holder(self, post: str) -> str:
        """Who holds the post at this moment."""
        return self.directory.holder_of(PostId(post), self.now).id

    def after(self, **span: float) -> None:
        """So much time passes (`minutes=5`, `days=2` …); every clock on the way strikes."""
        self.now += timedelta(**span)
        self.world.pass_until(self.now)

    def at(self, text: str) -> None:
        """Time passes until the wall clock reads `2026-12-01 09:00`."""
        assert moment(text) >= self.now, f"{text} has passed"
        self.now = moment(text)
        self.world.pass_until(self.now)

    # What is seen

    def case(self, case: CaseId) -> Case:
        return self.world.cases[case]

    def duties(self, case: CaseId, rule: str) -> list[Duty]:
        return [duty for duty in self.case(case).duties if duty.rule == rule]

    def duty(self, case: CaseId, rule: str, task: str | None = None) -> Duty:
        """The last one of that rule (for that task)."""
        found = [duty for duty in self.duties(case, rule) if task in (None, duty.task)]
        assert found, f"no {rule} among {[duty.id for duty in self.case(case).duties]}"
        return found[-1]

    def task(self, case: CaseId, task: str = "t1") -> Task:
        return next(one for one in self.case(case).tasks if one.id == task)

    def owed(self, case: CaseId) -> set[str]:
        """The rules of which something is still owed."""
        return {duty.rule for duty in self.case(case).duties if duty.is_owed}

    def limit(self, case: CaseId, rule: str, task: str | None = None) -> str:
        return wall(self.duty(case, rule, task).due_at)

    def is_done(self, case: CaseId, rule: str, task: str | None = None) -> bool:
        """Done, and in time."""
        return self.duty(case, rule, task).state is DutyState.DISCHARGED

    def has_lapsed(self, case: CaseId, rule: str, task: str | None = None) -> bool:
        """The lapse is on record, whatever became of the duty since."""
        return self.duty(case, rule, task).lapse is not None

    def decisions(self, case: CaseId) -> list[Decision]:
        return [decision for decision in self.world.decisions if decision.case == case]

    def effects(self, case: CaseId, *kinds: EffectKind) -> list[Effect]:
        return [
            effect for decision in self.decisions(case) for effect in decision.effects if effect.kind in kinds
        ]

    def reasons(self, case: CaseId, *kinds: EffectKind) -> list[str]:
        return [effect.why for effect in self.effects(case, *kinds)]

    def notices(
        self, case: CaseId, rule: str = "", purpose: Purpose | None = None
    ) -> Iterator[tuple[datetime, Notice]]:
        for decision in self.decisions(case):
            for notice in decision.notices:
                if purpose in (None, notice.purpose) and any(duty.startswith(rule) for duty in notice.duties):
                    yield decision.about.time, notice

    def told(self, case: CaseId, rule: str = "", purpose: Purpose | None = None) -> list[tuple[str, str]]:
        """(when by the wall clock, through which post), of every call about duties of that rule."""
        return [(wall(at), notice.post) for at, notice in self.notices(case, rule, purpose)]

    def texts(
        self, case: CaseId, post: str, purpose: Purpose | None = None, form: Form = Form.SHORT
    ) -> list[str]:
        """What the post's holder has read (or heard, SPOKEN) about the case, oldest first: the very text, in
        their language.
        """
        person = PersonId(self.actor(post).principal)
        told = list[str]()
        for decision in self.decisions(case):
            for notice in decision.notices:
                if notice.person == person and purpose in (None, notice.purpose):
                    told.append(self._text(notice, form, decision.about.time))
        return told

    def _text(self, notice: Notice, form: Form, at: datetime) -> str:
        desk = duty_desk(notice.brief.desk, self.directory, notice.person, at)
        telephone = desk.telephone if desk is not None else ""
        case = CaseId(notice.id.partition(".")[0])
        return _WRITER.write(case, notice, form, link=LINK, now=at, desk=telephone).text

    def channels(self, case: CaseId, post: str, purpose: Purpose) -> list[tuple[str, ...]]:
        """Over which channels the post's holder was told for that purpose, oldest first."""
        person = self.actor(post).principal
        return [
            notice.channels
            for decision in self.decisions(case)
            for notice in decision.notices
            if notice.person == person and notice.purpose is purpose
        ]

    def texts_of_duty(self, case: CaseId, rule: str, post: str, language: str = "zh") -> list[str]:
        """The short messages that whoever holds the post got about duties of that rule, oldest first."""
        return [
            self._text(replace(notice, language=Language(language)), Form.SHORT, at)
            for at, notice in self.notices(case, rule)
            if notice.post == post
        ]

    def raised(self, case: CaseId, kind: ReportKind) -> list[CaseId]:
        """The cases of that kind that follow from this one, in order."""
        return [
            one.id
            for one in self.world.cases.values()
            if one.report.parent == case and one.report.kind is kind
        ]

    def slips(self, case: CaseId, rule: str) -> list[tuple[str, str]]:
        """(when, colour) of every slip of duties of that rule."""
        return [
            (wall(decision.about.time), effect.why)
            for decision in self.decisions(case)
            for effect in decision.effects
            if effect.kind is EffectKind.SLIPPED and (effect.duty or "").startswith(rule)
        ]


__all__ = ["MORNING", "Stage", "moment", "wall"]
