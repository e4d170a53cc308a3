"""The count itself: facts go in one by one, in order; figures come out. Pure.

Invariant: an exercise counts nowhere, a roll call in its own report alone,
and what was decided before the window is remembered, not counted. What
is followed of a matter is let go when it has ended.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from services.audit.reports.complaint_rows import AreaPath, count_complaint
from services.audit.reports.fates import OF_A_DUTY, Fates
from services.audit.reports.figures import ALL, Figures
from services.audit.reports.filled import SeenBlocks
from services.audit.reports.holding import count_holding
from services.audit.reports.matters import ORGAN, LapseSeen, ReportedCase, between
from services.audit.reports.reach import acknowledged, count_notices, handed_over
from services.audit.reports.reading import ReportedFact
from services.audit.reports.roll_calls import count_roll_call
from services.audit.reports.supervised import SupervisionWatch
from services.audit.reports.window import Window
from services.audit.reports.workload import count_workload
from shared.case import ENDED, ROLL_CALL, CaseStatus, TaskState
from shared.facts import HARM, EffectKind, Reason
from shared.facts.body import EffectBody
from shared.vocabulary import Kind, ReportKind

RESPONSES = frozenset(
    {
        Kind.ACKNOWLEDGED,
        Kind.ACCEPTED,
        Kind.PROGRESSED,
        Kind.FOLLOWED_UP,
        Kind.FILED,
        Kind.ASSIGNED,
        Kind.PLAN_INVOKED,
        Kind.COMMAND_TAKEN,
        Kind.TRANSFERRED,
        Kind.RESOLVED,
    }
)
"""The first of these is the first response to a matter."""
_OF_A_NOTICE = frozenset(
    {
        Reason.NOTICE_DRAFTED,
        Reason.NOTICE_APPROVED,
        Reason.NOTICE_TURNED_DOWN,
        Reason.NOTICE_PUBLISHED,
    }
)
_HANDED: dict[str, str] = {Reason.TRANSFER_ACCEPTED: "accepted", Reason.LEAD_IMPOSED: "imposed"}
_ENDED_KEPT = 4_096


class Counting:
    def __init__(self, window: Window, zone: ZoneInfo, area_path: AreaPath = lambda area: (area,)) -> None:
        """`area_path`: from an area upwards."""
        self.window, self.zone, self._area_path = window, zone, area_path
        self.figures = Figures()
        self.matters: dict[str, ReportedCase] = {}
        self.fates = Fates(window, zone, self.figures, self.matters)
        self.supervision = SupervisionWatch(window, self.figures, self.matters)
        self.blocks = SeenBlocks()
        self.exercises = 0
        self.records = 0
        """Facts of the window that were looked at."""
        self._ended: dict[str, None] = {}

    @property
    def lapses(self) -> list[LapseSeen]:
        return self.fates.lapses

    def take(self, fact: ReportedFact) -> None:
        """The next fact. Those before the window only say how things stood when it began."""
        if not fact.case:
            return
        matter = self.matters.get(fact.case)
        if matter is None:
            self.matters[fact.case] = matter = ReportedCase(
                fact.case, unit=fact.unit, area=fact.area, level=fact.level, category=fact.category
            )
        inside = self.window.holds(fact.at)
        if fact.kind in (Kind.REPORTED, Kind.ESTABLISHED):
            self._begin(matter, fact, inside)
        if matter.exercise:
            return
        self.records += inside
        matter.last_index = fact.index
        if matter.watch == ROLL_CALL:
            if inside:
                count_roll_call(self.figures, matter, fact, self.window, self.zone)
            return
        self.blocks.take(matter, fact, inside=inside)
        match fact.kind:
            case Kind.DECIDED:
                self._decided(matter, fact, inside)
            case Kind.DELIVERED | Kind.FAILED:
                handed_over(self.figures, matter, fact)
            case Kind.ACKNOWLEDGED:
                acknowledged(self.figures, matter, fact)
            case _:
                self._act(matter, fact, inside)
        self._respond(matter, fact)

    def _begin(self, matter: ReportedCase, fact: ReportedFact, inside: bool) -> None:
        if matter.index is not None:
            return
        matter.begin(fact, in_cohort=inside)
        if not inside or fact.kind != Kind.REPORTED:
            return
        if matter.exercise:
            self.exercises += 1
            self.figures.add("left_out", "exercise", "matters", fact.index)
        elif self.window.asks_for(matter.unit):
            self._count_matter(matter, "reports", fact.index)
            if not matter.is_follow_on:
                self._reported(matter, fact)
                count_complaint(self.figures, matter, fact, self.zone, self._area_path)

    def _count_harm(self, matter: ReportedCase) -> None:
        """As it was last said, in the lines in which the matter counts as reported."""
        at = matter.reported_at
        if matter.harm is None or at is None or not matter.in_cohort or matter.is_follow_on:
            return
        if not self.window.asks_for(matter.unit):
            return
        local = at.astimezone(self.zone)
        lines = (
            ("day", local.date().isoformat()),
            ("hour", f"{local.hour:02}"),
            ("place", f"{matter.area or '-'}:{matter.category or '-'}"),
            ("topic", f"{matter.topic or '-'}:{matter.area or '-'}"),
            ("reporter", matter.unit),
        )
        for name in HARM:
            amount = getattr(matter.harm, name)
            for table, row in lines if amount else ():
                self.figures.add(table, row, name, matter.harm_index, amount)

    def _reported(self, matter: ReportedCase, fact: ReportedFact) -> None:
        """When and where something was reported, and by which unit."""
        local, add = fact.at.astimezone(self.zone), self.figures.add
        day = local.date().isoformat()
        add("day", day, "reports", fact.index)
        for name in ("category", "level", "area", "kind"):
            add("day", day, f"{name}:{getattr(matter, name) or '-'}", fact.index)
        add("hour", f"{local.hour:02}", "reports", fact.index)
        add("weekday", str(local.isoweekday()), "reports", fact.index)
        add("place", f"{matter.area or '-'}:{matter.category or '-'}", "reports", fact.index)
        add("topic", f"{matter.topic or '-'}:{matter.area or '-'}", "reports", fact.index)
        add("reporter", matter.unit, "reports", fact.index)

    # Duties

    def _decided(self, matter: ReportedCase, fact: ReportedFact, inside: bool) -> None:
        moment = fact.about.at("time") or fact.at
        effects = fact.data.effects
        refused = any(effect.kind == EffectKind.REFUSED for effect in effects)
        item = next((int(number) for one in effects if (number := one.number("item"))), None)
        self.blocks.decided(fact.about.text("id") or "", item, refused=refused)
        for effect in effects:
            kind, duty = effect.kind, effect.duty
            matter.hurt(effect.harm("harm"), fact.index)
            if duty is not None and kind in OF_A_DUTY:
                self.fates.take(matter, fact, effect, duty, moment, inside)
            elif kind == EffectKind.HOLDER:
                _handed(matter, effect, moment, fact.index)
            elif kind == EffectKind.STATUS:
                self._status(matter, effect, moment, fact, inside)
            elif kind == EffectKind.TASK:
                _task(matter, effect, moment, fact.index)
            elif kind == EffectKind.PROPOSED and matter.kind == ReportKind.ACCOUNTABILITY:
                self._of_the_organ(matter, "proposed", effect.measure, fact.index, inside)
        self.supervision.decided(matter, fact, moment, inside=inside)
        if inside:
            count_workload(self.figures, matter, fact, self.window, self.zone)
        count_notices(
            self.figures, matter, fact, moment, counted=inside and self.window.asks_for(matter.unit)
        )

    # The matter itself

    def _of_matter(self, matter: ReportedCase) -> Iterator[tuple[str, str | None]]:
        yield "matter_kind", matter.kind
        if matter.is_follow_on:
            return
        yield "matter", ALL
        for table in ("level", "category", "area", "unit"):
            yield f"matter_{table}", getattr(matter, table)

    def _count_matter(
        self, matter: ReportedCase, column: str, index: int, seconds: float | None = None
    ) -> None:
        if self.window.asks_for(matter.unit) and not matter.is_standing:
            for table, row in self._of_matter(matter):
                self.figures.add(table, row, column, index, seconds)

    def _respond(self, matter: ReportedCase, fact: ReportedFact) -> None:
        if (
            matter.responded
            or not matter.in_cohort
            or fact.kind not in RESPONSES
            or not self.window.holds(fact.at)
        ):
            return
        matter.responded = True
        self._count_matter(matter, "responded", fact.index, between(matter.reported_at, fact.at))

    def _status(
        self, matter: ReportedCase, effect: EffectBody, moment: datetime, fact: ReportedFact, inside: bool
    ) -> None:
        why = effect.why
        self.blocks.stands(matter.case, why)
        seconds = between(matter.reported_at, moment)
        if why == CaseStatus.OPEN:
            matter.reopen(moment)
            why = "reopened"
        elif why in ENDED:
            matter.close(moment, why)
            self._retire(matter)
        elif why == CaseStatus.RESOLVED:
            matter.status = why
        elif why == Reason.ABSORBED and matter.has_ended:
            matter.reopen(moment)
        elif why in ORGAN and (why != Reason.CORRECTED or matter.kind == ReportKind.ACCOUNTABILITY):
            measure = effect.measure if ORGAN[why] == "decided" else None
            self._of_the_organ(matter, ORGAN[why], measure, fact.index, inside)
            return
        else:
            if why in _OF_A_NOTICE and inside:
                self._count_matter(matter, why, fact.index)
            return
        if inside:
            self._count_matter(matter, why, fact.index, seconds if why != "reopened" else None)

    def _of_the_organ(
        self, matter: ReportedCase, column: str, measure: str | None, index: int, inside: bool
    ) -> None:
        if inside and self.window.asks_for(matter.unit):
            self.figures.add("organ", ALL, column, index)
            self.figures.add("organ_unit", matter.unit, column, index)
            if measure is not None:
                self.figures.add("measure", measure, column, index)

    def _act(self, matter: ReportedCase, fact: ReportedFact, inside: bool) -> None:
        score = fact.data.fields.get("satisfaction")
        if inside and isinstance(score, int):
            self._count_matter(matter, f"satisfaction:{score}", fact.index)
        if fact.kind == Kind.STATED:
            self._of_the_organ(matter, "stated", None, fact.index, inside)
        elif fact.kind == Kind.REFERRED:
            self.fates.referred(fact)
        self.supervision.act(matter, fact)

    def _retire(self, matter: ReportedCase) -> None:
        """Of many that have ended, those that ended first are let go."""
        self._ended.pop(matter.case, None)
        self._ended[matter.case] = None
        while len(self._ended) > _ENDED_KEPT:
            gone = next(iter(self._ended))
            del self._ended[gone]
            self.blocks.let_go(gone)
            if (ended := self.matters.pop(gone, None)) is not None and ended.has_ended:
                count_holding(self.figures, ended, self.window, None)
                self._count_harm(ended)

    def finish(self, end: datetime) -> None:
        """The window ends here, or at the checkpoint: what is open then, and who holds it."""
        self.supervision.finish()
        for matter in self.matters.values():
            if matter.exercise:
                continue
            count_holding(self.figures, matter, self.window, end)
            self._count_harm(matter)
            if matter.has_ended or matter.is_standing or matter.index is None:
                continue
            self._count_matter(matter, "open", matter.index)
            if matter.overdue:
                self._count_matter(matter, "overdue", matter.index)


def _handed(matter: ReportedCase, effect: EffectBody, at: datetime, index: int) -> None:
    how = _HANDED.get(effect.why)
    if effect.unit is not None and how is not None:
        matter.hand_over(effect.unit, at, how, index, effect.text("task"))


def _task(matter: ReportedCase, effect: EffectBody, at: datetime, index: int) -> None:
    task, unit = effect.text("task"), effect.unit
    if task is None or unit is None:
        return
    if effect.why == TaskState.ASSIGNED:
        matter.hand_over(unit, at, "assigned", index, task)
    elif effect.why in (TaskState.VERIFIED, TaskState.CANCELLED):
        matter.end_holding(at, task)
