"""`report.submit` on NATS: the request is a report form, the reply what HTTP would answer, or the same
problem document.

Invariant: every request gets exactly one reply; one slow answer delays no other.
"""

import asyncio
from collections.abc import Callable, Mapping

import orjson
import structlog
from faststream.nats import NatsMessage
from nats.aio.msg import Msg

from services.intake.board.access import forbidden
from services.intake.reporting.submit import Submission
from shared.broker.forever import AWAY
from shared.directory import Directory
from shared.ids import SourceId
from shared.message import N_, said
from shared.problems import Problem
from shared.subjects import source_in
from shared.tokens import Gate, Principal
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AT_ONCE = 64
"""Requests answered side by side; each may wait a moment for its duties."""


async def undecoded(message: NatsMessage) -> NatsMessage:
    """A body that can't be parsed is answered in words, not dropped by a decoder."""
    return message


class RequestReply:
    def __init__(self, submission: Submission, gate: Gate, directory: Callable[[], Directory]) -> None:
        self._submission, self._gate, self._directory = submission, gate, directory

    async def hear(self, message: NatsMessage) -> None:
        """The handler of `report.submit`: without a token the source asks whose key it is; `Authorization:
        Bearer …` to report in a role.
        `Idempotency-Key` or `Nats-Msg-Id`: a repeat returns the same case.
        """
        raw = message.raw_message
        assert isinstance(raw, Msg)
        if not raw.reply:
            log.warning(
                "request_without_reply", subject=raw.subject, next="send it as a request, or to the inbox"
            )
            return
        reply = await self._reply(
            source_in(raw.subject),
            raw.data,
            {name.lower(): value for name, value in (raw.headers or {}).items()},
        )
        try:
            await raw.respond(reply)
        except AWAY as error:
            log.warning("reply_failed", error=str(error))

    async def _reply(self, source: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            principal = self._gate.read(token.strip()) if scheme.lower() == "bearer" else self._asking(source)
            key = headers.get("idempotency-key") or headers.get("nats-msg-id")
            submitted = await self._submission.report(await self._submission.parse(body), principal, key)
            return orjson.dumps(submitted.model_dump(mode="json", exclude_none=True))
        except Problem as problem:
            return orjson.dumps(problem.body())
        except asyncio.CancelledError:
            raise
        except Exception:  # the boundary: whoever asked must hear something
            log.exception("request_failed")
            return orjson.dumps(
                Problem(
                    500,
                    N_("Failed"),
                    N_("Something went wrong here; report by telephone and tell the operator."),
                ).body()
            )

    def _asking(self, source: str) -> Principal:
        declared = self._directory().sources_by_id.get(SourceId(source))
        if declared is None:
            raise forbidden(
                said(
                    N_(
                        "Source %(source)s is no longer in the directory: have it declared, or its key taken back."
                    ),
                    source=source[:60],
                )
            )
        return Principal(subject=declared.principal, role=Role.PUBLISHER)
