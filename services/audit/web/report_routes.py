"""All that is asked about what the trail adds up to: figures, documents, pages. Put together here, over one
count.
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from services.audit.reading.reader import TrailReader
from services.audit.reports.documents.making import Documents
from services.audit.reports.reports import Reports
from services.audit.web.documents import documents_router
from services.audit.web.explorer.report_pages import report_pages_router
from services.audit.web.reports import reports_router
from shared.directory import Directory
from shared.tokens import Gate


def report_routers(
    reader: TrailReader,
    gate: Gate,
    zone: ZoneInfo,
    vkey: str,
    secure: bool,
    clock: Callable[[], datetime],
    directory: Callable[[], Directory],
) -> tuple[APIRouter, ...]:
    """Ids show as names, and a unit can be asked for with all below it, by the directory of now."""
    reports = Reports(reader, zone)
    return (
        reports_router(reports, gate, directory),
        documents_router(Documents(reader, reports, directory, zone, vkey), gate),
        report_pages_router(reports, reader, gate, zone, secure, clock, directory),
    )
