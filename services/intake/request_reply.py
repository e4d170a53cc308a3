"""`report.submit` on NATS: the request is a report form, the reply what HTTP would answer, or the same problem document.

Invariant: every request gets exactly one reply; one slow answer delays no other.
"""

import asyncio
from collections.abc import Mapping

import nats.errors
import orjson
import structlog
from faststream.nats import NatsMessage
from nats.aio.msg import Msg

from services.intake.submit import Submission
from shared.problems import Problem
from shared.tokens import Gate, Principal
from shared.vocabulary import Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

AT_ONCE = 64
"""Requests answered side by side; each may wait a moment for its duties."""
PUBLISHER = Principal(subject="source:nats", role=Role.PUBLISHER)
"""Who asks without a token: somebody who holds the broker's publisher credential."""


async def undecoded(message: NatsMessage) -> NatsMessage:
    """A body that can't be parsed is answered in words, not dropped by a decoder."""
    return message


class Answering:
    def __init__(self, submission: Submission, gate: Gate) -> None:
        self._submission, self._gate = submission, gate

    async def hear(self, message: NatsMessage) -> None:
        """The handler of `report.submit`. Headers: `Authorization: Bearer …` to report in a role, `Idempotency-Key` or `Nats-Msg-Id`."""
        raw = message.raw_message
        assert isinstance(raw, Msg)
        if not raw.reply:
            log.warning("request_without_reply", subject=raw.subject, next="send it as a request, or to the inbox")
            return
        reply = await self._reply(raw.data, {name.lower(): value for name, value in (raw.headers or {}).items()})
        try:
            await raw.respond(reply)
        except (nats.errors.Error, OSError) as error:
            log.warning("reply_failed", error=str(error))

    async def _reply(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            principal = self._gate.read(token.strip()) if scheme.lower() == "bearer" else PUBLISHER
            key = headers.get("idempotency-key") or headers.get("nats-msg-id")
            submitted = await self._submission.report(self._submission.parse(body), principal, key)
            return orjson.dumps(submitted.model_dump(mode="json", exclude_none=True))
        except Problem as problem:
            return orjson.dumps(problem.body())
        except asyncio.CancelledError:
            raise
        except Exception:  # the boundary: whoever asked must hear something
            log.exception("request_failed")
            return orjson.dumps(Problem(500, "Failed", "Something went wrong here; report by telephone and tell the operator.").body())
