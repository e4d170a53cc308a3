"""The pages of the policy: what is in force in words, drafts, what they would change, meetings, approvals.

Invariant: every page works without scripts; a form is taken only from our own pages and does nothing that the
interface would not do.
"""

from pathlib import Path

from fastapi import APIRouter

from services.escalator.policy_pages.deciding_pages import add_deciding
from services.escalator.policy_pages.desk import PolicyDesk
from services.escalator.policy_pages.drafting_pages import add_drafting
from services.escalator.policy_pages.reading_pages import add_reading
from shared.web import login
from shared.web.names import Names

PAGES = Path(__file__).parent


def policy_pages(desk: PolicyDesk) -> APIRouter:
    router = desk.pages.router()
    add_reading(router, desk)
    add_drafting(router, desk)
    add_deciding(router, desk)
    login.add(router, desk.pages, Names(desk.directory))
    router.include_router(desk.pages.static.router())
    return router
