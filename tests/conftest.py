"""Fixtures: one lab for all tests that can share it, one of their own for those that break things."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lab import Lab, lab_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """The shared broker and store, no services. Tests tell their facts apart by their own case ids."""
    async with lab_in(tmp_path_factory.mktemp("lab")) as shared_lab:
        yield shared_lab


@pytest_asyncio.fixture(loop_scope="session")
async def own_lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A broker and a store that the test may kill."""
    async with lab_in(tmp_path) as one:
        yield one
