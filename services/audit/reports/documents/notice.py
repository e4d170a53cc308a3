"""The public notice 通报 of a case: its facts with their records, the text as drafted, and how far it has
come. Pure.

Invariant: what has not been published says so at its head, and masks the names of persons: units and posts
answer, people are named only by what was published. Approvals, replies and corrections are those the record
holds as accepted; a refused act is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.audit.reading.views import CheckpointView
from services.audit.reports.counting import Counting
from services.audit.reports.documents.report_blocks import done_late
from services.audit.reports.matters import LapseSeen, ReportedCase
from services.audit.reports.reading import ReportedFact
from services.audit.reports.window import Window
from shared.directory import Directory
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
from shared.documents.head import foot, head
from shared.documents.words import NOTHING, DocumentWords
from shared.facts import LapseCause, Reason
from shared.facts.body import EffectBody, instant
from shared.language.catalogue import N_
from shared.language.document_head import NOTICE, reference
from shared.vocabulary import Kind, Language

NO_DRAFT = N_("No text has been drafted yet. What stands below is what the record holds.")
BEFORE_IT_WAS_SAID = 2
"""Approvals a notice took whose draft does not say how many."""


@dataclass(frozen=True, slots=True)
class NoticeAct:
    """An act on the notice that was accepted."""

    index: int
    at: datetime
    by: str | None
    unit: str | None
    text: str | None


@dataclass(slots=True)
class NoticeState:
    drafted: NoticeAct | None = None
    unit: str | None = None
    """The unit named."""
    reply_by: datetime | None = None
    approvals: list[NoticeAct] = field(default_factory=list[NoticeAct])
    approvals_needed: int = BEFORE_IT_WAS_SAID
    replies: list[NoticeAct] = field(default_factory=list[NoticeAct])
    turned_down: NoticeAct | None = None
    published: NoticeAct | None = None
    number: int | None = None
    """Of its reference: the sequence of the fact that published it."""
    organ: str | None = None
    """Whose notice it is."""
    corrections: list[NoticeAct] = field(default_factory=list[NoticeAct])

    @property
    def stage(self) -> str:
        """`none`, `turned_down`, `drafted`, `approved_in_part`, `approved`, `replied`, `published`,
        `corrected`.
        """
        if self.published is not None:
            return "corrected" if self.corrections else "published"
        if self.drafted is None:
            return "turned_down" if self.turned_down is not None else "none"
        if len(self.approvals) < self.approvals_needed:
            return "approved_in_part" if self.approvals else "drafted"
        return "replied" if self.replies else "approved"


STAGES = {
    "none": N_("not drafted"),
    "turned_down": N_("turned down; to be drafted anew"),
    "drafted": N_("drafted, waits for its first approval"),
    "approved_in_part": N_("approved in part, waits for what is missing"),
    "approved": N_("approved, the unit named may reply"),
    "replied": N_("approved and replied to, may be published"),
    "published": N_("published"),
    "corrected": N_("published and corrected"),
}


def state_of(facts: Sequence[ReportedFact]) -> NoticeState:
    """How far the notice has come, from all facts of its case in order."""
    state, acts = NoticeState(), {fact.id: fact for fact in facts if fact.kind != Kind.DECIDED}
    for fact in facts:
        act = acts.get(fact.about.text("id") or "")
        for effect in fact.data.effects if act is not None else ():
            _apply(state, notice_act(act or fact), effect)
            if effect.why == Reason.NOTICE_PUBLISHED:
                sequence = fact.about.number("sequence")
                state.number = int(sequence) if sequence is not None else None
    return state


def _apply(state: NoticeState, act: NoticeAct, effect: EffectBody) -> None:
    match effect.why:
        case Reason.NOTICE_DRAFTED:
            state.drafted, state.unit, state.reply_by = act, effect.unit, effect.at("due_at")
            state.organ = act.unit
            state.approvals, state.replies, state.turned_down = [], [], None
            state.approvals_needed = effect.approvals_needed or state.approvals_needed
        case Reason.NOTICE_APPROVED:
            state.approvals.append(act)
            state.approvals_needed = effect.approvals_needed or state.approvals_needed
        case Reason.NOTICE_TURNED_DOWN:
            state.drafted, state.turned_down = None, act
        case Reason.NOTICE_REPLIED:
            state.replies.append(act)
        case Reason.NOTICE_PUBLISHED:
            state.published, state.organ = act, state.organ or act.unit
        case Reason.CORRECTED if state.published is not None:
            state.corrections.append(act)
        case _:
            pass


def notice_act(act: ReportedFact) -> NoticeAct:
    return NoticeAct(act.index, act.at, act.by, act.data.part("by").text("unit"), act.data.text("text"))


def matter_of(facts: Sequence[ReportedFact], zone: ZoneInfo) -> tuple[ReportedCase | None, list[LapseSeen]]:
    """The case, and its lapses that were referred or that nothing excuses: a notice names nobody for a
    failure of ours.
    """
    counting = Counting(Window(), zone)
    for fact in facts:
        counting.take(fact)
    return next(iter(counting.matters.values()), None), [
        lapse for lapse in counting.lapses if lapse.referred is not None or not lapse.is_excused
    ]


class NoticeWriter:
    def __init__(self, words: DocumentWords, directory: Directory, state: NoticeState) -> None:
        self._words, self._directory, self._state = words, directory, state

    def document(
        self, case: str, matter: ReportedCase, lapses: Sequence[LapseSeen], checkpoint: CheckpointView
    ) -> WrittenDocument:
        words, state = self._words, self._state
        named = state.unit or next((lapse.unit for lapse in lapses), None) or matter.holder
        open_ = state.published is None
        return WrittenDocument(
            title=words.of(
                N_("Notice on the failure of %(unit)s to meet its limits"), unit=words.unit(named)
            ),
            subtitle=words.of(N_("Case %(case)s"), case=case),
            language=words.language.value,
            blocks=(
                *self._head(named),
                *self._matter(matter),
                *self._lapses(lapses),
                *self._text(),
                *self._course(named),
                *self._foot(),
            ),
            foot=words.of(
                N_("From the trail up to the checkpoint of %(size)s records, signed %(at)s, root %(root)s."),
                size=checkpoint.size,
                at=words.at(checkpoint.time),
                root=checkpoint.root,
            ),
            draft=words.of(
                N_("Draft: not to be published before all its approvals and the reply of the unit named")
            )
            if open_
            else "",
        )

    def _head(self, named: str | None) -> list[Block]:
        """文号 and 主送, once it is out."""
        words, published = self._words, self._state.published
        if published is None:
            return []
        number = reference(words, NOTICE, self._organ, self._state.number, published.at, words.zone)
        return head(number, words.of(N_("To: %(unit)s"), unit=words.unit(named)))

    def _foot(self) -> list[Block]:
        """落款: the organ and the date."""
        published = self._state.published
        return [] if published is None else foot(self._words, self._organ, published.at)

    @property
    def _organ(self) -> str:
        return self._words.unit(self._state.organ)

    def _matter(self, matter: ReportedCase) -> list[Block]:
        words = self._words
        return [
            self._heading(1, N_("The matter")),
            words.say(
                N_(
                    "On %(at)s %(unit)s reported (record %(record)s): %(summary)s. Area: %(area)s; level: %(level)s."
                ),
                at=words.at(matter.reported_at),
                unit=words.unit(matter.unit),
                record=record_cell(matter.index),
                summary=(matter.summary or NOTHING).rstrip("。."),
                area=words.area(matter.area),
                level=words.label("level", matter.level),
            ),
        ]

    def _lapses(self, lapses: Sequence[LapseSeen]) -> list[Block]:
        words = self._words
        columns = tuple(
            words.of(name)
            for name in (
                N_("Record"),
                N_("Duty"),
                N_("Unit"),
                N_("Post"),
                N_("Limit"),
                N_("Cause"),
                N_("Done"),
            )
        )
        rows = [
            row(
                record_cell(lapse.index),
                words.rule(lapse.rule),
                words.unit(lapse.unit),
                NOTHING if lapse.cause == LapseCause.REPORTED_LATE else self._post(lapse.person),
                words.at(instant(lapse.due_at)),
                words.label("cause", lapse.cause),
                done_late(words, lapse.cause, lapse.late_by, lapse.done, lapse.done_late_by),
            )
            for lapse in _once(lapses)
        ]
        told = words.say(N_("%(number)s limits passed before what was owed was done:"), number=len(rows))
        return [
            self._heading(2, N_("Limits that passed")),
            told,
            TableBlock(columns, tuple(rows), texts=len(columns)),
        ]

    def _text(self) -> list[Block]:
        words, drafted = self._words, self._state.drafted
        if drafted is None:
            return [self._heading(3, N_("The notice")), words.say(NO_DRAFT)]
        paragraphs = [Paragraph((Cell(part),)) for part in (drafted.text or "").splitlines() if part.strip()]
        source = words.say(
            N_("As drafted, record %(record)s."),
            style="small",
            record=record_cell(drafted.index),
        )
        return [self._heading(3, N_("The notice")), *paragraphs, source]

    def _course(self, named: str | None) -> list[Block]:
        words, state = self._words, self._state
        rows = [row(words.of(N_("Drafted")), *self._act_cells(state.drafted))] if state.drafted else []
        rows += (
            [row(words.of(N_("Turned down")), *self._act_cells(state.turned_down))]
            if state.turned_down
            else []
        )
        for number in range(max(state.approvals_needed, len(state.approvals))):
            name = words.of(
                N_("Approval %(number)s of %(wanted)s"), number=number + 1, wanted=state.approvals_needed
            )
            approval = state.approvals[number] if number < len(state.approvals) else None
            rows.append(row(name, *self._act_cells(approval)))
        window = words.of(N_("%(unit)s, until %(at)s"), unit=words.unit(named), at=words.at(state.reply_by))
        rows.append(row(words.of(N_("Reply window")), window if state.drafted else NOTHING, "", ""))
        rows += [row(words.of(N_("Reply")), *self._act_cells(reply, reply.text)) for reply in state.replies]
        rows.append(row(words.of(N_("Publication")), *self._act_cells(state.published)))
        rows += [
            row(words.of(N_("Correction")), *self._act_cells(correction, correction.text))
            for correction in state.corrections
        ]
        columns = ("", words.of(N_("By")), words.of(N_("At")), words.of(N_("Record")))
        stage = words.say(N_("How it stands: %(stage)s."), stage=words.of(STAGES[state.stage]))
        return [
            self._heading(4, N_("Approvals, reply and publication")),
            stage,
            TableBlock(columns, tuple(rows), texts=4),
        ]

    def _act_cells(self, act: NoticeAct | None, text: str | None = None) -> tuple[Cell, Cell, Cell]:
        """By whom, when, record; of one that is still to come nothing."""
        if act is None:
            return Cell(self._words.of(N_("still to come"))), Cell(""), Cell("")
        by = self._post(act.by, act.unit)
        who = self._words.of_somebody(by, text) if text else by
        return Cell(who), Cell(self._words.at(act.at)), record_cell(act.index)

    def _heading(self, number: int, message: str) -> Heading:
        return Heading(self._words.number(number, self._words.of(message)))

    def _post(self, person: str | None, unit: str | None = None) -> str:
        """Unit and post; the name only as published, masked before."""
        if person is None:
            return self._words.unit(unit)
        words, directory = self._words, self._directory
        post = next((one for one in directory.posts if one.holder == person), None)
        home = unit or (post.unit if post is not None else None)
        name = (
            words.person(person)
            if self._state.published is not None
            else masked(words.person(person), chinese=words.language is Language.ZH)
        )
        parts = [words.unit(home)] if home else []
        parts += [words.name(post.name)] if post is not None else []
        return words.aside((" " if words.language is Language.ZH else ", ").join(parts), name)


def _once(lapses: Sequence[LapseSeen]) -> list[LapseSeen]:
    """A report that came late is late to each it is owed to, and one failure of its unit: the first of them
    stands for all.
    """
    kept: dict[tuple[object, ...], LapseSeen] = {}
    for lapse in lapses:
        own = lapse.duty if lapse.cause != LapseCause.REPORTED_LATE else ""
        kept.setdefault((lapse.index, lapse.rule, own), lapse)
    return list(kept.values())


def masked(name: str, *, chinese: bool) -> str:
    """`赵某`, `Z.`: enough to tell two apart, not enough to name."""
    return f"{name[:1]}某" if chinese else f"{name[:1]}."
