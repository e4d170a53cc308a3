"""Which redactions count is known from the records alone, and an erasure that dies halfway loses nothing but
what was named.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import pytest_asyncio
from motor.motor_asyncio import AsyncIOMotorClient

from services.audit.custody.desk import KeepingDesk, RedactionForm
from services.audit.custody.file_erasure import FileEraser
from services.audit.custody.redaction import Eraser
from services.audit.reading.keeper import Keeper
from services.audit.records import payloads, record
from services.audit.records.keeping import Keeping, KeepingFact
from services.audit.records.line import Detail, export_line, read_line
from services.audit.records.payload_check import WHOLE
from services.audit.records.payloads import Payload, without
from services.audit.records.stored import StoredRecord
from services.audit.store.calls import StoreError
from services.audit.store.entries import Entries
from services.audit.store.erasure import ErasureStore, RecordErasure
from services.audit.store.payloads import Payloads
from services.audit.store.trail import PAYLOAD_DATABASE, TRAIL_DATABASE
from shared.facts import Actor
from shared.problems import Problem
from shared.vocabulary import Role
from tests.lab import Lab, lab_in

HOLD = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
Json = dict[str, Any]


def by(role: Role) -> Json:
    return {"principal": f"one-{role}", "role": str(role)}


def redacted(
    index: int,
    *records: int,
    case: str = "A",
    role: Role = Role.REDACTOR,
    fields: tuple[str, ...] = ("data.summary",),
) -> KeepingFact:
    entries = [{"index": one, "fields": list(fields)} for one in records]
    return KeepingFact(
        index, f"t{index}", "redacted", case, {"by": by(role), "entries": entries, "legal_basis": "PIPL 47"}
    )


def held(index: int, *, role: Role = Role.DISCIPLINE, **what: Any) -> KeepingFact:
    return KeepingFact(
        index,
        f"t{index}",
        "held",
        what.get("case", ""),
        {"by": by(role), "hold": HOLD, "why": "inquiry", **what},
    )


def released(index: int, role: Role = Role.AUDITOR) -> KeepingFact:
    return KeepingFact(index, f"t{index}", "released", "A", {"by": by(role), "hold": HOLD, "why": "done"})


def kept(*acts: KeepingFact) -> Keeping:
    keeping = Keeping()
    for act in acts:
        keeping.take(act)
    return keeping


SUMMARY = frozenset({"data.summary"})


def test_a_redaction_excuses_what_it_names_and_no_more() -> None:
    keeping = kept(redacted(9, 3))
    assert keeping.excuses(3, "A", SUMMARY)
    assert not keeping.excuses(3, "A", SUMMARY | {"data.details"})
    assert not keeping.excuses(3, "A", SUMMARY | {WHOLE})
    assert not keeping.excuses(4, "A", SUMMARY)
    assert kept(redacted(9, 3, fields=(WHOLE,))).excuses(3, "A", SUMMARY | {WHOLE, "data.details"})
    assert kept(redacted(9, 3), redacted(10, 3, fields=("data.details",))).excuses(
        3, "A", SUMMARY | {"data.details"}
    )


@pytest.mark.parametrize(
    "hold",
    [held(5, case="A"), held(5, first=3, last=7), held(5, first=0, last=3), held(5, case="A", why=None)],
    ids=lambda act: str(act.data),
)
def test_the_order_on_record_decides_between_hold_and_redaction(hold: KeepingFact) -> None:
    assert kept(redacted(4, 3), hold).excuses(3, "A", SUMMARY)
    late = kept(hold, redacted(6, 3))
    assert (late.excuses(3, "A", SUMMARY), late.refused) == (False, [6])
    assert kept(hold, released(6), redacted(7, 3)).excuses(3, "A", SUMMARY)


def test_what_somebody_without_the_role_wrote_counts_for_nothing() -> None:
    assert not kept(redacted(9, 3, role=Role.AUDITOR)).excuses(3, "A", SUMMARY)
    assert kept(held(5, case="A", role=Role.REDACTOR), redacted(9, 3)).excuses(3, "A", SUMMARY)
    lifted = kept(held(5, case="A"), released(6, Role.REDACTOR), redacted(9, 3))
    assert not lifted.excuses(3, "A", SUMMARY), "the redactor can't lift a hold"


def test_a_redaction_under_another_case_does_not_get_round_the_hold() -> None:
    keeping = kept(held(5, case="A"), redacted(9, 3, case="B"))
    assert not keeping.excuses(3, "A", SUMMARY)


def test_a_redaction_names_only_what_came_before_it_and_may_be_told_twice() -> None:
    assert not kept(redacted(2, 3)).excuses(3, "A", SUMMARY)
    assert len(kept(redacted(9, 3), redacted(9, 3)).erasures[3]) == 1
    assert kept(KeepingFact(9, "t", "redacted", "A", {"entries": "all"})).refused == [9]


def test_what_is_left_travels_with_an_export() -> None:
    raw = orjson.dumps({"data": {"summary": "Zhang San", "details": "Li Si"}})
    left = without(Payload(7, raw, b"s" * 32, b"a" * 32), "reported", ["data.summary"])
    line = export_line(StoredRecord(7, b"{}", b"", {}), left)
    detail = read_line(line)
    assert isinstance(detail, Detail)
    assert detail.payload == left
    assert b"Zhang" not in line


async def test_without_credentials_it_says_what_to_set() -> None:
    async def nothing_is_covered() -> int:
        return 0

    nobody: Any = None
    eraser = Eraser(nobody, nobody, None, nothing_is_covered, FileEraser(nobody, None))
    desk = KeepingDesk(nobody, eraser, nobody, nobody, nobody)
    with pytest.raises(Problem, match="FENGHUO_REDACTOR_URL") as refused:
        await desk.redact(
            Actor(principal="r", role=Role.REDACTOR), RedactionForm(entries=(0,), legal_basis="PIPL 47")
        )
    assert refused.value.status == 503


async def test_a_hold_whose_record_is_gone_is_not_taken_for_none() -> None:
    """A store whose first acts are gone."""

    async def listed(first: int) -> list[int]:
        return [index for index in (3, 8) if index >= first]

    async def no_payloads(_: Any) -> dict[int, Payload]:
        return {}

    async def no_entries(_: Any) -> list[StoredRecord]:
        return []

    store: Any = SimpleNamespace(
        acts=SimpleNamespace(since=listed),
        payloads=SimpleNamespace(at=no_payloads),
        entries=SimpleNamespace(some=no_entries),
    )
    keeper = Keeper(store)
    await keeper.refresh(5)
    assert keeper.unread == [3]
    await keeper.refresh(10)
    assert keeper.unread == [3, 8]


# --- in the store
# -------------------------------------------------------------------------------------------------------


@dataclass
class Store:
    held: Payloads
    eraser: ErasureStore
    database: Any
    url: str

    async def all(self, *indexes: int) -> dict[int, Payload]:
        found = await self.held.find(indexes)
        assert all(len(several) == 1 for several in found.values())
        return {index: one for index, (one,) in found.items()}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path_factory.mktemp("erasing")) as lab:
        yield lab


@pytest_asyncio.fixture(loop_scope="session")
async def store(lab: Lab) -> AsyncIterator[Store]:
    client: AsyncIOMotorClient[Json] = AsyncIOMotorClient(lab.mongo_url)
    eraser = ErasureStore(lab.mongo_url, PAYLOAD_DATABASE)
    held = Payloads(client[PAYLOAD_DATABASE], Entries(client[TRAIL_DATABASE]["entries"]))
    await held.prepare()
    yield Store(held, eraser, client[PAYLOAD_DATABASE], lab.mongo_url)
    eraser.close()
    client.close()


def payload(index: int, salt: bytes = b"s" * 32) -> Payload:
    raw = orjson.dumps({"data": {"summary": f"Zhang {index}", "details": f"Li {index}"}})
    return Payload(index, raw, salt)


def wanted(*paths: str, of: Payload) -> RecordErasure:
    assert of.raw
    return RecordErasure("reported", frozenset(paths), record.digest_of(of.salt, of.raw))


async def test_erasing_spares_the_neighbours_and_bears_to_die_halfway(store: Store) -> None:
    given = [payload(index) for index in range(10, 30)]
    assert await store.held.insert(given) == []
    ask = {20: wanted("data.summary", of=given[10]), 17: wanted(WHOLE, of=given[7])}

    def dies(_: str) -> None:
        raise StoreError("killed")

    halfway = ErasureStore(store.url, PAYLOAD_DATABASE, dies)
    with pytest.raises(StoreError):
        await halfway.erase(ask)
    halfway.close()
    for _ in range(2):
        await store.eraser.erase(ask)
    found = await store.all(*range(10, 30))
    assert {index: one for index, one in found.items() if index not in ask} == {
        one.index: one for one in given if one.index not in ask
    }
    assert found[20].envelope["data"] == {"summary": None, "details": "Li 20"}
    assert (found[17].raw, found[17].envelope) == (None, {})
    await store.eraser.erase({20: wanted("data.summary", "data.details", of=given[10])})
    assert (await store.all(20))[20].envelope["data"] == {"summary": None, "details": None}
    everything = [
        bytes(doc["data"]) for name in ("payloads", "rest") async for doc in store.database[name].find()
    ]
    assert not [
        content
        for content in everything
        if any(word in content for word in (b"Zhang 20", b"Li 20", b"Zhang 17", b"Li 17"))
    ]


async def test_a_leftover_beside_the_records_own_payload_goes_with_it(store: Store) -> None:
    own, leftover = payload(35), payload(35, b"x" * 32)
    await store.held.insert([payload(34, b"x" * 32), leftover])
    await store.held.insert([own])
    assert len((await store.held.find([35]))[35]) == 2
    await store.eraser.erase({35: wanted("data.summary", of=own)})
    found = await store.all(34, 35)
    assert found[35] == without(own, "reported", ["data.summary"])
    assert found[34].raw is not None
    assert payloads.starts_of([35])


async def test_of_an_altered_payload_nothing_is_left(store: Store) -> None:
    await store.held.insert([payload(40)])
    await store.eraser.erase({40: RecordErasure("reported", SUMMARY, "another digest")})
    assert (await store.all(40))[40].envelope == {}
