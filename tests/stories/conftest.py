"""One running system for the stories that need it."""

from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio

from shared.vocabulary import Language, Role
from tests.stories.live import Live, live_in
from tests.stories.plain_words import faults_in


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with live_in(tmp_path_factory.mktemp("live")) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def trail(live: Live) -> AsyncIterator[httpx2.AsyncClient]:
    """The audit of the same installation, as an auditor asks it."""
    live.lab.start_mongo()
    audit = await live.lab.start_service("audit")
    async with httpx2.AsyncClient(
        base_url=audit.url, headers=live.lab.bearer(Role.AUDITOR), timeout=20
    ) as one:
        yield one


@pytest.fixture(autouse=True)
def plain_words(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a live story has people told, the machine's words are not among it."""
    yield
    if "live" in request.fixturenames:
        live: Live = request.getfixturevalue("live")
        for message in live.told_since_last_asked():
            faults = faults_in(message.text, Language(message.data["language"]), live.written)
            assert not faults, f"{faults} in {message.text!r}"
