"""Documents made from the trail: the reports counted, the words chosen, the format written.

Invariant: a document is made anew each time from the trail as it is; nothing of it is kept.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from services.audit.reading.reader import TrailReader
from services.audit.reading.titles import titles
from services.audit.reading.views import NotInTrail, checkpoint_view
from services.audit.records.actors import RecentIds
from services.audit.reports.counting import Counting
from services.audit.reports.documents.analysis import analysis
from services.audit.reports.documents.case_bulletin import case_bulletin
from services.audit.reports.documents.notice import NoticeWriter, matter_of, state_of
from services.audit.reports.documents.overview import PeriodReports
from services.audit.reports.documents.period import Period
from services.audit.reports.figures import Figures
from services.audit.reports.matters import ReportedCase
from services.audit.reports.reading import read
from services.audit.reports.reports import Reports
from services.audit.reports.supervised import Supervised
from services.audit.reports.views import Holding, Reachability, Resolution, Timeliness, Trend
from services.audit.reports.window import Window
from shared.directory import Directory
from shared.documents.notes import Trace
from shared.documents.words import DocumentWords
from shared.documents.writing import DocumentFormat, MadeFile, written
from shared.vocabulary import Language
from shared.web.names import Names


class Documents:
    def __init__(
        self,
        reader: TrailReader,
        reports: Reports,
        directory: Callable[[], Directory],
        zone: ZoneInfo,
        vkey: str,
    ) -> None:
        self._reader, self._reports, self._directory, self._zone, self._vkey = (
            reader,
            reports,
            directory,
            zone,
            vkey,
        )

    async def analysis(self, period: Period, form: DocumentFormat, language: Language) -> MadeFile:
        words = await self.words(language)
        window = self._window(period)
        now, before = (
            await self._period_reports(window),
            await self._period_reports(self._window(period.before)),
        )
        counted = await self._reports.counted(window)
        made = analysis(
            words, period, self._city(words), self._vkey, now, before, open_matters(counted.counting)
        )
        return written(made, words, form, f"analysis-{period.name}", tracing(counted.counting.figures))

    async def case_bulletin(self, period: Period, form: DocumentFormat, language: Language) -> MadeFile:
        words, window = await self.words(language), self._window(period)
        supervised = await self._reports.answer(Supervised, window, lambda answering: answering.supervised())
        figures = (await self._reports.counted(window)).counting.figures
        document = case_bulletin(words, period, self._city(words), supervised)
        return written(document, words, form, f"case-bulletin-{period.name}", tracing(figures))

    async def notice(self, case: str, form: DocumentFormat, language: Language) -> MadeFile:
        """Raises NotInTrail for a case without records, or with nothing a notice could be about."""
        words = await self.words(language)
        signed = await self._reader.checkpoints.newest()
        facts = await read(self._reader, await self._reader.records.of_case(case, signed.size), RecentIds())
        matter, lapses = matter_of(facts, self._zone)
        if matter is None:
            raise NotInTrail(f"no record of a case {case} is covered by a checkpoint")
        state = state_of(facts)
        if not lapses and state.stage == "none":
            raise NotInTrail(
                f"case {case} has no lapse without an excuse and no drafted notice: there is nothing to give notice of"
            )
        document = NoticeWriter(words, self._directory(), state).document(
            case, matter, lapses, checkpoint_view(signed)
        )
        return written(document, words, form, f"notice-{case}")

    async def words(self, language: Language) -> DocumentWords:
        return DocumentWords(language, Names(self._directory), self._zone, await titles(self._reader))

    def _window(self, period: Period) -> Window:
        return Window(period.since(self._zone), period.until(self._zone))

    async def _period_reports(self, window: Window) -> PeriodReports:
        reports = self._reports
        return PeriodReports(
            await reports.answer(Timeliness, window),
            await reports.lapses(window),
            await reports.answer(Holding, window),
            await reports.answer(Reachability, window),
            await reports.answer(Resolution, window),
            await reports.answer(Trend, window),
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
