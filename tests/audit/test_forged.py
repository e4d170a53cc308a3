"""The whole store made anew with the stolen key, without a flaw in itself: found by whoever kept something,
and by nobody else.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient
from typer.testing import CliRunner

from fenghuo.bootstrap import note_key
from fenghuo.commands.trail import app
from services.audit.evidence.bundle.verify import check as check_bundle
from shared.secrets import SecretFile
from shared.tlog import cosignature, note
from shared.tlog.note import NoteError, Signer, Verifier
from shared.vocabulary import Role
from tests.audit.deeds import forge
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.witness_given import RunningWitness
from tests.lab import Lab, lab_in, until

SIZE = 300
VICTIM = 40


@dataclass
class Auditor:
    """Someone with a terminal and the store at hand. `cosigned` was kept with a witness's line, `bare`
    without.
    """

    lab: Lab
    witness: str
    cosigned: Path
    bare: Path

    async def verify(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """(exit code, JSON answer, stderr)"""
        env = {"FENGHUO_DATA_DIR": str(self.lab.folder), "FENGHUO_TOKEN": self.lab.token(Role.AUDITOR)}
        command = ["verify", "--mongo", self.lab.mongo_url, "--json", *arguments]
        done = await asyncio.to_thread(CliRunner().invoke, app, command, env=env)
        return done.exit_code, json.loads(done.stdout) if done.stdout else {}, done.stderr


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def auditor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Auditor]:
    """Kept while all was true; then record 40, all tiles and all checkpoints are made anew, and the
    cosignatures are gone.
    """
    folder = tmp_path_factory.mktemp("forged")
    async with lab_in(folder) as lab:
        witness = RunningWitness(folder / "witness", lab)
        await witness.start()
        audit = await lab.start_service(
            "audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_WITNESSES=f"{witness.url} {witness.vkey}"
        )
        async with lab.connection("admin") as connection:
            case = new_case()
            await publish(connection, reported(case), *(acknowledged(case) for _ in range(SIZE - 1)))
        await until(lambda: witness.size() == SIZE)
        one = Auditor(lab, witness.vkey, folder / "cosigned", folder / "bare")

        async def kept() -> bool:
            """The witness's line reaches the store a moment after it was given."""
            code, _, _ = await one.verify("--keep", str(one.cosigned), "--witness", witness.vkey)
            return code == 0 and len(note.parse(one.cosigned.read_bytes()).signatures) == 3

        await until(kept)
        text, *lines = one.cosigned.read_text().split("\n\N{EM DASH} ")
        one.bare.write_text("\n\N{EM DASH} ".join([text, *lines[:2]]) + "\n")
        audit.stop()
        client: MongoClient[dict[str, Any]] = MongoClient(lab.mongo_url)
        stolen = Signer.read((lab.secrets / SecretFile.TRAIL_SIGNING).read_text())
        client["fenghuo_trail"]["cosignatures"].delete_many({})
        client["fenghuo_trail"]["search"].delete_many({})
        forge(client, stolen, {VICTIM: {"ingested": "2026-11-01T00:00:00.000000Z"}})
        client.close()
        yield one


async def test_by_itself_it_holds_and_what_cannot_be_known_is_said(auditor: Auditor) -> None:
    code, verdict, errors = await auditor.verify()
    assert (code, verdict["holds"], verdict["checked"]) == (0, True, SIZE), errors
    (words,) = verdict["not_known"]
    assert "rests on the key of fenghuo.trail alone; whoever holds it can make a whole trail anew" in words
    assert "--witness" in words
    assert "--since" in words


async def test_a_checkpoint_kept_elsewhere_finds_it(auditor: Auditor) -> None:
    code, verdict, _ = await auditor.verify("--since", str(auditor.bare))
    assert (code, verdict["holds"], verdict["not_known"]) == (1, False, [])
    assert f"the first {SIZE} records are not those the earlier checkpoint" in verdict["faults"][0]["what"]


async def test_a_cosigned_one_finds_it_and_names_the_witness_though_the_store_has_forgotten_it(
    auditor: Auditor,
) -> None:
    code, verdict, _ = await auditor.verify("--since", str(auditor.cosigned), "--witness", auditor.witness)
    assert code == 1
    assert any(
        f"the first {SIZE} records are not those discipline.example/w1 cosigned" in fault["what"]
        for fault in verdict["faults"]
    )


async def test_without_anything_kept_the_witness_named_is_missed(auditor: Auditor) -> None:
    code, verdict, _ = await auditor.verify("--witness", auditor.witness)
    assert (code, verdict["faults"], verdict["witnessed"]["size"]) == (4, [], 0), (
        "whole in itself, and no longer seen by anyone"
    )
    assert "rests on the key of fenghuo.trail alone" in verdict["not_known"][0]


async def test_the_trails_own_key_is_not_taken_for_a_witness(auditor: Auditor) -> None:
    """Its clock line is a cosignature of the very form a witness gives."""
    skey = (auditor.lab.secrets / SecretFile.TRAIL_SIGNING).read_text()
    own = Signer.read(skey)
    disguised = cosignature.Cosigner(own.name, b"", own.key).vkey
    code, _, errors = await auditor.verify("--witness", disguised)
    assert (code, "the key of the log fenghuo.trail itself" in " ".join(errors.split())) == (2, True), errors
    service = await auditor.lab.start_service(
        "audit", wait=False, FENGHUO_WITNESSES=f"http://127.0.0.1:1 {disguised}"
    )
    assert await until(service.process.poll) != 0
    assert "has the key of the log fenghuo.trail itself" in service.log.read_text()


def test_one_key_under_two_names_is_one_witness() -> None:
    skey, vkey = cosignature.make_key("w.example/1")
    one, log = cosignature.Witness.read(vkey), Verifier.read(note_key("fenghuo.trail")[1])
    twin = cosignature.Witness.read(
        cosignature.Cosigner("w.example/2", b"", cosignature.Cosigner.read(skey).key).vkey
    )
    cosignature.refuse_kin([one, one], log)
    with pytest.raises(NoteError, match="one witness, not two"):
        cosignature.refuse_kin([one, twin], log)
    trail = note_key("fenghuo.trail")[1]
    for witnesses in ([vkey, vkey], [trail]):
        with pytest.raises(ValueError, match="the trail's own key, or is named twice"):
            check_bundle(Path("none"), trail, witnesses)
