"""The real thing for tests: the broker under its real permissions, the real store, services as processes; nothing is left behind."""

import asyncio
import inspect
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx
from nats.aio.client import Client

from fenghuo import embedded
from fenghuo.bootstrap import declare_streams, make_secrets, public_nkeys
from shared import tokens
from shared.broker import connect
from shared.ids import PersonId, UnitId
from shared.secrets import SecretFile, nkey_file, signing_key
from shared.settings import Settings
from shared.tokens import Principal
from shared.vocabulary import Role

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T] | T], *, seconds: float = 15.0, what: str = "") -> T:
    """Wait for a condition, never for luck: returns the first true answer, fails after `seconds`."""
    deadline = time.monotonic() + seconds
    last: T | None = None
    while time.monotonic() < deadline:
        answer = condition()
        last = await answer if inspect.isawaitable(answer) else cast(T, answer)
        if last:
            return last
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what or condition}; last answer {last!r}")


class Running:
    """A service as a process of its own."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.name, self.process, self.port, self.log = name, process, port, log
        self.url = f"http://127.0.0.1:{port}"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        return embedded.stop(self.process, patience=20)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


class Lab:
    """One broker, one store and the services a test starts, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets = folder / "secrets"
        self.nats_port, self.monitor_port, self.mongo_port = (embedded.free_port() for _ in range(3))
        self.nats_url = f"nats://127.0.0.1:{self.nats_port}"
        self.mongo_url = f"mongodb://127.0.0.1:{self.mongo_port}/?directConnection=true"
        self.nats: subprocess.Popen[bytes] | None = None
        self.mongo: subprocess.Popen[bytes] | None = None
        self.services: list[Running] = []
        self.policy = ROOT / "config" / "policy.yaml"
        self.directory = ROOT / "config" / "directory.yaml"

    def settings(self, user: str, **more: Any) -> Settings:
        return Settings(
            nats_url=self.nats_url,
            nats_credentials=self.secrets / nkey_file(user),
            data_dir=self.folder,
            policy=self.policy,
            directory=self.directory,
            **more,
        )

    async def start(self, *, mongo: bool = True) -> None:
        make_secrets(self.secrets)
        self.start_nats()
        if mongo:
            self.start_mongo()
        await declare_streams(self.settings("admin"))

    def start_nats(self) -> None:
        self.nats = embedded.start_nats(
            self.folder / "nats",
            port=self.nats_port,
            monitor=self.monitor_port,
            log=self.folder / "nats.log",
            public_keys=public_nkeys(self.secrets),
        )

    def start_mongo(self) -> None:
        self.mongo = embedded.start_mongo(self.folder / "mongo", port=self.mongo_port, log=self.folder / "mongo.log")

    def kill_nats(self) -> None:
        assert self.nats
        self.nats.kill()
        self.nats.wait()

    def kill_mongo(self) -> None:
        assert self.mongo
        self.mongo.kill()
        self.mongo.wait()

    def environment(self, user: str) -> dict[str, str]:
        return {
            "FENGHUO_NATS_URL": self.nats_url,
            "FENGHUO_NATS_CREDENTIALS": str(self.secrets / nkey_file(user)),
            "FENGHUO_MONGO_URL": self.mongo_url,
            "FENGHUO_DATA_DIR": str(self.folder),
            "FENGHUO_POLICY": str(self.policy),
            "FENGHUO_DIRECTORY": str(self.directory),
            "FENGHUO_LOG_FORMAT": "json",
        }

    async def start_service(self, name: str, *, command: list[str] | None = None, wait: bool = True, **env: str) -> Running:
        """Start `python -m services.<name>` (or `command`) and wait until it says it is ready."""
        port = embedded.free_port()
        log = self.folder / f"{name}-{len(self.services)}.log"
        process = embedded.start(
            command or [sys.executable, "-m", f"services.{name}"],
            log=log,
            env={**self.environment(name), "FENGHUO_HTTP_PORT": str(port), **env},
            cwd=ROOT,
        )
        running = Running(name, process, port, log)
        self.services.append(running)
        if wait:

            def ready_or_dead() -> bool:
                if process.poll() is not None:
                    raise AssertionError(f"{name} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
                return running.is_ready()

            await until(ready_or_dead, seconds=30, what=f"{name} ready; its log: {log}")
        return running

    @asynccontextmanager
    async def connection(self, user: str) -> AsyncIterator[Client]:
        client = await connect(self.settings(user), user, timeout=10)
        try:
            yield client
        finally:
            await client.close()

    def token(self, role: Role, *, person: str | None = None, unit: str | None = None, subject: str | None = None) -> str:
        principal = Principal(
            subject=subject or person or f"test-{role}",
            role=role,
            person=PersonId(person) if person else None,
            unit=UnitId(unit) if unit else None,
        )
        key = signing_key(self.secrets, SecretFile.TOKEN_SIGNING)
        return tokens.issue(key, principal, now=datetime.now(UTC), lasts=timedelta(hours=1))

    def bearer(self, role: Role, **who: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, **who)}"}

    def close(self) -> None:
        for service in self.services:
            embedded.stop(service.process)
        for process in (self.nats, self.mongo):
            if process is not None:
                embedded.stop(process)


@asynccontextmanager
async def lab_in(folder: Path, *, mongo: bool = True) -> AsyncIterator[Lab]:
    lab = Lab(folder)
    try:
        await lab.start(mongo=mongo)
        yield lab
    finally:
        lab.close()
