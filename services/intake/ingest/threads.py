"""To which case a message of another system belongs: the KV bucket THREADS, read and written by every intake.

Invariant: a message that became a report or an act is findable by its own id for as long as the bucket keeps
it, whichever intake took it; it is written before the message is acknowledged, so that a crash in between is
mended by the redelivery.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence

from nats.aio.client import Client

from services.intake.recording.record import READ_TIMEOUT, Unreachable, connected
from shared.broker.forever import AWAY
from shared.broker.revisions import last_readable
from shared.broker.stored import asking, value_of
from shared.ids import IS_CASE_ID, CaseId
from shared.message import N_, said
from shared.streams import THREADS

SETTLING = 0.5
"""Seconds before a second look: another intake may be taking the earlier message at this moment."""


class Threads:
    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection

    async def case_of(self, source: str, messages: Sequence[str]) -> CaseId | None:
        """The case of any of a source's earlier messages. Raises Unreachable."""
        for pause in (SETTLING, None):
            for message in messages:
                if case := await self._find(_key(source, message)):
                    return case
            if pause is not None:
                await asyncio.sleep(pause)
        return None

    async def _find(self, key: str) -> CaseId | None:
        client = connected(self._connection)
        try:
            stored = await value_of(asking(lambda: client, READ_TIMEOUT), THREADS, key)
            if stored is None or stored.is_deletion:
                return None
            try:
                return _case(stored.data)
            except ValueError:
                return (
                    await last_readable(client.jetstream(timeout=READ_TIMEOUT), THREADS, key, _case)
                ).value
        except AWAY as error:
            raise Unreachable(
                said(
                    N_("The broker did not say which case this belongs to (%(name)s): send it again."),
                    name=type(error).__name__,
                )
            ) from error

    async def remember(self, source: str, message: str, case: CaseId) -> None:
        """Raises Unreachable."""
        client = connected(self._connection)
        try:
            await client.jetstream().publish(
                f"$KV.{THREADS}.{_key(source, message)}", case.encode(), timeout=READ_TIMEOUT
            )
        except AWAY as error:
            raise Unreachable(
                said(
                    N_(
                        "It is stored, but the broker went away (%(name)s): send it again, it is never "
                        "stored twice."
                    ),
                    name=type(error).__name__,
                )
            ) from error


def _case(raw: bytes) -> CaseId:
    """Raises ValueError for what is no case's id."""
    if not IS_CASE_ID.fullmatch(case := raw.decode("ascii")):
        raise ValueError(N_("no case"))
    return CaseId(case)


def _key(source: str, message: str) -> str:
    return f"{source}.{hashlib.sha256(message.encode()).hexdigest()[:40]}"
