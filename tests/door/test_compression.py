"""What goes out compressed, to whom, and what passes as it is."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from shared.door.compression import TINY, Compression

LONG = "烽火连三月，家书抵万金。" * 200


async def written(request: Request) -> Response:
    media = request.query_params.get("media", "text/html")
    return Response(LONG[: int(request.query_params.get("letters", len(LONG)))], media_type=media)


async def events(_: Request) -> Response:
    async def told() -> AsyncIterator[str]:
        yield f"data: {LONG}\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(told(), media_type="text/event-stream")


APP = Compression(Starlette(routes=[Route("/", written), Route("/events", events)]))


class Answer:
    """What the app sends, message by message."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.bodies: list[bytes] = []
        self.heard = asyncio.Event()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message.get("body"):
            self.bodies.append(message["body"])
            self.heard.set()

    async def ask(self, path: str, query: str = "", accepts: str = "gzip, deflate, br") -> "Answer":
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"accept-encoding", accepts.encode())],
        }
        forever = asyncio.Event()

        async def receive() -> Message:
            await forever.wait()
            return {"type": "http.disconnect"}

        await APP(scope, receive, self.send)
        return self


@pytest.mark.parametrize("media", ["text/html", "application/json", "text/css", "text/javascript"])
async def test_pages_json_and_style_go_out_compressed(media: str) -> None:
    answer = await Answer().ask("/", f"media={media}")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert len(answer.bodies[0]) == int(answer.headers["content-length"]) < len(LONG.encode()) / 10
    assert gzip.decompress(answer.bodies[0]).decode() == LONG


@pytest.mark.parametrize("accepts", ["identity", "gzip;q=0", "gzip;q=0, *", "br", ""])
async def test_who_does_not_take_it_gets_it_plain_and_a_cache_can_tell(accepts: str) -> None:
    answer = await Answer().ask("/", accepts=accepts)
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.bodies == [LONG.encode()]


@pytest.mark.parametrize(
    "query",
    [f"letters={TINY // 4}", "media=image/jpeg", "media=application/zip", "media=application/pdf"],
)
async def test_what_is_tiny_or_compressed_already_passes_as_it_is(query: str) -> None:
    assert "content-encoding" not in (await Answer().ask("/", query)).headers


async def test_a_live_stream_is_heard_at_once_and_as_it_is() -> None:
    answer = Answer()
    stream = asyncio.create_task(answer.ask("/events"))
    async with asyncio.timeout(5):
        await answer.heard.wait()
    stream.cancel()
    assert "content-encoding" not in answer.headers
    assert answer.bodies == [f"data: {LONG}\n\n".encode()]
