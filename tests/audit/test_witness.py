"""A witness beside a real audit: what it cosigned is sealed, what contradicts it is refused and kept, and nothing waits for it."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from services.audit import cosign, note, tlog_proof
from services.audit.checkpoint import Checkpoint, head_of
from services.audit.cosign import Witness
from services.audit.merkle import Edge, leaf_hash
from services.audit.note import Signer
from shared.secrets import SecretFile
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.witness_given import RunningWitness
from tests.lab import Lab, Running, lab_in, until


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Watched:
    lab: Lab
    audit: Running
    witness: RunningWitness
    running: Running

    async def state(self) -> dict[str, Any]:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{self.audit.url}/api/v1/trail/state", headers=self.lab.bearer(Role.AUDITOR))).json()

    async def record(self, count: int) -> int:
        case = new_case()
        async with self.lab.connection("admin") as connection:
            return await publish(connection, reported(case), *(acknowledged(case) for _ in range(count - 1)))

    async def sealed(self, last: int) -> None:
        async def covered() -> bool:
            return bool(((await self.state())["sealed"] or 0) >= last)

        await until(covered, seconds=30, what=f"{last} sealed; {self.running.log} {self.audit.log}")


@pytest_asyncio.fixture(loop_scope="session")
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with lab_in(tmp_path / "lab") as lab:
        witness = RunningWitness(tmp_path / "witness", lab)
        running = await witness.start()
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_WITNESSES=f"{witness.url} {witness.vkey}")
        yield Watched(lab, audit, witness, running)


async def test_what_a_witness_cosigned_is_sealed_and_what_forks_from_it_is_refused(watched: Watched, tmp_path: Path) -> None:
    last = await watched.record(40)
    await watched.sealed(last)
    url, key = watched.audit.url, Witness.read(watched.witness.vkey)
    async with httpx.AsyncClient(base_url=url) as client:
        # A proof file carries the cosigned checkpoint and the record, and needs nobody to be checked.
        proof = tlog_proof.parse((await client.get("/api/v1/trail/proof/inclusion.tlog-proof", params={"index": 7})).content)
        signed = note.parse(proof.note.encode())
        assert list(cosign.cosigned(signed, [key])) == [key.id]
        assert proof.extra is not None
        proof.leads_from(proof.extra, head_of(signed.text))
        page = (await client.get("/api/v1/trail/entries/7", headers=watched.lab.bearer(Role.AUDITOR))).json()
        assert (page["entry"]["sealed"], page["proof"]["sealed"]) == (True, True)
        served = (await client.get("/api/v1/trail/checkpoint/sealed")).content
        assert list(cosign.cosigned(note.parse(served), [key])) == [key.id]
    # The log forks: another tree of a larger size, signed with the same key, the proof made for it.
    size = watched.witness.size()
    stolen = Signer.read((watched.lab.secrets / SecretFile.TRAIL_SIGNING).read_text())
    edge = Edge()
    for index in range(size):
        edge.append(leaf_hash(b"forged %d" % index))
    forged = Checkpoint(stolen.name, size, edge.root(), _now()).sign(stolen).write()
    async with httpx.AsyncClient(base_url=watched.witness.url) as client:
        answer = await client.post("/add-checkpoint", content=cosign.add_checkpoint(size, [], forged))
        assert answer.status_code == 409
        edge.append(leaf_hash(b"and on"))
        forged = Checkpoint(stolen.name, size + 1, edge.root(), _now()).sign(stolen).write()
        answer = await client.post("/add-checkpoint", content=cosign.add_checkpoint(size, [bytes(32)] * 9, forged))
        assert answer.status_code in (409, 422)
    (file,) = watched.witness.evidence()
    assert "split_view" in file.name
    assert file.read_text().count(f"\n{stolen.name}\n{size}\n") == 2, "both statements, word for word"


async def test_records_go_on_while_the_witness_is_down_and_are_sealed_when_it_is_back(watched: Watched) -> None:
    await watched.sealed(await watched.record(5))
    watched.running.kill()
    last = await watched.record(20)

    async def recorded() -> bool:
        state = await watched.state()
        return bool(state["size"] >= last and state["sealed"] < last)

    await until(recorded)
    watched.running = await watched.witness.start()
    await watched.sealed(last)


async def test_a_witness_killed_before_it_answered_promises_nothing_else(tmp_path: Path, watched: Watched) -> None:
    """Its state says what it was about to promise; asked again it says so, and cosigns that one alone."""
    watched.running.stop()
    watched.audit.stop()
    witness = RunningWitness(tmp_path / "dying", watched.lab)
    dying = await witness.start(sys.executable, "-m", "tests.audit.dying_witness", str(witness.folder))
    signer = Signer.read((watched.lab.secrets / SecretFile.TRAIL_SIGNING).read_text())

    def checkpoint(seed: bytes) -> bytes:
        edge = Edge()
        for index in range(5):
            edge.append(leaf_hash(seed + bytes([index])))
        return cosign.add_checkpoint(0, [], Checkpoint(signer.name, 5, edge.root(), _now()).sign(signer).write())

    first, other = checkpoint(b"a"), checkpoint(b"b")
    async with httpx.AsyncClient(base_url=witness.url) as client:
        try:
            await client.post("/add-checkpoint", content=first)
            raise AssertionError("it answered")
        except httpx.HTTPError:
            await until(lambda: dying.process.poll() is not None)
        await witness.start()
        assert (await client.post("/add-checkpoint", content=other)).status_code == 409
        again = await client.post("/add-checkpoint", content=first)
        assert (again.status_code, again.text) == (409, "5\n")
        assert (await client.post("/add-checkpoint", content=first.replace(b"old 0", b"old 5"))).status_code == 200
        assert (await client.post("/add-checkpoint", content=other.replace(b"old 0", b"old 5"))).status_code == 409
    assert len(witness.evidence()) == 1
