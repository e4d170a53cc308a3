"""One decision in the making: what changes, who is to be told, and the named reason with the policy line for
each.

Invariant: a draft is private to one call of `decide`; a person gets at most one notice of a kind from it,
bundling all duties it is about; what it did not touch stays as it was.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from services.escalator.policy.load import Policy
from services.escalator.policy.rule import MatterChoice
from shared.case import Case, CaseStatus, Duty, DutyState, DutyTerms, Matter, Opening, Slip, Task, TaskState
from shared.directory import Directory, Person
from shared.directory.gaps import GapCode
from shared.facts import (
    Actor,
    Decision,
    Effect,
    EffectKind,
    LapseCause,
    Name,
    Notice,
    Outage,
    Outgoing,
    Purpose,
    Reason,
    Spelled,
)
from shared.facts.authors import Author
from shared.ids import CaseId, DutyId, NoticeId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Kind, Level

Why = Reason | Spelled | CaseStatus | TaskState | Slip | LapseCause | GapCode | Kind
"""What an effect may give as its reason: of a closed set, each with words, or spelled with what it carries."""
NOTICES_TOGETHER = 100
"""Notices that fit one message with what became of them; those of a larger decision go out in several
facts.
"""
DESK_DUTY = "seen_to_by_hand"
"""The rule's name of the duty desk's call, which is in no policy."""


class UndecidableError(ValueError):
    """A fact that can't be decided on: set aside with this reason, never dropped."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the escalator works by at the moment of a decision."""

    policy: Policy
    directory: Directory
    outages: tuple[Outage, ...] = ()
    """When we were away, as far as that is on record."""
    revision: int = 0
    """Of the directory."""
    grave_case: CaseId | None = None
    """An emergency of level I or II that is being handled, if there is any: no roll call begins."""
    is_match_awaited: bool = False
    """Not every report stored before this fact has been laid beside the outside witnesses yet, or a match with
    this one lies ahead: nothing is suspected.
    """


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the case in this decision, to which duties may open, be done, or end.

    `name` is a trigger of the policy: a fact's kind, `filed.<document>`, `lapsed.<rule>`,
    `discharged.<rule>`, `established.<watch>`.
    """

    name: str
    at: datetime
    task: TaskId | None = None
    actor: Actor | None = None
    due_at: datetime | None = None
    """The limit, where the act itself gives it."""
    follows: bool = False
    """It only follows from another event (`lapsed.…`, `discharged.…`): duties may open on it, none is done or
    ended by it.
    """
    text: str | None = None
    """What whoever did it wrote."""


class NoticeInMaking:
    """A notice being bundled."""

    __slots__ = ("dark", "duties", "more", "news_channels", "number", "person", "post", "purpose", "why")

    def __init__(self, number: int, person: Person, post: PostId, purpose: Purpose, why: Why) -> None:
        self.number, self.person, self.post, self.purpose, self.why = number, person, post, purpose, why
        self.duties: dict[DutyId, None] = {}
        """In order."""
        self.dark: list[Name] = []
        self.more: dict[str, Any] = {}
        """What its brief says besides what every brief says: `ending`, `called`, `stood_in`, `news` …"""
        self.news_channels: tuple[str, ...] = ()
        """By which the policy has this person told of what is new."""


class Draft:
    """`case` as it is by now; its duties and tasks beside it by id, in the case's order."""

    __slots__ = (
        "_sort",
        "calls",
        "case",
        "duties",
        "effects",
        "events",
        "is_absorbing",
        "is_agreed",
        "is_by_one",
        "is_careful",
        "late_since",
        "notices",
        "now",
        "openings",
        "outages",
        "past",
        "plans",
        "rules",
        "sends",
        "sequence",
        "tasks",
        "was",
    )

    def __init__(
        self, case: Case, sequence: int, now: datetime, rules: Rules, *, careful: bool = False
    ) -> None:
        self.case, self.sequence, self.now, self.rules = case, sequence, now, rules
        self.was = case
        """As it was before this decision."""
        self.duties: dict[DutyId, Duty] = {duty.id: duty for duty in case.duties}
        self.tasks: dict[TaskId, Task] = {task.id: task for task in case.tasks}
        self.plans: dict[str, DutyTerms] = case.plans
        self.openings: list[Opening] = list(case.openings)
        self.outages: tuple[Outage, ...] = rules.outages
        self.late_since: datetime | None = None
        self.effects: list[Effect] = []
        self.calls: dict[tuple[str, Purpose], NoticeInMaking] = {}
        self.sends: list[Outgoing] = []
        self.notices: list[Notice] = []
        self.events: list[Event] = []
        self.past: list[Event] = []
        """What has happened and been followed up, in order."""
        self.is_absorbing = False
        """A duplicate is taken in: limits may come earlier by it, but none that has passed already counts
        against anybody.
        """
        self.is_agreed = False
        """A second person has agreed to what is done."""
        self.is_by_one = False
        """One person alone grades the case no graver: no limit comes later by it, and nothing ends."""
        self.is_careful = careful
        """What fails is left out (`LeavingOut`) instead of failing the whole."""
        self._sort: MatterChoice | None = None

    @property
    def forgives_nothing(self) -> bool:
        """No limit comes later, and what is owed stays owed."""
        return self.is_absorbing or self.is_by_one

    def kept(self) -> dict[str, Any]:
        """All of it as it is now, for `restore`."""
        return {name: _copied(getattr(self, name)) for name in self.__slots__}

    def restore(self, kept: dict[str, Any]) -> None:
        for name, value in kept.items():
            setattr(self, name, value)

    # The case as it is by now

    def change(self, **fields: Any) -> None:
        """Set fields of the case (not its duties, tasks, plans or openings, which have places of their
        own).
        """
        self.case = replace(self.case, **fields)

    @property
    def as_it_is(self) -> Case:
        """The case with its duties and tasks as they are by now."""
        return replace(self.case, duties=tuple(self.duties.values()), tasks=tuple(self.tasks.values()))

    @property
    def directory(self) -> Directory:
        return self.rules.directory

    @property
    def policy(self) -> Policy:
        return self.rules.policy

    @property
    def sort(self) -> MatterChoice:
        """What the policy's rules choose by; made anew only where the grade has changed meanwhile."""
        case, choice = self.case, self._sort
        if choice is None or choice.level is not case.level or choice.sensitive is not case.sensitive:
            self._sort = choice = choice_of(self.policy, case.report, case.level, sensitive=case.sensitive)
        return choice

    def outage_at(self, at: datetime, *, only: Author | None = None) -> Outage | None:
        """When we were away at that moment, all of us or the one named."""
        return next(
            (outage for outage in self.outages if outage.holds(at) and only in (None, outage.of)), None
        )

    def owed(self, among: Sequence[DutyId] | None = None) -> Iterator[Duty]:
        """The duties still owed (of all, or of these), as they are when each is reached; a duty may be
        changed while this runs.
        """
        for duty_id in list(self.duties) if among is None else among:
            duty = self.duties[duty_id]
            if duty.state is DutyState.OPEN or duty.state is DutyState.LAPSED:
                yield duty

    def is_owed(self, duty: DutyId) -> bool:
        return duty in self.duties and self.duties[duty].is_owed

    def put(self, duty: Duty, **fields: Any) -> Duty:
        """Change a duty; returns it as it now is."""
        changed = replace(duty, **fields) if fields else duty
        self.duties[duty.id] = changed
        return changed

    def put_task(self, task: Task, **fields: Any) -> Task:
        changed = replace(task, **fields) if fields else task
        self.tasks[task.id] = changed
        return changed

    def plan_of(self, duty: Duty) -> DutyTerms:
        return self.plans[duty.rule]

    def keep_plan(self, plan: DutyTerms) -> None:
        known = self.plans.get(plan.rule)
        if known is not plan and known != plan:
            self.plans = {**self.plans, plan.rule: plan}

    # What is recorded

    def note(self, kind: EffectKind, why: Why, **more: Any) -> None:
        self.effects.append(Effect(kind=kind, why=why, **more))

    def on(
        self,
        duty: Duty,
        kind: EffectKind,
        why: Why,
        *,
        person: PersonId | None = None,
        unit: UnitId | None = None,
        **more: Any,
    ) -> None:
        """An effect on a duty, naming its bearer (unless another person) and the unit that owes it (unless
        another).
        """
        self.effects.append(
            Effect(
                kind=kind,
                why=why,
                duty=duty.id,
                duty_rule=duty.rule,
                task=duty.task,
                person=person or duty.bearer,
                unit=unit or duty.owed_by,
                **more,
            )
        )

    def refuse(self, why: Why, **more: Any) -> None:
        """The act stays on record and changes nothing."""
        self.note(EffectKind.REFUSED, why, **more)

    @property
    def is_refused(self) -> bool:
        return self.refused_why is not None

    @property
    def refused_why(self) -> str | None:
        return next((effect.why for effect in self.effects if effect.kind is EffectKind.REFUSED), None)

    @property
    def is_waiting(self) -> bool:
        """What is decided on waits for a second person."""
        return self.case.ending is not None and self.case.ending.sequence == self.sequence

    def happened(self, name: str, at: datetime | None = None, **more: Any) -> None:
        self.events.append(Event(name, at or self.now, **more))

    def send(self, kind: Kind, case: CaseId, data: dict[str, Any], why: Why, **more: Any) -> None:
        """Another case hears of this one by a fact of its own."""
        self.sends.append(Outgoing(kind=kind, case=case, data=data))
        self.note(EffectKind.RAISED, why, case=case, **more)

    # Who is told

    def call(
        self,
        person: Person,
        post: PostId,
        purpose: Purpose,
        why: Why,
        duty: Duty,
        *,
        dark: Name | None = None,
        unable: Name | None = None,
        **more: Any,
    ) -> NoticeId:
        """Tell `person`; a second call in the same decision joins the first. Returns the id of the notice.

        `more`: fields of the brief that this notice has besides what every brief says.
        """
        key = (person.id, purpose)
        call = self.calls.get(key)
        if call is None:
            self.calls[key] = call = NoticeInMaking(len(self.calls), person, post, purpose, why)
        call.duties.setdefault(duty.id)
        if dark is not None and dark not in call.dark:
            call.dark.append(dark)
        if unable is not None and unable not in (named := call.more.get("unable", ())):
            more["unable"] = (*named, unable)
        call.more |= more
        return self.notice_id(call.number)

    def is_calling(self, person: str, purpose: Purpose) -> bool:
        """Whether this very decision tells `person` already, so that one more duty joins that notice."""
        return (person, purpose) in self.calls

    def notice_id(self, number: int) -> NoticeId:
        return notice_id(self.case.id, self.sequence, number)

    def tell(self, notice: Notice) -> None:
        """A notice that is about no duty, as it stands."""
        self.notices.append(notice)

    # The whole

    def settled(self, decision: Decision, **fields: Any) -> Case:
        return replace(
            self.case,
            duties=tuple(self.duties.values()),
            tasks=tuple(self.tasks.values()),
            plans=self.plans,
            openings=tuple(self.openings),
            decision=decision,
            **fields,
        )


def choice_of(policy: Policy, matter: Matter, level: Level | None, *, sensitive: bool) -> MatterChoice:
    """What the policy's rules choose by; graded as it is now, whatever was reported."""
    return MatterChoice(
        matter.kind,
        matter.category,
        matter.topic,
        level,
        sensitive,
        matter.area,
        matter.unit,
        policy.document.gravity.of(level, sensitive),
    )


def notice_id(case: CaseId, sequence: int, number: int) -> NoticeId:
    """Of the notice of this number (from 0) of a decision: `<case>.<sequence>.<number>`, past a hundred
    `<case>.<sequence>p1.0` …
    """
    if number < NOTICES_TOGETHER:
        return NoticeId(f"{case}.{sequence}.{number}")
    group, place = divmod(number, NOTICES_TOGETHER)
    return NoticeId(f"{case}.{sequence}p{group}.{place}")


def _copied(value: Any) -> Any:
    """A copy of what changes in place; a bundled notice is copied with its lists."""
    if isinstance(value, dict):
        return {key: _copied(one) if isinstance(one, NoticeInMaking) else one for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, NoticeInMaking):
        call = copy(value)
        call.duties, call.dark, call.more = {**value.duties}, [*value.dark], {**value.more}
        return call
    return [*value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]
