"""The real thing for tests: the broker under its real permissions, the real store, services as processes;
nothing is left behind.
"""

import asyncio
import inspect
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx2
import psutil
from nats.aio.client import Client

from fenghuo import embedded
from fenghuo.bootstrap import declare_streams, make_secrets, public_nkeys
from fenghuo.broker_reload import reload
from fenghuo.sources import SourceKeys
from shared import tokens
from shared.broker.connection import connect
from shared.directory import load_directory
from shared.ids import PersonId, UnitId
from shared.private_files import keep_private
from shared.secrets import SecretFile, nkey_file, signing_key
from shared.settings import Settings
from shared.tokens import Principal
from shared.vocabulary import Role
from tests.forge import forge
from tests.servers import start_mongo, start_nats

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T] | T], *, seconds: float = 45.0, what: str = "") -> T:
    """Wait for a condition, never for luck: returns the first true answer, fails after `seconds`, which only
    says when to give up.
    """
    deadline = time.monotonic() + seconds
    last: T | None = None
    while time.monotonic() < deadline:
        answer = condition()
        last = await answer if inspect.isawaitable(answer) else cast(T, answer)
        if last:
            return last
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what or condition}; last answer {last!r}")


@contextmanager
def frozen(process: subprocess.Popen[bytes] | None) -> Iterator[None]:
    """Stands still meanwhile. The signal is on its way for a moment: until then it answers."""
    assert process is not None
    stopped = psutil.Process(process.pid)
    stopped.suspend()
    try:
        while stopped.status() != psutil.STATUS_STOPPED:
            time.sleep(0.001)
        yield
    finally:
        stopped.resume()


OFFICES = (Role.DUTY_OFFICER, Role.LEADER, Role.SUPERVISOR)


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
            return httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False


class Lab:
    """One broker, one store and the services a test starts, in a folder of their own."""

    desk = "emergency_office"
    """The unit whose people act where a test names nobody."""

    def __init__(self, folder: Path, directory: Path | None = None, *, forged: bool = True) -> None:
        """`forged`: services share the memory of what they loaded; not where their memory is measured."""
        self.folder, self.forged = folder, forged
        self.secrets = folder / "secrets"
        self.nats_port, self.monitor_port, self.mongo_port = embedded.free_ports(3)
        self.nats_url = f"nats://127.0.0.1:{self.nats_port}"
        self.mongo_url = f"mongodb://127.0.0.1:{self.mongo_port}/?directConnection=true"
        self.nats: subprocess.Popen[bytes] | None = None
        self.mongo: subprocess.Popen[bytes] | None = None
        self.services: list[Running] = []
        self.policy = ROOT / "config" / "policy.yaml"
        self.directory = directory or ROOT / "config" / "directory.yaml"
        self.forms = ROOT / "config" / "forms.yaml"
        self.sources = SourceKeys(self.secrets)

    def settings(self, user: str, **more: Any) -> Settings:
        return Settings(
            nats_url=self.nats_url,
            nats_credentials=self.secrets / nkey_file(user),
            data_dir=self.folder,
            policy=self.policy,
            directory=self.directory,
            forms=self.forms,
            **more,
        )

    def ask_for_no_resolution(self) -> None:
        """From the next start of an escalator on: another person's approval alone puts a policy into force."""
        text = self.policy.read_text(encoding="utf-8")
        self.policy = self.folder / "policy-approved.yaml"
        self.policy.write_text(
            text.replace("in_force_only_if: resolution", "in_force_only_if: approved"), encoding="utf-8"
        )

    async def start(self, *, mongo: bool = True) -> None:
        keep_private()  # as the command does that starts an installation
        make_secrets(self.secrets)
        self.sources.add_missing(load_directory(self.directory), datetime.now(UTC))
        self.start_nats()
        if mongo:
            self.start_mongo()
        await declare_streams(self.settings("admin"))

    def start_nats(self) -> None:
        self.nats = start_nats(
            self.folder / "nats",
            self.secrets,
            port=self.nats_port,
            monitor=self.monitor_port,
            log=self.folder / "nats.log",
            public_keys=public_nkeys(self.secrets),
        )

    def reload(self) -> None:
        """Have the broker read the sources' keys anew."""
        assert reload(embedded.nats_pid_file(self.folder / "nats"), f"http://127.0.0.1:{self.monitor_port}")

    def start_mongo(self) -> None:
        self.mongo = start_mongo(self.folder / "mongo", port=self.mongo_port, log=self.folder / "mongo.log")

    def kill_nats(self) -> None:
        assert self.nats
        self.nats.kill()
        self.nats.wait()

    def stop_nats(self) -> None:
        """As an operator stops it: what it holds is on disk."""
        assert self.nats
        embedded.stop(self.nats)

    def kill_mongo(self) -> None:
        assert self.mongo
        self.mongo.kill()
        self.mongo.wait()

    def environment(self, user: str) -> dict[str, str]:
        return {
            "FENGHUO_NATS_URL": self.nats_url,
            "FENGHUO_NATS_CREDENTIALS": str(self.secrets / nkey_file(user)),
            "FENGHUO_NATS_MONITOR": f"http://127.0.0.1:{self.monitor_port}",
            "FENGHUO_MONGO_URL": self.mongo_url,
            "FENGHUO_DATA_DIR": str(self.folder),
            "FENGHUO_POLICY": str(self.policy),
            "FENGHUO_DIRECTORY": str(self.directory),
            "FENGHUO_FORMS": str(self.forms),
            "FENGHUO_LOG_FORMAT": "json",
        }

    async def start_service(
        self, name: str, *, command: list[str] | None = None, wait: bool = True, **env: str
    ) -> Running:
        """Start `python -m services.<name>` (or `command`) and wait until it says it is ready."""
        port = embedded.free_port()
        log = self.folder / f"{name}-{len(self.services)}.log"
        process = self._start(
            command or [sys.executable, "-m", f"services.{name}"],
            log,
            {**self.environment(name), "FENGHUO_HTTP_PORT": str(port), **env},
        )
        running = Running(name, process, port, log)
        self.services.append(running)
        if wait:

            def ready_or_dead() -> bool:
                if process.poll() is not None:
                    raise AssertionError(
                        f"{name} ended with {process.returncode}:\n{log.read_text()[-3000:]}"
                    )
                return running.is_ready()

            await until(ready_or_dead, what=f"{name} ready; its log: {log}")
        return running

    def _start(self, command: list[str], log: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
        if self.forged and command[:2] == [sys.executable, "-m"]:
            return forge().start(*command[2:], log=log, env=env)
        return embedded.start(command, log=log, env=env, cwd=ROOT)

    @asynccontextmanager
    async def connection(self, user: str) -> AsyncIterator[Client]:
        client = await connect(self.settings(user), user, timeout=10)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def source(self, source: str) -> AsyncIterator[Client]:
        """A connection with the key of a source of the directory."""
        settings = self.settings("admin").model_copy(update={"nats_credentials": self.sources.seed(source)})
        client = await connect(settings, source, timeout=10)
        try:
            yield client
        finally:
            await client.close()

    def token(
        self, role: Role, *, person: str | None = None, unit: str | None = None, subject: str | None = None
    ) -> str:
        """As `fenghuo token` issues it; where the test names neither person nor unit, an office's is of
        `desk`, which has the whole city, and a reporter's of the directory's first unit.
        """
        if person is None and unit is None and role in (*OFFICES, Role.REPORTER):
            unit = self.desk if role in OFFICES else _first_unit(self.directory)
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
        for service in self.services:  # all at once: each takes a moment
            if service.process.poll() is None:
                service.process.terminate()
        for service in self.services:
            embedded.stop(service.process)
        for process in (self.nats, self.mongo):
            if process is not None:
                embedded.stop(process)


@cache
def _first_unit(directory: Path) -> UnitId:
    return load_directory(directory).units[0].id


@asynccontextmanager
async def lab_in(folder: Path, *, mongo: bool = True, directory: Path | None = None) -> AsyncIterator[Lab]:
    """`directory`: another than the example's; its sources have keys."""
    lab = Lab(folder, directory)
    try:
        await lab.start(mongo=mongo)
        yield lab
    finally:
        lab.close()
