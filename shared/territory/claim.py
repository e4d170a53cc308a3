"""One actor before one case: which ties hold between the two.

Invariant: a tie is worked out from the case as it stands and the directory of now, and from nothing else. A
task or a duty that the case does not have ties nobody down: the act itself refuses it, by its own name.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from datetime import datetime
from functools import cached_property

from shared.acts.who import Where
from shared.case import APPROVER, Case, Duty, Task
from shared.directory import Directory
from shared.directory.competence import MatterSort, covers
from shared.facts import Actor, Reason
from shared.ids import DutyId, RosterId, TaskId, UnitId
from shared.territory.reach import has_whole_city, speaks_for, unit_of
from shared.territory.refusal import WHY_NOT, Refusal
from shared.territory.table import MAY_LOG_A_CALL
from shared.vocabulary import ReportKind


class Claim:
    """`whatever`: asked by the desk, which names no task yet: an act counts where one of the case's tasks
    could be meant.
    """

    def __init__(
        self,
        actor: Actor,
        case: Case,
        directory: Directory,
        at: datetime,
        task: TaskId | None = None,
        duty: DutyId | None = None,
        *,
        whatever: bool = False,
    ) -> None:
        self.actor, self.case, self.directory, self.at = actor, case, directory, at
        self._unit = unit_of(actor, directory)
        self._task, self._duty, self._whatever = task, duty, whatever

    def about(self, task: Task) -> "Claim":
        """The same of one of the case's tasks, with what is worked out of the actor already: asked of each of
        thousands.
        """
        _ = self._units, self.whole_city, self.recipient
        claim = copy(self)
        claim._task, claim._tasks = task.id, (task,)
        return claim

    def holds(self, where: Where) -> bool:
        return _TIES[where](self)

    def for_another(self) -> Refusal | None:
        """What a person is told by telephone is written down by a duty officer who has standing in the
        case.
        """
        if self.actor.role not in MAY_LOG_A_CALL:
            return Refusal(Reason.FOR_THEMSELF_ALONE, roles=tuple(sorted(MAY_LOG_A_CALL)))
        return None if self.standing else self.refusal(Where.STANDING)

    def refusal(self, where: Where) -> Refusal:
        if (
            where is Where.ASKED
            and self._task is not None
            and all(part.transfer is None for part in self._about)
        ):
            where = Where.TASK
        return Refusal(
            WHY_NOT[where],
            unit=None if where is Where.CALLED else next(self._who_has(where), self.case.holder),
        )

    def _who_has(self, where: Where) -> Iterator[UnitId]:
        """The units that the tie is about, for the words of a refusal."""
        case = self.case
        match where:
            case Where.ASKED:
                yield from (part.transfer.to_unit for part in self._about if part.transfer is not None)
            case Where.SUPERIOR:
                yield from (
                    part.transfer.superior
                    for part in self._about
                    if part.transfer is not None and part.transfer.superior
                )
            case Where.COMPETENT:
                yield from self.directory.superiors.get(case.holder, ())
            case Where.HOLDER:
                yield from (_unit_of(part) for part in self._about)
            case Where.TASK:
                yield from (task.unit for task in self._tasks)
            case Where.OWES:
                yield from (duty.owed_by for duty in self._duties if self._task is None)
                yield from (task.unit for task in self._tasks)
            case Where.ASSIGNER:
                yield from (task.assigner for task in self._tasks)
            case Where.UNIT | Where.WATCH:
                yield case.report.unit
            case Where.NAMED if case.notice is not None:
                yield case.notice.unit
            case _:
                return

    # What the ties are made of

    @cached_property
    def _units(self) -> frozenset[UnitId]:
        """The actor's own unit, and those of the posts they hold at this moment: a deputy answers for the
        head who is away.
        """
        own = frozenset({self._unit}) if self._unit is not None else frozenset[UnitId]()
        person = self.actor.who
        if person not in self.directory.people_by_id:
            return own
        held = (
            post for post in self.directory.posts if self.directory.holder_of(post.id, self.at).id == person
        )
        return own | {post.unit for post in held}

    def _has(self, unit: UnitId | str | None) -> bool:
        if unit is None:
            return False
        if speaks_for(self.directory, self._unit, unit):
            return True
        return any(speaks_for(self.directory, own, unit) for own in self._units)

    def _is_above(self, unit: UnitId | str) -> bool:
        return any(self.directory.is_above(own, unit) for own in self._units)

    def _is(self, person: str | None) -> bool:
        return person is not None and person == self.actor.who

    @cached_property
    def _tasks(self) -> tuple[Task, ...]:
        """The task named, or all."""
        return tuple(task for task in self.case.tasks if self._task in (None, task.id))

    @property
    def _duties(self) -> tuple[Duty, ...]:
        return tuple(duty for duty in self.case.duties if self._duty in (None, duty.id))

    @property
    def _is_about_nothing(self) -> bool:
        """It names a task or a duty that is not there: for the act to say."""
        return (self._task is not None and not self._tasks) or (self._duty is not None and not self._duties)

    @property
    def _about(self) -> tuple[Case | Task, ...]:
        """What is held and can be handed over: the task named, else the case; whatever it is, where nothing
        is named yet.
        """
        if self._task is not None:
            return self._tasks
        return (self.case, *self.case.tasks) if self._whatever else (self.case,)

    def _holds(self, part: Case | Task) -> bool:
        return self._has(_unit_of(part)) or (isinstance(part, Task) and self._is(part.owner))

    # The ties

    @cached_property
    def whole_city(self) -> bool:
        return any(has_whole_city(self.directory, unit) for unit in self._units)

    @cached_property
    def standing(self) -> bool:
        report = self.case.report
        return (
            self._has(self.case.holder)
            or self._has(report.unit)
            or self.whole_city
            or self.recipient
            or self._has_area()
        )

    def _has_area(self) -> bool:
        """A unit of theirs is competent for such a matter there: a county's government for its county, a
        bureau for its field.
        """
        return any(self._has(unit) for unit in competent_units(self.case, self.directory))

    @cached_property
    def recipient(self) -> bool:
        """What the case owes (a task's duties aside) is owed to them, or to somebody of a unit of theirs."""
        people = self.directory.people_by_id
        for duty in self.case.duties:
            if duty.task is not None:
                continue
            person = people.get(duty.owed_to)
            if self._is(duty.owed_to) or (person is not None and self._has(person.unit)):
                return True
        return False

    @cached_property
    def called(self) -> bool:
        """Now or earlier: who answers twice is no stranger."""
        duties, tasks = self.case.duties, self.case.tasks
        if any(self._is(call.person) for call in self.case.calls):
            return True
        return any(
            self._is(duty.bearer) or any(self._is(lit.person) for lit in duty.lit) for duty in duties
        ) or any(self._is(task.owner) for task in tasks)

    @property
    def own_report(self) -> bool:
        return self.case.report.reported_by in (self.actor.principal, self.actor.who)

    @property
    def part(self) -> bool:
        return (
            self.standing
            or self.called
            or self.own_report
            or self.watch
            or any(self._has(unit) for unit in _with_a_part(self.case))
        )

    @property
    def holder(self) -> bool:
        if self._is_about_nothing or any(self._holds(part) for part in self._about):
            return True
        return self._task is None and (self.whole_city or self.recipient)

    @property
    def asked(self) -> bool:
        """Where nothing is offered, for the act to say: to whoever holds it."""
        offers = (
            self._has(part.transfer.to_unit) if part.transfer is not None else self._holds(part)
            for part in self._about
        )
        return self._is_about_nothing or any(offers)

    @property
    def superior(self) -> bool:
        return self._is_about_nothing or any(self._leads_over(part) for part in self._about)

    def _leads_over(self, part: Case | Task) -> bool:
        asked = part.transfer.superior if part.transfer is not None else None
        return self._has(asked) if asked is not None else self._is_above(_unit_of(part))

    @property
    def task(self) -> bool:
        return self._is_about_nothing or any(
            self._has(task.unit) or self._is(task.owner) for task in self._tasks
        )

    @property
    def assigner(self) -> bool:
        if self._is_about_nothing:
            return True
        if self._duty is not None and self._task is None:
            return self._has(self.case.report.unit)
        return any(self._has(task.assigner) for task in self._tasks) or (
            self._task is None and self._has(self.case.report.unit)
        )

    @property
    def owes(self) -> bool:
        if self._is_about_nothing:
            return True
        of_tasks = self._duty is None and self.task
        of_duties = self._task is None and any(
            self._has(duty.owed_by) or self._is(duty.bearer) for duty in self._duties
        )
        return of_tasks or of_duties

    @property
    def unit(self) -> bool:
        """The unit that the case is about: that reported, or that is suspected to have omitted a report."""
        suspicion = self.case.suspicion
        if suspicion is not None and self._has(suspicion.unit):
            return True
        return self._has(self.case.report.unit) or self.called

    @property
    def named(self) -> bool:
        return self._has(self.case.notice.unit) if self.case.notice is not None else self.standing

    @property
    def watch(self) -> bool:
        standing = self.case.standing
        if standing is not None and standing.watch == "roster":
            roster = self.directory.rosters_by_id.get(RosterId(standing.subject))
            if roster is not None and self.actor.who in (*roster.rotation, *roster.leaders):
                return True
        return self._has(self.case.report.unit) or self.called

    @property
    def judge(self) -> bool:
        suspicion = self.case.suspicion
        return self.whole_city or self._is_above(suspicion.unit) if suspicion is not None else self.standing

    @property
    def competent(self) -> bool:
        return self.whole_city or self._is_above(self.case.holder)

    @property
    def approver(self) -> bool:
        """An approval is owed by a person: whoever is asked may be of any unit, until they have answered."""
        return self.standing or any(
            duty.is_owed and self._is(duty.bearer) and self.case.plan_of(duty).by == APPROVER
            for duty in self.case.duties
        )

    @property
    def reviewer(self) -> bool:
        if self.case.report.kind is not ReportKind.PETITION:
            return False
        return self._is_above(self.case.holder) or self.recipient or self.whole_city

    @property
    def accountability(self) -> bool:
        case = self.case
        held_to_account = case.suspicion is not None or case.measure is not None or case.notice is not None
        kinds = (ReportKind.ACCOUNTABILITY, ReportKind.SUPERVISION_ORDER)
        return (
            held_to_account
            or case.report.kind in kinds
            or any(duty.lapse is not None for duty in case.duties)
        )


_TIES: Mapping[Where, Callable[[Claim], bool]] = {
    Where.STANDING: lambda claim: claim.standing,
    Where.PART: lambda claim: claim.part,
    Where.REPORTED: lambda claim: claim.standing or claim.own_report,
    Where.OWN_REPORT: lambda claim: claim.own_report,
    Where.HOLDER: lambda claim: claim.holder,
    Where.ASKED: lambda claim: claim.asked,
    Where.SUPERIOR: lambda claim: claim.superior,
    Where.TASK: lambda claim: claim.task,
    Where.ASSIGNER: lambda claim: claim.assigner,
    Where.OWES: lambda claim: claim.owes,
    Where.CALLED: lambda claim: claim.called,
    Where.UNIT: lambda claim: claim.unit,
    Where.NAMED: lambda claim: claim.named,
    Where.WATCH: lambda claim: claim.watch,
    Where.JUDGE: lambda claim: claim.judge,
    Where.REVIEWER: lambda claim: claim.reviewer,
    Where.COMPETENT: lambda claim: claim.competent,
    Where.APPROVER: lambda claim: claim.approver,
    Where.ACCOUNTABILITY: lambda claim: claim.accountability,
}


def competent_units(case: Case, directory: Directory) -> Iterator[UnitId]:
    """Every unit that declares a competence for such a matter at this place."""
    report = case.report
    kinds = (report.kind, ReportKind.INCIDENT) if report.kind is ReportKind.OPINION else (report.kind,)
    for area in directory.area_path(report.area):
        for unit, competence in directory.competences_by_area.get(area, ()):
            if any(covers(competence, MatterSort(kind, report.category, report.topic)) for kind in kinds):
                yield unit.id


def _unit_of(part: Case | Task) -> UnitId:
    return part.unit if isinstance(part, Task) else part.holder


def _with_a_part(case: Case) -> Iterator[UnitId]:
    yield from (duty.owed_by for duty in case.duties)
    for holding in (case, *case.tasks):
        if holding.transfer is not None:
            yield holding.transfer.to_unit
            if holding.transfer.superior is not None:
                yield holding.transfer.superior
    for task in case.tasks:
        yield from (task.unit, task.assigner)
    if case.suspicion is not None:
        yield case.suspicion.unit
    if case.notice is not None:
        yield case.notice.unit
