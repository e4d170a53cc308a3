"""One running system for the stories that need it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.stories.live import Live, live_in


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with live_in(tmp_path_factory.mktemp("live")) as one:
        yield one
