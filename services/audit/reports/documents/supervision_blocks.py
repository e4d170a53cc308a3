"""Matters under supervision as blocks: the same on the explorer's page and in the bulletin. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.audit.reports.documents.report_blocks import count
from services.audit.reports.supervised import (
    SUPERVISED_COLUMNS,
    Supervised,
    SupervisedTask,
    SupervisionStep,
)
from shared.documents.blocks import Block, Cell, TableBlock, record_cell, row
from shared.documents.words import NOTHING, DocumentWords
from shared.language.catalogue import N_
from shared.language.document_head import DATE

LISTED = 200
STEPS = {
    SupervisionStep.ORDERED: N_("ordered, not taken on yet"),
    SupervisionStep.TAKEN_ON: N_("taken on"),
    SupervisionStep.FED_BACK: N_("fed back, to be verified"),
    SupervisionStep.RETURNED: N_("sent back to be done again"),
    SupervisionStep.CLOSED: N_("verified and closed"),
    SupervisionStep.CANCELLED: N_("cancelled"),
}
_HEADS = {
    SupervisionStep.ORDERED: N_("ordered"),
    SupervisionStep.TAKEN_ON: N_("taken on"),
    SupervisionStep.FED_BACK: N_("fed back"),
    SupervisionStep.RETURNED: N_("sent back"),
    SupervisionStep.CLOSED: N_("closed"),
    "overdue": N_("past its limit"),
}


def units_under_supervision(words: DocumentWords, supervised: Supervised) -> TableBlock:
    rows = [
        row(words.unit(line.unit), *(count(line, column) for column in SUPERVISED_COLUMNS))
        for line in supervised.units
    ]
    heads = (words.of(N_("Unit")), *(words.of(_HEADS[column]) for column in SUPERVISED_COLUMNS))
    return TableBlock(heads, tuple(rows), words.of(N_("By unit")))


def tasks_under_supervision(
    words: DocumentWords, tasks: Sequence[SupervisedTask], number: int
) -> list[Block]:
    """The first of them, and where these are not all, how many there are."""
    shown = tasks[:LISTED]
    table = _tasks(words, shown)
    if number <= len(shown):
        return [table]
    cut = N_("The first %(most)s of %(number)s are listed.")
    return [table, words.say(cut, style="small", most=len(shown), number=number)]


def _tasks(words: DocumentWords, tasks: Sequence[SupervisedTask]) -> TableBlock:
    names = (N_("Record"), N_("Matter"), N_("Unit"), N_("Ordered on"), N_("Limit"), N_("How it stands"))
    rows = [
        row(
            record_cell(task.index),
            _matter(task),
            words.unit(task.unit),
            _day(words, next((step.at for step in task.steps if step.step is SupervisionStep.ORDERED), None)),
            words.at(task.due_at),
            _stands(words, task),
        )
        for task in tasks
    ]
    return TableBlock(tuple(map(words.of, names)), tuple(rows), texts=len(names))


def _matter(task: SupervisedTask) -> str:
    """What was ordered, and of which order it is part."""
    parts = dict.fromkeys(text for text in (task.title, task.summary) if text)
    return " · ".join(parts) or NOTHING


def _stands(words: DocumentWords, task: SupervisedTask) -> Cell:
    last = task.steps[-1] if task.steps else None
    said = words.of(STEPS[task.stands])
    text = words.aside(said, _day(words, last.at)) if last is not None else said
    records = [task.index if last is None else last.index]
    if task.overdue and task.overdue_index is not None:
        text = words.claims((text, words.of(N_("past its limit"))))
        records.append(task.overdue_index)
    return Cell(text, None, tuple(sorted(set(records))))


def _day(words: DocumentWords, at: datetime | None) -> str:
    if at is None:
        return NOTHING
    local = at.astimezone(words.zone)
    return words.of(DATE, year=local.year, month=local.month, day=local.day)


def supervision_blocks(words: DocumentWords, supervised: Supervised) -> list[Block]:
    return [
        units_under_supervision(words, supervised),
        *tasks_under_supervision(words, supervised.tasks, supervised.count),
    ]


def supervision_tables(words: DocumentWords, supervised: Supervised) -> list[TableBlock]:
    """As a file has it: every task that the report lists."""
    return [units_under_supervision(words, supervised), _tasks(words, supervised.tasks)]
