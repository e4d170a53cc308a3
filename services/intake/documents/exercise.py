"""The mark of a document that stands for nothing."""

from shared.case import Case
from shared.language.catalogue import N_
from shared.language.words import Words

EXERCISE = N_("Exercise: not to be handed out")


def draft_mark(case: Case, words: Words) -> str:
    return words.of(EXERCISE) if case.report.exercise else ""
