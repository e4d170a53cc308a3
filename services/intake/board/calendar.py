"""What takes place when: press conferences, round tables, embargoes, visits, meetings, and the regular ones that a
department owes. Pure.

Invariant: which cases stand here is said by the forms (`calendar:`) and by nothing else; a case that has moved stands at
its new time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.intake.board.card import Card
from shared.case import ENDED, Case, CaseForm, CaseStatus
from shared.facts import Name
from shared.facts.body import instant
from shared.forms import Forms
from shared.forms.model import DeclaredForm
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.standing import rule_watched

BACK = timedelta(days=31)
"""How far back a calendar looks where nobody says otherwise."""


class EntryState(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    OVERDUE = "overdue"
    CALLED_OFF = "called_off"


STATES = {
    EntryState.PLANNED: N_("planned"),
    EntryState.DONE: N_("took place"),
    EntryState.OVERDUE: N_("not heard of since its limit"),
    EntryState.CALLED_OFF: N_("called off"),
}


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    case: CaseId
    form: str
    title: Name
    at: datetime
    unit: str
    what: Name
    """The form's most telling fields; of a regular one that is still to be planned its title."""
    state: EntryState


def calendar_entries(cards: Iterable[Card], forms: Forms) -> list[CalendarEntry]:
    """By when they take place. No card is read as a case but those that stand here."""
    declared = {form.id: form for form in forms.all() if form.calendar is not None}
    rules = {rule: form for form in declared.values() for belongs in form.of for rule in belongs.duties}
    shown = (
        card for card in cards if (rules if card.is_standing else not declared.keys().isdisjoint(card.forms))
    )
    entries = [entry for card in shown for entry in _of_case(card.lean, declared, rules)]
    return sorted(entries, key=lambda entry: (entry.at, entry.case))


def _of_case(
    case: Case, declared: dict[str, DeclaredForm], rules: dict[str, DeclaredForm]
) -> Iterator[CalendarEntry]:
    if case.standing is not None:
        rule = rule_watched(case.standing.subject)
        if rule in rules:
            yield from _of_rule(case, rule, rules[rule])
        return
    for block in case.forms:
        form = declared.get(block.id)
        if form is not None and (at := _moment(form, block)) is not None:
            yield _of_form(case, form, block, at)


def _moment(form: DeclaredForm, block: CaseForm) -> datetime | None:
    value = block.fields.get(form.calendar) if form.calendar is not None else None
    return instant(value) if isinstance(value, str) else None


def _of_form(case: Case, form: DeclaredForm, block: CaseForm, at: datetime) -> CalendarEntry:
    what = block.short or Name(zh=case.report.summary, en=case.report.summary)
    department = block.fields.get("department")
    unit = department if isinstance(department, str) else case.report.unit
    return CalendarEntry(case.id, form.id, form.title, at, unit, what, _state(case, at))


def _state(case: Case, at: datetime) -> EntryState:
    if case.status in (CaseStatus.WITHDRAWN, CaseStatus.MERGED):
        return EntryState.CALLED_OFF
    if any(duty.lapse is not None and duty.is_owed for duty in case.duties):
        return EntryState.OVERDUE
    is_over = case.status in ENDED or case.status is CaseStatus.RESOLVED
    owed = any(duty.is_owed for duty in case.duties)
    return EntryState.DONE if is_over or (not owed and at <= case.applied.at) else EntryState.PLANNED


def _of_rule(case: Case, rule: str, form: DeclaredForm) -> Iterator[CalendarEntry]:
    """Every round that is on the case, and the next one: by the limit, or by when it was held."""
    terms = case.plans.get(rule)
    # Before its first round the case knows the rule's title in its own summary alone.
    title = terms.title if terms is not None else Name(zh=case.report.summary, en=form.title.en)
    held = {block.at: block for block in reversed(case.forms) if block.id == form.id}
    for duty in case.duties:
        if duty.rule != rule:
            continue
        held_at = duty.discharged_at
        block = held.get(held_at) if held_at is not None else None
        moment = (_moment(form, block) if block is not None else None) or held_at or duty.due_at
        what = block.short if block is not None and block.short is not None else title
        state = EntryState.DONE if held_at else EntryState.OVERDUE if duty.lapse else EntryState.PLANNED
        yield CalendarEntry(case.id, form.id, title, moment, case.report.unit, what, state)
    for opening in case.openings:
        if opening.rule == rule:
            yield CalendarEntry(
                case.id, form.id, title, opening.at, case.report.unit, title, EntryState.PLANNED
            )
