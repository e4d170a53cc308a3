"""The one place of this package that knows the log: it starts it, gives it facts, and hands out its URL prefix and its key."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.conformance.verifier.log import Monitor
from tests.conformance.verifier.note import Key
from tests.lab import Lab, lab_in, until

BURSTS = (0, 3, 250, 1, 90, 256)
"""Together more than two full tiles; each burst has a checkpoint of its own, and so has the empty log."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def log_lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Of its own: hundreds of entries more would slow tests that walk the shared log."""
    async with lab_in(tmp_path_factory.mktemp("log")) as lab:
        yield lab


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def monitor(log_lab: Lab) -> AsyncIterator[Monitor]:
    """A monitor that saw the log grow from nothing, burst by burst."""
    lab = log_lab
    service = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S")
    vkey = httpx.get(f"{service.url}/api/v1/trail/vkey").text.strip()
    key = Key.read(vkey)
    monitor = Monitor(service.url, key.name, [key])
    async with lab.connection("admin") as connection, monitor.http:
        for burst in BURSTS:
            case = new_case()
            last = await publish(connection, *(acknowledged(case) if number else reported(case) for number in range(burst)))

            async def covered(last: int = last) -> bool:
                answer = await monitor.http.get("checkpoint")
                return answer.status_code == 200 and (await monitor.checkpoint()).checkpoint.size >= last

            await until(covered, what=f"a checkpoint of {last}")
            await monitor.grow()
        yield monitor
    assert service.stop() == 0, service.log.read_text()[-2000:]


@pytest.fixture(scope="package")
def auditor(log_lab: Lab) -> dict[str, str]:
    """The headers of one who may ask more than the open read path."""
    return log_lab.bearer(Role.AUDITOR)
