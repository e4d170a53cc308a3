"""A key of a bucket whose newest value can't be read is read as it was before: every bucket keeps more than
one revision.

Invariant: what is given back was written to this key by this bucket's writer; a later value that nobody can
read, or an answer of the broker that was let in there, is passed over and said. The leader is asked, with the
headers as they are stored: a direct get adds its own, so that a forgery made of one can't be told apart
there.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar, cast

import structlog
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.facts.authenticity import is_a_brokers_answer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

T = TypeVar("T")


class Readable(NamedTuple, Generic[T]):
    value: T | None
    """None: the key was deleted, was never written, or nothing of it can be read."""
    revision: int
    """Of the newest entry, readable or not: to write over; 0 where there is none."""
    passed_over: int
    """How many newer entries could not be read."""
    kept: int = 0
    """The revision of `value`."""


class Revision(NamedTuple):
    """A key as it was put or taken away, as long as the bucket keeps it."""

    revision: int
    value: bytes | None
    """None for one that was taken away."""
    headers: dict[str, str]


async def revisions(js: JetStreamContext, bucket: str, key: str) -> list[Revision]:
    """All that the bucket keeps of `key`, the oldest first. Raises NatsError or TimeoutError where the broker
    does not answer.
    """
    kept: list[Revision] = []
    while True:
        try:
            after = kept[-1].revision if kept else 0
            message = await js.get_msg(
                f"KV_{bucket}", seq=after + 1, subject=f"$KV.{bucket}.{key}", next=True
            )
        except NotFoundError:
            return kept
        headers = cast("dict[str, str]", message.headers or {})
        gone = not is_a_brokers_answer(headers) and (
            "KV-Operation" in headers or "Nats-Marker-Reason" in headers
        )
        kept.append(Revision(message.seq or 0, None if gone else message.data or b"", headers))


async def last_readable(
    js: JetStreamContext, bucket: str, key: str, read: Callable[[bytes], T]
) -> Readable[T]:
    """The newest value of `key` that `read` takes; `read` raises ValueError, TypeError or KeyError for what
    it does not take. Raises NatsError or TimeoutError where the broker does not answer.
    """
    kept = await revisions(js, bucket, key)
    newest = kept[-1].revision if kept else 0
    for passed_over, entry in enumerate(reversed(kept)):
        if entry.value is None:
            return _warn_if_stepped_back(bucket, key, Readable[T](None, newest, passed_over, entry.revision))
        try:
            if not is_a_brokers_answer(entry.headers):
                return _warn_if_stepped_back(
                    bucket, key, Readable[T](read(entry.value), newest, passed_over, entry.revision)
                )
        except (ValueError, TypeError, KeyError):
            continue
    return _warn_if_stepped_back(bucket, key, Readable[T](None, newest, len(kept)))


def _warn_if_stepped_back(bucket: str, key: str, readable: Readable[T]) -> Readable[T]:
    if readable.passed_over:
        log.critical(
            "stepped_back",
            bucket=bucket,
            key=key,
            unreadable=readable.passed_over,
            taken=readable.kept or None,
            next="find out who wrote what can't be read; until it is written anew the value before it counts",
        )
    return readable
