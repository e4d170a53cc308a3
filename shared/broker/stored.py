"""One message of a stream, or one key of a bucket, as the broker holds it; and that it holds none only on the
leader's word.

Invariant: a direct get is answered by any replica, and one that lags says 404 of what was stored a moment
ago. So no 404 is believed before the stream's leader has said the same. Everybody who takes "nothing is
there" for the truth asks here.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.broker.times import STAMP, from_stamp
from shared.facts.authenticity import as_stored

Ask = Callable[[str, bytes], Awaitable[Msg]]
"""Sends a request and gives the broker's answer; bounds itself in time."""
_NOTHING = "404"
_OPERATION = "KV-Operation"


class StoredMessage(NamedTuple):
    """`headers` are those it was stored with."""

    subject: str
    sequence: int
    at: datetime
    headers: dict[str, str]
    data: bytes

    @property
    def is_deletion(self) -> bool:
        """Of a bucket: the key was deleted here."""
        return _OPERATION in self.headers


def asking(connection: Callable[[], Client], timeout: float) -> Ask:
    """Over a plain connection, each question bounded by `timeout` seconds."""

    async def ask(subject: str, raw: bytes) -> Msg:
        return await connection().request(subject, raw, timeout=timeout)

    return ask


async def message_at(ask: Ask, stream: str, sequence: int) -> StoredMessage | None:
    """The message at exactly this sequence. Raises NatsError or TimeoutError."""
    return await _get(
        ask, stream, "", {"seq": int(sequence)}
    )  # a sequence may be a subtype of int, which JSON has not


async def last_on(ask: Ask, stream: str, subject: str) -> StoredMessage | None:
    """The last message on exactly this subject: of a bucket the key's value. Raises NatsError or
    TimeoutError.
    """
    return await _get(ask, stream, f".{subject}", {"last_by_subj": subject})


async def value_of(ask: Ask, bucket: str, key: str) -> StoredMessage | None:
    """A bucket's key as it is, its deletion included: the revision counts even then. Raises NatsError or
    TimeoutError.
    """
    return await last_on(ask, f"KV_{bucket}", f"$KV.{bucket}.{key}")


async def as_it_lies(ask: Ask, stream: str, sequence: int) -> StoredMessage | None:
    """As `message_at`, with every header it was stored with: the answer to a direct get has some of its own,
    which hide those of a broker's answer that was stored as a message. Raises NatsError or TimeoutError.
    """
    return _from_leader(
        stream, (await ask(f"$JS.API.STREAM.MSG.GET.{stream}", msgspec.json.encode({"seq": sequence}))).data
    )


async def _get(ask: Ask, stream: str, path: str, request: dict[str, Any]) -> StoredMessage | None:
    answer = await ask(f"$JS.API.DIRECT.GET.{stream}{path}", b"" if path else msgspec.json.encode(request))
    headers = dict(answer.headers or {})
    if "Nats-Sequence" in headers:
        return of_direct_get(headers, answer.data)
    if headers.get("Status") != _NOTHING:
        raise NatsError(
            f"the broker gives no answer about {stream}: {headers.get('Status')} {headers.get('Description')}"
        )
    return _from_leader(
        stream, (await ask(f"$JS.API.STREAM.MSG.GET.{stream}", msgspec.json.encode(request))).data
    )


def of_direct_get(headers: Mapping[str, str], data: bytes) -> StoredMessage:
    """What a direct get has answered with."""
    subject, sequence, at = headers["Nats-Subject"], int(headers["Nats-Sequence"]), from_stamp(headers[STAMP])
    return StoredMessage(subject, sequence, at, as_stored(headers), data)


class _StoredError(msgspec.Struct):
    code: int = 0
    description: str = ""


class _Message(msgspec.Struct):
    subject: str
    seq: int
    time: str
    data: str = ""
    hdrs: str = ""


class _StoredAnswer(msgspec.Struct):
    message: _Message | None = None
    error: _StoredError | None = None


_read = msgspec.json.Decoder(_StoredAnswer)


def _from_leader(stream: str, raw: bytes) -> StoredMessage | None:
    answer = _read.decode(raw)
    if (message := answer.message) is not None:
        headers = _headers(base64.b64decode(message.hdrs)) if message.hdrs else {}
        return StoredMessage(
            message.subject, message.seq, from_stamp(message.time), headers, base64.b64decode(message.data)
        )
    if answer.error is not None and str(answer.error.code) == _NOTHING:
        return None
    raise NatsError(
        f"the leader of {stream} gives no answer: {answer.error.description if answer.error else raw[:100]!r}"
    )


def _headers(block: bytes) -> dict[str, str]:
    """`NATS/1.0`, then a line each."""
    lines = block.decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name: value.strip() for name, _, value in pairs}
