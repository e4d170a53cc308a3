"""Fixtures: one lab for all tests that can share it, one of their own for those that break things."""

import os
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import httpcore2
import pytest
import pytest_asyncio
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, LoadScopeScheduling

from tests.lab import Lab, lab_in

# A request gives up as late as `until` does: how long a shared machine takes to answer is not what these
# tests are about.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.write = (
    DEFAULT_TIMEOUT_CONFIG.pool
) = 30

# Each client, and each look whether a service is ready yet, would read the authorities of this machine anew: 20 ms
# of CPU, twenty times a second while something starts.
httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)

# A property is about what the code does; how long a shared machine takes to make an example is not. The suite
# tries the same examples at each run: one that fails fails for whoever changed something. New ones are looked
# for by `FENGHUO_HYPOTHESIS=random make test`.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("FENGHUO_HYPOTHESIS", "suite"))

ONE_INSTALLATION = ("attacks",)
"""Folders whose tests share one running installation."""

# No test cuts the power, and a sync of every write on a disk that three workers share takes 4 ms instead of a
# quarter: labs sync lazily. An installation as an operator starts it (tests/operate) has the product's own
# default.
os.environ.setdefault("FENGHUO_NATS_SYNC", "2m")


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


@pytest_asyncio.fixture(loop_scope="session")
async def frail_lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A broker that the test may kill, without a store."""
    async with lab_in(tmp_path, mongo=False) as one:
        yield one


class OneWorkerAnInstallation(LoadFileScheduling):
    """The tests of a file stay on one worker, and so do all of a folder that shares one running
    installation.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        folder = Path(file).parent
        return str(folder) if folder.name in ONE_INSTALLATION else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return OneWorkerAnInstallation(config, log)
