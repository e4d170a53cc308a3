"""A gateway that answers with megabytes, or with control characters, fills neither the memory nor the record,
and rings nobody twice.

The deed: a gateway (taken over, or broken) refuses a message with 5 MB of words, takes one with 5 MB of
thanks, sends a call-back whose words move a terminal's cursor.
"""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import orjson
import pytest
from standardwebhooks import Webhook

from services.notifier.channels import REASON_LENGTH, REFERENCE_LENGTH, TransportError, gateway_words
from services.notifier.channels.webhook import read_answer
from services.notifier.posting import ANSWER_LIMIT, Poster, PostError
from shared.plain_text import NOT_IN_LINE
from tests.attacks.conftest import Installation
from tests.notifier.conftest import webhook_key

FLOOD = 5 * 1024 * 1024
HOSTILE = "\x1b[2Jall is well\u202e\n\x00"


@asynccontextmanager
async def a_gateway(status: str, start: bytes) -> AsyncIterator[str]:
    """Answers everything with `start` and as many letters more as make 5 MB."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {FLOOD}\r\n\r\n".encode() + start)
        try:
            for _ in range((FLOOD - len(start)) // 65536 + 1):
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms"


async def test_a_refusal_of_five_megabytes_is_one_short_line() -> None:
    async with a_gateway("400 Bad Request", HOSTILE.encode()) as url:
        tracemalloc.start()
        poster = Poster(url, private=True)
        answer = await poster.post(b"{}", {}, timeout=10)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await poster.close()
    assert len(answer.body) <= ANSWER_LIMIT
    assert peak < FLOOD
    with pytest.raises(TransportError) as refused:
        read_answer(answer, datetime.now(UTC))
    assert not refused.value.retry
    assert len(refused.value.reason) <= REASON_LENGTH
    assert NOT_IN_LINE.search(refused.value.reason) is None


async def test_whoever_took_it_with_five_megabytes_of_thanks_has_taken_it() -> None:
    async with a_gateway("200 OK", b"") as url:
        poster = Poster(url, private=True)
        answer = await poster.post(b"{}", {}, timeout=10)
        await poster.close()
    assert answer.status == 200
    assert read_answer(answer, datetime.now(UTC)) is None


async def test_a_head_without_end_is_no_answer() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"x-more: " + b"y" * 1000 + b"\r\n")
        for _ in range(200):
            writer.write(b"x-more: " + b"y" * 1000 + b"\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        poster = Poster(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms", private=True)
        with pytest.raises(PostError):
            await poster.post(b"{}", {}, timeout=10)
        await poster.close()


def test_a_reference_is_bounded_likewise() -> None:
    assert gateway_words(HOSTILE + "y" * FLOOD, REFERENCE_LENGTH).startswith("[2Jall is well")
    assert len(gateway_words("y" * FLOOD, REFERENCE_LENGTH)) == REFERENCE_LENGTH


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"outcome": "failed", "error": "x" * 30_000}, "error"),
        ({"outcome": "x" * 5000}, "outcome"),
        ({"id": "x" * 500}, "id"),
    ],
)
async def test_a_call_back_out_of_bounds_is_refused_with_its_field(
    installation: Installation, said: dict[str, str], field: str
) -> None:
    body, now = orjson.dumps({"outcome": "failed", **said}), datetime.now(UTC)
    headers = {
        "webhook-id": "rcpt_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(webhook_key(installation.lab)).sign("rcpt_1", now, body.decode()),
    }
    async with httpx2.AsyncClient(base_url=installation.notifier.url) as http:
        answer = await http.post("/api/v1/receipts/sms", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert field in {fault["field"] for fault in answer.json()["errors"]}
    assert len(answer.content) < 2000
