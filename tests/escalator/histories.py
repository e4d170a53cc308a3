"""Random histories of one case: people, systems and clocks do anything in any order, timely or late.

Invariant: a history is a function of its chance (`Random`, seeded or drawn by hypothesis, which shrinks it),
its rules and its bent; time never goes backwards; a clock strikes when it is due unless the escalator is away
for a while, and then all at once when it is back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from services.escalator.deciding.draft import Rules
from shared.case import Case, CaseStatus, TaskState
from shared.facts import CaseAct, Decision, Due, MessageState, Via
from shared.facts.acts import Absorbed, Actor, Matched
from shared.ids import CaseId, DutyId, UnitId
from shared.territory import MAY
from shared.vocabulary import CASE_ACTS, Category, Document, Kind, Level, ReportKind, Role
from tests.escalator.builders import CASE, LEARNED, Story

KINDS = tuple(kind for kind in ReportKind if kind not in (ReportKind.STANDING, ReportKind.ACCOUNTABILITY))
OFTEN = (
    Kind.ACCEPTED,
    Kind.OBJECTED,
    Kind.TRANSFERRED,
    Kind.COMPLETED,
    Kind.VERIFIED,
    Kind.RETURNED,
    Kind.REGRADED,
    Kind.ASSIGNED,
)
RARELY = (Kind.CLOSED, Kind.WITHDRAWN, Kind.MERGED)
GAPS = (0, 0, 1, 3, 5, 10, 30, 60, 180, 600, 1800, 3600, 7200, 21600, 86400, 259200)
"""Seconds between two things that happen."""
WHOLE_CITY = UnitId("emergency_office")


@dataclass(frozen=True)
class Step:
    """One fact: the case before and after it, and what was decided."""

    kind: Kind
    at: datetime
    before: Case | None
    after: Case
    decision: Decision
    data: Any
    struck: datetime | None = None
    """A clock: the moment it was armed for."""


class History(Story):
    """Plays itself: `History(Random(7), rules).play(20)`."""

    def __init__(
        self,
        chance: Random,
        rules: Rules,
        *,
        acts: tuple[Kind, ...] = CASE_ACTS,
        kinds: tuple[ReportKind, ...] = KINDS,
    ) -> None:
        super().__init__(rules)
        self.chance, self.acts, self.kinds = chance, acts, kinds
        self.seconds = 0.0
        self.steps: list[Step] = []
        self.units = [unit.id for unit in rules.directory.units]
        self.people = [person.id for person in rules.directory.people]
        self.posts = [post.id for post in rules.directory.posts]

    def happens(self, kind: Kind, data: Any, minutes: float, case: CaseId = CASE) -> Decision:
        before = self.case
        decision = super().happens(kind, data, minutes, case)
        struck = data.at if isinstance(data, Due) else None
        self.steps.append(Step(kind, decision.about.time, before, self.now, decision, data, struck))
        return decision

    # Time

    def strike_until(self, seconds: float) -> None:
        """Every clock due by then strikes: at its moment, or as soon as the escalator is back."""
        for _ in range(2000):
            at = self.now.clock_at
            if at is None or at > LEARNED + timedelta(seconds=seconds):
                return
            moment = max(at, LEARNED + timedelta(seconds=self.seconds))
            self.happens(
                Kind.DUE, Due(duty=self.now.clock_duty, at=at), (moment - LEARNED).total_seconds() / 60
            )
            self.seconds = max(self.seconds, (moment - LEARNED).total_seconds())
        raise AssertionError(f"the clock never comes to rest: {self.now.clock_at} {self.now.clock_duty}")

    def wait(self) -> None:
        seconds = self.seconds + self.chance.choice(GAPS)
        if self.chance.random() < 0.8:
            self.strike_until(seconds)
        self.seconds = max(self.seconds, seconds)

    @property
    def minute(self) -> float:
        return self.seconds / 60

    # What happens

    def play(self, length: int) -> "History":
        self.begin()
        for _ in range(length):
            self.wait()
            self.chance.choice(self.doings())()
        return self

    def begin(self) -> None:
        chance = self.chance
        self.seconds = float(chance.choice((0, 60, 300, 1740, 1800, 2400, 7200)))
        kind = chance.choice(self.kinds) if chance.random() < 0.5 else ReportKind.INCIDENT
        self.reported(
            self.minute,
            kind=kind,
            category=chance.choice(list(Category)),
            level=chance.choice([None, *Level]),
            sensitive=chance.random() < 0.2,
            unit=chance.choice(self.units),
            area=chance.choice([area.code for area in self.rules.directory.areas]),
            tasks=self.task_forms()
            if kind in (ReportKind.TASK, ReportKind.CAMPAIGN, ReportKind.PUBLICATION)
            else (),
        )

    def doings(self) -> list[Callable[[], object]]:
        return [
            *[self.someone_acts] * 7,
            *[self.answer] * 2,
            *[self.outcome] * 2,
            self.stale_clock,
            self.system,
        ]

    def answer(self) -> None:
        called = [lit.person for duty in self.now.duties for lit in duty.lit] or self.people
        person = self.chance.choice(called if self.chance.random() < 0.9 else self.people)
        via = self.chance.choice(list(Via))
        self.acknowledged(
            person, self.minute, via, by=self.chance.choice(self.people) if via is Via.LOGGED_CALL else person
        )

    def outcome(self) -> None:
        # What becomes of news moves no duty.
        notices = [notice for notice in self.notices() if notice.channels and notice.duties]
        if notices:
            notice = self.chance.choice(notices[-6:])
            kind = Kind.FAILED if self.chance.random() < 0.8 else Kind.DELIVERED
            later = {
                Kind.FAILED: MessageState.UNDELIVERED,
                Kind.DELIVERED: self.chance.choice([MessageState.ARRIVED, MessageState.OPENED]),
            }
            state = later[kind] if self.chance.random() < 0.4 else None
            channel = "link" if state is MessageState.OPENED else self.chance.choice(notice.channels)
            self.delivery(kind, notice.id, notice.person, channel, self.minute, state)

    def stale_clock(self) -> None:
        """One that was armed for a moment that is no longer the case's, or one the broker brings a second
        time.
        """
        at = LEARNED + timedelta(seconds=self.chance.choice([0, self.seconds / 2, self.seconds]))
        duty = self.chance.choice(self.now.duties).id if self.now.duties else None
        self.happens(Kind.DUE, Due(duty=duty, at=at), self.minute)

    def system(self) -> None:
        if self.chance.random() < 0.6:
            self.absorb()
            return
        unit, earlier = (
            UnitId(self.chance.choice(self.units)),
            LEARNED - timedelta(minutes=self.chance.choice([-10, 1, 20])),
        )
        found = Matched(
            report=CaseId("other"), unit=unit, reported_at=earlier, score=self.chance.random(), why=()
        )
        self.happens(Kind.MATCHED, found, self.minute)

    def absorb(self) -> None:
        """A duplicate, known earlier or later, is merged into this case."""
        by, other = (
            Actor(principal="officer", role=Role.DUTY_OFFICER, unit=WHOLE_CITY),
            CaseId(self.chance.choice(["other", "third"])),
        )
        start = LEARNED - timedelta(minutes=self.chance.choice([-10, 1, 20]))
        said = Absorbed(
            case=other,
            starts_at=start,
            opened_at=start,
            lapses=1,
            by=by,
            level=self.chance.choice([None, None, *Level]),
            sensitive=self.chance.random() < 0.1,
        )
        self.happens(Kind.ABSORBED, said, self.minute)

    def someone_acts(self) -> None:
        fitting = [one for one in self.fitting() if one[0] in self.acts]
        if fitting and self.chance.random() < 0.5:
            wanted = self.chance.choice(list(dict.fromkeys(one[0] for one in fitting)))
            kind, unit, given = self.chance.choice([one for one in fitting if one[0] is wanted])
            self.do(kind, unit, **given)
        else:
            self.do(
                self.chance.choice(
                    self.acts if self.chance.random() < 0.7 else [one for one in OFTEN if one in self.acts]
                )
            )

    def do(self, kind: Kind, unit: UnitId | None = None, **fitting: Any) -> None:
        if kind in RARELY and self.chance.random() < 0.7:
            return
        given = self.fields(kind) | fitting
        roles = sorted(MAY[kind]) if self.chance.random() < 0.9 else [*Role]
        who = given["to_person"] if kind is Kind.CONTESTED else self.chance.choice(self.people)
        by = Actor(principal=who, role=self.chance.choice(roles), unit=unit if fitting else self.actor_unit())
        self.happens(kind, CaseAct(by=by, **given), self.minute)

    def fitting(self) -> list[tuple[Kind, UnitId | None, dict[str, Any]]]:
        """Acts that a person who knows the case would do next: what is pending is answered, what was handed
        in is looked at.
        """
        case, reason = self.now, {"text": "说明"}
        found: list[tuple[Kind, UnitId | None, dict[str, Any]]] = []
        for task, offer, unit in (
            (None, case.transfer, case.holder),
            *((task.id, task.transfer, task.unit) for task in case.tasks),
        ):
            about = {"task": task, **reason}
            if offer is None:
                found.append((Kind.TRANSFERRED, unit, about))
            elif offer.superior is not None:
                found.append((Kind.IMPOSED, offer.superior, about))
            else:
                found += [(Kind.ACCEPTED, offer.to_unit, about), (Kind.OBJECTED, offer.to_unit, about)]
        later = {"due_at": self.at() + timedelta(days=self.chance.choice([1, 20]))}
        for one in case.tasks:
            about = {"task": one.id, **reason}
            match one.state:
                case TaskState.ASSIGNED | TaskState.ACCEPTED:
                    answers = (Kind.ACCEPTED, Kind.OBJECTED, Kind.COMPLETED)
                    found += [(kind, one.unit, about | {"document": Document.NIL_REPORT}) for kind in answers]
                    found.append(
                        (Kind.EXTENSION_ASKED, one.unit, about | {"due_at": one.due_at + timedelta(days=2)})
                    )
                case TaskState.COMPLETED:
                    found += [
                        (Kind.RETURNED, one.assigner, about | later),
                        (Kind.VERIFIED, one.assigner, about),
                    ]
                case _:
                    pass
            if one.extension is not None and one.extension.granted is None:
                found += [
                    (Kind.EXTENSION_DECIDED, one.assigner, about | {"approve": granted})
                    for granted in (True, False)
                ]
        paused = [duty.id for duty in case.duties if duty.paused_at is not None]
        found += [(Kind.RESUMED, WHOLE_CITY, {"duty": duty, "task": None}) for duty in paused]
        if case.suspicion is not None and case.suspicion.suspected_at is not None:
            found += [(Kind.CONFIRMED, WHOLE_CITY, reason), (Kind.REFUTED, WHOLE_CITY, reason)]
        if case.notice is not None:
            found += [
                (Kind.NOTICE_APPROVED, WHOLE_CITY, {"approve": True}),
                (Kind.NOTICE_REPLIED, case.notice.unit, reason),
                (Kind.NOTICE_PUBLISHED, WHOLE_CITY, reason),
            ]
        found += self.about_two_people()
        found += [(Kind.CONTESTED, WHOLE_CITY, {"to_person": call.person}) for call in case.calls]
        if case.ended_at is not None or case.status is CaseStatus.RESOLVED:
            found += [(Kind.REOPENED, WHOLE_CITY, reason)] * 2
        return found

    def about_two_people(self) -> list[tuple[Kind, UnitId | None, dict[str, Any]]]:
        """A grave case would be ended early, and somebody above agrees, or does not."""
        case = self.now
        above = next(iter(self.rules.directory.superiors.get(case.holder, ())), case.holder)
        if case.ending is not None:
            return [(Kind.SECONDED, above, {"approve": approve}) for approve in (True, True, False)]
        reason = {"text": "说明"}
        return [
            (Kind.WITHDRAWN, case.holder, reason),
            (Kind.REGRADED, case.holder, reason | {"level": Level.IV, "sensitive": False}),
        ]

    def actor_unit(self) -> UnitId:
        """Mostly somebody whose word counts here; sometimes anybody."""
        case = self.now
        pending = [
            one
            for transfer in (case.transfer, *(task.transfer for task in case.tasks))
            if transfer
            for one in (transfer.to_unit, transfer.superior)
            if one
        ]
        near = [WHOLE_CITY, case.holder, case.report.unit, *pending, *(task.unit for task in case.tasks)]
        return (
            self.chance.choice(near)
            if self.chance.random() < 0.85
            else UnitId(self.chance.choice(self.units))
        )

    # What an act says

    def fields(self, kind: Kind) -> dict[str, Any]:  # noqa: PLR0912 - one case a kind
        chance, case = self.chance, self.now
        found: dict[str, Any] = {"text": chance.choice(["说明", "说明", None])}
        if case.tasks and chance.random() < 0.7:
            found["task"] = chance.choice(case.tasks).id
        match kind:
            case Kind.CONFIRMED | Kind.REFUTED:
                found["text"] = "说明"
            case Kind.FILED:
                found["document"] = chance.choice(list(Document))
            case Kind.TRANSFERRED | Kind.IMPOSED:
                found["to_unit"] = chance.choice([*self.units, case.report.unit])
            case Kind.REGRADED:
                found |= {
                    "level": chance.choice([None, *Level]),
                    "sensitive": chance.choice([None, None, True, False]),
                }
            case Kind.ASSIGNED:
                found["tasks"] = self.task_forms()
            case Kind.MERGED:
                found["into"] = "other"
            case Kind.SPLIT | Kind.REGISTERED:
                found |= {
                    "summary": "另一件事",
                    "measure": chance.choice([None, "整改"]),
                    "owner": chance.choice([None, *self.people[:2]]),
                }
            case Kind.EXTENSION_ASKED | Kind.EXTENSION_DECIDED | Kind.RETURNED:
                later = self.at() + timedelta(hours=chance.choice([-1, 1, 30, 200]))
                found |= {"due_at": chance.choice([None, later]), "approve": chance.random() < 0.7}
            case Kind.SNOOZED:
                found |= {
                    "span": timedelta(minutes=chance.choice([1, 5, 10, 11])),
                    "to_person": self.someone_called(),
                }
            case Kind.PAUSED | Kind.RESUMED:
                found |= {
                    "span": chance.choice([None, timedelta(minutes=7), timedelta(days=1), timedelta(days=8)]),
                    "duty": self.a_duty(),
                }
                found.pop("task", None)
            case Kind.REASSIGNED | Kind.COMMAND_TAKEN | Kind.HANDED_OVER:
                found |= {"to_person": chance.choice([*self.people, "nobody"]), "duty": self.a_duty()}
            case Kind.ESCALATED:
                found |= {
                    "post": chance.choice([None, *self.posts]),
                    "step": chance.choice([None, 0, 1, 3, 9]),
                    "duty": self.a_duty(),
                }
            case Kind.PLAN_INVOKED:
                found["plan"] = chance.choice([None, *(plan.id for plan in self.rules.directory.plans)])
            case Kind.CONTESTED:
                found["to_person"] = self.someone_called()
            case Kind.NOTICE_APPROVED | Kind.REVIEWED | Kind.SECONDED:
                found["approve"] = chance.random() < 0.8
            case _:
                pass
        return found

    def at(self) -> datetime:
        return LEARNED + timedelta(seconds=self.seconds)

    def a_duty(self) -> DutyId | None:
        return self.chance.choice([None, *(duty.id for duty in self.now.duties)])

    def someone_called(self) -> str:
        return self.chance.choice([lit.person for duty in self.now.duties for lit in duty.lit] or self.people)

    def task_forms(self) -> tuple[dict[str, Any], ...]:
        chance = self.chance
        forms: list[dict[str, Any]] = []
        for number in range(chance.choice([1, 1, 2, 3])):
            within = chance.choice([None, None, 3600, 86400, 864000])
            form: dict[str, Any] = {"title": f"事项{number}", "unit": chance.choice(self.units)}
            if within is not None:
                form["within"] = timedelta(seconds=within)
            if number and chance.random() < 0.3:
                form["after"] = number
            if chance.random() < 0.2:
                form["owner"] = chance.choice(self.people)
            forms.append(form)
        return tuple(forms)


__all__ = ["History", "Step"]
