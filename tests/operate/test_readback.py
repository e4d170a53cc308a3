"""A step of the demo counts only when the trail shows it; one that did not happen says what was expected and
what was seen.
"""

from datetime import UTC, datetime
from pathlib import Path

import httpx2
import orjson
import pytest

from fenghuo.demo.readback import Readback, StepFailed, with_effect
from fenghuo.demo.trail_scene import tamper
from shared.facts import About, Decision, Effect, EffectKind, Fact
from shared.ids import CaseId, PersonId
from shared.vocabulary import Kind

CASE = CaseId("01J00000000000000000000000")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def lit(person: str) -> Fact:
    effect = Effect(kind=EffectKind.LIT, why="owed_on_report", person=PersonId(person))
    decision = Decision(
        case=CASE, about=About(id="0", kind="reported", sequence=1, time=NOW), policy="p", effects=(effect,)
    )
    return Fact.of(Kind.DECIDED, id="1", source="/test", subject=CASE, time=NOW, data=decision)


def audit_with(*facts: Fact) -> Readback:
    def answer(request: httpx2.Request) -> httpx2.Response:
        *_, last = request.url.path.split("/")
        if last == "entries":
            return httpx2.Response(
                200, json={"entries": [{"index": index} for index, _ in enumerate(facts)], "next": None}
            )
        return httpx2.Response(200, content=orjson.dumps({"fact": orjson.loads(facts[int(last)].write())}))

    return Readback(
        httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), "http://audit.example", "token"
    )


async def test_what_the_trail_shows_has_happened() -> None:
    trail = audit_with(lit("zhao_jia"), lit("wu_ji"))

    proof = await trail.expect("wu_ji lit", CASE, with_effect(EffectKind.LIT, person="wu_ji"), seconds=1)

    assert [record.index for record in proof] == [1]


async def test_what_it_does_not_show_has_not() -> None:
    trail = audit_with(lit("zhao_jia"))

    with pytest.raises(StepFailed) as failed:
        await trail.expect("wu_ji lit", CASE, with_effect(EffectKind.LIT, person="wu_ji"), seconds=0.1)

    assert "expected: wu_ji lit" in str(failed.value)
    assert "seen: case" in str(failed.value)
    assert "'lit': 1" in str(failed.value)


async def test_an_audit_that_is_away_is_named() -> None:
    refusing = httpx2.MockTransport(lambda _: httpx2.Response(503))
    trail = Readback(httpx2.AsyncClient(transport=refusing), "http://audit.example", "token")

    with pytest.raises(StepFailed, match="503"):
        await trail.expect("anything", CASE, with_effect(EffectKind.LIT), seconds=0.1)


def test_a_record_that_is_not_in_the_copy_cannot_be_tampered_with(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="record 7"):
        tamper(tmp_path, 7)
