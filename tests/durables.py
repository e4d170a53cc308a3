"""Whether a durable consumer has worked off all that its stream has accepted.

Invariant: asked by sequence numbers. A consumer's own count of what is to come lags behind what the stream
has accepted, and is zero for a moment after a publish was acknowledged.
"""

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError


async def is_worked_off(js: JetStreamContext, stream: str, durable: str) -> bool:
    asked_first = await js.consumer_info(stream, durable)
    filters = asked_first.config.filter_subjects or [asked_first.config.filter_subject or ">"]
    accepted = max([await _last_on(js, stream, subject) for subject in filters])
    info = await js.consumer_info(stream, durable)
    delivered = info.delivered.stream_seq if info.delivered else 0
    return delivered >= accepted and not info.num_pending and not info.num_ack_pending


async def _last_on(js: JetStreamContext, stream: str, subject: str) -> int:
    try:
        return (await js.get_last_msg(stream, subject)).seq or 0
    except NotFoundError:
        return 0
