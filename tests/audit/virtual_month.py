"""A month of a city's life on a virtual clock, decided by the real escalator: what reports are counted from,
and against.

Invariant: the same seed makes the same month; people are late, silent, unreachable, refuse transfers, hand in
and settle as it happens.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from services.audit.reading.reader import TrailReader
from services.audit.records.stored import SignedCheckpoint, StoredRecord
from shared.case import CaseStatus
from shared.facts import Decision, Fact, Notice, Purpose, rfc3339
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, Level, ReportKind, Role
from tests.audit.made import MadeTrail
from tests.audit.story import Recorded
from tests.stories.stage import Stage

UNITS = (
    "wangshan_info_centre",
    "shaquan_government",
    "water_bureau",
    "fire_rescue",
    "heating_company",
    "health_commission",
)
AREAS = ("620602", "620621", "620622")
LEADERS = ("party_main", "gov_main", "party_in_charge", "gov_in_charge", "emergency_office")
KINDS = (
    ReportKind.INCIDENT,
    ReportKind.INCIDENT,
    ReportKind.OPINION,
    ReportKind.DISPUTE,
    ReportKind.HAZARD,
    ReportKind.COMPLAINT,
)
LEVELS = (Level.I, Level.II, Level.III, Level.III, Level.IV, Level.IV)
Facts = list[tuple[Fact, datetime]]


@dataclass(slots=True)
class Told(Recorded):
    """A world whose facts each have an id of their own, as the broker would have it."""

    def applied(self, fact: Fact, at: datetime) -> Decision:
        return Recorded.applied(self, fact.model_copy(update={"id": f"{fact.id}~{len(self.facts)}"}), at)


@dataclass
class Month:
    stage: Stage
    chance: random.Random
    told: set[str] = field(default_factory=set[str])
    open: list[CaseId] = field(default_factory=list[CaseId])

    def reports(self) -> None:
        chance = self.chance
        kind = chance.choice(KINDS)
        learned = timedelta(minutes=chance.choice((2, 5, 12, 26, 34, 95)))
        case = self.stage.report(
            kind,
            level=chance.choice(LEVELS) if kind is ReportKind.INCIDENT else None,
            learned=learned,
            unit=chance.choice(UNITS),
            area=chance.choice(AREAS),
            summary=f"{chance.choice(('管网爆裂', '燃气泄漏', '边坡塌方', '欠薪聚集'))} {chance.randrange(100)}",
            exercise=chance.random() < 0.12,
        )
        self.open.append(case)

    def delivers(self) -> None:
        """The notifier's word on what was sent since."""
        new: list[Notice] = [
            notice
            for decision in self.stage.world.decisions[-40:]
            for notice in decision.notices
            if notice.channels and notice.id not in self.told
        ]
        for notice in new:
            self.told.add(notice.id)
            works = [channel for channel in notice.channels if self.chance.random() < 0.8]
            fails = [channel for channel in notice.channels if channel not in works]
            if works:
                self.stage.delivers(notice, *works)
            if fails:
                self.stage.fails(notice, *fails)
            if (
                notice.purpose in (Purpose.REPORT, Purpose.DUTY, Purpose.FALLBACK)
                and self.chance.random() < 0.6
            ):
                self.stage.after(seconds=self.chance.randrange(5, 400))
                self.stage.acknowledges(CaseId(notice.id.partition(".")[0]), notice.person)

    def acts(self) -> None:
        if not self.open:
            return
        case, stage = self.chance.choice(self.open), self.stage
        known = stage.case(case)
        if known.status not in (CaseStatus.OPEN, CaseStatus.RESOLVED):
            self.open.remove(case)
            return
        holder = known.holder
        match self.chance.randrange(8):
            case 0:
                self._tries(case, Kind.FILED, holder, document=Document.WRITTEN_REPORT, text="书面报告")
            case 1:
                self._tries(case, Kind.FOLLOWED_UP, holder, text="续报")
            case 2:
                self._tries(case, Kind.RESOLVED, holder, text="处置完毕")
            case 3:
                self._tries(case, Kind.CLOSED, holder, text="已核验")
            case 4:
                self._tries(
                    case, Kind.TRANSFERRED, holder, to_unit=self.chance.choice(UNITS), text="属其职责"
                )
            case 5 if known.transfer is not None:
                kind = self.chance.choice((Kind.ACCEPTED, Kind.ACCEPTED, Kind.OBJECTED))
                self._tries(case, kind, known.transfer.to_unit, text="答复")
            case 6:
                self._tries(case, Kind.FILED, holder, document=Document.FINAL_REPORT, text="终报")
            case _:
                self._tries(case, Kind.PROGRESSED, holder, text="正在处置")

    def organ(self) -> None:
        """The discipline organ and the units work off what was referred."""
        for case in list(self.stage.world.cases.values()):
            if case.measure is None or self.chance.random() < 0.6:
                continue
            if not case.measure.stated:
                self._tries(case.id, Kind.STATED, case.report.unit, text="情况说明")
            elif case.measure.decided is None:
                measure = self.chance.choice((case.measure.proposed, "reminder"))
                self._tries(
                    case.id,
                    Kind.MEASURE_DECIDED,
                    "discipline",
                    role=Role.DISCIPLINE,
                    measure=measure,
                    text="研究决定",
                )
            elif case.measure.reviewed is None and self.chance.random() < 0.5:
                self._tries(case.id, Kind.REVIEW_ASKED, case.report.unit, text="申请复核")
                approve = self.chance.random() < 0.5
                self._tries(
                    case.id, Kind.REVIEWED, "discipline", role=Role.DISCIPLINE, approve=approve, text="复核"
                )

    def _tries(
        self, case: CaseId, kind: Kind, by: str, *, role: Role = Role.DUTY_OFFICER, **data: object
    ) -> None:
        self.stage._act(case, kind, by, role, data)  # pyright: ignore[reportPrivateUsage]


@cache
def virtual_month(seed: int = 1, matters: int = 28, start: str = "2026-10-01 08:00", days: int = 31) -> Facts:
    """The facts in their order with the broker's times."""
    stage = Stage(start)
    world = stage.world = Told(stage.world.rules)
    month = Month(stage, random.Random(seed))
    for watch in ("monthly_analysis", "quarterly_analysis"):
        stage.watches("periodic", watch)
    gap = timedelta(days=days) / (matters * 4)
    for step in range(matters * 4):
        if step % 4 == 0:
            month.reports()
        month.delivers()
        month.acts()
        if step % 16 == 15:
            month.organ()
        stage.after(seconds=gap.total_seconds() * month.chance.uniform(0.2, 1.8))
        month.delivers()
    return world.facts


class MonthTrail(MadeTrail):
    """The month as a trail, found by case as the store finds it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.by_case: defaultdict[str, list[StoredRecord]] = defaultdict(list)
        for entry in self.entries:
            self.by_case[str(entry.fields["case"])].append(entry)
        self.signed = self.up_to(len(self.entries))

    def up_to(self, size: int) -> SignedCheckpoint:
        """The checkpoint that was signed over so many records."""
        signed = self.sign_at(size)
        return SignedCheckpoint(
            signed.number,
            size,
            signed.root,
            rfc3339(self.facts[size - 1][1] + timedelta(seconds=1)),
            signed.note,
        )

    @property
    def reader(self) -> TrailReader:
        return super().reader

    async def stored_case(self, case: str, size: int) -> list[StoredRecord]:
        return [entry for entry in self.by_case[case] if entry.index < size]

    async def part_of_case(self, case: str, start: int, end: int) -> list[StoredRecord]:
        return self.by_case[case][max(start - 1, 0) : max(end - 1, 0)]


@cache
def month_trail(seed: int = 1, matters: int = 28) -> MonthTrail:
    return MonthTrail(virtual_month(seed, matters))
