"""The review after an event 事后复盘 as a document: why it went as it did, what happened when, what it taught and
what became of that. Pure.

Invariant: what happened is told by the one renderer, each moment with its record. A lesson is a task that was laid
after the event had ended, as it stands at the checkpoint. What was refused counts for nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.audit.reading.views import CheckpointView
from shared.case import ENDED, CaseStatus, TaskState
from shared.documents.blocks import (
    Block,
    Cell,
    Heading,
    Paragraph,
    TableBlock,
    WrittenDocument,
    record_cell,
    row,
)
from shared.documents.words import NOTHING, DocumentWords
from shared.facts import EffectKind, Reason
from shared.facts.account import Consequence
from shared.language.catalogue import N_
from shared.story.reading import LAID, Moment
from shared.story.telling import Sentences
from shared.vocabulary import Document, Kind

MOST_MOMENTS = 300
"""Of the event; the explorer tells the rest."""
_OVER = frozenset({CaseStatus.RESOLVED, *ENDED})
_STATES: dict[str, TaskState] = {
    **{state.value: state for state in TaskState},
    Reason.NIL_REPORT: TaskState.COMPLETED,
    Reason.RETURNED: TaskState.ACCEPTED,
}
"""How a task stands after the effect with this reason."""
Told = Sequence[tuple[Moment, Sentences]]


@dataclass(slots=True)
class Lesson:
    """A task laid because of what was learned."""

    title: str
    unit: str | None
    due_at: datetime | None
    state: TaskState
    record: int
    """Of the act that laid it."""
    result: str | None = None


@dataclass(slots=True)
class ReviewedEvent:
    """What the record of one case says for its review."""

    told: Told
    reviews: list[tuple[Moment, Sentences]]
    ended: Moment | None
    """By which the event ended last."""
    lessons: list[Lesson]
    level: str | None

    @property
    def is_due(self) -> bool:
        return self.ended is not None or bool(self.reviews)

    @property
    def during(self) -> Told:
        """The moments up to the event's end."""
        if self.ended is None:
            return self.told
        last = next(at for at, (moment, _) in enumerate(self.told) if moment is self.ended)
        return self.told[: last + 1]


def reviewed_event(told: Told) -> ReviewedEvent:
    """From all moments of a case, in order."""
    reviews: list[tuple[Moment, Sentences]] = []
    lessons: dict[str, Lesson] = {}
    ended: Moment | None = None
    level = told[0][0].data.text("level") if told else None
    for moment, sentences in told:
        if moment.is_refused:
            continue
        if moment.kind == Kind.FILED and moment.data.text("document") == Document.REVIEW:
            reviews.append((moment, sentences))
        for consequence in moment.account.consequences:
            if consequence.kind == EffectKind.STATUS and consequence.why in _OVER:
                ended = ended or moment
            elif consequence.kind == EffectKind.STATUS and consequence.why == CaseStatus.OPEN:
                ended = None
                lessons.clear()
            elif consequence.kind == EffectKind.REGRADED and consequence.level is not None:
                level = consequence.level
            elif consequence.task is not None and ended is not None:
                _follow(lessons, consequence.task, consequence, moment)
    return ReviewedEvent(told, reviews, ended, list(lessons.values()), level)


def _follow(lessons: dict[str, Lesson], task: str, consequence: Consequence, moment: Moment) -> None:
    state, lesson = _STATES.get(consequence.why), lessons.get(task)
    if consequence.kind not in (EffectKind.TASK, EffectKind.HOLDER):
        return
    if lesson is None:
        if consequence.why in LAID and state is not None:
            lessons[task] = Lesson(
                consequence.note or "", consequence.unit, consequence.due_at, state, moment.numbers[0]
            )
        return
    lesson.unit, lesson.due_at = consequence.unit or lesson.unit, consequence.due_at or lesson.due_at
    if consequence.kind == EffectKind.TASK and state is not None:
        lesson.state = state
        if state is TaskState.COMPLETED:
            lesson.result = moment.data.text("text")


class ReviewWriter:
    def __init__(self, words: DocumentWords, event: ReviewedEvent) -> None:
        self._words, self._event = words, event
        self._report = event.told[0][0]
        self._sections = 0

    def document(self, case: str, checkpoint: CheckpointView) -> WrittenDocument:
        words = self._words
        return WrittenDocument(
            title=words.of(N_("Review after the event: %(matter)s"), matter=self._matter or case),
            subtitle=words.of(N_("As the record stood at %(at)s"), at=words.at(checkpoint.time)),
            language=words.language.value,
            blocks=(*self._overview(), *self._causes(), *self._course(), *self._lessons()),
            foot=words.of(
                N_("From the trail up to the checkpoint of %(size)s records, signed %(at)s, root %(root)s."),
                size=checkpoint.size,
                at=words.at(checkpoint.time),
                root=checkpoint.root,
            ),
            draft=""
            if self._event.reviews
            else words.of(
                N_("Draft: the review has not been handed in. What stands below is what the record holds.")
            ),
        )

    @property
    def _matter(self) -> str:
        return (self._report.data.text("summary") or "").rstrip("。.")

    def _heading(self, message: str) -> Heading:
        self._sections += 1
        return Heading(self._words.number(self._sections, self._words.of(message)))

    def _overview(self) -> Iterator[Block]:
        words, report, ended = self._words, self._report, self._event.ended
        yield self._heading(N_("The matter"))
        yield words.say(
            N_(
                "On %(at)s %(unit)s reported (record %(record)s): %(summary)s. Area: %(area)s; level: %(level)s."
            ),
            at=words.at(report.at),
            unit=words.unit(report.data.text("unit")),
            record=record_cell(report.numbers[0]),
            summary=self._matter or NOTHING,
            area=words.area(report.data.text("area")),
            level=words.label("level", self._event.level),
        )
        if ended is None:
            yield words.say(N_("The matter is still being handled."))
            return
        yield words.say(
            N_("It ended on %(at)s, %(span)s after it was reported (record %(record)s)."),
            at=words.at(ended.at),
            span=words.span(ended.at - report.at),
            record=record_cell(ended.numbers[0]),
        )

    def _causes(self) -> Iterator[Block]:
        words = self._words
        yield self._heading(N_("Why it went as it did"))
        if not self._event.reviews:
            yield words.say(N_("Nobody has said so on record yet."))
        for moment, sentences in self._event.reviews:
            causes = words.listed(words.label("review_cause", cause) for cause in moment.data.texts("causes"))
            if causes:
                yield words.say(N_("Causes found: %(causes)s."), causes=causes)
            for part in (moment.data.text("text") or "").splitlines():
                if part.strip():
                    yield Paragraph((Cell(part.strip()),))
            yield words.say(
                N_("%(who)s, %(at)s, record %(record)s."),
                style="small",
                who=sentences.words,
                at=words.at(moment.at),
                record=record_cell(moment.numbers[0]),
            )

    def _course(self) -> Iterator[Block]:
        words, during = self._words, self._event.during
        yield self._heading(N_("What happened when"))
        columns = tuple(words.of(name) for name in (N_("Time"), N_("What happened"), N_("Record")))
        rows = [
            row(words.at(moment.at), sentences.sentence, record_cell(moment.numbers[0]))
            for moment, sentences in during[:MOST_MOMENTS]
        ]
        yield TableBlock(columns, tuple(rows), texts=len(columns))
        if (left := len(during) - len(rows)) > 0:
            yield words.say(
                N_(
                    "%(left)s later moments are left out here: the page of the case in the explorer has them."
                ),
                style="small",
                left=left,
            )

    def _lessons(self) -> Iterator[Block]:
        words, lessons = self._words, self._event.lessons
        yield self._heading(N_("What it taught, and what became of that"))
        if not lessons:
            yield words.say(N_("No task has been laid since it ended."))
            return
        yield words.say(
            N_("%(count)s tasks were laid since it ended; %(done)s of them are verified and closed."),
            count=len(lessons),
            done=sum(lesson.state is TaskState.VERIFIED for lesson in lessons),
        )
        columns = tuple(
            words.of(name)
            for name in (N_("Task"), N_("Unit"), N_("Limit"), N_("State"), N_("Result"), N_("Record"))
        )
        rows = [
            row(
                lesson.title,
                words.unit(lesson.unit),
                words.at(lesson.due_at),
                words.label("task", lesson.state),
                lesson.result or NOTHING,
                record_cell(lesson.record),
            )
            for lesson in lessons
        ]
        yield TableBlock(columns, tuple(rows), texts=len(columns))
