"""One whole installation for all attacks that leave it standing: broker, store, all four services, a
gateway.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_lab import GatewayLab
from services.escalator.policy.compress import compress
from tests.lab import Lab, Running, lab_in
from tests.notifier.conftest import start_notifier, webhook_key
from tests.stories.live import RATIO, Live


class Installation(Live):
    """`Live`, with every service at hand by name."""

    def __init__(
        self,
        lab: Lab,
        gateway: GatewayLab,
        http: httpx2.AsyncClient,
        *,
        intake: Running,
        escalator: Running,
        notifier: Running,
        audit: Running,
    ) -> None:
        super().__init__(lab, gateway, http)
        self.intake, self.escalator, self.notifier, self.audit = intake, escalator, notifier, audit


@asynccontextmanager
async def installation_in(folder: Path) -> AsyncIterator[Installation]:
    async with lab_in(folder) as lab, GatewayLab(webhook_key(lab)) as gateway:
        fast = folder / "policy.yaml"
        fast.write_text(compress(lab.policy.read_text(encoding="utf-8"), RATIO), encoding="utf-8")
        lab.policy = fast
        escalator = await lab.start_service("escalator")
        notifier = await start_notifier(
            lab, gateway, FENGHUO_DIRECTORY=str(lab.directory), FENGHUO_GATHER="PT0S"
        )
        audit = await lab.start_service("audit")
        intake = await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT5S")
        async with httpx2.AsyncClient(
            base_url=intake.url, timeout=timedelta(seconds=15).total_seconds()
        ) as http:
            yield Installation(
                lab, gateway, http, intake=intake, escalator=escalator, notifier=notifier, audit=audit
            )


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with installation_in(tmp_path_factory.mktemp("attacks")) as one:
        yield one
