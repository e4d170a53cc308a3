"""The desk: the open cases, the most pressing first, live; acknowledging in one click; reporting; moving a case
on.

Invariant: every page works without scripts, with what was true when it was made; a form is taken only from
our own pages and does nothing the HTTP interface would not do; after a form the reader stands on a page that
may be reloaded.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from fastapi import APIRouter

from services.intake.board.case_lookup import NotDecidedYet
from services.intake.desk.board_pages import add_board
from services.intake.desk.browser_pages import add_browsers, end_here
from services.intake.desk.calendar_pages import add_calendar
from services.intake.desk.campaign_pages import add_campaigns
from services.intake.desk.case_pages import add_cases
from services.intake.desk.compilation_pages import add_compilations
from services.intake.desk.document_pages import add_documents
from services.intake.desk.here import READERS, DeskPages
from services.intake.desk.list_pages import add_lists
from services.intake.desk.login_pages import add_login
from services.intake.desk.notice_pages import add_notices
from services.intake.desk.provider_pages import add_provider
from services.intake.desk.report_pages import add_report
from services.intake.desk.roll_call_pages import add_roll_calls
from services.intake.desk.services import DeskServices
from services.intake.desk.stream import add_stream
from shared.web import Pages, login
from shared.web.names import Names


def desk_router(desk: DeskServices, clock: Callable[[], datetime]) -> APIRouter:
    pages = Pages("desk", desk.gate, desk.zone, log_in=desk.log_in, folder=Path(__file__).parent, clock=clock)
    router, names = pages.router(), Names(desk.live)
    pages.show_as(NotDecidedYet, "taken.html", names=names)
    here = DeskPages(desk, pages, names)
    for add in (
        add_board,
        add_report,
        add_cases,
        add_campaigns,
        add_documents,
        add_compilations,
        add_lists,
        add_notices,
        add_calendar,
        add_roll_calls,
        add_browsers,
    ):
        add(router, here)
    add_stream(router, desk, pages, READERS)
    login.add(router, pages, names, partial(end_here, here))
    add_login(router, pages, desk.opening, names)
    if desk.provider is not None:
        add_provider(router, pages, desk.opening, desk.provider)
    router.include_router(pages.static.router())
    return router
