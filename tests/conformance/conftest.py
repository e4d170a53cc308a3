"""The one place of this package that knows the log and the witness: it starts them, and hands out their
addresses and keys.
"""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from fenghuo import embedded
from fenghuo.witness.folder import Folder
from shared.secrets import SecretFile
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.conformance.made_log import MadeLog
from tests.conformance.verifier.log import Monitor
from tests.conformance.verifier.note import Key
from tests.conformance.verifier.witness import Witness
from tests.lab import ROOT, Lab, lab_in, until

MADE_LOGS = [MadeLog(f"log{n}.example/trail", 300, seed=10 + n) for n in range(9)]
"""One for each test of the witness."""
BURSTS = (0, 3, 250, 1, 90, 256)
"""Together more than two full tiles; each burst has a checkpoint of its own, and so has the empty log."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def log_lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Of its own: hundreds of entries more would slow tests that walk the shared log."""
    async with lab_in(tmp_path_factory.mktemp("log")) as lab:
        yield lab


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def monitor(log_lab: Lab, asked_witness: Witness) -> AsyncIterator[Monitor]:
    """A monitor that saw the log grow from nothing, burst by burst. The log asks a witness for each
    checkpoint.
    """
    lab = log_lab
    witnesses = f"{asked_witness.http.base_url} {asked_witness.key.vkey}"
    service = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.05S", FENGHUO_WITNESSES=witnesses)
    vkey = httpx2.get(f"{service.url}/api/v1/trail/vkey").text.strip()
    key = Key.read(vkey)
    monitor = Monitor(service.url, key.name, [key], [asked_witness.key])
    async with lab.connection("admin") as connection, monitor.http:
        for burst in BURSTS:
            case = new_case()
            last = await publish(
                connection, *(acknowledged(case) if number else reported(case) for number in range(burst))
            )

            async def covered(last: int = last) -> bool:
                answer = await monitor.http.get("checkpoint")
                return answer.status_code == 200 and (await monitor.checkpoint()).checkpoint.size >= last

            await until(covered, what=f"a checkpoint of {last}")
            await monitor.grow()
        yield monitor
    assert service.stop() == 0, service.log.read_text()[-2000:]


@pytest.fixture(scope="package")
def auditor(log_lab: Lab) -> dict[str, str]:
    """The headers of one who may ask more than the open read path."""
    return log_lab.bearer(Role.AUDITOR)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def witness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Witness]:
    """A witness of the made logs."""
    async with witness_of([made.vkey for made in MADE_LOGS], tmp_path_factory.mktemp("witness")) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def asked_witness(tmp_path_factory: pytest.TempPathFactory, log_lab: Lab) -> AsyncIterator[Witness]:
    """A witness that the running log asks."""
    vkey = (log_lab.secrets / SecretFile.TRAIL_VERIFY).read_text()
    async with witness_of([vkey], tmp_path_factory.mktemp("witness")) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def log_witness(tmp_path_factory: pytest.TempPathFactory, log_lab: Lab) -> AsyncIterator[Witness]:
    """A witness of the running log, which the log does not know of."""
    vkey = (log_lab.secrets / SecretFile.TRAIL_VERIFY).read_text()
    async with witness_of([vkey], tmp_path_factory.mktemp("witness")) as one:
        yield one


@asynccontextmanager
async def witness_of(logs: Sequence[str], path: Path) -> AsyncIterator[Witness]:
    """It knows none of the logs' addresses: they come to it."""
    folder, port = Folder(path / "held"), embedded.free_port()
    for vkey in logs:
        folder.init("witness.example/w1", vkey, "", listen=f"127.0.0.1:{port}", webhook="", now=0)
    command = [sys.executable, "-m", "fenghuo", "witness", "run", "--folder", str(folder.path)]
    process = embedded.start(command, log=path / "witness.log", cwd=ROOT)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:

            async def serves() -> bool:
                assert process.poll() is None, (path / "witness.log").read_text()[-2000:]
                try:
                    return (await http.get("healthz")).status_code == 200
                except httpx2.TransportError:
                    return False

            await until(serves, what="the witness serves")
            yield Witness(http, Key.read(folder.cosigner().vkey))
    finally:
        assert embedded.stop(process) == 0


_untouched = iter(MADE_LOGS)


@pytest.fixture
def log() -> MadeLog:
    """One that the witness follows and has seen nothing of."""
    return next(_untouched)
