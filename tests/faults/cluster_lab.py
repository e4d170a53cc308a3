"""An installation on three brokers: every stream and bucket in three copies; the broker that is killed is
another one each time.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

from fenghuo import embedded
from fenghuo.bootstrap import declare_streams
from shared.private_files import keep_private
from tests.faults.three_brokers import NAMES, ThreeBrokers
from tests.lab import Lab


class ClusterLab(Lab):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cluster = ThreeBrokers(folder)
        self.nats_url = self.cluster.url
        self._next = cycle(NAMES)
        self._dead: str | None = None

    async def start(self, *, mongo: bool = True) -> None:
        keep_private()
        await self.cluster.start()
        if mongo:
            self.start_mongo()
        await declare_streams(self.settings("admin", replicas=len(NAMES)), timeout=60)

    def kill_nats(self) -> None:
        self._dead = next(self._next)
        broker = self.cluster.brokers[self._dead]
        broker.kill()
        broker.wait()

    def start_nats(self) -> None:
        assert self._dead
        self.cluster.start_broker(self._dead)
        self._dead = None

    def environment(self, user: str) -> dict[str, str]:
        monitors = ",".join(f"http://127.0.0.1:{port}" for port in self.cluster.monitors.values())
        return {
            **super().environment(user),
            "FENGHUO_REPLICAS": str(len(NAMES)),
            "FENGHUO_NATS_MONITOR": monitors,
        }

    def close(self) -> None:
        for service in self.services:
            embedded.stop(service.process)
        self.cluster.close()
        if self.mongo is not None:
            embedded.stop(self.mongo)


@asynccontextmanager
async def cluster_lab_in(folder: Path) -> AsyncIterator[ClusterLab]:
    lab = ClusterLab(folder)
    try:
        await lab.start()
        yield lab
    finally:
        lab.close()
