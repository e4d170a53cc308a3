"""With a token that is still good: somebody has left the directory, lost the role, or moved to another unit,
and goes on as before.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.everywhere import answers, seconds_until_refused
from tests.lab import until

DOORS = ("intake", "escalator", "notifier")
A_SECOND = 1.0
NAME = {"zh": "某甲", "en": "Somebody"}


def put(who: str, unit: str, *roles: str, lists_roles: bool = True) -> dict[str, Any]:
    channels = [{"channel": "sms", "address": "+860000000999"}]
    person = {"id": who, "name": NAME, "unit": unit, "channels": channels} | (
        {"roles": roles} if lists_roles else {}
    )
    return {"op": "put_person", "person": person}


@pytest.mark.parametrize("lists_roles", [True, False])
async def test_who_left_is_nobody_within_a_second(installation: Installation, lists_roles: bool) -> None:
    await installation.change(put("leaver", "petition_office", "supervisor", lists_roles=lists_roles))
    token = installation.lab.token(Role.SUPERVISOR, person="leaver", unit="petition_office")
    await until(lambda: let_in(installation, token), what="let in while in the directory")

    gone = {"op": "remove", "what": "person", "id": "leaver"}
    assert (
        await seconds_until_refused(installation, token, lambda: installation.change(gone), DOORS) < A_SECOND
    )


async def test_a_role_taken_away_ends_the_tokens_of_that_role_alone(installation: Installation) -> None:
    await installation.change(put("demoted", "petition_office", "supervisor", "duty_officer"))
    supervisor, officer = (
        installation.lab.token(role, person="demoted", unit="petition_office")
        for role in (Role.SUPERVISOR, Role.DUTY_OFFICER)
    )
    await until(lambda: let_in(installation, supervisor), what="let in while the role is theirs")

    lost = put("demoted", "petition_office", "duty_officer")
    assert (
        await seconds_until_refused(installation, supervisor, lambda: installation.change(lost), DOORS)
        < A_SECOND
    )
    assert set((await answers(installation, officer, DOORS)).values()) == {200}


async def test_who_moved_to_another_unit_cannot_act_for_the_old_one(installation: Installation) -> None:
    await installation.change(put("mover", "water_bureau", "reporter"))
    token = installation.lab.token(Role.REPORTER, person="mover", unit="water_bureau")
    await until(lambda: speaks_for(installation, token, "water_bureau"), what="reports for their unit")

    await installation.change(put("mover", "housing_bureau", "reporter"))
    await until(
        lambda: is_witness_for(installation, token, "water_bureau"), what="a witness for the old unit"
    )
    assert await speaks_for(installation, token, "housing_bureau"), (
        "the same token reports for the unit of now"
    )


async def test_what_a_token_says_of_its_persons_unit_counts_for_nothing(installation: Installation) -> None:
    """A token made for a person with another unit written into it."""
    token = installation.lab.token(Role.REPORTER, person="lu_hai", unit="water_bureau")
    assert await is_witness_for(installation, token, "water_bureau")
    assert await speaks_for(installation, token, "heating_company")


async def test_a_source_or_a_unit_that_is_gone_is_nobody(installation: Installation) -> None:
    for token in (
        installation.lab.token(Role.PUBLISHER, subject="source:gone-long-ago"),
        installation.lab.token(Role.DUTY_OFFICER, unit="dissolved_bureau", subject="unit:dissolved_bureau"),
    ):
        assert set((await answers(installation, token)).values()) == {401}


async def let_in(installation: Installation, token: str) -> bool:
    return set((await answers(installation, token, DOORS)).values()) == {200}


async def reported_as_witness(installation: Installation, token: str, unit: str) -> bool:
    """Whether a report for the unit is taken as that of somebody else, for which the unit does not answer."""
    now = datetime.now(UTC).isoformat()
    form = {
        "category": "accident",
        "unit": unit,
        "area": "620600",
        "occurred_at": now,
        "learned_at": now,
        "summary": "隐患",
    }
    answer = await installation.http.post(
        "/api/v1/reports", json=form, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 201, answer.text
    return (await installation.case(answer.json()["case"])).report.witness


async def is_witness_for(installation: Installation, token: str, unit: str) -> bool:
    return await reported_as_witness(installation, token, unit)


async def speaks_for(installation: Installation, token: str, unit: str) -> bool:
    return not await reported_as_witness(installation, token, unit)
