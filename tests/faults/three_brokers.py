"""Three brokers as one cluster under config/nats.conf, for what one broker can't show."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fenghuo import embedded
from fenghuo.bootstrap import make_secrets, public_nkeys
from fenghuo.sources import SourceKeys
from shared.directory import load_directory
from shared.secrets import nkey_file
from shared.settings import Settings
from tests.lab import ROOT, until

NAMES = ("a", "b", "c")


class ThreeBrokers:
    """`brokers` by name, each with a folder and ports of its own."""

    def __init__(self, folder: Path, sync: str = "2m") -> None:
        self.folder, self.secrets, self.sync = folder, folder / "secrets", sync
        ports = iter(embedded.free_ports(3 * len(NAMES)))
        self.clients, self.monitors, self.routes = ({name: next(ports) for name in NAMES} for _ in range(3))
        self.brokers: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return ",".join(f"nats://127.0.0.1:{port}" for port in self.clients.values())

    def settings(self, user: str, replicas: int = 1) -> Settings:
        return Settings(
            nats_url=self.url,
            nats_credentials=self.secrets / nkey_file(user),
            data_dir=self.folder,
            replicas=replicas,
        )

    async def start(self) -> None:
        make_secrets(self.secrets)
        SourceKeys(self.secrets).add_missing(
            load_directory(ROOT / "config" / "directory.yaml"), datetime.now(UTC)
        )
        for name in NAMES:
            self.start_broker(name)
        for monitor in self.monitors.values():
            await until(lambda monitor=monitor: embedded.nats_answers(monitor), what="the cluster is healthy")

    def start_broker(self, name: str) -> None:
        others = ", ".join(f"nats://127.0.0.1:{port}" for other, port in self.routes.items() if other != name)
        cluster = f"cluster {{ name: fenghuo, listen: 127.0.0.1:{self.routes[name]}, routes: [{others}] }}"
        conf = self.secrets / f"{name}.conf"
        conf.write_text(f"{embedded.NATS_CONF.read_text()}\n{cluster}\n")
        data = self.folder / f"nats-{name}"
        data.mkdir(exist_ok=True)
        command = [
            embedded.nats_server_path(),
            "-c",
            str(conf),
            "-a",
            "127.0.0.1",
            "-p",
            str(self.clients[name]),
        ]
        command += ["-m", str(self.monitors[name]), "-sd", str(data)]
        env = {
            **embedded.nats_env(public_nkeys(self.secrets)),
            "FENGHUO_NATS_NAME": f"fenghuo-{name}",
            "FENGHUO_NATS_SYNC": self.sync,
        }
        self.brokers[name] = embedded.start(command, log=self.folder / f"{name}.log", env=env)

    def close(self) -> None:
        for broker in self.brokers.values():
            embedded.stop(broker)


@asynccontextmanager
async def three_brokers(folder: Path) -> AsyncIterator[ThreeBrokers]:
    cluster = ThreeBrokers(folder)
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.close()
