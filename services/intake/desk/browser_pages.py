"""Whoever is logged in at the desk says that they want to be rung in this browser too, or no longer.

Invariant: a browser is put down by the person themself, from our own page, and for them alone; it ends when
they say so and with the log-in, wherever that is ended. Without the notifier's offer nobody is asked.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from services.intake.desk.here import READERS, DeskPages
from shared.broker.forever import AWAY, error_text
from shared.browsers import MOST, PushAddress, RungBrowser, is_served
from shared.door import KB, doorway
from shared.facts import field_errors
from shared.message import N_
from shared.problems import Problem, invalid
from shared.tokens import Principal
from shared.web.pages import HEADERS

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COOKIE = "fenghuo_rings"
"""Which of the browsers this one is; says nothing to anybody else."""
YEAR = 31_536_000
BODY = 4 * KB
NOT_SERVED = N_("is no push service that this house asks: take another browser")
NOBODY = N_("Only a person of the directory can be rung.")
NOT_OFFERED = N_("Nobody is rung in a browser here: the channel file has no such way.")
NOT_KEPT = N_("Nothing is changed yet, the broker does not answer: try again.")


@dataclass(frozen=True, slots=True)
class Ringing:
    key: str
    """By which a browser is put down."""
    rings: bool
    """This browser is put down for this person."""


def ringing(here: DeskPages, request: Request, principal: Principal) -> Ringing | None:
    """None where nobody is to be asked."""
    offer = here.desk.browsers.offer
    if offer is None or principal.person is None:
        return None
    mine = _this_one(here, request, principal)
    return Ringing(offer.key, mine is not None and here.desk.gate.holds(mine.token))


def add_browsers(router: APIRouter, here: DeskPages) -> None:
    @router.post("/desk/browser")
    @doorway(body_limit=BODY)
    async def begin(request: Request) -> Response:
        """The body is the browser's own PushSubscription."""
        principal = here.pages.admit_form(request, *READERS)
        offer = here.desk.browsers.offer
        if principal.person is None:
            raise Problem(403, N_("Forbidden"), NOBODY)
        if offer is None:
            raise Problem(409, N_("Conflict"), NOT_OFFERED)
        push = _address(await request.body())
        if not is_served(push.endpoint, offer.services):
            raise invalid([("endpoint", NOT_SERVED)], N_("request"))
        browser = RungBrowser(
            person=principal.person, push=push, since=here.pages.clock(), token=here.desk.gate.claims(request)
        )
        await _kept(here.desk.browsers.put(browser))
        log.info("browser_put_down", person=principal.person, most=MOST)
        response = Response(status_code=204, headers=HEADERS)
        response.set_cookie(
            COOKIE, push.id, max_age=YEAR, httponly=True, samesite="strict", secure=here.pages.secure
        )
        return response

    @router.post("/desk/browser/end")
    @doorway(body_limit=BODY)
    async def end(request: Request) -> Response:
        principal = here.pages.admit_form(request, *READERS)
        response = Response(status_code=204, headers=HEADERS)
        if (mine := _this_one(here, request, principal)) is not None:
            await _kept(here.desk.browsers.forget(mine))
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=here.pages.secure)
        return response


async def end_here(here: DeskPages, request: Request, response: Response) -> None:
    """At the log-out, also of a log-in that has ended by itself: whoever comes next to this machine is not
    shown what the last one was told. No script reads the cookie, and nobody guesses it.
    """
    mine = here.desk.browsers.named(request.cookies.get(COOKIE, ""))
    if mine is None:
        return
    try:
        await here.desk.browsers.forget(mine)
    except AWAY as error:
        log.warning("browser_not_forgotten", person=mine.person, error=error_text(error))
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=here.pages.secure)


def _this_one(here: DeskPages, request: Request, principal: Principal) -> RungBrowser | None:
    place = request.cookies.get(COOKIE)
    mine = here.desk.browsers.of(principal.person) if principal.person is not None else ()
    return next((browser for browser in mine if browser.push.id == place), None)


def _address(body: bytes) -> PushAddress:
    try:
        return PushAddress.model_validate_json(body)
    except ValidationError as error:
        raise invalid(field_errors(error), N_("request")) from None


async def _kept(writing: Any) -> None:
    try:
        await writing
    except AWAY as error:
        log.error("browser_not_kept", error=error_text(error))
        raise Problem(503, N_("Not stored"), NOT_KEPT, headers={"Retry-After": "1"}) from None
