"""Personal data is erased on a legal basis that stands on record, and what was proven before is proven
after.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import nats.js.errors
import pytest
import pytest_asyncio
from pymongo import MongoClient
from typer.testing import CliRunner

from fenghuo.commands.trail import app
from services.audit.store.trail import Trail
from services.audit.web.masking import MASK
from shared import streams
from shared.ids import CaseId
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import verdict_of
from tests.lab import Lab, Running, lab_in, until

NAME = "Zhang San of the north sluice"
Doc = dict[str, Any]


class House:
    def __init__(self, lab: Lab, audit: Running) -> None:
        self.lab, self.audit = lab, audit

    def ask(self, method: str, path: str, role: Role, **body: Any) -> httpx2.Response:
        options: dict[str, Any] = {"json": body} if body else {}
        return httpx2.request(
            method,
            f"{self.audit.url}/api/v1/trail/{path}",
            headers=self.lab.bearer(role),
            timeout=20,
            **options,
        )

    def redact(self, **body: Any) -> httpx2.Response:
        return self.ask(
            "POST",
            "redactions",
            Role.REDACTOR,
            **{"legal_basis": "PIPL Art. 47", "reason": f"asked by {NAME}", **body},
        )

    async def given(self, *, count: int = 3) -> tuple[CaseId, list[int]]:
        """A case about somebody, covered by a checkpoint. Returns its records."""
        case = new_case()
        facts = [
            reported(case, summary=NAME, details="rings at night"),
            *(acknowledged(case) for _ in range(count - 1)),
        ]
        async with self.lab.connection("admin") as connection:
            indexes = [await publish(connection, fact) - 1 for fact in facts]
        await until(lambda: self.ask("GET", "state", Role.AUDITOR).json()["size"] > indexes[-1])
        return case, indexes

    def raw_payloads(self) -> bytes:
        """All that lies in the payload database, as its owner could read it."""
        client: MongoClient[Doc] = MongoClient(self.lab.mongo_url)
        held = client["fenghuo_payloads"]
        content = b"".join(bytes(doc["data"]) for name in ("payloads", "rest") for doc in held[name].find())
        client.close()
        return content


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with lab_in(tmp_path_factory.mktemp("redactions")) as lab:
        audit = await lab.start_service(
            "audit", FENGHUO_TRAIL_PACE="PT0.05S", FENGHUO_REDACTOR_URL=lab.mongo_url
        )
        yield House(lab, audit)


async def test_an_erased_field_is_gone_and_the_record_still_proves_the_rest(house: House) -> None:
    case, indexes = await house.given()
    before = house.ask("GET", f"entries/{indexes[0]}", Role.AUDITOR).json()
    assert found(house, case) == [indexes[0]]
    answer = house.redact(entries=[indexes[0]], fields=["data.summary"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["erased"] == [{"index": indexes[0], "fields": ["data.summary"], "files": []}]
    assert "FACTS" in answer.json()["also"], "it does not claim more than it has done"
    after = house.ask("GET", f"entries/{indexes[0]}", Role.AUDITOR).json()
    assert (after["rec"], after["leaf"]) == (before["rec"], before["leaf"])
    assert after["fact"]["data"]["summary"] is None
    assert after["fact"]["data"]["details"] == "rings at night"
    assert after["digest_holds"], "what is left is what was recorded"
    (erased,) = after["erased"]
    assert (erased["by"], erased["legal_basis"], erased["fields"]) == (
        "test-redactor",
        "PIPL Art. 47",
        ["data.summary"],
    )
    again = house.redact(entries=[indexes[0]], fields=["data.summary"])
    assert (again.status_code, again.json()["title"]) == (409, "Nothing to erase")
    house.redact(entries=[indexes[0]])
    assert house.ask("GET", f"entries/{indexes[0]}", Role.AUDITOR).json()["fact"]["data"]["details"] is None
    assert found(house, case) == [], "nor is it found by what it said"
    verdict = await verdict_of(house.lab)
    assert (verdict.faults, verdict.erased) == ([], 1)
    assert all(
        words in verdict.erasures[0]
        for words in ("data.summary erased on", "by test-redactor on the basis of PIPL Art. 47")
    )


def found(house: House, case: str) -> list[int]:
    page = house.ask("GET", f"entries?case={case}&kind=reported&text=north sluice", Role.AUDITOR).json()
    return [one["index"] for one in page["entries"]]


async def test_a_whole_case_is_erased_and_its_neighbours_are_not(house: House) -> None:
    case, indexes = await house.given()
    _, others = await house.given()
    answer = house.redact(case=case)
    assert answer.status_code == 200, answer.text
    assert house.ask("GET", f"entries/{others[0]}", Role.AUDITOR).json()["fact"]["data"]["summary"] == NAME
    kept = house.ask("GET", f"entries/{indexes[2]}", Role.AUDITOR).json()
    assert kept["fact"]["data"]["person"] == "mayor", (
        "an acknowledgement without a note holds nothing personal"
    )
    assert (await verdict_of(house.lab)).faults == []
    assert house.redact(case=others and (await house.given())[0], fields=["*"]).status_code == 200
    assert (await verdict_of(house.lab)).faults == []


async def test_the_redaction_on_record_holds_nothing_personal_in_the_clear(house: House) -> None:
    _, indexes = await house.given()
    (record,) = house.redact(entries=indexes[:1]).json()["records"]
    shown = house.ask("GET", f"entries/{record}", Role.AUDITOR).json()
    assert shown["entry"]["kind"] == "redacted"
    assert NAME not in shown["rec"]
    assert "data.reason" in shown["header"]["personal"], "the reason can be erased too"


async def test_nothing_is_erased_while_a_hold_is_on_it(house: House) -> None:
    case, indexes = await house.given()
    held = house.ask("POST", "holds", Role.DISCIPLINE, case=case, why="inquiry 7")
    assert held.status_code == 201, held.text
    ranged = house.ask("POST", "holds", Role.AUDITOR, first=indexes[0], last=indexes[2], why="inquiry 8")
    refused = house.redact(entries=indexes)
    assert refused.status_code == 409
    assert all(
        words in refused.json()["detail"]
        for words in ("inquiry 7", "inquiry 8", "held by", held.json()["hold"])
    )
    for hold in (held, ranged):
        assert (
            house.ask(
                "POST", f"holds/{hold.json()['hold']}/release", Role.REDACTOR, why="in my way"
            ).status_code
            == 403
        )
        assert (
            house.ask("POST", f"holds/{hold.json()['hold']}/release", Role.AUDITOR, why="done").status_code
            == 200
        )
    assert house.ask("GET", "holds", Role.AUDITOR).json() == []
    assert house.redact(entries=indexes).status_code == 200
    assert (
        house.ask("POST", f"holds/{held.json()['hold']}/release", Role.AUDITOR, why="again").status_code
        == 404
    )
    assert (await verdict_of(house.lab)).faults == []


async def test_a_hold_taken_off_the_stores_list_is_found(house: House) -> None:
    case, _ = await house.given()
    held = house.ask("POST", "holds", Role.AUDITOR, case=case, why="inquiry 9").json()
    client: MongoClient[Doc] = MongoClient(house.lab.mongo_url)
    listed = client["fenghuo_trail"]["keeping"]
    listed.delete_one({"_id": held["record"]})
    (fault,) = (await verdict_of(house.lab)).faults
    assert (fault.index, "taken off that list" in fault.words) == (held["record"], True)
    listed.insert_one({"_id": held["record"]})
    client.close()


async def test_a_payload_missing_without_a_redaction_is_a_fault(house: House) -> None:
    _, indexes = await house.given()
    house.redact(entries=indexes[:1], fields=["data.summary"])
    client: MongoClient[Doc] = MongoClient(house.lab.mongo_url)
    rest = client["fenghuo_payloads"]["rest"]
    docs = list(rest.find({"index": indexes[0]}))
    assert len(docs) == 1
    rest.delete_many({"index": indexes[0]})
    verdict = await verdict_of(house.lab)
    assert [(fault.index, "no redaction says why" in fault.words) for fault in verdict.faults] == [
        (indexes[0], True)
    ]
    rest.insert_many(docs)
    client.close()
    assert (await verdict_of(house.lab)).faults == []


async def test_an_operator_sees_what_happened_and_when_but_nobody_and_no_words(house: House) -> None:
    case, indexes = await house.given()
    headers = house.lab.bearer(Role.OPERATOR)
    seen = [
        house.ask("GET", f"entries?case={case}", Role.OPERATOR).json()["entries"],
        house.ask("GET", f"entries/{indexes[0]}", Role.OPERATOR).json(),
        house.ask("GET", f"entries/{indexes[1]}", Role.OPERATOR).json(),
        httpx2.get(f"{house.audit.url}/api/v1/cases/{case}/timeline", headers=headers).json(),
    ]
    assert not [word for word in (NAME, "rings at night", "mayor", "p_reporter") if word in str(seen)]
    assert seen[1]["fact"]["data"]["summary"] == MASK
    assert seen[1]["fact"]["data"]["unit"] == "water_office"
    first, second = (moment["fact"]["data"]["person"] for moment in seen[3]["moments"][1:])
    assert first == second != MASK, "the same person is the same pseudonym"
    for question in ("person=mayor", "text=Zhang"):
        assert house.ask("GET", f"entries?{question}", Role.OPERATOR).status_code == 403, (
            "an answer would tell"
        )


async def test_from_the_command_line_it_is_held_released_and_erased(house: House) -> None:
    case, indexes = await house.given()

    def run(role: Role, *arguments: str) -> tuple[int, Any, str]:
        env = {
            "FENGHUO_AUDIT_URL": house.audit.url,
            "FENGHUO_TOKEN": house.lab.token(role),
            "FENGHUO_DATA_DIR": str(house.lab.folder),
        }
        done = CliRunner().invoke(app, [*arguments, "--json"], env=env)
        return done.exit_code, json.loads(done.stdout) if done.stdout else None, done.stderr

    _, held, _ = run(Role.AUDITOR, "hold", "--case", case, "--why", "inquiry 10")
    code, _, words = run(Role.REDACTOR, "redact", str(indexes[0]), "--basis", "PIPL Art. 47")
    assert (code, "inquiry 10" in words) == (1, True)
    _, holds, _ = run(Role.AUDITOR, "holds")
    assert held["hold"] in [one["hold"] for one in holds]
    assert run(Role.AUDITOR, "release", held["hold"], "--why", "closed")[0] == 0
    assert run(Role.REDACTOR, "redact", str(indexes[0]))[0] == 2, "not without a legal basis"
    code, erased, _ = run(
        Role.REDACTOR, "redact", str(indexes[0]), "--field", "data.summary", "--basis", "PIPL Art. 47"
    )
    assert (code, erased["erased"]) == (0, [{"index": indexes[0], "fields": ["data.summary"], "files": []}])


async def test_the_broker_keeps_facts_as_long_as_the_deployment_says(house: House) -> None:
    """The one way to let go of what is erased here: single messages of FACTS can't be deleted, and that can't
    be taken back.
    """
    async with house.lab.connection("admin") as connection:
        js = connection.jetstream()
        month = 30 * 86_400.0
        await js.update_stream((await js.stream_info(streams.FACTS)).config.evolve(max_age=month))
        await streams.declare(js)
        assert (await js.stream_info(streams.FACTS)).config.max_age == month
        with pytest.raises(nats.js.errors.Error, match="not permitted"):
            await js.delete_msg(streams.FACTS, 1)


async def test_who_may_not_is_refused_by_name(house: House) -> None:
    for role in (Role.AUDITOR, Role.OPERATOR, Role.SUPERVISOR):
        assert house.ask("POST", "redactions", role, entries=[0], legal_basis="none").status_code == 403
    assert house.ask("POST", "holds", Role.REDACTOR, case="x", why="y").status_code == 403
    assert house.ask("GET", "entries/0", Role.REDACTOR).status_code == 403
    assert house.redact(entries=[10**6]).status_code == 404
    assert house.redact().status_code == 422
    assert house.redact(entries=[0], legal_basis=" ").status_code == 422


async def test_killed_between_the_record_and_the_erasure_it_erases_at_the_next_start(own_lab: Lab) -> None:
    env: Doc = {"FENGHUO_TRAIL_PACE": "PT0.05S"}
    dying = await own_lab.start_service(
        "audit", command=_dying("redacted:1"), FENGHUO_REDACTOR_URL=own_lab.mongo_url, wait=False, **env
    )
    house = House(own_lab, dying)
    await until(lambda: _answers(house))
    _, indexes = await house.given()
    with pytest.raises(httpx2.HTTPError):
        house.redact(entries=indexes, reason="on request")
    await until(lambda: dying.process.poll() is not None)
    assert NAME.encode() in house.raw_payloads()
    house.audit = await own_lab.start_service("audit", FENGHUO_REDACTOR_URL=own_lab.mongo_url, **env)
    await until(lambda: NAME.encode() not in house.raw_payloads(), what="what stands on record is done")
    house.audit.stop()
    assert (await verdict_of(own_lab)).faults == []
    trail = Trail(own_lab.mongo_url)
    left = (await trail.payloads.at(indexes))[indexes[0]]
    trail.close()
    assert left.raw is None
    assert left.envelope["data"]["summary"] is None


def _dying(*lives: str) -> list[str]:
    import sys

    return [sys.executable, "-m", "tests.audit.dying", *lives]


def _answers(house: House) -> bool:
    try:
        return house.ask("GET", "state", Role.AUDITOR).status_code == 200
    except httpx2.HTTPError:
        return False
