"""The typed block of a report or an act: the case keeps what it is about, and a threshold that was crossed happens.

Invariant: a block opens nothing and ends nothing by itself; the policy's triggers `form.<form>.<threshold>` do.
A follow-up adds to what is there, a document stands in the place of the one before.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from services.escalator.deciding.draft import Draft
from services.escalator.deciding.duties import move_limit, shifted
from services.escalator.deciding.form_values import values_at
from shared.case import CaseForm, DutyState
from shared.facts import Actor, EffectKind, FormBlock, Reason
from shared.facts.body import instant
from shared.forms.book import CONTINUES
from shared.forms.faults import CHANGED
from shared.vocabulary import Kind

KEPT = 6
"""Forms of one case; the record has every block."""
NOT_KEPT = frozenset({Kind.REGISTERED})
"""An item of ten thousand: it stands in the record."""
TRIGGER = "form"


def take_form(draft: Draft, block: FormBlock | None, kind: Kind, by: str, actor: Actor | None = None) -> None:
    if block is None:
        return
    if kind not in NOT_KEPT:
        was = draft.case.forms
        draft.change(forms=_with(was, block, kind, by, draft.now, draft.sequence))
        _move_with_it(draft, was)
        if _says_otherwise(was, block):
            draft.happened(f"{TRIGGER}.{block.id}.{CHANGED}", actor=actor)
    if block.wrong:
        fields = ", ".join(one.field or "form" for one in block.wrong)
        draft.note(EffectKind.NOTED, Reason.FORM_NOT_WHOLE, note=f"{block.id}: {fields}"[:200])
    for ring in block.rings:
        draft.happened(f"{TRIGGER}.{block.id}.{ring}", actor=actor)


def end_of_day(day: object, zone: ZoneInfo) -> datetime | None:
    """A date in a form counts until its end, by the office's clock."""
    if not isinstance(day, str):
        return None
    try:
        named = date.fromisoformat(day)
    except ValueError:
        return None
    return datetime.combine(named, time(23, 59, 59), zone).astimezone(UTC)


def moment_in_form(forms: Iterable[CaseForm], field: str, zone: ZoneInfo) -> datetime | None:
    """What `form.visit.at` says: that moment, or the end of that day; None where it says nothing."""
    value = next(values_at(forms, field), None)
    return instant(value) or end_of_day(value, zone) if value is not None else None


def _move_with_it(draft: Draft, was: tuple[CaseForm, ...]) -> None:
    """It takes place at another time: what is due by it moves along; a lapse stays."""
    zone, calendar = draft.policy.zone, draft.policy.calendar
    for duty in draft.owed():
        rule = draft.policy.rule_named(duty.rule, draft.sort)
        if rule is None or rule.term is None or not rule.starts.startswith(f"{TRIGGER}."):
            continue
        now = moment_in_form(draft.case.forms, rule.starts, zone)
        if now is None or now == moment_in_form(was, rule.starts, zone) or duty.state is not DutyState.OPEN:
            continue
        due_at = rule.term.after(now, calendar) + duty.granted
        reminders = shifted(duty.reminders, due_at - duty.due_at)
        moved = move_limit(draft, duty, due_at, Reason.TAKES_PLACE_AT_ANOTHER_TIME, reminders=reminders)
        draft.put(moved, starts_at=now)


def _says_otherwise(was: tuple[CaseForm, ...], block: FormBlock) -> bool:
    """The line that messages carry is another one, for a field that has another value; a name that the
    directory spells differently since is none.
    """
    before = next((form for form in was if form.id == block.id), None)
    if before is None or block.short is None or block.short == before.short:
        return False
    return any(before.fields.get(name, value) != value for name, value in block.values.items())


def _with(
    forms: tuple[CaseForm, ...], block: FormBlock, kind: Kind, by: str, now: datetime, sequence: int
) -> tuple[CaseForm, ...]:
    before = next((form for form in forms if form.id == block.id), None)
    adds = before is not None and kind in CONTINUES
    fields: dict[str, Any] = {**(before.fields if before is not None and adds else {}), **block.values}
    filled = CaseForm(
        id=block.id,
        version=block.version,
        fields=fields,
        short=block.short,
        missing=block.missing,
        wrong=len(block.wrong),
        at=now,
        by=by,
        sequence=sequence,
    )
    others = [form for form in forms if form.id != block.id]
    # Messages tell the first: what a task has brought does not stand for what the case is about.
    place = 1 if kind is Kind.COMPLETED and forms and forms[0].id != block.id else 0
    return (*others[:place], filled, *others[place:])[:KEPT]
