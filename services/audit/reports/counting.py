"""The count itself: facts go in one by one, in order; figures come out. Pure.

Invariant: a duty's fate is what was decided (`discharged`, `lapsed`), never worked out again; each duty has one fate with regard to its
limit. An exercise counts nowhere. What was decided before the window is remembered, not counted.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from services.audit.reports.figures import Figures
from services.audit.reports.holding import count_holding
from services.audit.reports.matters import (
    Json,
    LapseSeen,
    Matter,
    Owed,
    between,
    effects_of,
    instant,
    rule_of,
    seconds,
    word,
    words,
)
from services.audit.reports.reach import acknowledged, answered_by_doing, handed_over, told
from services.audit.reports.reading import Seen
from services.audit.reports.window import Window
from shared.facts import EffectKind, LapseCause
from shared.vocabulary import Kind, ReportKind

ALL = "all"
EXCUSES = frozenset({"every_channel_failed", "no_channel_delivered", "stood_in", "transfer_pending"})
"""What on the record speaks for whoever let a limit pass. To have put the reminder off (`snoozed`) does not."""
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
_ENDED_KEPT = 4_096
_LAPSES_KEPT = 20_000
_EARLY_KEPT = 256


class Counting:
    def __init__(self, window: Window, zone: ZoneInfo) -> None:
        self.window, self.zone = window, zone
        self.figures = Figures()
        self.matters: dict[str, Matter] = {}
        self.lapses: list[LapseSeen] = []
        self.lapses_cut = False
        self.exercises = 0
        self.records = 0
        """Facts of the window that were looked at."""
        self._ended: dict[str, None] = {}
        self._early: dict[tuple[str, str], tuple[tuple[str, ...], int]] = {}
        """Referrals stored before the decision they come from: another lane may be faster."""

    def knows(self, case: str) -> bool:
        return case in self.matters

    def take(self, seen: Seen) -> None:
        """The next fact. Those before the window only say how things stood when it began."""
        if not seen.case:
            return
        matter = self.matters.get(seen.case)
        if matter is None:
            self.matters[seen.case] = matter = Matter(seen.case, unit=seen.unit, area=seen.area, level=seen.level, category=seen.category)
        inside = self.window.holds(seen.at)
        if seen.kind in (Kind.REPORTED, Kind.ESTABLISHED):
            self._begin(matter, seen, inside)
        if matter.exercise:
            return
        self.records += inside
        matter.last_heard, matter.last_index = seen.at, seen.index
        match seen.kind:
            case Kind.DECIDED:
                self._decided(matter, seen, inside)
            case Kind.DELIVERED | Kind.FAILED:
                handed_over(self.figures, matter, seen)
            case Kind.ACKNOWLEDGED:
                acknowledged(self.figures, matter, seen)
            case _:
                self._act(matter, seen, inside)
        self._respond(matter, seen)

    def _begin(self, matter: Matter, seen: Seen, inside: bool) -> None:
        if matter.index is not None:
            return
        matter.begin(seen, in_cohort=inside)
        if not inside or seen.kind != Kind.REPORTED:
            return
        if matter.exercise:
            self.exercises += 1
            self.figures.add("left_out", "exercise", "matters", seen.index)
        elif self.window.asks_for(matter.unit):
            self._count_matter(matter, "reports", seen.index)
            if not matter.is_follow_on:
                self._reported(matter, seen)

    def _reported(self, matter: Matter, seen: Seen) -> None:
        """When and where something was reported."""
        local, add = seen.at.astimezone(self.zone), self.figures.add
        day = local.date().isoformat()
        add("day", day, "reports", seen.index)
        for name in ("category", "level", "area", "kind"):
            add("day", day, f"{name}:{getattr(matter, name) or '-'}", seen.index)
        add("hour", f"{local.hour:02}", "reports", seen.index)
        add("weekday", str(local.isoweekday()), "reports", seen.index)
        add("place", f"{matter.area or '-'}:{matter.category or '-'}", "reports", seen.index)

    # Duties

    def _decided(self, matter: Matter, seen: Seen, inside: bool) -> None:
        about = seen.data.get("about")
        at = instant(about.get("time")) if isinstance(about, dict) else None  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        moment = at or seen.at
        for effect in effects_of(seen.data):
            kind, duty = effect.get("kind"), word(effect.get("duty"))
            if duty is not None and kind in _OF_A_DUTY:
                self._of_a_duty(matter, seen, effect, duty, moment, inside)
            elif kind == EffectKind.HOLDER:
                _handed(matter, effect, moment, seen.index)
            elif kind == EffectKind.STATUS:
                self._status(matter, effect, moment, seen, inside)
            elif kind == EffectKind.TASK:
                _task(matter, effect, moment, seen.index)
            elif kind == EffectKind.PROPOSED and matter.kind == ReportKind.ACCOUNTABILITY:
                self._of_the_organ(matter, "proposed", word(effect.get("why")), seen.index, inside)
        told(self.figures, matter, seen, moment, counted=inside and self.window.asks_for(matter.unit))

    def _of_a_duty(self, matter: Matter, seen: Seen, effect: Json, duty: str, moment: datetime, inside: bool) -> None:
        unit, person = word(effect.get("unit")) or matter.unit, word(effect.get("person"))
        match effect["kind"]:
            case EffectKind.OPENED:
                owed = Owed(duty, unit, person, moment, word(effect.get("due_at")), effect.get("why") == "owed_on_report", seen.index)
                matter.duties[duty] = owed
                self._count(matter, owed, "opened", seen.index, inside)
            case EffectKind.LAPSED:
                self._lapsed(matter, seen, effect, duty, inside)
            case EffectKind.DISCHARGED:
                owed = matter.duties.pop(duty, None) or Owed(duty, unit, person, None, None, _by_recipient(effect), seen.index)
                self._done(matter, owed, effect, moment, seen.index, inside)
            case EffectKind.REFERRED:
                owed = matter.duties.get(duty)
                if owed is not None and owed.lapse is not None:
                    owed.lapse.answerable, owed.lapse.referred = unit, seen.index
            case EffectKind.MOVED:
                if (owed := matter.duties.get(duty)) is not None:
                    owed.due_at = word(effect.get("due_at"))
            case EffectKind.HOLDER:
                if (owed := matter.duties.get(duty)) is not None:
                    owed.unit, owed.person = unit, person
            case _:
                owed = matter.duties.pop(duty, None)
                if owed is not None:
                    self._count(matter, owed, "cancelled", seen.index, inside)

    def _lapsed(self, matter: Matter, seen: Seen, effect: Json, duty: str, inside: bool) -> None:
        unit, person = word(effect.get("unit")) or matter.unit, word(effect.get("person"))
        owed = matter.duties.setdefault(duty, Owed(duty, unit, person, None, word(effect.get("due_at")), False, seen.index))
        if owed.lapse is not None:
            return
        cause, stood_in = word(effect.get("cause")), word(effect.get("stood_in"))
        owed.lapse = LapseSeen(
            index=seen.index,
            at=seen.at,
            case=matter.case,
            duty=duty,
            rule=rule_of(duty),
            unit=unit,
            person=person,
            area=matter.area,
            level=matter.level,
            category=matter.category,
            cause=cause,
            due_at=word(effect.get("due_at")),
            late_by=seconds(effect.get("late_by_seconds")),
            stood_in=stood_in,
            by_recipient=owed.by_recipient,
            excuses=("stood_in",) if stood_in else (),
        )
        self._count(matter, owed, "lapsed", seen.index, inside)
        if cause == LapseCause.REPORTED_LATE:
            self._count(matter, owed, "reported_late", seen.index, inside, owed.lapse.late_by)
        elif owed.by_recipient and cause == LapseCause.NOT_ACKNOWLEDGED:
            self._count(matter, owed, "not_answered", seen.index, inside)
        if cause is not None:
            self._count(matter, owed, f"cause:{cause}", seen.index, inside)
        if stood_in is not None:
            self._excused(matter, owed, seen.index, inside)
        if (early := self._early.pop((matter.case, duty), None)) is not None:
            self.excuse(owed.lapse, *early)
        if inside and self.window.asks_for(unit):
            local = seen.at.astimezone(self.zone)
            self.figures.add("hour", f"{local.hour:02}", "lapsed", seen.index)
            if len(self.lapses) < _LAPSES_KEPT:
                self.lapses.append(owed.lapse)
            else:
                self.lapses_cut = True

    def _done(self, matter: Matter, owed: Owed, effect: Json, moment: datetime, index: int, inside: bool) -> None:
        late_by = seconds(effect.get("late_by_seconds"))
        self._count(matter, owed, "done", index, inside, between(owed.opened_at, moment))
        if late_by is None:
            self._count(matter, owed, "in_time", index, inside)
        else:
            self._count(matter, owed, "late", index, inside, late_by)
            if owed.lapse is not None:
                owed.lapse.done, owed.lapse.done_late_by = index, late_by
        answered_by_doing(self.figures, matter, owed, index, moment)

    def excuse(self, lapse: LapseSeen, excuses: tuple[str, ...], index: int) -> None:
        """What the referral of a lapse names for whoever let it happen."""
        was_excused = bool(EXCUSES.intersection(lapse.excuses))
        lapse.excuses = tuple(dict.fromkeys((*lapse.excuses, *excuses)))
        matter = self.matters.get(lapse.case)
        if not was_excused and EXCUSES.intersection(lapse.excuses) and matter is not None:
            owed = matter.duties.get(lapse.duty) or Owed(lapse.duty, lapse.unit, lapse.person, None, None, lapse.by_recipient, lapse.index)
            owed.lapse = owed.lapse or lapse
            self._excused(matter, owed, index, self.window.holds(lapse.at))

    def _excused(self, matter: Matter, owed: Owed, index: int, inside: bool) -> None:
        self._count(matter, owed, "excused", index, inside)
        if owed.lapse is not None and owed.lapse.by_recipient and owed.lapse.cause == LapseCause.NOT_ACKNOWLEDGED:
            self._count(matter, owed, "not_answered_excused", index, inside)

    def _count(self, matter: Matter, owed: Owed, column: str, index: int, inside: bool, taken: float | None = None) -> None:
        if not inside or not self.window.asks_for(owed.unit):
            return
        add = self.figures.add
        rows = [("duty", ALL), ("unit", owed.unit), ("rule", rule_of(owed.duty))]
        if not matter.is_follow_on:
            rows += [("level", matter.level), ("category", matter.category), ("area", matter.area)]
        for table, row in rows:
            add(table, row, column, index, taken)
        if owed.by_recipient and owed.person is not None and _is_theirs(owed, column):
            add("leader", owed.person, column, index, taken)
        if owed.called:
            add("channel", owed.channel or "none", column, index, taken)

    # The matter itself

    def _of_matter(self, matter: Matter) -> Iterator[tuple[str, str | None]]:
        yield "matter_kind", matter.kind
        if matter.is_follow_on:
            return
        yield "matter", ALL
        for table in ("level", "category", "area", "unit"):
            yield f"matter_{table}", getattr(matter, table)

    def _count_matter(self, matter: Matter, column: str, index: int, taken: float | None = None) -> None:
        if self.window.asks_for(matter.unit) and not matter.is_standing:
            for table, row in self._of_matter(matter):
                self.figures.add(table, row, column, index, taken)

    def _respond(self, matter: Matter, seen: Seen) -> None:
        if matter.responded or not matter.in_cohort or seen.kind not in RESPONSES or not self.window.holds(seen.at):
            return
        matter.responded = True
        self._count_matter(matter, "responded", seen.index, between(matter.reported_at, seen.at))

    def _status(self, matter: Matter, effect: Json, moment: datetime, seen: Seen, inside: bool) -> None:
        why = str(effect.get("why"))
        taken = between(matter.reported_at, moment)
        if why == "open":
            matter.reopen(moment)
            why = "reopened"
        elif why in ("closed", "withdrawn", "merged"):
            matter.close(moment, why)
            self._retire(matter)
        elif why == "resolved":
            matter.status = why
        elif why == "absorbed" and matter.has_ended:
            matter.reopen(moment)
        elif why.startswith("measure_") or (why == "corrected" and matter.kind == ReportKind.ACCOUNTABILITY):
            self._organ_says(matter, why, word(effect.get("note")), seen.index, inside)
            return
        else:
            if why.startswith("notice_") and inside:
                self._count_matter(matter, why, seen.index)
            return
        if inside:
            self._count_matter(matter, why, seen.index, taken if why != "reopened" else None)

    def _organ_says(self, matter: Matter, why: str, note: str | None, index: int, inside: bool) -> None:
        if why in ("measure_as_proposed", "measure_other_than_proposed"):
            self._of_the_organ(matter, "decided", (note or "").partition(":")[0] or None, index, inside)
        else:
            self._of_the_organ(matter, why.removeprefix("measure_"), None, index, inside)

    def _of_the_organ(self, matter: Matter, column: str, measure: str | None, index: int, inside: bool) -> None:
        if inside and self.window.asks_for(matter.unit):
            self.figures.add("organ", ALL, column, index)
            self.figures.add("organ_unit", matter.unit, column, index)
            if measure is not None:
                self.figures.add("measure", measure, column, index)

    def _act(self, matter: Matter, seen: Seen, inside: bool) -> None:
        score = seen.data.get("satisfaction")
        if inside and isinstance(score, int):
            self._count_matter(matter, f"satisfaction:{score}", seen.index)
        if seen.kind == Kind.STATED:
            self._of_the_organ(matter, "stated", None, seen.index, inside)
        elif seen.kind == Kind.REFERRED:
            self._referred(seen)

    def _referred(self, seen: Seen) -> None:
        """On the unit's ledger, of a lapse in another matter: with what excuses it."""
        other = self.matters.get(str(seen.data.get("case")))
        owed = other.duties.get(str(seen.data.get("duty"))) if other is not None else None
        lapse = owed.lapse if owed is not None else self._lapse_of(seen.data)
        excuses = words(seen.data.get("excuses"))
        if lapse is not None:
            self.excuse(lapse, excuses, seen.index)
        elif excuses:
            self._early[str(seen.data.get("case")), str(seen.data.get("duty"))] = excuses, seen.index
            while len(self._early) > _EARLY_KEPT:
                del self._early[next(iter(self._early))]

    def _lapse_of(self, data: Json) -> LapseSeen | None:
        wanted = (data.get("case"), data.get("duty"))
        return next((lapse for lapse in reversed(self.lapses[-64:]) if (lapse.case, lapse.duty) == wanted), None)

    def _retire(self, matter: Matter) -> None:
        """Of many that have ended, those that ended first are let go."""
        self._ended.pop(matter.case, None)
        self._ended[matter.case] = None
        while len(self._ended) > _ENDED_KEPT:
            gone = next(iter(self._ended))
            del self._ended[gone]
            if (ended := self.matters.pop(gone, None)) is not None and ended.has_ended:
                count_holding(self.figures, ended, self.window, None)

    def finish(self, end: datetime) -> None:
        """The window ends here, or at the checkpoint: what is open then, and who holds it."""
        for matter in self.matters.values():
            if matter.exercise:
                continue
            count_holding(self.figures, matter, self.window, end)
            if matter.has_ended or matter.is_standing or matter.index is None:
                continue
            self._count_matter(matter, "open", matter.index)
            if any(owed.lapse is not None for owed in matter.duties.values()):
                self._count_matter(matter, "overdue", matter.index)


_OF_A_DUTY = frozenset(
    {
        EffectKind.OPENED,
        EffectKind.LAPSED,
        EffectKind.DISCHARGED,
        EffectKind.CANCELLED,
        EffectKind.REFERRED,
        EffectKind.MOVED,
        EffectKind.HOLDER,
    }
)


def _by_recipient(effect: Json) -> bool:
    return str(effect.get("why")).startswith("acknowledged_")


def _is_theirs(owed: Owed, column: str) -> bool:
    """A report that came late is its unit's lapse: it does not stand under the leader who was to be told."""
    late_report = owed.lapse is not None and owed.lapse.cause == LapseCause.REPORTED_LATE
    return not late_report or column in ("opened", "done")


def _handed(matter: Matter, effect: Json, at: datetime, index: int) -> None:
    unit, why = word(effect.get("unit")), str(effect.get("why"))
    if unit is not None and why in ("transfer_accepted", "lead_imposed"):
        matter.hand_over(unit, at, "accepted" if why == "transfer_accepted" else "imposed", index, word(effect.get("task")))


def _task(matter: Matter, effect: Json, at: datetime, index: int) -> None:
    task, unit, why = word(effect.get("task")), word(effect.get("unit")), str(effect.get("why"))
    if task is None or unit is None:
        return
    if why == "assigned":
        matter.hand_over(unit, at, "assigned", index, task)
    elif why in ("verified", "cancelled"):
        matter.end_holding(at, task)
