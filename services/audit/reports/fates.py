"""What becomes of each duty: opened, done in time or late, lapsed, excused; by whom, at which level, over
which channel. Pure.

Invariant: a duty's fate is what was decided (`discharged`, `lapsed`), never worked out again; each duty has
one fate with regard to its limit, and a lapse is counted once however often it is told.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.audit.reports.figures import ALL, NONE, SEPARATOR, Figures
from services.audit.reports.matters import LapseSeen, Owed, ReportedCase, between
from services.audit.reports.reach import answered_by_doing
from services.audit.reports.reading import ReportedFact
from services.audit.reports.window import Window
from shared.case import DutyState
from shared.facts import EffectKind, LapseCause, Via
from shared.facts.body import EffectBody

_LAPSES_KEPT = 20_000
_EARLY_KEPT = 256
OF_A_DUTY = frozenset(
    {
        EffectKind.OPENED,
        EffectKind.LAPSED,
        EffectKind.DISCHARGED,
        EffectKind.CANCELLED,
        EffectKind.REFERRED,
        EffectKind.HOLDER,
        EffectKind.OWED_AGAIN,
    }
)


RULE_UNIT = "rule_unit"
"""The table of what each unit owed by each rule: its rows are `price_reading/point_market`."""


class Fates:
    def __init__(
        self, window: Window, zone: ZoneInfo, figures: Figures, matters: dict[str, ReportedCase]
    ) -> None:
        """`matters`: all that are followed, by case; a referral names one of them."""
        self.window, self.zone, self.figures, self.matters = window, zone, figures, matters
        self.lapses: list[LapseSeen] = []
        self.cut = False
        """There were more lapses than are kept one by one."""
        self._early: dict[tuple[str, str], tuple[tuple[str, ...], int]] = {}
        """Referrals stored before the decision they come from: another lane may be faster."""

    def take(
        self,
        matter: ReportedCase,
        fact: ReportedFact,
        effect: EffectBody,
        duty: str,
        moment: datetime,
        inside: bool,
    ) -> None:
        unit = effect.unit or matter.unit
        match effect.kind:
            case EffectKind.OPENED:
                owed = _owed(effect, unit, fact.index, moment)
                matter.duties[duty] = owed
                self._count(matter, owed, "opened", fact.index, inside)
            case EffectKind.LAPSED:
                self._lapsed(matter, fact, effect, duty, inside)
            case EffectKind.DISCHARGED:
                owed = matter.duties.pop(duty, None) or _owed(effect, unit, fact.index)
                owed.unit = unit  # whose lapse it is, though another unit has taken the case over since
                self._done(matter, owed, effect, moment, fact.index, inside)
            case EffectKind.OWED_AGAIN:
                self._contested(matter, _owed(effect, unit, fact.index), effect, inside)
            case EffectKind.REFERRED:
                owed = matter.duties.get(duty)
                if owed is not None and owed.lapse is not None:
                    owed.lapse.answerable, owed.lapse.referred = unit, fact.index
            case EffectKind.HOLDER:
                if (owed := matter.duties.get(duty)) is not None:
                    owed.unit, owed.person = unit, effect.person
            case _:
                owed = matter.duties.pop(duty, None)
                if owed is not None:
                    # What had lapsed by then stays undone: its next round has begun.
                    column = "cancelled" if owed.lapse is None else "given_up"
                    self._count(matter, owed, column, fact.index, inside)

    def _lapsed(
        self, matter: ReportedCase, fact: ReportedFact, effect: EffectBody, duty: str, inside: bool
    ) -> None:
        """A report that nobody answered is not the lapse of the unit that reported: the effect says whose."""
        unit = effect.unit or matter.unit
        owed = matter.duties.setdefault(duty, _owed(effect, unit, fact.index))
        if owed.lapse is not None:
            return
        owed.unit = unit
        cause = effect.text("cause")
        owed.lapse = LapseSeen(
            index=fact.index,
            at=fact.at,
            case=matter.case,
            duty=duty,
            rule=owed.rule,
            unit=unit,
            person=effect.person,
            area=matter.area,
            level=matter.level,
            category=matter.category,
            cause=cause,
            due_at=effect.text("due_at"),
            late_by=effect.late_by,
            stood_in=effect.text("stood_in"),
            by_recipient=owed.by_recipient,
            excuses=effect.excuses,
        )
        self._count(matter, owed, "lapsed", fact.index, inside)
        if cause == LapseCause.REPORTED_LATE:
            self._count(matter, owed, "reported_late", fact.index, inside, owed.lapse.late_by)
        elif owed.by_recipient and cause == LapseCause.NOT_ACKNOWLEDGED:
            self._count(matter, owed, "not_answered", fact.index, inside)
        if cause is not None:
            self._count(matter, owed, f"cause:{cause}", fact.index, inside)
        if owed.lapse.is_excused:
            self._excused(matter, owed, fact.index, inside)
        if (early := self._early.pop((matter.case, duty), None)) is not None:
            self.excuse(owed.lapse, *early)
        if inside and self.window.asks_for(unit):
            local = fact.at.astimezone(self.zone)
            if not owed.lapse.is_excused:
                self.figures.add("hour", f"{local.hour:02}", "lapsed", fact.index)
            if len(self.lapses) < _LAPSES_KEPT:
                self.lapses.append(owed.lapse)
            else:
                self.cut = True

    def _done(
        self, matter: ReportedCase, owed: Owed, effect: EffectBody, moment: datetime, index: int, inside: bool
    ) -> None:
        late_by = effect.late_by
        self._count(matter, owed, "done", index, inside, between(owed.opened_at, moment))
        if late_by is None:
            self._count(matter, owed, "in_time", index, inside)
        else:
            # How late somebody is whom something excuses is on record with their lapse, and is not held
            # against them.
            is_excused = owed.lapse is not None and owed.lapse.is_excused
            self._count(matter, owed, "late_excused" if is_excused else "late", index, inside, late_by)
            if owed.lapse is not None:
                owed.lapse.done, owed.lapse.done_late_by = index, late_by
        if effect.via == Via.LOGGED_CALL:
            self._count(matter, owed, "logged_calls", index, inside)
        if effect.text("stood_in") is None:
            answered_by_doing(self.figures, matter, owed, index, moment)

    def _contested(self, matter: ReportedCase, owed: Owed, effect: EffectBody, inside: bool) -> None:
        """It was held for done by a call that never was; of a contact of the chain nothing was held for
        done.
        """
        if owed.duty in matter.duties:
            return
        matter.duties[owed.duty] = owed
        self._count(matter, owed, "contested", owed.index, inside)
        if effect.was_state == DutyState.DISCHARGED:
            self._count(matter, owed, "contested_in_time", owed.index, inside)

    def excuse(self, lapse: LapseSeen, excuses: tuple[str, ...], index: int) -> None:
        """What the referral of a lapse names for whoever let it happen."""
        was_excused = lapse.is_excused
        lapse.excuses = tuple(dict.fromkeys((*lapse.excuses, *excuses)))
        matter = self.matters.get(lapse.case)
        if not was_excused and lapse.is_excused and matter is not None:
            owed = matter.duties.get(lapse.duty) or Owed(
                lapse.duty, lapse.rule, lapse.unit, lapse.person, None, lapse.by_recipient, lapse.index
            )
            owed.lapse = owed.lapse or lapse
            self._excused(matter, owed, index, self.window.holds(lapse.at))

    def _excused(self, matter: ReportedCase, owed: Owed, index: int, inside: bool) -> None:
        self._count(matter, owed, "excused", index, inside)
        if (
            owed.lapse is not None
            and owed.lapse.by_recipient
            and owed.lapse.cause == LapseCause.NOT_ACKNOWLEDGED
        ):
            self._count(matter, owed, "not_answered_excused", index, inside)

    def _count(
        self,
        matter: ReportedCase,
        owed: Owed,
        column: str,
        index: int,
        inside: bool,
        seconds: float | None = None,
    ) -> None:
        if not inside or not self.window.asks_for(owed.unit):
            return
        add = self.figures.add
        rows = [("duty", ALL), ("unit", owed.unit), ("rule", owed.rule), (RULE_UNIT, rule_of_unit(owed))]
        if not matter.is_follow_on:
            rows += [("level", matter.level), ("category", matter.category), ("area", matter.area)]
        for table, row in rows:
            add(table, row, column, index, seconds)
        if owed.by_recipient and owed.person is not None and _is_theirs(owed, column):
            add("leader", owed.person, column, index, seconds)
        if owed.called:
            add("channel", owed.channel or "none", column, index, seconds)

    def referred(self, fact: ReportedFact) -> None:
        """On the unit's ledger, of a lapse in another matter: with what excuses it."""
        case, duty = fact.data.text("case") or "", fact.data.text("duty") or ""
        other = self.matters.get(case)
        owed = other.duties.get(duty) if other is not None else None
        lapse = owed.lapse if owed is not None else self._lapse_of(case, duty)
        excuses = fact.data.texts("excuses")
        if lapse is not None:
            self.excuse(lapse, excuses, fact.index)
        elif excuses:
            self._early[case, duty] = excuses, fact.index
            while len(self._early) > _EARLY_KEPT:
                del self._early[next(iter(self._early))]

    def _lapse_of(self, case: str, duty: str) -> LapseSeen | None:
        return next(
            (lapse for lapse in reversed(self.lapses[-64:]) if (lapse.case, lapse.duty) == (case, duty)), None
        )


def rule_of_unit(owed: Owed) -> str:
    return f"{owed.rule}{SEPARATOR}{owed.unit or NONE}"


def _owed(effect: EffectBody, unit: str | None, index: int, opened_at: datetime | None = None) -> Owed:
    """The duty as the first effect that tells of it has it."""
    return Owed(
        effect.duty or "",
        effect.duty_rule,
        unit,
        effect.person,
        opened_at,
        effect.is_by_recipient,
        index,
    )


def _is_theirs(owed: Owed, column: str) -> bool:
    """A report that came late is its unit's lapse: it does not stand under the leader who was to be told."""
    late_report = owed.lapse is not None and owed.lapse.cause == LapseCause.REPORTED_LATE
    return not late_report or column in ("opened", "done")
