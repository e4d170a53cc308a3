"""The whole of Fenghuo for a measurement: broker, store, four services, and a gateway in this process that
only counts and stamps.
"""

import asyncio
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httptools
import psutil

from fenghuo.embedded import free_port
from services.notifier.posting import Poster
from shared.directory import Directory, load_directory
from shared.vocabulary import Role
from tests.lab import Lab, Running

SERVICES = ("audit", "escalator", "notifier", "intake")
UNPACED = {
    f"FENGHUO_{what}_{how}": "1000000"
    for what in ("REPORTS", "REQUESTS", "STRANGERS")
    for how in ("PER_SECOND", "AT_ONCE")
}
_CASE = re.compile(rb'"case":"([0-9A-Z]{26})"')


class Gateway:
    """Takes every webhook and remembers when each case's notifications came. Bare on purpose: it shares two
    cores with what it measures.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.arrivals: dict[str, list[float]] = defaultdict(list)

    def taken(self, body: bytes) -> bool:
        """Whether it is answered."""
        if found := _CASE.search(body):
            self.arrivals[found[1].decode()].append(time.time())
        return True

    def connection(self) -> asyncio.Protocol:
        return _GatewayConnection(self)


class _GatewayConnection(asyncio.Protocol):
    _ANSWER = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n" + b'{"id":"g"}'
    )

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._body = b""
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._gateway.taken(self._body):
            self._transport.write(self._ANSWER)
        self._body = b""


class Rig:
    def __init__(self, lab: Lab, gateway: Gateway, services: dict[str, Running]) -> None:
        self.lab, self.gateway, self.services = lab, gateway, services
        self.directory: Directory = load_directory(lab.directory)

    def form(self, learned_at: datetime | None = None, **changes: Any) -> dict[str, Any]:
        at = (learned_at or datetime.now(UTC)).isoformat()
        unit = self.directory.units[-1]
        known = {
            "kind": "incident",
            "category": "accident",
            "level": "II",
            "unit": unit.id,
            "area": unit.area,
        }
        return (
            known
            | {"occurred_at": at, "learned_at": at, "summary": "压测：某厂区起火 fire at a plant (bench)"}
            | changes
        )

    def reporter(self) -> tuple[Poster, dict[str, str]]:
        """Kept-open connections to intake, and the headers of one who may report."""
        return Poster(
            f"{self.services['intake'].url}/api/v1/reports", at_once=64, private=True
        ), self.lab.bearer(Role.REPORTER, subject="bench", unit=self.directory.units[-1].id)

    def memory(self) -> dict[str, tuple[float, float]]:
        """(RSS, PSS) in MB of each service."""
        found: dict[str, tuple[float, float]] = {}
        for name, service in self.services.items():
            info = psutil.Process(service.process.pid).memory_full_info()
            found[name] = (info.rss / 1e6, info.pss / 1e6)
        return found

    def cpu_seconds(self) -> dict[str, float]:
        pids = {name: service.process.pid for name, service in self.services.items()}
        assert self.lab.nats
        assert self.lab.mongo
        pids |= {"nats-server": self.lab.nats.pid, "store": self.lab.mongo.pid, "bench": psutil.Process().pid}
        return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}


def _channels(folder: Path, channels: tuple[str, ...], port: int) -> Path:
    """A channel file whose every channel leads to the counting gateway."""
    lines = ["channels:"]
    for channel in channels:
        lines += [f"  {channel}: {{kind: webhook, url: http://127.0.0.1:{port}/{channel}, private: true}}"]
    path = folder / "channels.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@asynccontextmanager
async def rig(
    policy: str | None = None, channels: tuple[str, ...] = ("voice", "sms"), *, paced: bool = False
) -> AsyncGenerator[Rig]:
    """Everything up. `policy`: another text than config/policy.yaml; `channels`: what the policy rings by;
    `paced`: one principal may come as often as it may in life, else as often as the measurement likes.
    """
    gateway = Gateway()
    server = await asyncio.get_running_loop().create_server(gateway.connection, "127.0.0.1", gateway.port)
    with tempfile.TemporaryDirectory(prefix="fenghuo-bench-") as name:
        lab = Lab(Path(name), forged=False)
        text = policy or lab.policy.read_text(encoding="utf-8")
        text = text.replace("channels: [voice, sms]", f"channels: [{', '.join(channels)}]")
        lab.policy = Path(name) / "policy.yaml"
        lab.policy.write_text(text, encoding="utf-8")
        try:
            await lab.start()
            channel_file = _channels(Path(name), ("voice", "sms", "chat", "email"), gateway.port)
            env = {"FENGHUO_CHANNELS": str(channel_file), **({} if paced else UNPACED)}
            services = {one: await lab.start_service(one, command=None, wait=True, **env) for one in SERVICES}
            yield Rig(lab, gateway, services)
        finally:
            lab.close()
            server.close()


@asynccontextmanager
async def broker_alone() -> AsyncGenerator[Lab]:
    """A broker of its own and nothing else."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-bench-") as name:
        lab = Lab(Path(name))
        try:
            await lab.start(mongo=False)
            yield lab
        finally:
            lab.close()


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")
