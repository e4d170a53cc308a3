"""Everything that was filled in of a form: one report for all forms, those that are declared tomorrow too.

Invariant: a row is what stands at the window's end: of a case what it has by then, of what the form tells apart by
`each` the last that was handed in. What was refused, withdrawn or merged is no row; exercises are none.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.audit.reading.titles import documents_owed
from services.audit.reports.answering import Answering
from services.audit.reports.area_asked import AskedArea
from services.audit.reports.fates import RULE_UNIT
from services.audit.reports.figures import SEPARATOR
from services.audit.reports.filled import SeenBlock
from services.audit.reports.form_figures import FormFigures, RowState
from services.audit.reports.form_views import FilledForms, FormCount, FormRow, OwedLine
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from shared.facts import Name
from shared.forms import DeclaredForm, FieldType

_OWED = ("opened", "in_time", "late", "late_excused", "lapsed", "cancelled", "done")
Row = list[tuple[SeenBlock, dict[str, Any]]]
"""The states of one row, with their values, the last one last."""


async def filled_forms(reports: Reports, question: ReportQuestion) -> FilledForms:
    counted = await reports.counted(question.window)
    area = AskedArea(reports.directory, question.area)
    blocks = [block for block in counted.counting.blocks if _is_asked_for(block, question)]
    heading: dict[str, Any] = {**counted.heading(), **_asked(question), "cut": counted.counting.blocks.cut}
    if question.form is None:
        asked = [
            block for block in blocks if _is_within(block, area, question, reports.forms.get(block.form))
        ]
        return FilledForms(**heading, forms=_counts(asked, reports.forms.get))
    form = reports.forms.get(question.form)
    rows = [
        row
        for row in _rows((block for block in blocks if block.form == question.form), form)
        if area.holds(_areas(row[-1][1], row[-1][0], form)) and _is_of_units(row[-1], question)
    ]
    rows.sort(key=lambda row: row[-1][0].index, reverse=True)
    answer = FilledForms(
        **heading,
        forms=_counts(blocks, reports.forms.get),
        declared=form,
        rows=tuple(map(_row, rows)),
    )
    if form is None:
        return answer
    figures = FormFigures(form, reports.zone, area.counted_at)
    last = [_filled(*row[-1]) for row in rows]
    states = sorted((_filled(*state) for row in rows for state in row), key=lambda state: state.index)
    answering = Answering(counted.counting, with_records=question.records)
    owed = _owed(answering, form, await documents_owed(reports.reader), area)
    return answer.model_copy(
        update={
            "totals": figures.totals(last),
            "map": figures.map(last),
            "series": figures.series(states, last),
            "owed": owed,
        }
    )


def _asked(question: ReportQuestion) -> dict[str, str | None]:
    return {"form": question.form, "kind": question.kind, "topic": question.topic, "area": question.area}


def _is_asked_for(block: SeenBlock, question: ReportQuestion) -> bool:
    return question.kind in (None, block.kind) and question.topic in (None, block.topic)


def _is_within(
    block: SeenBlock, area: AskedArea, question: ReportQuestion, form: DeclaredForm | None
) -> bool:
    values = block.values
    return area.holds(_areas(values, block, form)) and _is_of_units((block, values), question)


def _is_of_units(state: tuple[SeenBlock, Mapping[str, Any]], question: ReportQuestion) -> bool:
    """The unit filled it in, its case is the unit's, or the form names it."""
    units = question.window.units
    if units is None:
        return True
    block, values = state
    named = (value for value in values.values() if isinstance(value, str))
    return not units.isdisjoint({block.unit or "", block.case_unit or "", *named})


def _areas(values: Mapping[str, Any], block: SeenBlock, form: DeclaredForm | None) -> list[str]:
    """Those the form names; that of the case where it names none."""
    fields = form.fields if form is not None else {}
    named = [
        value
        for name, field in fields.items()
        if field.type is FieldType.AREA and isinstance(value := values.get(name), str)
    ]
    return named or ([block.area] if block.area is not None else [])


def _rows(blocks: Iterable[SeenBlock], form: DeclaredForm | None) -> Iterable[Row]:
    rows: dict[tuple[object, ...], Row] = {}
    for block in blocks:
        values = block.values
        rows.setdefault(_key(block, values, form), []).append((block, values))
    return rows.values()


def _key(block: SeenBlock, values: Mapping[str, Any], form: DeclaredForm | None) -> tuple[object, ...]:
    each = form.each if form is not None else ()
    if each and all(name in values for name in each):
        return tuple(values[name] for name in each)
    if block.item is not None:
        return block.case, f"item {block.item}"
    return (block.case,) if block.goes_on else (block.case, block.index)


def _row(row: Row) -> FormRow:
    block, values = row[-1]
    return FormRow(
        index=block.index,
        case=block.case,
        at=block.at,
        unit=block.unit,
        kind=block.kind,
        topic=block.topic,
        area=block.area,
        values=values,
        missing=block.missing,
        blocks=len(row),
        records=tuple(state.index for state, _ in row),
    )


def _filled(block: SeenBlock, values: Mapping[str, Any]) -> RowState:
    return RowState(block.index, block.at, block.area, values)


def _counts(
    blocks: Iterable[SeenBlock], form_of: Callable[[str], DeclaredForm | None]
) -> tuple[FormCount, ...]:
    counts = Counter(block.form for block in blocks)
    named = {form: declared.title for form in counts if (declared := form_of(form)) is not None}
    return tuple(
        FormCount(form=form, title=named.get(form, Name(zh=form, en=form)), blocks=number)
        for form, number in counts.most_common()
    )


def _owed(
    answering: Answering, form: DeclaredForm, documents: Mapping[str, frozenset[str]], area: AskedArea
) -> tuple[OwedLine, ...]:
    """By the rules that one of the form's documents discharges."""
    rules = {
        rule
        for rule, discharging in documents.items()
        for place in form.of
        if discharging & set(place.documents) and (not place.duties or rule in place.duties)
    }
    lines: list[OwedLine] = []
    for row in answering.figures.rows(RULE_UNIT):
        rule, _, unit = row.partition(SEPARATOR)
        if rule not in rules or not area.holds_unit(unit):
            continue
        count = {column: answering.figures.count(RULE_UNIT, row, column) for column in _OWED}
        lines.append(
            OwedLine(
                **answering.traced(RULE_UNIT, row, _OWED),
                rule=rule,
                unit=unit,
                opened=count["opened"],
                in_time=count["in_time"],
                late=count["late"] + count["late_excused"],
                lapsed=count["lapsed"],
                missing=max(count["opened"] - count["done"] - count["cancelled"], 0),
            )
        )
    return tuple(sorted(lines, key=lambda line: (-line.missing, -line.lapsed, line.unit)))
