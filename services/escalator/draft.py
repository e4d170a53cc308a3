"""One decision in the making: what changes, who is to be told, and the named reason with the policy line for each.

Invariant: a draft is private to one call of `decide`; a person gets at most one notice of a kind from it, bundling all
duties it is about; what it did not touch stays as it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from services.escalator.policy.load import Policy
from services.escalator.policy.rule import Sort
from shared.case import Case, Duty, DutyState, Opening, Plan, Task
from shared.directory import Directory, Person
from shared.facts import Actor, Brief, Decision, Effect, EffectKind, Name, Notice, Outgoing, Purpose
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, TaskId, UnitId
from shared.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Rules:
    """What the escalator works by at the moment of a decision."""

    policy: Policy
    directory: Directory


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the case in this decision, to which duties may open, be done, or end.

    `name` is a trigger of the policy: a fact's kind, `filed.<document>`, `lapsed.<rule>`, `discharged.<rule>`, `established.<watch>`.
    """

    name: str
    at: datetime
    task: TaskId | None = None
    actor: Actor | None = None
    due_at: datetime | None = None
    """The limit, where the act itself gives it."""
    follows: bool = False
    """It only follows from another event (`lapsed.…`, `discharged.…`): duties may open on it, none is done or ended by it."""


class _Call:
    """A notice being bundled."""

    __slots__ = ("dark", "duties", "number", "person", "post", "purpose", "why")

    def __init__(self, number: int, person: Person, post: PostId, purpose: Purpose, why: str) -> None:
        self.number, self.person, self.post, self.purpose, self.why = number, person, post, purpose, why
        self.duties: list[DutyId] = []
        self.dark: list[Name] = []


class Draft:
    """`case` as it is by now; its duties and tasks beside it by id, in the case's order."""

    __slots__ = (
        "_sort",
        "calls",
        "case",
        "duties",
        "effects",
        "events",
        "now",
        "openings",
        "plans",
        "rules",
        "sends",
        "sequence",
        "tasks",
    )

    def __init__(self, case: Case, sequence: int, now: datetime, rules: Rules) -> None:
        self.case, self.sequence, self.now, self.rules = case, sequence, now, rules
        self.duties: dict[DutyId, Duty] = {duty.id: duty for duty in case.duties}
        self.tasks: dict[TaskId, Task] = {task.id: task for task in case.tasks}
        self.plans: dict[str, Plan] = case.plans
        self.openings: list[Opening] = list(case.openings)
        self.effects: list[Effect] = []
        self.calls: dict[tuple[str, Purpose], _Call] = {}
        self.sends: list[Outgoing] = []
        self.events: list[Event] = []
        self._sort: Sort | None = None

    # The case as it is by now

    def change(self, **fields: Any) -> None:
        """Set fields of the case (not its duties, tasks, plans or openings, which have places of their own)."""
        self.case = replace(self.case, **fields)

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
            self._sort = known = Sort(report.kind, report.category, report.topic, case.level, case.sensitive, report.area, report.unit)
        return known

    def owed(self, among: Sequence[DutyId] | None = None) -> Iterator[Duty]:
        """The duties still owed (of all, or of these), as they are when each is reached; a duty may be changed while this runs."""
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

    def on(self, duty: Duty, kind: EffectKind, why: str, *, person: PersonId | None = None, **more: Any) -> None:
        """An effect on a duty, naming its bearer (unless another person) and the unit that owes it."""
        self.effects.append(
            Effect(kind=kind, why=why, duty=duty.id, task=duty.task, person=person or duty.bearer, unit=duty.owed_by, **more)
        )

    def refuse(self, why: str, **more: Any) -> None:
        """The act stays on record and changes nothing."""
        self.note(EffectKind.REFUSED, why, **more)

    @property
    def is_refused(self) -> bool:
        return any(effect.kind is EffectKind.REFUSED for effect in self.effects)

    def happened(self, name: str, at: datetime | None = None, **more: Any) -> None:
        self.events.append(Event(name, at or self.now, **more))

    def send(self, kind: Kind, case: CaseId, data: dict[str, Any], why: str, **more: Any) -> None:
        """Another case hears of this one by a fact of its own."""
        self.sends.append(Outgoing(kind=kind, case=case, data=data))
        self.note(EffectKind.RAISED, why, case=case, **more)

    # Who is told

    def call(self, person: Person, post: PostId, purpose: Purpose, why: str, duty: Duty, dark: Name | None = None) -> NoticeId:
        """Tell `person`; a second call in the same decision joins the first. Returns the id of the notice."""
        key = (person.id, purpose)
        call = self.calls.get(key)
        if call is None:
            self.calls[key] = call = _Call(len(self.calls), person, post, purpose, why)
        if duty.id not in call.duties:
            call.duties.append(duty.id)
        if dark is not None and dark not in call.dark:
            call.dark.append(dark)
        return self._notice_id(call.number)

    def is_calling(self, person: str, purpose: Purpose) -> bool:
        """Whether this very decision tells `person` already, so that one more duty joins that notice."""
        return (person, purpose) in self.calls

    def _notice_id(self, number: int) -> NoticeId:
        return NoticeId(f"{self.case.id}.{self.sequence}.{number}")

    def notices(self) -> tuple[Notice, ...]:
        if not self.calls:
            return ()
        held = self._held()
        briefs: dict[tuple[Any, ...], Brief] = {}
        notices = tuple(self._notice(call, held, briefs) for call in self.calls.values())
        if held is not None:
            self.note(EffectKind.HELD, held, note=f"{len(notices)}")
        return notices

    def _held(self) -> str | None:
        """Why nobody is to be rung, if so: an exercise touches nobody; a plan of silence holds calls, never a clock or a lapse."""
        report = self.case.report
        if report.exercise and not self.policy.document.exercise.channels:
            return "exercise"
        silence = self.directory.suppression_for(report.unit, report.area, report.category, report.source, self.now)
        return None if silence is None else f"suppressed:{silence.id}"

    def _notice(self, call: _Call, held: str | None, briefs: dict[tuple[Any, ...], Brief]) -> Notice:
        duties = [self.duties[duty] for duty in call.duties]
        wanted = self.policy.document.exercise.channels if self.case.report.exercise else self.plans[duties[0].rule].channels
        if held is not None and held != "exercise" and call.purpose is Purpose.OVERDUE:
            held = None
        return Notice(
            id=self._notice_id(call.number),
            person=PersonId(call.person.id),
            post=call.post,
            purpose=call.purpose,
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
        key = (due_at, rules, owed_by, tuple([name.zh for name in call.dark]))
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


def unit_name(directory: Directory, unit: UnitId) -> Name:
    found = directory.units_by_id.get(unit)
    return found.name if found else Name(zh=unit, en=unit)


def area_name(directory: Directory, area: AreaCode) -> Name:
    found = directory.areas_by_code.get(area)
    return found.name if found else Name(zh=area, en=area)


def channels_to(person: Person, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The policy's channels that the person has, in the policy's order; where they have none of them, all they have."""
    theirs = [address.channel for address in person.channels]
    return tuple([channel for channel in wanted if channel in theirs]) or tuple(theirs)
