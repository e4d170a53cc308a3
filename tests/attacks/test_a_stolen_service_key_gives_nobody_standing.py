"""Whoever has intake's key writes acts past intake's door: of a person without standing, without the role, or
of another unit's system.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from ulid import ULID

from shared.broker.append import append
from shared.case import CaseStatus
from shared.facts import Acknowledgement, Actor, CaseAct, Fact, Frozen, Via
from shared.ids import CaseId, PersonId, UnitId
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.escalator.wire import decisions_of
from tests.lab import until

THEIRS = "wangshan_info_centre"
STRANGER = Actor(principal="hua_zhou", role=Role.DUTY_OFFICER, unit=UnitId("shaquan_emergency"))
NOBODY = Actor(principal="somebody", role=Role.DUTY_OFFICER)
DEEDS: list[tuple[Kind, Actor, dict[str, Any], str]] = [
    (Kind.CLOSED, STRANGER, {"text": "完毕"}, "no_standing"),
    (Kind.WITHDRAWN, STRANGER, {"text": "误报"}, "no_standing"),
    (Kind.TRANSFERRED, STRANGER, {"text": "移送", "to_unit": "shaquan_emergency"}, "held_by_another_unit"),
    (Kind.ASSIGNED, STRANGER, {"tasks": [{"title": "疏散", "unit": "fire_rescue"}]}, "no_standing"),
    (Kind.CLOSED, NOBODY, {"text": "完毕"}, "no_standing"),
    (
        Kind.CLOSED,
        Actor(principal="jiang_yue", role=Role.REPORTER, unit=UnitId(THEIRS)),
        {"text": "完毕"},
        "role_may_not",
    ),
    (
        Kind.WITHDRAWN,
        Actor(principal="source:shaquan-info", role=Role.PUBLISHER),
        {"text": "误报"},
        "reported_by_somebody_else",
    ),
    (
        Kind.PAUSED,
        Actor(principal="yan_yu", role=Role.LEADER, unit=UnitId("shaquan_government")),
        {"text": "等"},
        "no_standing",
    ),
]


async def written(installation: Installation, kind: Kind, case: str, data: Frozen) -> list[str]:
    """What the escalator makes of a fact that was put straight into the record."""
    fact = Fact.of(
        kind, id=str(ULID()), source="/services/intake", subject=case, time=datetime.now(UTC), data=data
    )
    async with installation.lab.connection("intake") as thief, installation.lab.connection("admin") as admin:
        await append(thief, fact_subject(CaseId(case), kind), fact.write(), fact.id)

        async def decided() -> list[str] | None:
            for decision in await decisions_of(admin, CaseId(case)):
                if decision.about.id == fact.id:
                    return [effect.why for effect in decision.effects if effect.kind == "refused"]
            return None

        found = await until(decided, what=f"{kind} is decided on")
        assert found is not None
        return found


@pytest.mark.parametrize(
    ("kind", "by", "says", "why"), DEEDS, ids=[f"{kind}-{by.principal}" for kind, by, _, _ in DEEDS]
)
async def test_the_escalator_refuses_the_act_on_record(
    installation: Installation, kind: Kind, by: Actor, says: dict[str, Any], why: str
) -> None:
    case = await installation.report(THEIRS, level="II")
    assert await written(installation, kind, case, CaseAct.model_validate({"by": by, **says})) == [why]
    stands = await installation.case(case)
    assert (stands.status, stands.holder, stands.tasks) == (CaseStatus.OPEN, THEIRS, ())
    assert not any(duty.paused_at for duty in stands.duties)


async def test_a_call_that_a_stranger_writes_down_stops_nothing(installation: Installation) -> None:
    case = await installation.report(THEIRS, level="II")
    said = Acknowledgement(person=PersonId("zhao_jia"), via=Via.LOGGED_CALL, by=STRANGER)
    assert await written(installation, Kind.ACKNOWLEDGED, case, said) == ["no_standing"]
    owed = [
        duty
        for duty in (await installation.case(case)).duties
        if duty.rule == "first_report" and duty.bearer == "zhao_jia"
    ]
    assert [duty.is_owed for duty in owed] == [True]
