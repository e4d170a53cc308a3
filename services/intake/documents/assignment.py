"""The tasks of a case as a document 交办通知 to hand round: to whom, what, by when. Pure.

Invariant: it says what the case says now of each task that is not cancelled.
"""

from collections.abc import Sequence
from datetime import datetime

from services.intake.documents.exercise import draft_mark
from shared.case import Case, Task
from shared.documents.blocks import Block, Cell, Paragraph, TableBlock, WrittenDocument, row
from shared.documents.head import foot, head
from shared.documents.words import DocumentWords
from shared.language.catalogue import N_


def assignment(
    case: Case, tasks: Sequence[Task], reference: str, organ: str, at: datetime, words: DocumentWords
) -> WrittenDocument:
    units = dict.fromkeys(task.unit for task in tasks)
    addressees = words.of(N_("To: %(unit)s"), unit=words.listed(words.unit(unit) for unit in units))
    blocks: list[Block] = [
        *head(reference, addressees),
        *(Paragraph((Cell(text),)) for text in _texts(case)),
        TableBlock(
            tuple(words.of(name) for name in (N_("Task"), N_("Unit"), N_("Limit"), N_("State"))),
            tuple(row(*_task(task, words)) for task in tasks),
            texts=4,
        ),
        *foot(words, organ, at),
    ]
    return WrittenDocument(
        title=words.of(N_("Notice of assignment")),
        subtitle="",
        language=words.language.value,
        blocks=tuple(blocks),
        draft=draft_mark(case, words),
    )


def _texts(case: Case) -> list[str]:
    details = (case.report.details or "").splitlines()
    return [case.report.summary, *(text for text in details if text.strip())]


def _task(task: Task, words: DocumentWords) -> tuple[str, ...]:
    title = words.of(N_("%(task)s (leads)"), task=task.title) if task.lead else task.title
    unit = (
        words.aside(words.unit(task.unit), words.person(task.owner)) if task.owner else words.unit(task.unit)
    )
    return title, unit, words.at(task.due_at), words.label("task", task.state)
