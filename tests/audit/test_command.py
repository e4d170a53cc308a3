"""`fenghuo trail` against a running audit: the answer on stdout, the code for scripts."""

import asyncio
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from fenghuo.commands.trail import app
from shared.vocabulary import Role
from tests.audit.given import acknowledged, lapsed, new_case, publish, reported
from tests.lab import Lab, lab_in, until

SIZE = 300


class Auditor:
    """Someone with a terminal, a token and the public key."""

    def __init__(self, lab: Lab, url: str, case: str) -> None:
        self.lab, self.case = lab, case
        self.env = {
            "FENGHUO_AUDIT_URL": url,
            "FENGHUO_TOKEN": lab.token(Role.AUDITOR),
            "FENGHUO_DATA_DIR": str(lab.folder),
        }

    async def run(self, *arguments: str, **env: str) -> tuple[int, Any, str]:
        """(exit code, JSON answer, stderr)"""
        done = await asyncio.to_thread(
            CliRunner().invoke, app, [*arguments, "--json"], env={**self.env, **env}
        )
        return done.exit_code, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def auditor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Auditor]:
    async with lab_in(tmp_path_factory.mktemp("command")) as lab:
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
        case = new_case()
        async with lab.connection("admin") as connection:
            await publish(
                connection, reported(case), *(acknowledged(case) for _ in range(SIZE - 2)), lapsed(case)
            )

        def sealed() -> bool:
            return bool(
                httpx2.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR)).json()["size"]
                == SIZE
            )

        await until(sealed, seconds=60)
        yield Auditor(lab, audit.url, case)


async def test_the_running_trail_is_verified_and_its_checkpoint_kept(
    auditor: Auditor, tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint"
    code, verdict, _ = await auditor.run("verify", "--keep", str(kept))
    assert (code, verdict["holds"], verdict["checked"], verdict["faults"]) == (0, True, SIZE, [])
    code, verdict, _ = await auditor.run("verify", "--since", str(kept), "--only-new")
    assert (code, verdict["checked"]) == (0, 0)


async def test_an_export_is_checked_offline_and_a_flipped_byte_found_at_its_record(
    auditor: Auditor, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    code, answer, _ = await auditor.run("export", "--to", str(folder))
    assert (code, answer["records"]) == (0, SIZE)
    vkey = (folder / "vkey").read_text()
    nowhere = {"FENGHUO_AUDIT_URL": "http://127.0.0.1:1", "FENGHUO_DATA_DIR": str(tmp_path)}
    code, verdict, _ = await auditor.run("verify", "--dir", str(folder), "--vkey", vkey, **nowhere)
    assert (code, verdict["holds"]) == (0, True)
    entries, payload = folder / "tile/entries/000", folder / "payload/000.jsonl"
    for path, find, put, record in (
        (entries, b'"number":150,', b'"number":151,', 149),
        (payload, b'"number":20,', b'"number":21,', 19),
        (folder / "tile/0/001.p/44", None, None, 256),
    ):
        whole = path.read_bytes()
        path.write_bytes(whole.replace(find, put or b"", 1) if find else bytes([whole[0] ^ 1]) + whole[1:])
        code, verdict, _ = await auditor.run("verify", "--dir", str(folder), "--vkey", vkey, **nowhere)
        assert code == 1
        assert min(fault["record"] for fault in verdict["faults"] if fault["record"] is not None) == record, (
            path
        )
        path.write_bytes(whole)


async def test_the_store_itself_can_be_verified_without_the_service(auditor: Auditor) -> None:
    code, verdict, _ = await auditor.run(
        "verify", "--mongo", auditor.lab.mongo_url, FENGHUO_AUDIT_URL="http://127.0.0.1:1"
    )
    assert (code, verdict["checked"]) == (0, SIZE)


async def test_one_case_is_checked_with_all_that_could_be_its_own(auditor: Auditor, tmp_path: Path) -> None:
    folder, vkey = tmp_path / "export", tmp_path / "export" / "vkey"
    assert (await auditor.run("export", "--to", str(folder)))[0] == 0
    for place in ((), ("--dir", str(folder), "--vkey", str(vkey)), ("--mongo", auditor.lab.mongo_url)):
        code, verdict, _ = await auditor.run("verify", "--case", auditor.case, *place)
        assert (code, verdict["case"], verdict["checked"], verdict["payloads"]) == (
            0,
            {"id": auditor.case, "records": SIZE},
            SIZE,
            SIZE,
        )
    code, verdict, _ = await auditor.run("verify", "--case", "nobody-s")
    assert (code, verdict["payloads"]) == (1, 0)
    assert "no record of 300 is about case" in verdict["faults"][0]["what"]


async def test_cron_goes_on_from_where_all_held_last_time(auditor: Auditor, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert [(await auditor.run("verify", "--state", str(state)))[1]["checked"] for _ in range(2)] == [SIZE, 0]


async def test_the_broker_stream_is_laid_beside_the_trail(auditor: Auditor) -> None:
    env = auditor.lab.environment("audit")
    code, verdict, errors = await auditor.run("verify", "--broker", "--headers-only", **env)
    assert (code, verdict["faults"]) == (0, []), errors


async def test_queries_and_proofs_answer(auditor: Auditor, tmp_path: Path) -> None:
    code, page, _ = await auditor.run("query", "--case", auditor.case, "--lapse")
    assert (code, [entry["index"] for entry in page["entries"]]) == (0, [SIZE - 1])
    file = tmp_path / "0.tlog-proof"
    code, proof, _ = await auditor.run("proof", "--sequence", "1", "--to", str(file))
    assert (code, proof["index"], proof["holds"]) == (0, 0, True)
    assert file.read_text().startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert "\nindex 0\n" in file.read_text()
    code, answer, _ = await auditor.run("vkey")
    assert answer["vkey"].startswith("fenghuo.trail+")


async def test_a_case_bundle_proves_itself_and_misses_a_record_left_out(
    auditor: Auditor, tmp_path: Path
) -> None:
    case = new_case()
    async with auditor.lab.connection("admin") as connection:
        await publish(connection, reported(case), acknowledged(case), lapsed(case))
    path = tmp_path / "case.zip"

    async def complete() -> bool:
        code, page, _ = await auditor.run("query", "--case", case)
        return code == 0 and len(page["entries"]) == 3

    await until(complete)
    assert (await auditor.run("bundle", case, "--to", str(path)))[0] == 0
    assert (await auditor.run("verify", "--bundle", str(path)))[0] == 0
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(path).extractall(folder)
    vkey = (await auditor.run("vkey"))[1]["vkey"]

    def alone() -> tuple[int, str]:
        """With the bundle's own verifier, which knows nothing of us."""
        done = subprocess.run(
            [sys.executable, "-I", "verify.py", vkey], cwd=folder, capture_output=True, check=False, text=True
        )
        return done.returncode, done.stdout

    assert alone()[0] == 0
    for path in (folder / "records").glob("0002.*"):
        path.unlink()
    code, words = alone()
    assert code == 1
    assert "left out" in words


@pytest.mark.parametrize(
    ("arguments", "env", "code", "words"),
    [
        (("verify",), {"FENGHUO_AUDIT_URL": "http://127.0.0.1:1"}, 3, "can't be reached"),
        (("verify",), {"FENGHUO_TOKEN": "nonsense"}, 3, "401"),
        (("verify", "--vkey", "a+b+c"), {}, 2, "key"),
        (("verify", "--only-new"), {}, 2, "--since"),
        (("verify", "--dir", "/nowhere"), {}, 3, "missing"),
        (("proof",), {}, 2, "--sequence"),
    ],
)
async def test_what_cannot_be_done_says_what_to_do(
    auditor: Auditor, arguments: tuple[str, ...], env: dict[str, str], code: int, words: str
) -> None:
    got, _, errors = await auditor.run(*arguments, **env)
    assert (got, words in errors, "→" in errors) == (code, True, True), errors
