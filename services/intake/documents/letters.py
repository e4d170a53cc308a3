"""Letters to whoever petitioned: that the petition is taken up 受理告知书, how it was settled 处理意见书, what the
reviews came to 复查意见书 复核意见书. Pure.

Invariant: a letter says what the answer on record says, word for word, whose it is, and of whom and until when the
next review may be asked for; after the last it says that it is the last.
"""

from collections.abc import Iterator
from datetime import datetime

from services.intake.documents.exercise import draft_mark
from shared.case import AnswerStep, Case, CaseForm, PetitionAnswer
from shared.documents.blocks import Block, Cell, Paragraph, WrittenDocument
from shared.documents.head import foot, head
from shared.documents.words import DocumentWords
from shared.forms import Forms
from shared.forms.words import FormWords
from shared.language.catalogue import N_
from shared.language.document_head import date_of, reference

PETITIONER = "parties"
"""The field of a petition's form that says who petitions, by name or pseudonym."""
TITLES = {
    AnswerStep.TAKEN_UP: N_("Letter of acceptance of a petition"),
    AnswerStep.SETTLED: N_("Letter of decision on a petition"),
    AnswerStep.REVIEWED: N_("Letter on the review of a petition"),
    AnswerStep.REVIEWED_AGAIN: N_("Letter on the second review of a petition"),
}
REFERENCES = {
    AnswerStep.TAKEN_UP: N_("%(organ)s, petition accepted %(year)s-%(number)s"),
    AnswerStep.SETTLED: N_("%(organ)s, petition decided %(year)s-%(number)s"),
    AnswerStep.REVIEWED: N_("%(organ)s, petition reviewed %(year)s-%(number)s"),
    AnswerStep.REVIEWED_AGAIN: N_("%(organ)s, petition reviewed again %(year)s-%(number)s"),
}
"""文号: `沙泉县人民政府信访处理〔2026〕1834号`."""
OPENING = {
    AnswerStep.TAKEN_UP: N_("%(unit)s took it up on %(at)s."),
    AnswerStep.SETTLED: N_("%(unit)s has looked into it and decides:"),
    (AnswerStep.REVIEWED, True): N_("You asked for a review. %(unit)s has reviewed the decision: it stands."),
    (AnswerStep.REVIEWED, False): N_(
        "You asked for a review. %(unit)s has reviewed the decision: it does not stand."
    ),
    (AnswerStep.REVIEWED_AGAIN, True): N_(
        "You asked for a second review. %(unit)s has reviewed the decision: it stands."
    ),
    (AnswerStep.REVIEWED_AGAIN, False): N_(
        "You asked for a second review. %(unit)s has reviewed the decision: it does not stand."
    ),
}
HOW_TO_ASK = {
    AnswerStep.SETTLED: N_(
        "If you do not agree, you may ask %(unit)s for a review, in writing and naming the number of this letter."
    ),
    AnswerStep.REVIEWED: N_(
        "If you do not agree, you may ask %(unit)s for a second review, in writing and naming the number of this letter."
    ),
}
WITHIN = N_(
    "You may do so within %(span)s of receiving this letter; counted from its date, until the end of %(limit)s."
)
KEEP_IT = N_("Keep this letter: whoever asks how the matter stands names its number.")
THE_LAST = N_("This is the last decision on this petition.")
RECEIPT = N_("Received by (signature): ________________   Date: ________________")


def letter_reference(answer: PetitionAnswer, words: DocumentWords) -> str:
    organ = words.unit(answer.unit)
    return reference(words, REFERENCES[answer.step], organ, answer.sequence, answer.at, words.zone)


def letter(case: Case, answer: PetitionAnswer, words: DocumentWords, forms: Forms) -> WrittenDocument:
    form = next((form for form in case.forms if PETITIONER in form.fields), None)
    who = str(form.fields[PETITIONER]) if form is not None else words.of(N_("whoever petitioned"))
    blocks: list[Block] = [
        *head(letter_reference(answer, words), words.of(N_("To %(who)s:"), who=who)),
        *_petition(case, form, words, forms),
        *_answer(case, answer, words),
        *_what_next(answer, words),
        *foot(words, words.unit(answer.unit), answer.at),
        Paragraph((Cell(words.of(RECEIPT)),), "small"),
    ]
    return WrittenDocument(
        title=words.of(TITLES[answer.step]),
        subtitle="",
        language=words.language.value,
        blocks=tuple(blocks),
        draft=draft_mark(case, words),
    )


def _petition(case: Case, form: CaseForm | None, words: DocumentWords, forms: Forms) -> Iterator[Block]:
    yield words.say(
        N_("On %(at)s you petitioned about this: %(summary)s."),
        at=date_of(words, case.report.received_at, words.zone),
        summary=case.report.summary.rstrip("。."),
    )
    if form is not None:
        fields = {name: value for name, value in form.fields.items() if name != PETITIONER}
        form_words = FormWords(words.directory_names, words, words.zone)
        shown = form_words.fields(forms.get(form.id), fields)
        lines = [words.of_somebody(field.title, field.text) for field in shown if field.text]
        if lines:
            yield words.say(N_("What it is about: %(text)s."), text=words.claims(lines).rstrip("。."))


def _answer(case: Case, answer: PetitionAnswer, words: DocumentWords) -> Iterator[Block]:
    opening = OPENING[answer.step if answer.upheld is None else (answer.step, answer.upheld)]
    yield words.say(opening, unit=words.unit(answer.unit), at=date_of(words, answer.at, words.zone))
    limit = _settled_by(case) if answer.step is AnswerStep.TAKEN_UP else None
    if limit is not None:
        yield words.say(
            N_("You will be answered in writing by %(limit)s at the latest."),
            limit=date_of(words, limit, words.zone),
        )
    for text in (answer.text or "").splitlines():
        if text.strip():
            yield Paragraph((Cell(text.strip()),))


def _settled_by(case: Case) -> datetime | None:
    """The limit of the duty to settle it, which the taking up has opened."""
    limits = [duty.due_at for duty in case.duties if "filed.settlement" in case.plan_of(duty).discharged_by]
    return max(limits, default=None)


def _what_next(answer: PetitionAnswer, words: DocumentWords) -> Iterator[Block]:
    if answer.step is AnswerStep.TAKEN_UP:
        yield words.say(KEEP_IT)
    elif answer.step is AnswerStep.REVIEWED_AGAIN:
        yield words.say(THE_LAST)
    elif answer.ask is not None:
        yield words.say(HOW_TO_ASK[answer.step], unit=words.unit(answer.ask))
        if answer.ask_by is not None:
            yield words.say(
                WITHIN,
                span=words.span(answer.ask_by - answer.at),
                limit=date_of(words, answer.ask_by, words.zone),
            )
