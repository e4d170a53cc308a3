"""Documents made from the trail: the reports counted, the words chosen, the format written.

Invariant: a document is made anew each time from the trail as it is; nothing of it is kept. All figures of a window are
of one count, up to the checkpoint that the document names. One that somebody owes proves itself: its seal says from
which record it was made, and whether it was changed since.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.audit.reading.reader import TrailReader
from services.audit.reading.titles import titles
from services.audit.reading.told import RecordTeller
from services.audit.reading.views import CheckpointView, NotInTrail, checkpoint_view, no_record_of
from services.audit.records.actors import RecentIds
from services.audit.reports.counting import Counting
from services.audit.reports.documents.analysis import analysis
from services.audit.reports.documents.bulletin import BulletinWriter, PricedForm
from services.audit.reports.documents.case_bulletin import case_bulletin
from services.audit.reports.documents.notice import NoticeWriter, matter_of, state_of
from services.audit.reports.documents.overview import PeriodReports
from services.audit.reports.documents.period import Period, Week
from services.audit.reports.documents.review import ReviewWriter, reviewed_event
from services.audit.reports.figures import Figures
from services.audit.reports.forms import filled_forms
from services.audit.reports.matters import ReportedCase
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reading import read
from services.audit.reports.reports import Counted, Reports
from services.audit.reports.supervised import Supervised
from services.audit.reports.views import Holding, Reachability, Resolution, Timeliness, Trend
from services.audit.reports.window import Window
from shared.directory import Directory
from shared.documents.notes import Trace
from shared.documents.words import DocumentWords
from shared.documents.writing import MEDIA, DocumentFormat, MadeFile, written
from shared.facts import FromRecord
from shared.files.from_record import sealed
from shared.message import N_, said
from shared.tlog.note import Signer
from shared.vocabulary import Document, Language
from shared.web.names import Names

LATE_READINGS = timedelta(days=2)
"""So long after a week a reading of one of its days still counts."""


class Documents:
    def __init__(
        self,
        reader: TrailReader,
        reports: Reports,
        directory: Callable[[], Directory],
        zone: ZoneInfo,
        vkey: str,
        key: Signer,
    ) -> None:
        """`key`: with which a document that is to be handed in is sealed."""
        self._reader, self._reports, self._directory, self._zone, self._vkey = (
            reader,
            reports,
            directory,
            zone,
            vkey,
        )
        self._key = key

    async def analysis(self, period: Period, form: DocumentFormat, language: Language) -> MadeFile:
        words = await self.words(language)
        window = self._window(period)
        counted = await self._reports.counted(window)
        now = await self._period_reports(counted)
        before = await self._period_reports(await self._reports.counted(self._window(period.before)))
        made = analysis(
            words, period, self._city(words), self._vkey, now, before, open_matters(counted.counting)
        )
        file = await asyncio.to_thread(
            written, made, words, form, f"analysis-{period.name}", tracing(counted.counting.figures)
        )
        return self._sealed(file, Document.ANALYSIS, window, now.timeliness.checkpoint)

    async def case_bulletin(self, period: Period, form: DocumentFormat, language: Language) -> MadeFile:
        words, window = await self.words(language), self._window(period)
        counted = await self._reports.counted(window)
        supervised = counted.answer(Supervised)
        document = case_bulletin(words, period, self._city(words), supervised)
        trace = tracing(counted.counting.figures)
        file = await asyncio.to_thread(written, document, words, form, f"case-bulletin-{period.name}", trace)
        return self._sealed(file, Document.CASE_BULLETIN, window, supervised.checkpoint)

    async def price_bulletin(self, week: Week, form: DocumentFormat, language: Language) -> MadeFile:
        """Of the form in which points hand in their readings. Raises NotInTrail where none is declared."""
        priced = self._priced_form()
        since, until = week.since(self._zone), week.until(self._zone)
        handed_in = Window(week.before.since(self._zone), until + LATE_READINGS)
        readings, owed = [
            await filled_forms(self._reports, ReportQuestion(window, form=priced.form.id))
            for window in (handed_in, Window(since, until))
        ]
        words = await self.words(language)
        writer = BulletinWriter(words, week, priced, readings, owed)
        document = writer.document(self._city(words), self._vkey)
        file = await asyncio.to_thread(written, document, words, form, f"price-bulletin-{week.name}")
        return self._sealed(file, Document.PRICE_BULLETIN, Window(since, until), readings.checkpoint)

    def _sealed(
        self, file: MadeFile, document: Document, window: Window, checkpoint: CheckpointView
    ) -> MadeFile:
        """A DOCX is what is handed in: its seal says of which record it was made."""
        if file.media != MEDIA[DocumentFormat.DOCX]:
            return file
        assert window.until is not None
        made = FromRecord(
            document=document,
            since=window.start,
            until=window.until,
            at=checkpoint.time,
            size=checkpoint.size,
            root=checkpoint.root,
        )
        return replace(file, content=sealed(file.content, made, self._key))

    def _priced_form(self) -> PricedForm:
        for form in self._reports.forms.all():
            priced = PricedForm.of(form)
            if priced is not None and any(Document.READING in place.documents for place in form.of):
                return priced
        raise NotInTrail(
            N_("no form of readings with a day and a table of prices is declared: see `fenghuo forms list`")
        )

    async def notice(self, case: str, form: DocumentFormat, language: Language) -> MadeFile:
        """Raises NotInTrail for a case without records, or with nothing a notice could be about."""
        words = await self.words(language)
        signed = await self._reader.checkpoints.newest()
        facts = await read(self._reader, await self._reader.records.of_case(case, signed.size), RecentIds())
        matter, lapses = matter_of(facts, self._zone)
        if matter is None:
            raise no_record_of(case)
        state = state_of(facts)
        if not lapses and state.stage == "none":
            raise NotInTrail(
                said(
                    N_(
                        "case %(case)s has no lapse without an excuse and no drafted notice: there is nothing to give notice of"
                    ),
                    case=case,
                )
            )
        document = NoticeWriter(words, self._directory(), state).document(
            case, matter, lapses, checkpoint_view(signed)
        )
        return await asyncio.to_thread(written, document, words, form, f"notice-{case}")

    async def review(self, case: str, form: DocumentFormat, language: Language) -> MadeFile:
        """Raises NotInTrail for a case without records, or one that goes on and was not reviewed."""
        signed = await self._reader.checkpoints.newest()
        entries = await self._reader.records.views(await self._reader.records.of_case(case, signed.size))
        if not entries:
            raise no_record_of(case)
        teller = RecordTeller(self._reader, Names(self._directory), self._zone, language, self._reports.forms)
        event = reviewed_event(await teller.told(entries))
        if not event.is_due:
            raise NotInTrail(
                said(N_("case %(case)s has not ended: there is nothing to review before it has"), case=case)
            )
        words = await self.words(language)
        document = ReviewWriter(words, event).document(case, checkpoint_view(signed))
        return await asyncio.to_thread(written, document, words, form, f"review-{case}")

    async def words(self, language: Language) -> DocumentWords:
        return DocumentWords(language, Names(self._directory), self._zone, await titles(self._reader))

    def _window(self, period: Period) -> Window:
        return Window(period.since(self._zone), period.until(self._zone))

    async def _period_reports(self, counted: Counted) -> PeriodReports:
        return PeriodReports(
            counted.answer(Timeliness),
            await self._reports.lapses_of(counted),
            counted.answer(Holding),
            counted.answer(Reachability),
            counted.answer(Resolution),
            counted.answer(Trend),
        )

    def _city(self, words: DocumentWords) -> str:
        """The area nothing else lies above."""
        return next((words.name(area.name) for area in self._directory().areas if area.within is None), "")


def tracing(figures: Figures) -> Trace:
    def trace(figure: str) -> list[int]:
        named = figures.named(figure)
        return named.records() if named is not None else []

    return trace


def open_matters(counting: Counting) -> list[ReportedCase]:
    """Those with something overdue first, then the oldest."""
    matters = [
        matter
        for matter in counting.matters.values()
        if matter.index is not None
        and not matter.has_ended
        and not matter.is_follow_on
        and not matter.exercise
    ]
    return sorted(matters, key=lambda matter: (not matter.overdue, matter.index))
