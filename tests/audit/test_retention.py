"""Old records move to sealed files and leave the store: all is proven as before, and nothing leaves that may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pymongo import MongoClient
from typer.testing import CliRunner

from fenghuo.commands import trail_seal
from fenghuo.commands.trail import app
from services.audit.log import merkle
from services.audit.retention.drop import SIX_MONTHS, RefusedDrop
from services.audit.retention.sealed_range import SealedRangeError, outside, root_with, tree_root
from services.audit.retention.sealed_read import SealedFolder, check
from shared.ids import CaseId
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of
from tests.lab import Lab, Running, lab_in, until

END = 512
HELD = END + 20
"""A later record, under hold since before the range ended."""
LONG_AFTER = datetime.now(UTC) + SIX_MONTHS + timedelta(days=1)


@given(st.integers(1, 200), st.data())
def test_a_range_with_what_lies_around_it_makes_the_root_of_the_whole(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    end = data.draw(st.integers(start + 1, size))
    leaves = [merkle.leaf_hash(str(index).encode()) for index in range(size)]
    proof = [tree_root(leaves[low:high]) for low, high in outside(start, end, size)]
    assert root_with(leaves[start:end], start, size, proof) == tree_root(leaves)
    other = [*leaves[start : end - 1], merkle.leaf_hash(b"another")]
    assert root_with(other, start, size, proof) != tree_root(leaves)


class Archive:
    """A trail of some 600 records of three cases, and whoever archives it."""

    def __init__(self, lab: Lab, audit: Running, cases: list[CaseId], folder: Path) -> None:
        self.lab, self.audit, self.cases, self.folder = lab, audit, cases, folder
        self.record = -1

    async def run(self, *arguments: str, role: Role = Role.SUPERVISOR) -> tuple[int, Any, str]:
        env = {"FENGHUO_AUDIT_URL": self.audit.url, "FENGHUO_TOKEN": self.lab.token(role), "FENGHUO_DATA_DIR": str(self.lab.folder)}
        done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], env=env)
        return done.exit_code, json.loads(done.stdout) if done.stdout else None, done.stderr

    def ask(self, path: str, **params: Any) -> httpx.Response:
        return httpx.get(f"{self.audit.url}{path}", params=params, headers=self.lab.bearer(Role.AUDITOR), timeout=20)

    async def size(self, wanted: int) -> None:
        await until(lambda: self.ask("/api/v1/trail/state").json()["size"] >= wanted, what=f"{wanted} sealed")

    async def drop(self, *, now: datetime = LONG_AFTER, record: int | None = None) -> int:
        fact = self.record if record is None else record
        return await trail_seal.drop(SealedFolder(self.folder), key_of(self.lab), fact, self.lab.mongo_url, now, SIX_MONTHS)

    async def start(self) -> None:
        self.audit = await self.lab.start_service(
            "audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_TRAIL_READS_PACE="PT1H", FENGHUO_REDACTOR_URL=self.lab.mongo_url
        )

    def hold(self, **what: Any) -> dict[str, Any]:
        body = {**what, "why": "an inquiry"}
        return httpx.post(f"{self.audit.url}/api/v1/trail/holds", json=body, headers=self.lab.bearer(Role.DISCIPLINE), timeout=20).json()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def archive(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Archive]:
    async with lab_in(tmp_path_factory.mktemp("archive")) as lab:
        cases = [new_case() for _ in range(3)]
        audit = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S", FENGHUO_TRAIL_READS_PACE="PT1H")
        one = Archive(lab, audit, cases, lab.folder / "sealed")
        old, long, late = cases
        async with lab.connection("admin") as connection:
            await publish(connection, reported(old), acknowledged(old), reported(long))
            await one.size(3)
            assert one.hold(first=HELD, last=HELD)["record"] == 3
            await publish(connection, *(acknowledged(long) for _ in range(END)), reported(late), *(acknowledged(late) for _ in range(80)))
        await one.size(END + 85)
        yield one


async def test_a_sealed_file_proves_itself_and_its_making_is_on_record(archive: Archive) -> None:
    code, answer, errors = await archive.run("seal-range", "--records", "0-600", "-o", str(archive.folder))
    assert code == 0, errors
    archive.record = answer["record"]
    assert (answer["start"], answer["end"]) == (0, END), "whole bundles alone"
    await archive.size(archive.record + 1)
    fact = archive.ask(f"/api/v1/trail/entries/{archive.record}").json()["fact"]["data"]
    assert (fact["start"], fact["end"], fact["manifest"], fact["by"]["role"]) == (0, END, answer["manifest"], "supervisor")
    assert (await archive.run("check-sealed", str(archive.folder)))[0] == 0


@pytest.mark.parametrize("path", ["tile/entries/001", "payload/000.jsonl.gz", "tile/0/000", "checkpoint", "manifest.json"])
async def test_a_byte_changed_in_a_sealed_file_is_found(archive: Archive, path: str) -> None:
    file = archive.folder / path
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:90] + bytes([whole[90] ^ 1]) + whole[91:])
        with pytest.raises(SealedRangeError):
            check(SealedFolder(archive.folder), key_of(archive.lab))
    finally:
        file.write_bytes(whole)


async def test_an_auditor_may_seal_nothing_on_record(archive: Archive, tmp_path: Path) -> None:
    code, _, errors = await archive.run("seal-range", "--records", "0-300", "-o", str(tmp_path / "x"), role=Role.AUDITOR)
    assert (code, "supervisor" in errors) == (1, True)


async def test_nothing_leaves_that_is_young_unrecorded_or_held(archive: Archive) -> None:
    with pytest.raises(RefusedDrop, match="183 days"):
        await archive.drop(now=datetime.now(UTC))
    with pytest.raises(RefusedDrop, match="does not say"):
        await archive.drop(record=5)
    hold = archive.hold(first=0, last=9)
    await archive.size(hold["record"] + 1)
    with pytest.raises(RefusedDrop, match="legal hold"):
        await archive.drop()
    released = httpx.post(
        f"{archive.audit.url}/api/v1/trail/holds/{hold['hold']}/release",
        json={"why": "it ended"},
        headers=archive.lab.bearer(Role.DISCIPLINE),
    ).json()
    await archive.size(released["record"] + 1)


async def test_what_has_left_is_proven_as_before_and_said_to_be_elsewhere(archive: Archive) -> None:
    before = archive.ask("/api/v1/trail/proof/inclusion", index=100, size=600).json()
    assert await archive.drop() == 2, "the last record of the case that ended stays, and the hold"
    left = MongoClient[dict[str, Any]](archive.lab.mongo_url)
    try:
        assert [doc["_id"] for doc in left["fenghuo_trail"]["entries"].find({"_id": {"$lt": END}})] == [1, 3]
        assert left["fenghuo_payloads"]["payloads"].count_documents({"_id": {"$lt": END}}) == 0
    finally:
        left.close()
    assert archive.ask("/api/v1/trail/proof/inclusion", index=100, size=600).json() == before
    assert archive.ask("/api/v1/trail/proof/consistency", **{"from": 3}).status_code == 200
    digest = SealedFolder(archive.folder).digest
    for path in ("/api/v1/trail/entries/100", f"/api/v1/cases/{archive.cases[1]}/timeline", "/tile/entries/000"):
        answer = archive.ask(path)
        assert (answer.status_code, digest in answer.text) == (410, True), path
    assert archive.ask("/api/v1/trail/entries/1").json()["entry"]["case"] == archive.cases[0], "the last of its case is still here"
    assert archive.ask(f"/api/v1/cases/{archive.cases[2]}/timeline").status_code == 200
    found = archive.ask("/api/v1/trail/entries", kind="reported").json()
    assert ([entry["case"] for entry in found["entries"]], found["sealed_away"]) == ([archive.cases[2]], END)
    answers = [
        archive.ask("/api/v1/reports/timeliness", since=since).status_code for since in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    ]
    assert answers == [410, 200], "a report over what has left is none; one over what is here goes on"
    assert archive.ask("/api/v1/trail/sealed-ranges").json()[0]["manifest"] == digest


async def test_the_audit_starts_again_and_numbering_goes_on(archive: Archive) -> None:
    assert archive.audit.stop() == 0
    await archive.start()
    async with archive.lab.connection("admin") as connection:
        last = await publish(connection, acknowledged(archive.cases[0]), acknowledged(archive.cases[1]))
    await archive.size(last)
    found = {at: archive.ask(f"/api/v1/trail/entries/{at}").json()["entry"] for at in (last - 2, last - 1)}
    assert [(one["number"], one["previous"]) for one in found.values()] == [(3, 1), (END + 2, END + 3)]


async def test_a_hold_among_what_has_left_is_known_after_a_restart_and_forbids_nothing_else(archive: Archive) -> None:
    holds = archive.ask("/api/v1/trail/holds").json()
    assert [(hold["first"], hold["record"]) for hold in holds] == [(HELD, 3)]
    order = {"entries": [END + 4], "legal_basis": "PIPL Art. 47"}
    url, headers = f"{archive.audit.url}/api/v1/trail/redactions", archive.lab.bearer(Role.REDACTOR)
    answer = httpx.post(url, json=order, headers=headers, timeout=20).json()
    assert answer["carried_out"], answer
    refused = httpx.post(url, json={**order, "entries": [HELD], "fields": ["*"]}, headers=headers, timeout=20)
    assert (refused.status_code, "held by" in refused.text) == (409, True)


async def test_file_and_store_are_verified_as_one_trail(archive: Archive) -> None:
    size = archive.ask("/api/v1/trail/state").json()["size"]
    for place in ([], ["--mongo", archive.lab.mongo_url]):
        code, verdict, errors = await archive.run("verify", "--sealed", str(archive.folder), *place)
        assert (code, verdict["faults"], verdict["checked"], verdict["sealed_away"]) == (0, [], size, 0), errors
        code, verdict, _ = await archive.run("verify", *place)
        assert (code, verdict["faults"], verdict["checked"], verdict["sealed_away"]) == (0, [], size - END, END)


async def test_records_that_were_cut_are_not_excused_by_a_word_in_the_store(archive: Archive) -> None:
    store = MongoClient[dict[str, Any]](archive.lab.mongo_url)
    ranges = store["fenghuo_trail"]["sealed_ranges"]
    true = ranges.find_one({"_id": 0})
    assert true
    try:
        for lie in ({"fact": 550}, {"manifest": "0" * 64}, {"end": END + 256}):
            ranges.replace_one({"_id": 0}, {**true, **lie})
            code, verdict, _ = await archive.run("verify", "--mongo", archive.lab.mongo_url)
            assert (code, verdict["faults"][0]["record"]) == (1, 0), lie
            assert "are missing" in verdict["faults"][0]["what"]
    finally:
        ranges.replace_one({"_id": 0}, true)
        store.close()


async def test_dropping_again_finishes_what_was_begun(archive: Archive) -> None:
    assert await archive.drop() == 1, "its case has gone on since: the hold alone has to stay"
    assert archive.ask("/api/v1/trail/entries/1").status_code == 410
