"""Intake as a process on the shared broker, and what its tests need to speak to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from tests.lab import Lab, Running, lab_in

DIRECTORY = Path(__file__).parent.parent / "data" / "directory.yaml"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A broker beside the shared one: who is who belongs to a broker, and here it is the small directory."""
    async with lab_in(tmp_path_factory.mktemp("intake"), mongo=False, directory=DIRECTORY) as one:
        one.desk = "city"
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def intake(lab: Lab) -> AsyncIterator[Running]:
    """One intake for all tests that do not break it. No escalator: where a decision matters, the test makes
    it.
    """
    running = await lab.start_service(
        "intake",
        FENGHUO_DIRECTORY=str(DIRECTORY),
        FENGHUO_DUTIES_WAIT="PT0.3S",
        FENGHUO_REPORTS_AT_ONCE="1000",
    )
    yield running
    running.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http(intake: Running) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=intake.url, timeout=15) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(lab: Lab) -> AsyncIterator[httpx2.AsyncClient]:
    """A second intake beside the first, that waits long enough for a decision made by the test."""
    running = await lab.start_service(
        "intake",
        FENGHUO_DIRECTORY=str(DIRECTORY),
        FENGHUO_DUTIES_WAIT="PT15S",
        FENGHUO_REPORTS_AT_ONCE="1000",
    )
    async with httpx2.AsyncClient(base_url=running.url, timeout=30) as client:
        yield client
    running.stop()
