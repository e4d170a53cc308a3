"""A service whose port another has taken ends, so that whoever started it hears of it: it does not live on deaf."""

import asyncio
import socket

import pytest

from tests.lab import Lab


@pytest.mark.parametrize("name", ["escalator", "notifier"])
async def test_a_service_without_its_port_ends(lab: Lab, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        service = await lab.start_service(name, wait=False, FENGHUO_HTTP_PORT=port)
        assert await asyncio.to_thread(service.process.wait, 30) != 0
    assert "address already in use" in service.log.read_text(encoding="utf-8")
