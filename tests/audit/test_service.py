"""The audit as it runs: each fact becomes a leaf, is found, and is proven."""

from typing import Any

import httpx2
import pytest_asyncio

from shared.secrets import SecretFile
from shared.tlog import checkpoint, layout, merkle
from shared.tlog.layout import TileId
from shared.tlog.note import Verifier
from shared.vocabulary import Role
from tests.audit.given import acknowledged, lapsed, new_case, publish, reported
from tests.lab import Lab, Running, until

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def audit(lab: Lab) -> Any:
    service = await lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S")
    yield service
    assert service.stop() == 0, service.log.read_text()[-2000:]


async def ask(lab: Lab, audit: Running, path: str, **params: Any) -> Any:
    async with httpx2.AsyncClient(base_url=audit.url, headers=lab.bearer(Role.AUDITOR)) as client:
        answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json() if "json" in answer.headers["content-type"] else answer


async def sealed(lab: Lab, audit: Running, sequence: int) -> Json:
    """Wait until a checkpoint covers this fact."""

    async def covered() -> Json | None:
        state = await ask(lab, audit, "/api/v1/trail/state")
        return state if state["size"] >= sequence else None

    state = await until(covered, what=f"fact {sequence} sealed")
    assert state
    return state


async def test_each_fact_of_a_case_is_a_record_of_its_timeline(lab: Lab, audit: Running) -> None:
    case = new_case()
    async with lab.connection("admin") as connection:
        last = await publish(connection, reported(case), acknowledged(case), lapsed(case))
    await sealed(lab, audit, last)
    timeline = await ask(lab, audit, f"/api/v1/cases/{case}/timeline")
    entries = [moment["entry"] for moment in timeline["moments"]]
    assert [(entry["kind"], entry["number"]) for entry in entries] == [
        ("reported", 1),
        ("acknowledged", 2),
        ("decided", 3),
    ]
    assert [entry["previous"] for entry in entries] == [None, entries[0]["index"], entries[1]["index"]]
    assert entries[2]["sequence"] == last == entries[2]["index"] + 1
    assert timeline["moments"][0]["fact"]["data"]["summary"] == "Embankment leaking at the north sluice"


async def test_records_are_found_by_what_they_say(lab: Lab, audit: Running) -> None:
    case, other = new_case(), new_case()
    async with lab.connection("admin") as connection:
        last = await publish(
            connection,
            reported(case, unit="unit_found", summary="Gas (smell) at the 北门 market"),
            reported(other, unit="unit_other"),
            acknowledged(case, person="person_found"),
            lapsed(case, duty="report-found"),
        )
    await sealed(lab, audit, last)

    async def found(**what: Any) -> list[tuple[str, str]]:
        page = await ask(lab, audit, "/api/v1/trail/entries", order="oldest", **what)
        return [(entry["case"], entry["kind"]) for entry in page["entries"]]

    whole = [(case, "reported"), (case, "acknowledged"), (case, "decided")]
    assert await found(case=case) == whole
    assert await found(unit="unit_found") == whole
    assert await found(unit="unit_found", kind="decided") == [(case, "decided")]
    assert await found(person="person_found") == [(case, "acknowledged")]
    assert await found(unit="unit_found", lapse=True) == [(case, "decided")]
    assert await found(case=case, level="III") == []
    assert await found(text="(SMELL)") == await found(text="北门") == [(case, "reported")]
    assert await found(text=".*", unit="unit_found") == []
    first, *_, end = (await ask(lab, audit, "/api/v1/trail/entries", case=case, order="oldest"))["entries"]
    assert await found(unit="unit_found", since=first["time"], until=first["time"]) == [(case, "reported")]
    assert await found(since=first["time"], until=end["time"]) == [whole[0], (other, "reported"), *whole[1:]]


async def test_pages_pass_over_nothing_and_show_nothing_twice(lab: Lab, audit: Running) -> None:
    case = new_case()
    async with lab.connection("admin") as connection:
        last = await publish(connection, reported(case), *(acknowledged(case) for _ in range(9)))
    await sealed(lab, audit, last)
    for order, filters in (
        ("newest", {"case": case}),
        ("oldest", {"case": case}),
        ("newest", {}),
        ("oldest", {"kind": "acknowledged"}),
    ):
        cursor: Json = {}
        indexes: list[int] = []
        while True:
            page = await ask(lab, audit, "/api/v1/trail/entries", limit=3, order=order, **filters, **cursor)
            indexes += [entry["index"] for entry in page["entries"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert indexes == sorted(set(indexes), reverse=order == "newest")
        assert len(indexes) >= 9
        assert {"case": case} != filters or len(indexes) == 10


async def test_a_record_is_proven_by_its_inclusion_and_the_signed_checkpoint(
    lab: Lab, audit: Running
) -> None:
    case = new_case()
    async with lab.connection("admin") as connection:
        sequence = await publish(connection, reported(case))
    await sealed(lab, audit, sequence)
    record = await ask(lab, audit, f"/api/v1/trail/entries/{sequence - 1}")
    proof, verifier = record["proof"], Verifier.read((lab.secrets / SecretFile.TRAIL_VERIFY).read_text())
    signed = checkpoint.read(proof["checkpoint"]["note"].encode(), verifier)
    leaf = merkle.leaf_hash(record["rec"].encode())
    merkle.verify_inclusion(
        sequence - 1, signed.size, leaf, [bytes.fromhex(one) for one in proof["hashes"]], signed.root
    )
    assert record["digest_holds"]
    assert record["fact"]["subject"] == case
    by_sequence = await ask(lab, audit, "/api/v1/trail/proof/inclusion", sequence=sequence)
    assert by_sequence["leaf"] == proof["leaf"] == leaf.hex()


async def test_the_trail_only_grows(lab: Lab, audit: Running) -> None:
    async with lab.connection("admin") as connection:
        before = await sealed(lab, audit, await publish(connection, reported(new_case())))
        after = await sealed(
            lab, audit, await publish(connection, reported(new_case()), reported(new_case()))
        )
    first, second = before["size"], after["size"]
    proof = await ask(lab, audit, "/api/v1/trail/proof/consistency", **{"from": first, "to": second})
    merkle.verify_consistency(
        first,
        second,
        bytes.fromhex(before["root"]),
        bytes.fromhex(after["root"]),
        [bytes.fromhex(one) for one in proof["hashes"]],
    )


async def test_tiles_bundles_and_checkpoint_are_open_and_agree(lab: Lab, audit: Running) -> None:
    case = new_case()
    async with lab.connection("admin") as connection:
        last = await publish(
            connection, *(reported(case) if i == 0 else acknowledged(case) for i in range(300))
        )
    await sealed(lab, audit, last)
    async with httpx2.AsyncClient(base_url=audit.url) as client:
        vkey = (await client.get("/api/v1/trail/vkey")).text
        signed = checkpoint.read((await client.get("/checkpoint")).content, Verifier.read(vkey))
        leaves: list[bytes] = []
        for number in range(-(-signed.size // 256)):
            width = layout.width_in(0, number, signed.size)
            hashes = layout.tile_hashes(
                (await client.get("/" + layout.path_of(TileId(0, number, width)))).content, width
            )
            answer = await client.get("/" + layout.path_of(TileId(layout.ENTRIES, number, width)))
            assert hashes == [merkle.leaf_hash(rec) for rec in layout.bundle_records(answer.content, width)]
            assert "immutable" in answer.headers["cache-control"]
            leaves += hashes
        edge = merkle.Edge()
        for leaf in leaves:
            edge.append(leaf)
        assert (edge.size, edge.root()) == (signed.size, signed.root)
        top = layout.tile_hashes(
            (await client.get(f"/tile/1/000.p/{signed.size // 256}")).content, signed.size // 256
        )
        assert top[0] == merkle.fold(leaves[:256])
        for wrong in (
            "/tile/0/999",
            "/tile/0/0",
            "/tile/9/000.p/1",
            f"/tile/0/000.p/{0}",
            "/tile/entries/x001/000",
        ):
            assert (await client.get(wrong)).status_code == 404


async def test_searching_needs_a_role(lab: Lab, audit: Running) -> None:
    async with httpx2.AsyncClient(base_url=audit.url) as client:
        for path in (
            "/api/v1/trail/entries",
            "/api/v1/trail/export",
            "/api/v1/reports/lapses",
            "/api/v1/trail/state",
        ):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers=lab.bearer(Role.REPORTER))).status_code == 403


async def test_a_question_that_cannot_be_answered_says_why(lab: Lab, audit: Running) -> None:
    async with httpx2.AsyncClient(base_url=audit.url, headers=lab.bearer(Role.AUDITOR)) as client:
        for path, status, words in (
            ("/api/v1/trail/entries?cursor=x", 422, "cursor"),
            ("/api/v1/trail/entries?since=2026-11-01T00:00:00", 422, "offset"),
            ("/api/v1/trail/entries?limit=0", 422, "limit"),
            ("/api/v1/trail/entries?colour=red", 422, "colour"),
            ("/api/v1/trail/entries/99999999", 404, "covers"),
            ("/api/v1/trail/proof/inclusion", 422, "sequence"),
            ("/api/v1/cases/01NOSUCHCASE/timeline", 404, "01NOSUCHCASE"),
        ):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (
                status,
                "application/problem+json",
            ), path
            assert words in answer.text


async def test_the_reports_count_what_the_facts_say(lab: Lab, audit: Running) -> None:
    case = new_case()
    async with lab.connection("admin") as connection:
        last = await publish(connection, reported(case, unit="unit_counted"), lapsed(case))
    await sealed(lab, audit, last)
    (line,) = (await ask(lab, audit, "/api/v1/reports/timeliness", unit="unit_counted"))["units"]
    assert (line["cases"], line["lapsed"], line["reported_late"]) == (1, 1, 0)
    (lapse,) = (await ask(lab, audit, "/api/v1/reports/lapses", unit="unit_counted"))["lapses"]
    assert (lapse["case"], lapse["duty"], lapse["person"], lapse["cause"]) == (
        case,
        "report-gov_main",
        "mayor",
        "not_acknowledged",
    )
    (day,) = (await ask(lab, audit, "/api/v1/reports/trend", unit="unit_counted"))["days"]
    assert (day["reports"], day["by_level"]) == (1, {"II": 1})
