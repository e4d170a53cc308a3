"""A broker for the tests of the escalator alone: what other tests leave in FACTS it would have to
decide on first.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab import Lab, lab_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Shared by the escalator's tests."""
    async with lab_in(tmp_path_factory.mktemp("escalator-lab"), mongo=False) as escalator_lab:
        yield escalator_lab
