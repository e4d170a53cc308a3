"""Reading a stream in order without a consumer: the broker's batched direct get, some hundred messages a
request.

Invariant: nothing is created on the broker and nothing is acknowledged, so that whoever only looks can
neither hold up nor be seen by those who work. A message stored while the walk goes on may or may not be met;
each is met at most once.
"""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime

import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.broker.stored import StoredMessage, of_direct_get
from shared.facts import rfc3339

BATCH = 256
LARGEST = 8 << 20
"""Bytes of one answer: what is under way to us at most."""
PATIENCE = 10.0
"""Seconds without a message after which a walk fails."""
_END = "204"
_NOTHING = ("404",)


class WalkError(NatsError):
    """The broker did not give what was asked for."""


async def walk(
    connection: Callable[[], Client],
    stream: str,
    subject: str,
    *,
    after: int = 0,
    since: datetime | None = None,
    batch: int = BATCH,
) -> AsyncGenerator[StoredMessage]:
    """Every stored message on `subject` (wildcards allowed) past sequence `after`, or stored at `since` or
    later, in order.
    """
    client = connection()
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    try:
        while True:
            request: dict[str, object] = {"next_by_subj": subject, "batch": batch, "max_bytes": LARGEST}
            request |= (
                {"start_time": rfc3339(since)} if since is not None and not after else {"seq": after + 1}
            )
            await client.publish(f"$JS.API.DIRECT.GET.{stream}", orjson.dumps(request), reply=inbox)
            count = 0
            while True:
                try:
                    message = await subscription.next_msg(timeout=PATIENCE)
                except TimeoutError as error:
                    raise WalkError(f"{stream} does not answer a direct get: is allow_direct set?") from error
                headers = message.headers or {}
                if "Nats-Sequence" not in headers:
                    break
                stored = of_direct_get(headers, message.data)
                count, after = count + 1, stored.sequence
                yield stored
            status = headers.get("Status")
            if status in _NOTHING or (
                status == _END and (not count or headers.get("Nats-Num-Pending") == "0")
            ):
                return
            if status != _END:
                raise WalkError(f"{stream} answers {status} {headers.get('Description', '')}")
    finally:
        await subscription.unsubscribe()
