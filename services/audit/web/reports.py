"""The reports over HTTP: what the trail adds up to in a window of time, and the records behind each figure.

Invariant: a figure can be had with its records by those who may read them, and by nobody else.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.audit.reports.declared import REPORTS, DeclaredReport
from services.audit.reports.documents.making import Documents
from services.audit.reports.form_views import FilledForms
from services.audit.reports.names import ReportName
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from services.audit.reports.views import Answer, FigureRecords
from services.audit.reports.window import LONGEST_LOOK_BACK, LOOK_BACK, Window
from services.audit.web.report_files import MEDIA, ReportFormat, report_file
from services.audit.web.trail import READERS
from shared.bodies import sends
from shared.directory import Directory
from shared.facts import Given
from shared.facts.bounds import AnyTime
from shared.facts.form import FormId
from shared.forms.blocks import NO_SUCH_FORM
from shared.forms.values import NO_SUCH_AREA
from shared.http_fields import IdRef, Words
from shared.message import N_, said
from shared.problems import Problem, invalid
from shared.tokens import Gate
from shared.vocabulary import Language, ReportKind


class PeriodQuery(Given):
    since: Annotated[AnyTime | None, Query(description="broker time, inclusive; with an offset")] = None
    until: Annotated[AnyTime | None, Query(description="broker time, inclusive; with an offset")] = None
    unit: Annotated[IdRef | None, Query(description="only what this unit owes and reports")] = None
    below: Annotated[bool, Query(description="with `unit`: and all units below it")] = False
    records: Annotated[bool, Query(description="each figure with the records it was counted from")] = False
    back_days: Annotated[
        int, Query(ge=0, le=LONGEST_LOOK_BACK.days, description="so far before are open matters looked for")
    ] = LOOK_BACK.days

    def window(self, directory: Directory) -> Window:
        """Raises Problem 422 for a time without an offset."""
        for name, at in (("since", self.since), ("until", self.until)):
            if at is not None and at.tzinfo is None:
                words = N_("give an offset, as in 2026-11-01T08:00:00+08:00")
                raise Problem(
                    422,
                    N_("Invalid request"),
                    said(N_("%(name)s has no offset: %(words)s."), name=name, words=said(words)),
                    errors=[(name, words)],
                )
        units = None
        if self.unit is not None:
            under = directory.below(self.unit) if self.below else ()
            units = frozenset({self.unit, *under})
        return Window(self.since, self.until, units, timedelta(days=self.back_days))


class ReportQuery(PeriodQuery):
    format: Annotated[ReportFormat, Query(description="`csv` and `xlsx`: its tables as a file")] = (
        ReportFormat.JSON
    )
    language: Annotated[Language, Query(description="of the file's words")] = Language.ZH

    def question(self, directory: Directory) -> ReportQuestion:
        """Raises Problem 422."""
        return ReportQuestion(self.window(directory), self.records)

    def asked(self) -> dict[str, str]:
        """As it was asked, for the end of a file."""
        given = self.model_dump(mode="json", exclude_defaults=True, exclude={"format", "language"})
        return {name: str(value) for name, value in given.items()}


class ComplaintsQuery(ReportQuery):
    topic: Annotated[IdRef | None, Query(description="only of cases of this topic")] = None
    area: Annotated[IdRef | None, Query(description="only in this area, and all within it")] = None

    def question(self, directory: Directory) -> ReportQuestion:
        """Raises Problem 422 for an area that is in no directory."""
        if self.area is not None and directory.areas and self.area not in directory.area_codes:
            raise invalid([("area", said(NO_SUCH_AREA))], N_("request"))
        return ReportQuestion(self.window(directory), self.records, topic=self.topic, area=self.area)


class FormsQuery(ComplaintsQuery):
    form: Annotated[FormId | None, Query(description="only this form, with all its rows")] = None
    kind: Annotated[ReportKind | None, Query(description="only of cases of this kind")] = None

    def question(self, directory: Directory) -> ReportQuestion:
        """Raises Problem 422 for an area that is in no directory."""
        return replace(super().question(directory), form=self.form, kind=self.kind)


class OfFigure(PeriodQuery):
    figure: Annotated[
        Words,
        Query(description="`figure` of a line, and a field of it: `unit/water_bureau/late`, `…/late/worst`"),
    ]


class ReportsWeb:
    """What every route of a report needs."""

    def __init__(
        self, reports: Reports, documents: Documents, gate: Gate, directory: Callable[[], Directory]
    ) -> None:
        self.reports, self.gate, self.directory = reports, gate, directory
        self._documents = documents

    async def answer(self, report: DeclaredReport, query: ReportQuery) -> Answer:
        """Raises Problem 422 for a form that is neither declared nor on record."""
        question = query.question(self.directory())
        answer = await report.ask(self.reports, question)
        if isinstance(answer, FilledForms) and question.form is not None and not answer.rows:
            refuse_unknown_form(self.reports, question.form)
        return answer

    async def file(self, report: DeclaredReport, query: ReportQuery, answer: Answer) -> bytes:
        words = await self._documents.words(query.language)
        return report_file(query.format, report.tables_of(words, answer), words, answer, query.asked())


def refuse_unknown_form(reports: Reports, form: str) -> None:
    """Raises Problem 422."""
    if reports.forms.get(form) is not None:
        return
    known = ", ".join(one.id for one in reports.forms.all())
    raise invalid([("form", said(NO_SUCH_FORM, forms=known))], N_("request"))


def reports_router(
    reports: Reports, documents: Documents, gate: Gate, directory: Callable[[], Directory]
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/reports", tags=["reports"])
    web = ReportsWeb(reports, documents, gate, directory)

    for name, report in REPORTS.items():
        _add(router, name, report, web)

    @router.get("/records")
    async def records(request: Request, query: Annotated[OfFigure, Query()]) -> FigureRecords:
        """The records a figure was counted from."""
        gate.admit(request, *READERS)
        return await reports.records(query.window(directory()), query.figure)

    return router


def _add(router: APIRouter, name: ReportName, report: DeclaredReport, web: ReportsWeb) -> None:
    async def given(request: Request, query: ReportQuery) -> Answer | Response:
        web.gate.admit(request, *READERS)
        answer = await web.answer(report, query)
        if query.format is ReportFormat.JSON:
            return answer
        file = f"{name}{'-' + str(form) if (form := query.asked().get('form')) else ''}.{query.format}"
        headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
        content = await web.file(report, query, answer)
        return Response(content, media_type=MEDIA[query.format], headers=headers)

    async def counted(request: Request, query: Annotated[ReportQuery, Query()]) -> Answer | Response:
        return await given(request, query)

    async def of_forms(request: Request, query: Annotated[FormsQuery, Query()]) -> Answer | Response:
        return await given(request, query)

    async def of_complaints(
        request: Request, query: Annotated[ComplaintsQuery, Query()]
    ) -> Answer | Response:
        return await given(request, query)

    narrowed = {ReportName.FORMS: of_forms, ReportName.COMPLAINTS: of_complaints}
    router.add_api_route(
        f"/{name}",
        narrowed.get(name, counted),
        name=name,
        response_model=report.answers,
        description=report.says,
        responses=sends(*MEDIA.values()),
    )
