"""Which documents a case hands out: letters to whoever petitioned, the notice of assignment.

Invariant: a document is made anew each time from the case as it stands; what is an exercise says so at its head.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.intake.documents.assignment import assignment
from services.intake.documents.letters import TITLES, letter, letter_reference
from shared.case import Case, Task, TaskState
from shared.documents.blocks import WrittenDocument
from shared.documents.words import DocumentWords
from shared.forms import Forms
from shared.language.catalogue import N_
from shared.language.document_head import ASSIGNMENT, reference
from shared.problems import Problem

ASSIGNMENT_NAME = "assignment"
NO_SUCH_DOCUMENT = N_(
    "This case has no document of that name: take one that its page lists, or ask GET /api/v1/cases/{id}/documents."
)


@dataclass(frozen=True, slots=True)
class CaseDocument:
    name: str
    """In its address."""
    title: str
    reference: str
    at: datetime
    """Its date."""
    write: Callable[[], WrittenDocument]


def documents_of(case: Case, words: DocumentWords, forms: Forms) -> tuple[CaseDocument, ...]:
    return (*_letters(case, words, forms), *_assignment(case, words))


def document_of(case: Case, name: str, words: DocumentWords, forms: Forms) -> CaseDocument:
    """Raises Problem 404 for a name that it has no document of."""
    for document in documents_of(case, words, forms):
        if document.name == name:
            return document
    raise Problem(404, N_("Not Found"), NO_SUCH_DOCUMENT)


def _letters(case: Case, words: DocumentWords, forms: Forms) -> Iterator[CaseDocument]:
    for answer in case.answers:
        yield CaseDocument(
            f"letter-{answer.sequence}",
            words.of(TITLES[answer.step]),
            letter_reference(answer, words),
            answer.at,
            partial(letter, case, answer, words, forms),
        )


def _assignment(case: Case, words: DocumentWords) -> Iterator[CaseDocument]:
    tasks = [task for task in case.tasks if task.state is not TaskState.CANCELLED]
    if not tasks:
        return
    at = min(task.assigned_at for task in tasks)
    number = reference(words, ASSIGNMENT, _organ(tasks, words), case.report_sequence, at, words.zone)
    yield CaseDocument(
        ASSIGNMENT_NAME,
        words.of(N_("Notice of assignment")),
        number,
        at,
        lambda: assignment(case, tasks, number, _organ(tasks, words), at, words),
    )


def _organ(tasks: list[Task], words: DocumentWords) -> str:
    return words.unit(tasks[0].assigner)
