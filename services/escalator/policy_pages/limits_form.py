"""The common changes without YAML: each limit as a number and a unit, each degree as a measure. Pure.

Invariant: what nobody touched stays in the text as it was written, to the letter; what was typed is either in
the new text or named as a fault beside its field.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from services.escalator.policy.book import Policy
from services.escalator.policy.changed_text import NotWrittenError, with_values
from services.escalator.policy.durations import write_fixed
from services.escalator.policy.inherit import Path
from services.escalator.policy.terms import Term, fixed_term
from services.escalator.policy_pages.settings_in_words import Shape, settings_in_words
from services.escalator.policy_pages.wording import PolicyWording
from shared.language.catalogue import N_
from shared.message import Marked, Sayable

NAME = "version"
"""The field with the version's name."""
UNIT = ":unit"
"""Behind a field's name: its unit."""
_NAME = re.compile(r"[^\s\x00-\x1f\x7f\"\\]{1,40}")
_NUMBER = re.compile(r"[0-9]{1,5}([.][0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,3}")
NO_NAME = N_("give the version a name of at most 40 letters, without spaces or quotation marks")
NO_NUMBER = N_("write a number, such as 30")
NOT_WHOLE = N_("write a whole number from 1 to 999; a day of the month lies between 1 and 28")
NO_UNIT = N_("choose a unit")
NO_MEASURE = N_("choose a measure of the ladder")
ELSEWHERE = N_("the text writes this value elsewhere: change it in the text itself")
NOTHING_CHANGED = N_("nothing was changed: change a limit or a degree first")


class TermUnit(StrEnum):
    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    DAY_OF_MONTH = "day_of_month"


UNIT_WORDS: dict[TermUnit, Marked] = {
    TermUnit.SECONDS: N_("seconds"),
    TermUnit.MINUTES: N_("minutes"),
    TermUnit.HOURS: N_("hours"),
    TermUnit.DAYS: N_("days"),
    TermUnit.WORKING_DAYS: N_("working days"),
    TermUnit.MONTHS: N_("months"),
    TermUnit.DAY_OF_MONTH: N_("as the day of the month"),
}
_FIXED = {
    TermUnit.DAYS: timedelta(days=1),
    TermUnit.HOURS: timedelta(hours=1),
    TermUnit.MINUTES: timedelta(minutes=1),
    TermUnit.SECONDS: timedelta(seconds=1),
}
_OF_A_SPAN = (TermUnit.MINUTES, TermUnit.HOURS, TermUnit.DAYS)


@dataclass(frozen=True)
class LimitField:
    name: str
    path: Path
    chapter: str
    label: str
    number: str
    unit: TermUnit
    units: tuple[TermUnit, ...]


@dataclass(frozen=True)
class DegreeField:
    name: str
    path: Path
    grounds: str
    measure: str
    late_by: LimitField | None


@dataclass(frozen=True)
class LimitsForm:
    version: str
    limits: tuple[LimitField, ...]
    degrees: tuple[DegreeField, ...]
    ladder: tuple[str, ...]

    @property
    def chapters(self) -> Mapping[str, list[LimitField]]:
        chapters: dict[str, list[LimitField]] = {}
        for field in self.limits:
            chapters.setdefault(field.chapter, []).append(field)
        return chapters

    def values(self) -> dict[str, str]:
        """What stands in the fields of a form that nobody has touched."""
        values = {NAME: self.version}
        for field in self._terms():
            values |= {field.name: field.number, field.name + UNIT: field.unit.value}
        return values | {degree.name: degree.measure for degree in self.degrees}

    def _terms(self) -> Iterator[LimitField]:
        yield from self.limits
        yield from (degree.late_by for degree in self.degrees if degree.late_by is not None)

    def changes(self, given: Mapping[str, str]) -> tuple[dict[Path, str], dict[str, Sayable]]:
        """What is to be written where, and what is wrong with which field. A field that did not come is as it
        was.
        """
        before = self.values()
        values = before | {name: value.strip() for name, value in given.items() if name in before}
        changes: dict[Path, str] = {}
        faults: dict[str, Sayable] = {}
        for field in self._terms():
            number, unit = values[field.name], values[field.name + UNIT]
            if (number, unit) == (field.number, field.unit):
                continue
            try:
                changes[field.path] = _written(number, unit)
            except _FieldFault as fault:
                faults[field.name] = fault.words
        for degree in self.degrees:
            if values[degree.name] not in (*self.ladder, degree.measure):
                faults[degree.name] = NO_MEASURE
            elif values[degree.name] != degree.measure:
                changes[degree.path] = values[degree.name]
        if not changes and not faults:
            faults[""] = NOTHING_CHANGED
        if _NAME.fullmatch(values[NAME]) is None:
            faults[NAME] = NO_NAME
        elif values[NAME] != self.version:
            changes[("version",)] = values[NAME]
        return changes, faults


class _FieldFault(ValueError):
    def __init__(self, words: Marked) -> None:
        super().__init__(words)
        self.words = words


def limits_form(policy: Policy, wording: PolicyWording) -> LimitsForm:
    pursued = policy.document.accountability
    degrees = [
        DegreeField(
            f"measure.{number}",
            ("accountability", "measures", number, "measure"),
            wording.grounds(rule.when),
            rule.measure,
            None
            if rule.when.late_by is None
            else _field(
                f"late_by.{number}",
                ("accountability", "measures", number, "when", "late_by"),
                "",
                wording.words.of(N_("late by")),
                rule.when.late_by,
            ),
        )
        for number, rule in enumerate(pursued.measures if pursued else ())
    ]
    limits = [
        _field(setting.name, setting.setting.path, setting.chapter, setting.label, setting.value)
        for setting in settings_in_words(wording)
        if setting.setting.shape is Shape.TERM
    ]
    return LimitsForm(
        policy.document.version,
        tuple(field for field in limits if field is not None),
        tuple(degrees),
        pursued.ladder if pursued else (),
    )


def changed(text: str, changes: Mapping[Path, str]) -> tuple[str, dict[str, Sayable]]:
    """The text with them, and which of them it can't take."""
    try:
        return with_values(text, changes), {}
    except NotWrittenError as error:
        return text, {str(error): ELSEWHERE}


def _field(name: str, path: Path, chapter: str, label: str, value: Term | timedelta) -> LimitField | None:
    """None for a term that a number and a unit can't say."""
    units = tuple(TermUnit)[1:]
    if isinstance(value, timedelta):
        value, units = fixed_term(value), _OF_A_SPAN
    if (typed := _typed(value)) is None:
        return None
    number, unit = typed
    return LimitField(name, path, chapter, label, number, unit, tuple(dict.fromkeys((*units, unit))))


def _typed(term: Term) -> tuple[str, TermUnit] | None:
    if term.is_share or (term.months and term.fixed):
        return None
    for count, unit in (
        (term.working, TermUnit.WORKING_DAYS),
        (term.months, TermUnit.MONTHS),
        (term.day, TermUnit.DAY_OF_MONTH),
    ):
        if count:
            return str(count), unit
    span = term.fixed or timedelta(0)
    for unit, length in _FIXED.items():
        if span >= length and not span % length:
            return str(span // length), unit
    return f"{span.total_seconds():g}", TermUnit.SECONDS


def _written(number: str, unit: str) -> str:
    """As the policy writes it. Raises _FieldFault."""
    if unit not in tuple(TermUnit):
        raise _FieldFault(NO_UNIT)
    if (length := _FIXED.get(TermUnit(unit))) is not None:
        if _NUMBER.fullmatch(number) is None:
            raise _FieldFault(NO_NUMBER)
        return write_fixed(length * float(number))
    most = 28 if unit == TermUnit.DAY_OF_MONTH else 999
    if _WHOLE.fullmatch(number) is None or not 1 <= int(number) <= most:
        raise _FieldFault(NOT_WHOLE)
    if unit == TermUnit.DAY_OF_MONTH:
        return f"day {int(number)}"
    return f"P{int(number)}{'WD' if unit == TermUnit.WORKING_DAYS else 'M'}"
