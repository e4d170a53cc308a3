"""The door of the gateways' call-backs: receipts, and what people answer by SMS or by a key in a call.

Invariant: nothing is heard that has not proven to be the gateway's. 2xx is answered only after all that a
call-back says is stored, so that a gateway which hears anything else sends it again; each thing it says is known
by the gateway's own id, and a repeat changes nothing. A GET answers no message: by it a gateway tries the address out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import structlog
from fastapi import APIRouter, Request, Response

from services.notifier.channels import (
    CALL_BACKS,
    CallBack,
    CallBackFault,
    CallBackItem,
    CallBackRefused,
    Inbound,
    Reply,
    SaidBack,
)
from services.notifier.delivery.metrics import Metrics
from shared.clock_skew import ClockSkew, off_words
from shared.door import KB, doorway
from shared.facts import Fact, Frozen
from shared.http_fields import IdRef
from shared.message import N_, because, said
from shared.problems import Problem, invalid
from shared.vocabulary import Language

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Read = TypeVar("Read")
CALL_BACK_LIMIT = 64 * KB
"""Bytes; a gateway proves who it is with a signature over them, so that they are read first."""


class CallBackTaken(Frozen):
    """A call-back that is on record now."""

    case: str | None = None
    fact: str | None = None


class TakesReplies(Protocol):
    async def take(self, channel: str, reply: Reply, *, is_said_back: bool) -> "ReplyOutcome":
        """Raises Problem 503 where it could not be stored."""
        ...


class UnknownDelivery(Problem):
    """Nothing of what was said is about a message that is on record here."""

    def __init__(self) -> None:
        super().__init__(
            404,
            N_("Unknown delivery"),
            N_(
                "No delivery of this channel is on record under that id or reference: send `id`, the webhook-id of the message."
            ),
        )


class TakesReceipts(Protocol):
    async def take(self, channel: str, item: CallBackItem) -> Fact:
        """Raises UnknownDelivery, or Problem 422."""
        ...


@dataclass(frozen=True, slots=True)
class ReplyOutcome:
    """What became of a reply: the fact, and what the person is told."""

    fact: str | None
    case: str | None
    words: str
    language: Language


@dataclass(frozen=True)
class CallBackDoor:
    inbound: Mapping[str, Inbound]
    """By channel name."""
    replies: TakesReplies
    receipts: TakesReceipts
    base: str
    clock: Callable[[], datetime]
    skew: ClockSkew
    metrics: Metrics

    def router(self) -> APIRouter:
        router = APIRouter()
        # Gateways of before know the second.
        for path in (CALL_BACKS, "/api/v1/receipts"):
            router.add_api_route(
                f"{path}/{{channel}}",
                self.take,
                methods=["POST"],
                status_code=202,
                response_model=CallBackTaken,
                response_model_exclude_none=True,
                summary="A gateway's call-back",
            )
        router.add_api_route(
            f"{CALL_BACKS}/{{channel}}",
            self.greet,
            methods=["GET"],
            response_class=Response,
            responses={405: {"description": "This gateway tries no address out"}},
            summary="A gateway tries out where it will call back",
        )
        return router

    @doorway(is_open=True)
    async def greet(self, request: Request, channel: IdRef) -> Response:
        said_back = self._greeting(self._inbound(channel), channel, await self._call(request))
        if said_back is None:
            raise Problem(405, N_("Method Not Allowed"), N_("Call back with POST: a GET answers nothing."))
        return _as_said(said_back)

    @doorway(is_open=True, body_limit=CALL_BACK_LIMIT)
    async def take(self, request: Request, channel: IdRef) -> CallBackTaken | Response:
        inbound = self._inbound(channel)
        call = await self._call(request)
        if (greeting := self._greeting(inbound, channel, call)) is not None:
            return _as_said(greeting)
        taken, told, unknown = CallBackTaken(), None, None
        for item in self._read(inbound.items, channel, call):
            if (reply := inbound.reply_in(item)) is not None:
                told = await self.replies.take(channel, reply, is_said_back=inbound.says_back)
                taken = CallBackTaken(case=told.case, fact=told.fact)
            elif (receipt := inbound.receipt_in(item)) is not None:
                try:
                    fact = await self.receipts.take(channel, receipt)
                except UnknownDelivery as error:
                    unknown = error  # of a message of somebody else: the others are taken all the same
                    continue
                taken = CallBackTaken(case=fact.subject, fact=fact.id)
        if unknown is not None and taken.fact is None:
            raise unknown
        words, language = (told.words, told.language) if told is not None else ("", Language.ZH)
        said_back = inbound.said_back(words, language)
        return taken if said_back is None else _as_said(said_back)

    def _inbound(self, channel: str) -> Inbound:
        inbound = self.inbound.get(channel)
        if inbound is None:
            raise Problem(
                404,
                N_("Unknown channel"),
                said(
                    N_("%(channel)s is no channel with call-backs; known: %(webhooks)s."),
                    channel=channel,
                    webhooks=", ".join(self.inbound),
                ),
            )
        return inbound

    async def _call(self, request: Request) -> CallBack:
        query = request.url.query
        address = f"{self.base}{request.url.path}"
        return CallBack(
            url=f"{address}?{query}" if query else address,
            query=request.query_params,
            headers=dict(request.headers),
            body=await request.body(),
        )

    def _greeting(self, inbound: Inbound, channel: str, call: CallBack) -> SaidBack | None:
        return self._read(inbound.greeting, channel, call)

    def _read(self, read: Callable[[CallBack, datetime], Read], channel: str, call: CallBack) -> Read:
        try:
            return read(call, self.clock())
        except CallBackRefused as refused:
            raise self._refusal(channel, refused) from None
        except ValueError as error:
            raise invalid([("body", because(error))], N_("request")) from None

    def _refusal(self, channel: str, refused: CallBackRefused) -> Problem:
        self.metrics.call_backs_refused.labels(channel, refused.fault).inc()
        if refused.fault is CallBackFault.CLOCK and refused.ahead is not None:
            self.skew.note(channel, refused.ahead)
            off = off_words(channel, refused.ahead)
            log.warning("call_back_refused", channel=channel, why=off)
            return Problem(
                401,
                N_("Unauthorized"),
                said(N_("The signature is yours, but %(off_words)s."), off_words=off),
            )
        log.warning("call_back_refused", channel=channel, why=refused.why)
        detail = said(
            N_(
                "The call-back does not prove that it is the gateway's (%(why)s): see the secret of this channel."
            ),
            why=refused.why,
        )
        return Problem(401, N_("Unauthorized"), detail)


def _as_said(said_back: SaidBack) -> Response:
    return Response(said_back.body, media_type=said_back.type)
