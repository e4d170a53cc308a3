"""At three in the morning a leader's number becomes the attacker's: the leader reads of it on the number from
before.

By a proposal, before it is in force; by the operator's stolen token; and by an operator who edits the file
and restarts the intake.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fenghuo.gateway_lab import GatewayLab
from shared.directory import load_directory
from shared.ids import PersonId
from shared.vocabulary import Role
from tests.attacks.conftest import Installation, installation_in
from tests.lab import ROOT, until

OLD, NEW = "+860000000104", "+869990000001"
"""Of the vice-mayor, who reads English; and the attacker's."""
LEADER = load_directory(ROOT / "config" / "directory.yaml").people_by_id[PersonId("li_ding")]


def with_number(number: str) -> dict[str, Any]:
    channels = [{"channel": "voice", "address": number}, {"channel": "sms", "address": number}]
    return {"op": "put_person", "person": LEADER.model_dump(mode="json") | {"channels": channels}}


def told(gateway: GatewayLab, number: str) -> list[str]:
    return [
        one.text
        for one in gateway.gateway.messages
        if one.to == number and one.channel == "sms" and "directory" in one.text
    ]


async def test_the_operators_word_is_told_to_the_old_number_and_not_to_the_new(
    installation: Installation,
) -> None:
    before = len(told(installation.gateway, OLD))
    await installation.change(with_number(NEW))
    try:
        await until(lambda: len(told(installation.gateway, OLD)) > before, what="the old number is told")
        said = told(installation.gateway, OLD)[-1]
        assert "your numbers or addresses are others (this message goes to those from before)" in said
        assert "Changed by the operator" in said
        assert said.endswith("If this is wrong, ring the duty desk now.")
        assert told(installation.gateway, NEW) == [], "whoever has it now has no say"
    finally:
        await installation.change({"op": "put_person", "person": LEADER.model_dump(mode="json")})


async def test_a_duty_officer_only_proposes_it_and_the_old_number_hears_of_that(
    installation: Installation,
) -> None:
    before = len(told(installation.gateway, OLD))
    headers = installation.lab.bearer(Role.DUTY_OFFICER, person="jin_hong", unit="shaquan_info_centre")
    answer = await installation.http.post(
        "/api/v1/directory/changes", json={"changes": [with_number(NEW)]}, headers=headers
    )
    assert answer.status_code == 202, answer.text
    await until(lambda: len(told(installation.gateway, OLD)) > before, what="the old number is told")
    assert "not in force until a second person agrees" in told(installation.gateway, OLD)[-1]
    path = f"/api/v1/directory/proposals/{answer.json()['proposal']}/refuse"
    assert (await installation.http.post(path, json={}, headers=headers)).status_code == 204


async def test_the_delivery_is_on_record_without_the_number(installation: Installation) -> None:
    await installation.change(with_number(NEW))
    try:
        async with installation.lab.connection("admin") as admin:
            js = admin.jetstream()

            async def delivered() -> str | None:
                last = (await js.stream_info("FACTS")).state.last_seq
                raw = [
                    (await js.get_msg("FACTS", number)).data or b""
                    for number in range(max(1, last - 12), last + 1)
                ]
                decided = next(
                    (one for one in raw if b'"purpose":"changed"' in one and b'"person":"li_ding"' in one),
                    None,
                )
                assert decided is None or OLD.encode() not in decided
                found = next(
                    (one for one in raw if b".delivered.v1" in one and b'"person":"li_ding"' in one), None
                )
                return found.decode() if found else None

            said = await until(delivered, what="delivered")
            assert said is not None
            assert OLD not in said
    finally:
        await installation.change({"op": "put_person", "person": LEADER.model_dump(mode="json")})


@pytest.mark.timeout(240)
async def test_a_number_changed_in_the_file_is_told_to_the_old_one(tmp_path: Path) -> None:
    async with installation_in(tmp_path) as own:
        document = yaml.safe_load((ROOT / "config" / "directory.yaml").read_text(encoding="utf-8"))
        leader = next(person for person in document["people"] if person["id"] == "li_ding")
        leader["channels"] = with_number(NEW)["person"]["channels"]
        file = tmp_path / "edited.yaml"
        file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        own.lab.directory = file
        own.intake.stop()
        await own.lab.start_service("intake")
        await until(lambda: told(own.gateway, OLD), what="the old number is told")
        assert "the operator (directory file)" in told(own.gateway, OLD)[-1]
        assert told(own.gateway, NEW) == []
