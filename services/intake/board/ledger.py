"""The ledger 台账 of a campaign as a workbook: its items, and what each unit has handed in. Pure.

Invariant: the columns are those of the form that items are registered with, in its order and its words; what became
of an item that is a case is said as it stands now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from services.intake.board.campaign import CampaignMatrix, MatrixRow
from shared.case import CaseStatus, Item
from shared.forms import DeclaredForm, FieldType
from shared.forms.words import FormWords
from shared.ids import CaseId
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.web.names import Names
from shared.xlsx import Cell, XlsxFile

OWN = {"measure": N_("Measure"), "owner": N_("Who answers for it"), "due": N_("Rectification date")}
"""What an item has without any form."""


@dataclass(frozen=True)
class LedgerWords:
    """How it is said to this reader."""

    words: Words
    names: Names
    zone: ZoneInfo
    form: DeclaredForm | None
    """The form of an item; None where none is declared."""

    @cached_property
    def columns(self) -> dict[str, str]:
        """Of each field that stands in one cell, its head."""
        fields = {
            name: self.words.name(field.title)
            for name, field in (self.form.fields if self.form is not None else {}).items()
            if field.type is not FieldType.ROWS
        }
        return fields | {name: self.words.of(head) for name, head in OWN.items() if name not in fields}

    @cached_property
    def _of_form(self) -> FormWords:
        return FormWords(self.names, self.words, self.zone)

    def value(self, name: str, value: object) -> Cell:
        if value is None:
            return None
        field = self.form.fields.get(name) if self.form is not None else None
        if field is not None:
            return self._of_form.value(field, value)
        return self.words.name(self.names.person(str(value))) if name == "owner" else str(value)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=None)


def ledger_of(
    matrix: CampaignMatrix, said: LedgerWords, status_of: Callable[[CaseId], CaseStatus | None]
) -> bytes:
    """`status_of`: of a case that an item has become; None where the reader may not know, or it has left the board."""
    words, book = said.words, XlsxFile()
    columns = said.columns
    heads = [
        *map(words.of, (N_("No."), N_("Unit"), N_("Item"))),
        *columns.values(),
        *map(words.of, (N_("Lacking"), N_("Registered"), N_("Case"), N_("State of the case"))),
    ]
    sheet = book.sheet(words.of(N_("Ledger")), [6, 28, 40, *([18] * len(columns)), 18, 19, 28, 14], heads)
    sheet.add(_item_cells(item, columns, said, status_of) for item in matrix.items)
    sheet.close()
    of_units = [
        words.of(head)
        for head in (
            N_("Unit"),
            N_("Task"),
            N_("Handed in"),
            N_("After the limit"),
            N_("Limit"),
            N_("Items"),
            N_("Items that lack something"),
            N_("Items that became cases"),
            N_("What was said"),
        )
    ]
    sheet = book.sheet(words.of(N_("Units")), [28, 30, 14, 10, 19, 8, 10, 10, 50], of_units)
    sheet.add(_unit_cells(row, said) for row in matrix.rows)
    sheet.close()
    return book.close()


def _item_cells(
    item: Item,
    columns: dict[str, str],
    said: LedgerWords,
    status_of: Callable[[CaseId], CaseStatus | None],
) -> Sequence[Cell]:
    words = said.words
    values = item_values(item, said.zone)
    status = status_of(item.case) if item.case is not None else None
    return [
        item.number,
        words.name(said.names.unit(item.unit)),
        item.summary,
        *(said.value(name, values.get(name)) for name in columns),
        words.listed(columns.get(name, name) for name in item.lacks) or None,
        said.local(item.at),
        item.case,
        words.label("status", status) if status is not None else None,
    ]


def item_values(item: Item, zone: ZoneInfo) -> dict[str, Any]:
    """What stands in its form, and what it has without one."""
    due = item.due_at.astimezone(zone).date().isoformat() if item.due_at is not None else None
    own = {"measure": item.measure, "owner": item.owner, "due": due}
    filled = item.form.values if item.form is not None else {}
    return {**filled, **{name: value for name, value in own.items() if value is not None}}


def _unit_cells(row: MatrixRow, said: LedgerWords) -> Sequence[Cell]:
    words = said.words
    return [
        words.name(said.names.unit(row.unit)),
        row.task.title,
        words.label("submission", row.state),
        words.label("answer", "yes" if row.was_late else "no"),
        said.local(row.task.due_at),
        row.items,
        row.lacking,
        row.cases,
        row.task.result,
    ]
