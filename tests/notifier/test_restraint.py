"""A pause keeps back what can wait and nothing else, survives a kill, is on record, and is bounded."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_lab import GatewayLab
from services.notifier.delivery.restraint import may_wait
from shared.facts import Fact, Purpose
from shared.ids import CaseId
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Level, ReportKind, Role
from tests.lab import Lab, Running, until
from tests.notifier.conftest import start_notifier
from tests.notifier.decisions import Record, a_case, a_notice, decided


async def ask(notifier: Running, lab: Lab, path: str, role: Role = Role.OPERATOR, **form: Any) -> Any:
    async with httpx2.AsyncClient(base_url=notifier.url, timeout=30) as client:
        return await client.post(f"/api/v1/{path}", json=form, headers=lab.bearer(role))


@pytest_asyncio.fixture(loop_scope="session")
async def paused(notifier: Running, lab: Lab) -> AsyncIterator[Running]:
    answer = await ask(notifier, lab, "pause", lasts="PT30M", why="new cable")
    assert answer.status_code == 200, answer.text
    yield notifier
    await ask(notifier, lab, "resume")


@pytest.mark.parametrize(
    ("waits", "of"),
    [
        (False, {"level": Level.I}),
        (False, {"level": Level.I, "purpose": Purpose.REMINDER}),
        (False, {"level": Level.IV, "sensitive": True}),
        (False, {"level": Level.II}),
        (False, {"level": Level.II, "purpose": Purpose.FALLBACK}),
        (False, {"level": Level.II, "purpose": Purpose.INFORM}),
        (True, {"level": Level.II, "purpose": Purpose.REMINDER}),
        (True, {"level": Level.II, "purpose": Purpose.NEWS}),
        (False, {"level": None}),
        (False, {"level": Level.IV, "purpose": Purpose.UNDECIDED}),
        (True, {"level": None, "kind": ReportKind.TASK}),
        (True, {"level": None, "exercise": True}),
        (True, {"level": Level.III}),
        (True, {"level": Level.IV, "purpose": Purpose.OVERDUE}),
    ],
)
def test_what_may_wait(waits: bool, of: dict[str, Any]) -> None:
    assert may_wait(a_notice(a_case(), **of)) is waits


async def test_the_newest_goes_first_and_each_once(
    paused: Running, gateway: GatewayLab, record: Record, lab: Lab
) -> None:
    older, newer, grave = a_case(), a_case(), a_case()
    await record.decide(decided(older, a_notice(older, level=Level.III)))
    await record.decide(decided(newer, a_notice(newer, person="sun_bing", level=Level.IV)))
    await record.decide(decided(grave, a_notice(grave, level=Level.I)))
    [fact] = await record.outcomes(grave, 1)
    assert fact.kind == Kind.DELIVERED
    await until(lambda: _kept_back(paused, 2), what="two wait")
    assert not [*await record.told(older), *await record.told(newer)]

    assert (await ask(paused, lab, "resume")).status_code == 200
    for case in (older, newer):
        [fact] = await record.outcomes(case, 1)
        assert fact.kind == Kind.DELIVERED
    went = [m.data["case"] for m in gateway.gateway.messages if m.data.get("case") in (older, newer)]
    assert went == [newer, older]


async def test_nothing_of_a_case_that_becomes_grave_waits_any_longer(
    paused: Running, record: Record, lab: Lab
) -> None:
    case, other = a_case(), a_case()
    await record.decide(decided(case, a_notice(case, level=Level.III)))
    await record.decide(decided(other, a_notice(other, level=Level.III)))
    await until(lambda: _kept_back(paused, 2), what="both wait")
    await record.decide(decided(case, a_notice(case, number=2, person="sun_bing", level=Level.I), number=2))
    await record.outcomes(case, 2)
    assert not await record.told(other), "the other matter is as ordinary as before"


async def test_what_was_kept_back_survives_a_kill(
    notifier: Running, gateway: GatewayLab, record: Record, lab: Lab
) -> None:
    first = await start_notifier(lab, gateway)
    begun = (await ask(first, lab, "pause", lasts="PT30M", why="new cable")).json()
    await until(lambda: _is_paused(notifier), what="the other notifier keeps to it")
    case = a_case()
    await record.decide(decided(case, a_notice(case, level=Level.III)))
    first.kill()
    second = await start_notifier(lab, gateway)
    answer = await ask(second, lab, "pause", lasts="PT1M", why="again")
    assert answer.status_code == 409, "the pause of before is on"
    assert not await record.told(case)
    assert (await ask(second, lab, "resume")).json()["since"] == begun["since"]
    [fact] = await record.outcomes(case, 1)
    assert fact.kind == Kind.DELIVERED
    assert second.stop() == 0


async def test_it_ends_by_itself_and_stands_on_record_once(
    notifier: Running, record: Record, lab: Lab
) -> None:
    assert (await ask(notifier, lab, "pause", lasts="PT3S", why="short")).status_code == 200
    case = a_case()
    await record.decide(decided(case, a_notice(case, level=Level.III)))
    await record.outcomes(case, 1)
    assert (await ask(notifier, lab, "resume")).status_code == 409
    told = await record.js.get_last_msg("FACTS", fact_subject(CaseId("notifier"), Kind.NOTICES_PAUSED))
    fact = Fact.read(told.data or b"")
    assert (fact.data["why"], fact.data["by"]["role"], fact.subject) == ("short", "operator", None)


@pytest.mark.parametrize(
    "form",
    [
        {"lasts": "PT2H1S", "why": "too long"},
        {"lasts": "PT0S", "why": "nothing"},
        {"lasts": "-PT5M", "why": "backwards"},
        {"lasts": "P999999999D", "why": "for ever"},
        {"lasts": "PT5M", "why": " "},
        {"lasts": "PT5M", "why": "x" * 501},
        {"lasts": "PT5M", "why": "a\u202eb"},
        {"lasts": "PT5M"},
        {"lasts": "PT5M", "why": "x", "level": "I"},
    ],
)
async def test_a_pause_is_bounded(notifier: Running, lab: Lab, form: dict[str, Any]) -> None:
    assert (await ask(notifier, lab, "pause", **form)).status_code == 422
    assert (await ask(notifier, lab, "resume")).status_code == 409


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PUBLISHER])
async def test_only_the_operator_pauses(notifier: Running, lab: Lab, role: Role) -> None:
    assert (await ask(notifier, lab, "pause", role, lasts="PT5M", why="x")).status_code == 403
    assert (await ask(notifier, lab, "resume", role)).status_code == 403


async def _kept_back(notifier: Running, many: int) -> bool:
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        return f"fenghuo_notifier_kept_back {float(many)}" in (await client.get("/metrics")).text


async def _is_paused(notifier: Running) -> bool:
    async with httpx2.AsyncClient(base_url=notifier.url) as client:
        return "fenghuo_notifier_paused 1.0" in (await client.get("/metrics")).text
