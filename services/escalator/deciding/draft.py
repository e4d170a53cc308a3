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
from services.escalator.policy.rule import Sort
from shared.case import Case, Duty, DutyState, Matter, Opening, Plan, Task
from shared.directory import Directory, Person
from shared.facts import (
    Actor,
    Brief,
    CallMade,
    Decision,
    EarlyEnd,
    Effect,
    EffectKind,
    Name,
    Notice,
    Outage,
    Outgoing,
    Purpose,
)
from shared.facts.authors import Author
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, SourceId, TaskId, UnitId
from shared.vocabulary import Kind

NOTICES_TOGETHER = 100
"""Notices that fit one message with what became of them; those of a larger decision go out in several
facts.
"""
DESK_DUTY = "seen_to_by_hand"
"""The rule's name of the duty desk's call, which is in no policy."""
NOTE_LIMIT = 300
"""Characters said about what was left out."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the escalator works by at the moment of a decision."""

    policy: Policy
    directory: Directory
    outages: tuple[Outage, ...] = ()
    """When we were away, as far as that is on record."""
    revision: int = 0
    """Of the directory."""


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


class _Call:
    """A notice being bundled."""

    __slots__ = ("called", "dark", "duties", "ending", "number", "person", "post", "purpose", "why")

    def __init__(self, number: int, person: Person, post: PostId, purpose: Purpose, why: str) -> None:
        self.number, self.person, self.post, self.purpose, self.why = number, person, post, purpose, why
        self.duties: dict[DutyId, None] = {}
        """In order."""
        self.dark: list[Name] = []
        self.ending: EarlyEnd | None = None
        self.called: CallMade | None = None


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
        "is_careful",
        "late_since",
        "now",
        "openings",
        "outages",
        "plans",
        "rules",
        "sends",
        "sequence",
        "tasks",
        "told",
    )

    def __init__(
        self, case: Case, sequence: int, now: datetime, rules: Rules, *, careful: bool = False
    ) -> None:
        self.case, self.sequence, self.now, self.rules = case, sequence, now, rules
        self.duties: dict[DutyId, Duty] = {duty.id: duty for duty in case.duties}
        self.tasks: dict[TaskId, Task] = {task.id: task for task in case.tasks}
        self.plans: dict[str, Plan] = case.plans
        self.openings: list[Opening] = list(case.openings)
        self.outages: tuple[Outage, ...] = rules.outages
        self.late_since: datetime | None = None
        self.effects: list[Effect] = []
        self.calls: dict[tuple[str, Purpose], _Call] = {}
        self.sends: list[Outgoing] = []
        self.told: list[Notice] = []
        self.events: list[Event] = []
        self.is_absorbing = False
        """A duplicate is taken in: limits may come earlier by it, but none that has passed already counts
        against anybody.
        """
        self.is_careful = careful
        """What fails is left out (`LeavingOut`) instead of failing the whole."""
        self._sort: Sort | None = None

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
    def sort(self) -> Sort:
        """What the policy's rules choose by; made anew only where the grade has changed meanwhile."""
        case, known = self.case, self._sort
        if known is None or known.level is not case.level or known.sensitive is not case.sensitive:
            report = case.report
            self._sort = known = Sort(
                report.kind,
                report.category,
                report.topic,
                case.level,
                case.sensitive,
                report.area,
                report.unit,
            )
        return known

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

    def put(self, duty: Duty, **fields: Any) -> Duty:
        """Change a duty; returns it as it now is."""
        changed = replace(duty, **fields) if fields else duty
        self.duties[duty.id] = changed
        return changed

    def put_task(self, task: Task, **fields: Any) -> Task:
        changed = replace(task, **fields) if fields else task
        self.tasks[task.id] = changed
        return changed

    def plan_of(self, duty: Duty) -> Plan:
        return self.plans[duty.rule]

    def keep_plan(self, plan: Plan) -> None:
        known = self.plans.get(plan.rule)
        if known is not plan and known != plan:
            self.plans = {**self.plans, plan.rule: plan}

    # What is recorded

    def note(self, kind: EffectKind, why: str, **more: Any) -> None:
        self.effects.append(Effect(kind=kind, why=why, **more))

    def on(
        self, duty: Duty, kind: EffectKind, why: str, *, person: PersonId | None = None, **more: Any
    ) -> None:
        """An effect on a duty, naming its bearer (unless another person) and the unit that owes it."""
        self.effects.append(
            Effect(
                kind=kind,
                why=why,
                duty=duty.id,
                task=duty.task,
                person=person or duty.bearer,
                unit=duty.owed_by,
                **more,
            )
        )

    def refuse(self, why: str, **more: Any) -> None:
        """The act stays on record and changes nothing."""
        self.note(EffectKind.REFUSED, why, **more)

    @property
    def is_refused(self) -> bool:
        return any(effect.kind is EffectKind.REFUSED for effect in self.effects)

    @property
    def is_waiting(self) -> bool:
        """What is decided on waits for a second person."""
        return self.case.ending is not None and self.case.ending.sequence == self.sequence

    def happened(self, name: str, at: datetime | None = None, **more: Any) -> None:
        self.events.append(Event(name, at or self.now, **more))

    def send(self, kind: Kind, case: CaseId, data: dict[str, Any], why: str, **more: Any) -> None:
        """Another case hears of this one by a fact of its own."""
        self.sends.append(Outgoing(kind=kind, case=case, data=data))
        self.note(EffectKind.RAISED, why, case=case, **more)

    # Who is told

    def call(
        self,
        person: Person,
        post: PostId,
        purpose: Purpose,
        why: str,
        duty: Duty,
        *,
        dark: Name | None = None,
        ending: EarlyEnd | None = None,
        called: CallMade | None = None,
    ) -> NoticeId:
        """Tell `person`; a second call in the same decision joins the first. Returns the id of the notice."""
        key = (person.id, purpose)
        call = self.calls.get(key)
        if call is None:
            self.calls[key] = call = _Call(len(self.calls), person, post, purpose, why)
        call.duties.setdefault(duty.id)
        if dark is not None and dark not in call.dark:
            call.dark.append(dark)
        call.ending, call.called = ending or call.ending, called or call.called
        return self._notice_id(call.number)

    def is_calling(self, person: str, purpose: Purpose) -> bool:
        """Whether this very decision tells `person` already, so that one more duty joins that notice."""
        return (person, purpose) in self.calls

    def _notice_id(self, number: int) -> NoticeId:
        return notice_id(self.case.id, self.sequence, number)

    def tell(self, notice: Notice) -> None:
        """A notice that is about no duty, as it stands."""
        self.told.append(notice)

    def notices(self) -> tuple[Notice, ...]:
        if not self.calls:
            return tuple(self.told)
        held: str | None = None
        with LeavingOut(self, "fault_of_ours", "suppressions"):
            held = self._held()
        briefs: dict[tuple[Any, ...], Brief] = {}
        notices: list[Notice] = []
        for call in [*self.calls.values()]:
            with LeavingOut(self, "nobody_told", call.purpose.value, person=PersonId(call.person.id)):
                notices.append(self._notice(call, held, briefs))
        if held is not None:
            self.note(EffectKind.HELD, held, note=f"{len(notices)}")
        return (*self.told, *notices)

    def _held(self) -> str | None:
        """Why nobody is to be rung, if so: an exercise touches nobody; a plan of silence holds calls, never a
        clock or a lapse.
        """
        report = self.case.report
        if report.exercise and not self.policy.document.exercise.channels:
            return "exercise"
        silence = self.directory.suppression_for(
            report.unit, report.area, report.category, report.source, self.now
        )
        return None if silence is None else f"suppressed:{silence.id}"

    def _notice(self, call: _Call, held: str | None, briefs: dict[tuple[Any, ...], Brief]) -> Notice:
        duties = [self.duties[duty] for duty in call.duties]
        wanted = (
            self.policy.document.exercise.channels
            if self.case.report.exercise
            else self.plans[duties[0].rule].channels
        )
        if held is not None and held != "exercise" and call.purpose is Purpose.OVERDUE:
            held = None
        return Notice(
            id=self._notice_id(call.number),
            person=PersonId(call.person.id),
            post=call.post,
            purpose=Purpose.UNDECIDED if duties[0].rule == DESK_DUTY else call.purpose,
            duties=tuple(call.duties),
            channels=() if held else channels_to(call.person, wanted),
            language=call.person.language,
            brief=self._brief(call, duties, briefs),
            why=call.why,
            held=held,
        )

    def _brief(self, call: _Call, duties: list[Duty], briefs: dict[tuple[Any, ...], Brief]) -> Brief:
        first = duties[0]
        due_at, rules, owed_by = first.due_at, (first.rule,), first.owed_by
        if len(duties) > 1:
            due_at = min([duty.due_at for duty in duties])
            rules = tuple(dict.fromkeys([duty.rule for duty in duties]))
        key = (due_at, rules, owed_by, tuple([name.zh for name in call.dark]), call.ending, call.called)
        if key not in briefs:
            case, report, directory = self.case, self.case.report, self.directory
            briefs[key] = Brief(
                kind=report.kind,
                category=report.category,
                level=case.level,
                sensitive=case.sensitive,
                exercise=report.exercise,
                unit=report.unit,
                unit_name=unit_name(directory, report.unit),
                area=report.area,
                area_name=area_name(directory, report.area),
                summary=report.summary,
                occurred_at=report.occurred_at,
                learned_at=report.learned_at,
                reported_at=case.opened_at,
                due_at=due_at,
                owes=tuple(self.plans[rule].title for rule in rules),
                knowing=all("acknowledged" in self.plans[rule].discharged_by for rule in rules),
                owed_by=unit_name(directory, owed_by),
                dark=tuple(call.dark),
                ending=call.ending,
                called=call.called,
                reported_by=_reporter(report, directory) if first.rule == DESK_DUTY else None,
            )
        return briefs[key]

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


def _reporter(report: Matter, directory: Directory) -> Name:
    """The person by name, the system by its source's name, or the principal as it stands."""
    person = directory.people_by_id.get(PersonId(report.person or report.reported_by))
    if person is not None:
        return person.name
    source = directory.sources_by_id.get(SourceId(report.reported_by.removeprefix("source:")))
    return source.name if source is not None else Name(zh=report.reported_by, en=report.reported_by)


def notice_id(case: CaseId, sequence: int, number: int) -> NoticeId:
    """Of the notice of this number (from 0) of a decision: `<case>.<sequence>.<number>`, past a hundred
    `<case>.<sequence>p1.0` …
    """
    group, place = divmod(number, NOTICES_TOGETHER)
    return NoticeId(f"{case}.{sequence}{f'p{group}' if group else ''}.{place}")


def _copied(value: Any) -> Any:
    """A copy of what changes in place; a bundled notice is copied with its lists."""
    if isinstance(value, dict):
        return {key: _copied(one) if isinstance(one, _Call) else one for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, _Call):
        call = copy(value)
        call.duties, call.dark = {**value.duties}, [*value.dark]
        return call
    return [*value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


class LeavingOut:
    """`with LeavingOut(draft, "rule_failed", rule.name):` what fails inside a careful draft is undone, and an
    effect says so.
    """

    __slots__ = ("_draft", "_kept", "_more", "_what", "_why")

    def __init__(self, draft: Draft, why: str, what: str, **more: Any) -> None:
        self._draft, self._why, self._what, self._more = draft, why, what, more
        self._kept: dict[str, Any] | None = None

    def __enter__(self) -> None:
        if self._draft.is_careful:
            self._kept = self._draft.kept()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if self._kept is None or not isinstance(error, Exception):
            return False
        self._draft.restore(self._kept)
        self._draft.note(EffectKind.LEFT_OUT, self._why, note=failed(self._what, error), **self._more)
        return True


def failed(what: str, error: Exception) -> str:
    """What failed and how, short enough for a line."""
    return f"{what} ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else '-'})"[
        :NOTE_LIMIT
    ]


def unit_name(directory: Directory, unit: UnitId) -> Name:
    found = directory.units_by_id.get(unit)
    return found.name if found else Name(zh=unit, en=unit)


def area_name(directory: Directory, area: AreaCode) -> Name:
    found = directory.areas_by_code.get(area)
    return found.name if found else Name(zh=area, en=area)


def channels_to(person: Person, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The policy's channels that the person has, in the policy's order; where they have none of them, all
    they have.
    """
    theirs = [address.channel for address in person.channels]
    return tuple([channel for channel in wanted if channel in theirs]) or tuple(theirs)
