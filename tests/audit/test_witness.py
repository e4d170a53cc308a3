"""A witness beside a real audit: what it cosigned is sealed, what contradicts it is refused and kept, and
nothing waits for it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymongo import MongoClient
from typer.testing import CliRunner

from fenghuo.commands.trail import app
from services.audit.checking import witnessed
from services.audit.checking.sources import TrailSource
from services.audit.records.record import Rec
from shared.secrets import SecretFile, signing_key
from shared.tlog import cosignature, layout, merkle, note
from shared.tlog import proof as tlog_proof
from shared.tlog.checkpoint import Checkpoint, head_of
from shared.tlog.cosignature import Witness
from shared.tlog.merkle import Edge, leaf_hash
from shared.tlog.note import Signer
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of, store_of
from tests.audit.witness_given import RunningWitness
from tests.lab import Lab, Running, lab_in, until

_, STRANGER = cosignature.make_key("stranger.example/w9")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Watched:
    lab: Lab
    audit: Running
    witness: RunningWitness
    running: Running

    async def state(self) -> dict[str, Any]:
        async with httpx2.AsyncClient() as client:
            return (
                await client.get(
                    f"{self.audit.url}/api/v1/trail/state", headers=self.lab.bearer(Role.AUDITOR)
                )
            ).json()

    async def record(self, count: int) -> int:
        case = new_case()
        async with self.lab.connection("admin") as connection:
            return await publish(connection, reported(case), *(acknowledged(case) for _ in range(count - 1)))

    async def run(self, *arguments: str) -> tuple[int, str]:
        env = {
            "FENGHUO_AUDIT_URL": self.audit.url,
            "FENGHUO_TOKEN": self.lab.token(Role.AUDITOR),
            "FENGHUO_DATA_DIR": str(self.lab.folder),
        }
        done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], env=env)
        return done.exit_code, done.output

    async def sealed(self, last: int) -> None:
        async def covered() -> bool:
            return bool(((await self.state())["sealed"] or 0) >= last)

        await until(covered, what=f"{last} sealed; {self.running.log} {self.audit.log}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """Shared by all; the last tests stop it."""
    folder = tmp_path_factory.mktemp("witnessed")
    async with lab_in(folder) as lab:
        witness = RunningWitness(folder / "witness", lab)
        running = await witness.start()
        audit = await lab.start_service(
            "audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_WITNESSES=f"{witness.url} {witness.vkey}"
        )
        yield Watched(lab, audit, witness, running)


async def test_what_a_witness_cosigned_is_sealed_and_its_proofs_say_so(
    watched: Watched, tmp_path: Path
) -> None:
    last = await watched.record(40)
    await watched.sealed(last)
    url, key = watched.audit.url, Witness.read(watched.witness.vkey)
    async with httpx2.AsyncClient(base_url=url) as client:
        # A proof file carries the cosigned checkpoint and the record, and needs nobody to be checked.
        proof = tlog_proof.parse(
            (await client.get("/api/v1/trail/proof/inclusion.tlog-proof", params={"index": 7})).content
        )
        signed = note.parse(proof.note.encode())
        assert list(cosignature.cosigned(signed, [key])) == [key.id]
        assert proof.extra is not None
        head = head_of(signed.text)
        merkle.verify_inclusion(
            proof.index, head.size, merkle.leaf_hash(proof.extra), proof.hashes, head.root
        )
        page = (await client.get("/api/v1/trail/entries/7", headers=watched.lab.bearer(Role.AUDITOR))).json()
        assert (page["entry"]["sealed"], page["proof"]["sealed"]) == (True, True)
        served = (await client.get("/api/v1/trail/checkpoint/sealed")).content
        assert list(cosignature.cosigned(note.parse(served), [key])) == [key.id]
    file = tmp_path / "7.tlog-proof"
    for arguments, code in (
        (("proof", "7", "--to", str(file), "--witness", watched.witness.vkey), 0),
        (("verify-proof", str(file), "--witness", watched.witness.vkey), 0),
        (("verify-proof", str(file), "--witness", STRANGER), 4),
        (("verify", "--witness", watched.witness.vkey), 0),
        (("verify", "--witness", STRANGER), 4),
        (("verify", "--witness", watched.witness.vkey, "--quorum", "2"), 2),
        (("export", "--to", str(tmp_path / "export")), 0),
        (("verify", "--dir", str(tmp_path / "export"), "--witness", watched.witness.vkey), 0),
    ):
        assert (await watched.run(*arguments))[0] == code, arguments
    file.write_text(file.read_text().replace("index 7", "index 8"))
    assert (await watched.run("verify-proof", str(file)))[0] == 1


async def test_a_receipt_is_answered_with_a_proof_of_what_it_names_and_of_nothing_else(
    watched: Watched, tmp_path: Path
) -> None:
    await watched.sealed(await watched.record(2))
    async with httpx2.AsyncClient() as client:
        tile = await client.get(f"{watched.audit.url}/tile/entries/000.p/3")
    rec = Rec.read(layout.bundle_records(tile.content, 3)[2])
    key = signing_key(watched.lab.secrets, SecretFile.RECEIPT_SIGNING)
    claims = {
        "iss": "fenghuo-intake", "fact": rec.message_id, "kind": "reported", "stream": rec.stream, "sequence": rec.sequence,
        "time": rec.broker, "sha256": "0" * 64, "case": rec.case,
    }  # fmt: skip
    for wrong, code in (
        ({}, 0),
        ({"fact": "another"}, 1),
        ({"sequence": 2}, 1),
        ({"time": "2026-11-01T00:00:00Z"}, 1),
    ):
        file = tmp_path / "receipt"
        file.write_text(jwt.encode({**claims, **wrong}, key, algorithm="EdDSA"))
        assert (await watched.run("proof", "--receipt", str(file)))[0] == code, wrong
    file.write_text(jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA"))
    assert (await watched.run("proof", "--receipt", str(file)))[0] == 1


async def test_records_go_on_while_the_witness_is_down_and_are_sealed_when_it_is_back(
    watched: Watched,
) -> None:
    await watched.sealed(await watched.record(5))
    watched.running.kill()
    last = await watched.record(20)

    async def recorded() -> bool:
        state = await watched.state()
        return bool(state["size"] >= last and state["sealed"] < last)

    await until(recorded)
    watched.running = await watched.witness.start()
    await watched.sealed(last)


async def test_a_log_that_forks_is_refused_and_both_its_statements_are_kept(watched: Watched) -> None:
    """Another tree, signed with the same key."""
    watched.audit.stop()
    size = watched.witness.size()
    stolen = Signer.read((watched.lab.secrets / SecretFile.TRAIL_SIGNING).read_text())
    edge = Edge()
    for index in range(size):
        edge.append(leaf_hash(b"forged %d" % index))
    forged = Checkpoint(stolen.name, size, edge.root(), _now()).sign(stolen).write()
    async with httpx2.AsyncClient(base_url=watched.witness.url) as client:
        answer = await client.post("/add-checkpoint", content=cosignature.add_checkpoint(size, [], forged))
        assert answer.status_code == 409
        edge.append(leaf_hash(b"and on"))
        forged = Checkpoint(stolen.name, size + 1, edge.root(), _now()).sign(stolen).write()
        answer = await client.post(
            "/add-checkpoint", content=cosignature.add_checkpoint(size, [bytes(32)] * 9, forged)
        )
        assert answer.status_code in (409, 422)
    (file,) = watched.witness.evidence()
    assert "split_view" in file.name
    assert file.read_text().count(f"\n{stolen.name}\n{size}\n") == 2, "both statements, word for word"


async def test_a_forged_trail_signed_with_the_stolen_key_is_found_by_its_witness(watched: Watched) -> None:
    """Whole in itself: records, tiles and checkpoint made anew. Only what the witness signed shows it."""
    client: MongoClient[dict[str, Any]] = MongoClient(watched.lab.mongo_url)
    store = client["fenghuo_trail"]
    key, witness = key_of(watched.lab), Witness.read(watched.witness.vkey)
    async with store_of(watched.lab) as source:
        assert (await seen_so(source, key, witness)).is_met
    size = forge(watched.lab, store)
    async with store_of(watched.lab) as source:
        found = await seen_so(source, key, witness)
    assert not found.is_met
    assert any(
        f"the first {size} records are not those discipline.example/w1 cosigned" in words
        for words in found.faults
    ), found
    store["cosignatures"].delete_many({})
    async with store_of(watched.lab) as source:
        found = await seen_so(source, key, witness)
    assert (found.is_met, found.faults) == (False, ()), (
        "without cosignatures it is no longer said to be witnessed"
    )
    client.close()


async def seen_so(source: TrailSource, key: note.Verifier, witness: Witness) -> witnessed.Witnessed:
    sealed = await source.sealed_checkpoint(1)
    return await witnessed.check(source, key, [witness], 1, sealed=sealed)


def forge(lab: Lab, store: Any) -> int:
    """Another leaf 3, and all above it; signed. The old checkpoints but one stay, so that the true
    cosignatures have theirs.
    """
    edge = Edge()
    docs = sorted(store["entries"].find(), key=lambda doc: doc["_id"])
    for doc in docs:
        edge.append(leaf_hash(b"forged") if doc["_id"] == 3 else bytes(doc["leaf"]))
    store["entries"].delete_one({"_id": 3})
    store["entries"].insert_one({**docs[3], "leaf": leaf_hash(b"forged")})
    stolen = Signer.read((lab.secrets / SecretFile.TRAIL_SIGNING).read_text())
    last = max(store["checkpoints"].find({}, {"_id": 1}), key=lambda doc: doc["_id"])["_id"]
    note_ = Checkpoint(stolen.name, len(docs), edge.root(), _now()).sign(stolen).write()
    store["checkpoints"].insert_one(
        {
            "_id": last + 1,
            "size": len(docs),
            "root": edge.root(),
            "time": "2026-11-24T00:00:00Z",
            "note": note_,
        }
    )
    return len(docs)


async def test_a_witness_killed_before_it_answered_promises_nothing_else(
    tmp_path: Path, watched: Watched
) -> None:
    """Its state says what it was about to promise; asked again it says so, and cosigns that one alone."""
    witness = RunningWitness(tmp_path / "dying", watched.lab)
    dying = await witness.start(sys.executable, "-m", "tests.audit.dying_witness", str(witness.folder))
    signer = Signer.read((watched.lab.secrets / SecretFile.TRAIL_SIGNING).read_text())

    def checkpoint(seed: bytes) -> bytes:
        edge = Edge()
        for index in range(5):
            edge.append(leaf_hash(seed + bytes([index])))
        return cosignature.add_checkpoint(
            0, [], Checkpoint(signer.name, 5, edge.root(), _now()).sign(signer).write()
        )

    first, other = checkpoint(b"a"), checkpoint(b"b")
    async with httpx2.AsyncClient(base_url=witness.url) as client:
        try:
            await client.post("/add-checkpoint", content=first)
            raise AssertionError("it answered")
        except httpx2.HTTPError:
            await until(lambda: dying.process.poll() is not None)
        await witness.start()
        assert (await client.post("/add-checkpoint", content=other)).status_code == 409
        again = await client.post("/add-checkpoint", content=first)
        assert (again.status_code, again.text) == (409, "5\n")
        assert (
            await client.post("/add-checkpoint", content=first.replace(b"old 0", b"old 5"))
        ).status_code == 200
        assert (
            await client.post("/add-checkpoint", content=other.replace(b"old 0", b"old 5"))
        ).status_code == 409
    assert len(witness.evidence()) == 1
