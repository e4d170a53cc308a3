"""The ledger 台账 of an inventory: items are registered, made whole, and go on as cases of their own.

Invariant: an item without measure, owner and date counts as nothing. It is changed by its own unit, or whoever has
the campaign, and by nobody else. It becomes one case, once, which carries what the ledger knew of it.
"""

from typing import Any

from msgspec.structs import replace

from services.escalator.deciding.actions import raise_case
from services.escalator.deciding.acts.growing import USUAL, grown_report
from services.escalator.deciding.draft import Draft
from services.escalator.deciding.forms import end_of_day
from shared.acts.states import ITEMS_BECOME
from shared.case import Item, ItemForm
from shared.facts import CaseAct, EffectKind, FormBlock, Reason
from shared.facts.report import CATEGORISED, MOST_ITEMS_OF_A_CASE
from shared.ids import CaseId, PersonId, UnitId
from shared.territory.claim import Claim
from shared.territory.reach import speaks_for, unit_of
from shared.vocabulary import ReportKind


def register(draft: Draft, act: CaseAct) -> None:
    """An item, or what it lacked (`step` names its number); `becomes`: it goes on as a case of its own."""
    items = list(draft.case.items)
    if act.step and act.step > len(items):
        draft.refuse(Reason.NO_SUCH_ITEM, note=str(act.step))
        return
    if not act.step and len(items) >= MOST_ITEMS_OF_A_CASE:
        draft.refuse(Reason.TOO_MANY_ITEMS, note=f"{len(items)} of {MOST_ITEMS_OF_A_CASE}")
        return
    item = items[act.step - 1] if act.step else _new(draft, act, len(items) + 1)
    if not _is_theirs(draft, act, item.unit):
        draft.refuse(Reason.ITEM_OF_ANOTHER_UNIT, unit=item.unit, note=str(item.number))
        return
    item = _with(draft, item, act)
    if act.becomes is not None and (why := _becomes_none(item, act.becomes)) is not None:
        draft.refuse(why, note=str(item.number))
        return
    draft.note(
        EffectKind.NOTED,
        Reason.ITEM_NEEDS_MEASURE_AND_OWNER if item.lacks else Reason.ITEM_REGISTERED,
        unit=item.unit,
        person=item.owner,
        item=item.number,
        note=item.summary,
    )
    if act.becomes is not None:
        item = replace(item, case=_raise(draft, item, act.becomes, act))
    items[item.number - 1 : item.number] = [item]
    draft.change(items=tuple(items))
    for task in list(draft.tasks.values()):
        if task.nil and task.unit == item.unit:
            draft.put_task(task, nil=False)
            draft.note(EffectKind.TASK, Reason.LISTED_AFTER_NIL, task=task.id, unit=task.unit)


def _new(draft: Draft, act: CaseAct, number: int) -> Item:
    return Item(
        number=number,
        unit=act.to_unit or act.by.unit or draft.case.holder,
        summary=act.summary or act.text or "",
        at=draft.now,
        by=act.by.principal,
    )


def _is_theirs(draft: Draft, act: CaseAct, unit: UnitId) -> bool:
    own = unit_of(act.by, draft.directory)
    return (
        speaks_for(draft.directory, own, unit)
        or Claim(act.by, draft.case, draft.directory, draft.now).standing
    )


def _with(draft: Draft, item: Item, act: CaseAct) -> Item:
    """What the act says, by its own fields or by the form's of the same name."""
    form = _form_of(item.form, act.form)
    values: dict[str, Any] = act.form.values if act.form is not None else {}
    measure, owner, due = act.measure or values.get("measure"), values.get("owner"), values.get("due")
    changed = {
        "summary": act.summary,
        "measure": measure if isinstance(measure, str) else None,
        "owner": act.owner or (PersonId(owner) if isinstance(owner, str) else None),
        "due_at": act.due_at or end_of_day(due, draft.policy.zone),
        "form": form,
    }
    return replace(item, **{name: value for name, value in changed.items() if value is not None})


def _form_of(before: ItemForm | None, block: FormBlock | None) -> ItemForm | None:
    if block is None:
        return before
    as_it_was = before if before is not None and before.id == block.id else ItemForm(id=block.id)
    return ItemForm(
        id=block.id,
        version=block.version,
        fields={**as_it_was.fields, **block.fields},
        personal={**as_it_was.personal, **(block.personal or {})},
        missing=block.missing,
    )


def _becomes_none(item: Item, kind: ReportKind) -> Reason | None:
    if kind not in ITEMS_BECOME:
        return Reason.ITEM_BECOMES_NO_SUCH_CASE
    return Reason.ITEM_IS_A_CASE_ALREADY if item.case is not None else None


def _raise(draft: Draft, item: Item, kind: ReportKind, act: CaseAct) -> CaseId:
    case = draft.case
    usual = USUAL.get(kind) if kind in CATEGORISED else None
    unit = draft.directory.units_by_id.get(item.unit)
    report = grown_report(
        draft,
        act,
        kind=kind,
        category=act.category or case.report.category or usual,
        topic=_topic(draft, item),
        unit=item.unit,
        area=unit.area if unit is not None else case.report.area,
        summary=item.summary,
        item=item.number,
        form=_block(item, draft),
    )
    key = f"item:{case.id}:{item.number}"
    return raise_case(
        draft, key, draft.now, report, Reason.ITEM_BECAME_A_CASE, unit=item.unit, note=item.summary
    )


def _topic(draft: Draft, item: Item) -> str | None:
    """The campaign's own, or the item's sector where some unit is competent for it."""
    if draft.case.report.topic is not None:
        return draft.case.report.topic
    sector = item.form.values.get("sector") if item.form is not None else None
    return sector if sector in draft.directory.topics else None


def _block(item: Item, draft: Draft) -> FormBlock | None:
    """The item's form as the case's own, with what the act's own fields said of it."""
    form = item.form
    if form is None:
        return None
    due = item.due_at.astimezone(draft.policy.zone).date().isoformat() if item.due_at is not None else None
    said = {"measure": item.measure, "due": due}
    return FormBlock(
        id=form.id,
        version=form.version,
        fields={**form.fields, **{name: value for name, value in said.items() if value is not None}},
        personal={**form.personal, **({"owner": item.owner} if item.owner is not None else {})},
        missing=item.lacks,
    )
