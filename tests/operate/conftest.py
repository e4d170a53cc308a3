"""One installation for the tests that only look at it or hurt one part of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lab import until
from tests.operate.installation import Installation


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("installation"))
    installation.start()
    try:
        await until(installation.is_up, seconds=60, what="everything up")
        yield installation
    finally:
        installation.close()


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Not started."""
    return Installation(tmp_path)
