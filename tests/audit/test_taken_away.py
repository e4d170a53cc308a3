"""What an auditor takes away from a running audit with the command, and what its page says of it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from fenghuo.commands.trail import app
from services.audit.evidence.export.end import rows_of
from shared.secrets import SecretFile, signing_key
from shared.vocabulary import Role
from tests.audit.given import acknowledged, lapsed, new_case, publish, reported
from tests.lab import Lab, Running, lab_in, until

SIZE = 300


class Away:
    def __init__(self, lab: Lab, audit: Running, case: str) -> None:
        self.lab, self.audit, self.case = lab, audit, case

    async def run(self, *arguments: str) -> tuple[int, Any]:
        env = {
            "FENGHUO_AUDIT_URL": self.audit.url,
            "FENGHUO_TOKEN": self.lab.token(Role.AUDITOR),
            "FENGHUO_DATA_DIR": str(self.lab.folder),
        }
        done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], env=env)
        return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def away(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Away]:
    async with lab_in(tmp_path_factory.mktemp("away")) as lab:
        audit = await lab.start_service(
            "audit", FENGHUO_TRAIL_PACE="PT0.2S", FENGHUO_REDACTOR_URL=lab.mongo_url
        )
        case = new_case()
        async with lab.connection("admin") as connection:
            await publish(
                connection, reported(case), *(acknowledged(new_case()) for _ in range(SIZE - 2)), lapsed(case)
            )

        def sealed() -> bool:
            return bool(
                httpx2.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR)).json()["size"]
                >= SIZE
            )

        await until(sealed, seconds=60)
        yield Away(lab, audit, case)


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
async def test_an_export_is_whole_or_called_a_part(away: Away, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"trail.{form}"
    code, answer = await away.run("export", "--format", form, "-o", str(path), "--kind", "acknowledged")
    assert (code, answer["records"]) == (0, SIZE - 2), answer
    assert rows_of(form, path) == SIZE - 2
    assert list(tmp_path.iterdir()) == [path]
    code, words = await away.run("export", "--format", form, "-o", str(path), "--kind", "acknowleged")
    assert (code, "acknowledged" in words) == (1, True)


async def test_the_evidence_of_a_case_is_taken_away_and_checked_on_the_page(
    away: Away, tmp_path: Path
) -> None:
    path = tmp_path / "case.zip"
    assert (await away.run("bundle", away.case, "-o", str(path)))[0] == 0
    code, verdict = await away.run("verify", "--bundle", str(path))
    assert (code, verdict["holds"]) == (0, True)
    assert any("no later record" in words for words in verdict["proven"])
    cookies, same = {"fenghuo_token": away.lab.token(Role.AUDITOR)}, {"Sec-Fetch-Site": "same-origin"}
    async with httpx2.AsyncClient(base_url=away.audit.url, cookies=cookies, headers=same) as page:
        whole = (await page.post("/check?lang=zh", files={"bundle": path.read_bytes()})).text
        assert "核验通过" in whole
        assert f"事项 {away.case} 的 2 条记录均在存证之中" in whole
        damaged = (await page.post("/check?lang=en", files={"bundle": path.read_bytes()[:3000]})).text
        assert "DOES NOT HOLD: the zip is damaged or cut off" in damaged
        nothing = (await page.post("/check?lang=en", data={"receipt": " "})).text
        assert "Choose an evidence bundle" in nothing


async def test_a_receipt_is_answered_over_http_and_on_the_page(away: Away) -> None:
    async with httpx2.AsyncClient(base_url=away.audit.url, headers=away.lab.bearer(Role.AUDITOR)) as client:
        entry = (await client.get("/api/v1/trail/entries/0")).json()
        header, raw = entry["header"], entry["raw"].encode()
        said = {
            "iss": "fenghuo-intake",
            "fact": header["message_id"],
            "kind": "reported",
            "stream": "FACTS",
            "sequence": 1,
        }
        said |= {"time": header["broker"], "case": away.case, "sha256": hashlib.sha256(raw).hexdigest()}
        receipt = jwt.encode(
            said, signing_key(away.lab.secrets, SecretFile.RECEIPT_SIGNING), algorithm="EdDSA"
        )
        answer = (
            await client.post(
                "/api/v1/trail/receipts", json={"receipt": receipt}, headers={"Authorization": ""}
            )
        ).json()
        assert (answer["verdict"], answer["record"], answer["number"]) == ("recorded", 0, 1), answer
        client.headers["Sec-Fetch-Site"] = "same-origin"
        page = await client.post("/check?lang=zh", data={"receipt": receipt})
        assert "在案，为存证第 0 条" in page.text


async def test_what_was_erased_on_a_legal_basis_is_told_so_in_the_evidence(
    away: Away, tmp_path: Path
) -> None:
    case = new_case()
    async with away.lab.connection("admin") as connection:
        index = await publish(connection, reported(case, summary="王某家属来电")) - 1
    async with httpx2.AsyncClient(base_url=away.audit.url, headers=away.lab.bearer(Role.AUDITOR)) as client:

        async def there() -> bool:
            return (await client.get(f"/api/v1/trail/entries/{index}")).status_code == 200

        await until(there)
        order = {"entries": [index], "fields": ["data.summary"], "legal_basis": "个人信息保护法第四十七条"}
        answer = await client.post(
            "/api/v1/trail/redactions", json=order, headers=away.lab.bearer(Role.REDACTOR)
        )
        assert answer.status_code in (200, 201, 202), answer.text

        async def erased() -> bool:
            return "王某" not in (await client.get(f"/api/v1/trail/entries/{index}")).text

        await until(erased)
    path = tmp_path / "case.zip"
    assert (await away.run("bundle", case, "-o", str(path)))[0] == 0
    code, verdict = await away.run("verify", "--bundle", str(path))
    assert (code, verdict["faults"]) == (0, [])
    assert any("data.summary was erased" in words and "第四十七条" in words for words in verdict["notes"]), (
        verdict
    )
