"""Nobody keeps others out by being slow.

The deed: two thousand connections that ask for nothing, a head that dribbles in, a body that dribbles in.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.raw import head, line_to, memory, pour
from tests.lab import lab_in, until

IDLE = 2_000
PLACES = 300
MB = 1024 * 1024


async def test_two_thousand_idle_connections_keep_nobody_out(tmp_path: Path) -> None:
    async with lab_in(tmp_path, mongo=False) as lab, AsyncExitStack() as lines:
        intake = await lab.start_service("intake", FENGHUO_CONNECTIONS=str(PLACES))
        before = memory(intake)
        opened = [await lines.enter_async_context(line_to(intake)) for _ in range(IDLE)]
        async with httpx2.AsyncClient(base_url=intake.url, timeout=5) as http:
            assert (await http.get("/healthz")).status_code == 200
            assert memory(intake) - before < 24 * MB

            def ended() -> int:
                return sum(reader.at_eof() or reader.exception() is not None for reader, _ in opened)

            await until(lambda: ended() >= IDLE - PLACES, what="those that waited longest made room")
            # None of them ever asks, so that all are ended in the end.
            await until(lambda: ended() == IDLE, what="nobody waits for ever")


async def test_nothing_that_dribbles_in_is_waited_for(installation: Installation) -> None:
    """All side by side: each takes as long as the service waits for it."""
    officer = f"Bearer {installation.lab.token(Role.DUTY_OFFICER, person='wang_xin')}"
    whole, before = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", memory(installation.intake)
    heads = [
        (b"", b"\r\n", 0),
        (b"GET /hea", b"l", 0),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\n", b"x-more: 1\r\n", 0),
        (whole + whole[:10], b"x", 200),
    ]
    bodies = [
        (head("POST", path, authorization=officer, content_length=length), b"x", 408)
        for path, length in (("/api/v1/reports", "100000"), ("/api/v1/files", str(20 * MB)))
    ]
    heads_end, bodies_end = await asyncio.gather(
        *(
            asyncio.gather(
                *(pour(installation.intake, start, piece, 200, pause=0.3) for start, piece, _ in dribbles)
            )
            for dribbles in (heads, bodies)
        )
    )
    assert [answer.status for answer in heads_end] == [status for *_, status in heads]
    assert all(8 < answer.seconds < 15 for answer in heads_end), heads_end
    assert [answer.status for answer in bodies_end] == [status for *_, status in bodies]
    assert all(15 < answer.seconds < 30 for answer in bodies_end), bodies_end
    assert memory(installation.intake) - before < 8 * MB


@pytest.mark.parametrize("name", ["x-one", "x-{}"])
async def test_a_head_has_an_end(installation: Installation, name: str) -> None:
    fields = b"".join(f"{name.format(number)}: {'x' * 100}\r\n".encode() for number in range(2_000))
    answer = await pour(installation.intake, b"GET /healthz HTTP/1.1\r\nhost: x\r\n", fields, 20)
    # What is still on its way may take the answer from the sender; the end of the line it can't.
    assert answer.status in (0, 431)
    assert answer.seconds < 5


async def test_requests_sent_without_waiting_for_answers_have_an_end(installation: Installation) -> None:
    before = memory(installation.intake)
    await pour(installation.intake, b"", b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" * 5_000, 1)
    assert memory(installation.intake) - before < 8 * MB
    async with asyncio.timeout(5):
        assert (await installation.http.get("/healthz")).status_code == 200
