"""What people do to a case is on record before it is decided, and the answer says what became of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from msgspec.structs import replace

from shared.facts import About, Effect, EffectKind, Fact
from shared.ids import CaseId, case_id_at
from shared.vocabulary import Role
from tests.intake.builders import case, facts_of, post_case, refusal
from tests.lab import Lab, until

TASK = {"title": "排查", "unit": "heating"}
DISCHARGED = Effect(kind=EffectKind.DISCHARGED, why="acknowledged")


@pytest.fixture
async def open_case(lab: Lab, http: httpx2.AsyncClient) -> CaseId:
    """A case on the board."""
    one = case_id_at(datetime.now(UTC))
    await post_case(lab, case(one, sequence=0))

    async def shows() -> bool:
        return (await http.get(f"/api/v1/cases/{one}", headers=lab.bearer(Role.AUDITOR))).status_code == 200

    await until(shows, what="the case on the board")
    return one


async def do(
    http: httpx2.AsyncClient,
    lab: Lab,
    one: str,
    act: str,
    role: Role,
    body: dict[str, Any] | None = None,
    **who: Any,
) -> httpx2.Response:
    key = {"Idempotency-Key": who.pop("key")} if "key" in who else {}
    return await http.post(
        f"/api/v1/cases/{one}/{act}", json=body or {}, headers=lab.bearer(role, **who) | key
    )


async def decide(lab: Lab, one: CaseId, effects: tuple[Effect, ...]) -> Fact:
    """Play the escalator: decide on the case's newest fact with these effects."""

    async def acted() -> list[Fact]:
        return await facts_of(lab, one)

    fact = (await until(acted, what="the act on record"))[-1]
    async with lab.connection("admin") as client:
        sequence = (await client.jetstream().stream_info("FACTS")).state.last_seq
    decided = case(one, sequence=sequence, effects=effects)
    about = About(id=fact.id, kind=fact.kind, sequence=sequence, time=datetime.now(UTC))
    await post_case(lab, replace(decided, decision=replace(decided.decision, about=about)))
    return fact


async def test_a_leader_acknowledges_for_themself_and_hears_what_it_discharged(
    patient: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    answer, fact = await asyncio.gather(
        do(patient, lab, open_case, "acknowledge", Role.LEADER, person="leader_a"),
        decide(lab, open_case, (DISCHARGED,)),
    )
    body = answer.json()
    assert (answer.status_code, body["outcome"], body["effects"][0]["why"]) == (
        200,
        "applied",
        "acknowledged",
    )
    assert (fact.kind, fact.data["person"], fact.data["via"]) == ("acknowledged", "leader_a", "api")


async def test_a_duty_officer_logs_the_call_that_was_answered(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    body = {"person": "leader_b", "via": "logged_call", "note": "03:12 接通，已知悉"}
    await do(http, lab, open_case, "acknowledge", Role.DUTY_OFFICER, body, person="officer")
    (fact,) = await facts_of(lab, open_case, "acknowledged")
    assert (fact.data["person"], fact.data["via"], fact.data["by"]["principal"]) == (
        "leader_b",
        "logged_call",
        "officer",
    )


async def test_nobody_but_the_duty_officer_acknowledges_for_somebody_else(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    assert (
        await do(http, lab, open_case, "acknowledge", Role.LEADER, {"person": "leader_b"}, person="leader_a")
    ).status_code == 403
    assert (
        await do(http, lab, open_case, "acknowledge", Role.REPORTER, person="leader_b")
    ).status_code == 403
    unnamed = await do(http, lab, open_case, "acknowledge", Role.DUTY_OFFICER)
    assert unnamed.json()["errors"][0]["field"] == "person"
    stranger = await do(http, lab, open_case, "acknowledge", Role.DUTY_OFFICER, {"person": "nobody"})
    assert stranger.json()["errors"][0]["field"] == "person"
    assert await facts_of(lab, open_case) == []


async def test_whoever_was_called_may_say_that_they_know_in_whatever_role(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    answer = await do(http, lab, open_case, "acknowledge", Role.REPORTER, person="leader_a", unit="heating")
    assert answer.status_code == 202
    snooze = await do(http, lab, open_case, "snooze", Role.REPORTER, {"span": "PT10M"}, person="leader_a")
    assert snooze.status_code == 202
    assert (
        await do(http, lab, open_case, "snooze", Role.REPORTER, {"span": "PT10M"}, person="leader_b")
    ).status_code == 403


async def test_an_act_the_escalator_refuses_is_on_record_and_answered_409_with_its_reason(
    patient: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    answer, fact = await asyncio.gather(
        do(patient, lab, open_case, "accept", Role.DUTY_OFFICER),
        decide(lab, open_case, (refusal("no_transfer_pending"),)),
    )
    assert (answer.status_code, fact.kind) == (409, "accepted")
    assert "no transfer waits for an answer" in answer.json()["detail"]
    assert answer.json()["fact"]["id"] == fact.id


async def test_without_a_decision_in_time_the_act_is_recorded(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    answer = await do(
        http, lab, open_case, "progress", Role.DUTY_OFFICER, {"text": "救援队已到场", "percent": 40}
    )
    assert (answer.status_code, answer.json()["outcome"]) == (202, "recorded")
    (fact,) = await facts_of(lab, open_case, "progressed")
    assert (fact.data["text"], fact.data["percent"]) == ("救援队已到场", 40)


async def test_a_comment_is_on_record_and_only_of_whoever_has_a_part_in_the_case(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    answer = await do(http, lab, open_case, "comment", Role.DUTY_OFFICER, {"text": "家属已到场"})
    strangers = [
        await do(http, lab, open_case, "comment", Role.AUDITOR, {"text": "x"}),
        await do(http, lab, open_case, "comment", Role.PUBLISHER, {"text": "x"}),
    ]
    assert (answer.status_code, [stranger.status_code for stranger in strangers]) == (202, [403, 403])
    (fact,) = await facts_of(lab, open_case, "commented")
    assert fact.data["text"] == "家属已到场"


@pytest.mark.parametrize(
    ("act", "body", "fields"),
    [
        ("follow-up", {}, {"text"}),
        ("comment", {}, {"text"}),
        ("comment", {"text": "长" * 20_001}, {"text"}),
        ("comment", {"text": "x", "task": "t1"}, {"task"}),
        ("transfer", {}, {"to_unit", "text"}),
        ("transfer", {"to_unit": "nobody", "text": "不归我们管"}, {"to_unit"}),
        ("object", {}, {"text"}),
        ("close", {"text": " "}, {"text"}),
        ("withdraw", {}, {"text"}),
        ("merge", {"text": "同一事件"}, {"into"}),
        ("merge", {"text": "同一事件", "into": "nowhere"}, {"into"}),
        ("progress", {"text": "x", "percent": 101}, {"percent"}),
        ("regrade", {"text": "更重"}, {"level"}),
        ("regrade", {"text": "更重", "level": "V"}, {"level"}),
        ("file", {"document": "final_report"}, {"text"}),
        ("complete", {"text": "已完成", "task": "t9"}, {"task"}),
        ("snooze", {"span": "ten minutes"}, {"span"}),
        ("snooze", {"span": "PT10M", "duty": "nothing-1", "to_person": "leader_a"}, {"duty"}),
        ("reassign", {"to_person": "nobody", "text": "x"}, {"to_person"}),
        ("escalate", {}, {"post"}),
        ("invoke-plan", {"plan": "nothing", "text": "x"}, {"plan"}),
        ("take-command", {}, {"to_person"}),
        (
            "assign",
            {"tasks": [{"title": "x", "unit": "nobody"}, TASK | {"after": 2}]},
            {"tasks.0.unit", "tasks.1.after"},
        ),
        ("ask-extension", {"task": "t9", "due_at": "2020-01-01T00:00:00Z", "text": "x"}, {"task", "due_at"}),
        ("resolve", {"text": "x", "into": "y"}, {"into"}),
        ("resolve", {"text": "x", "txet": "y"}, {"txet"}),
    ],
)
async def test_the_fields_an_act_can_not_do_without_are_named(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId, act: str, body: dict[str, Any], fields: set[str]
) -> None:
    answer = await do(http, lab, open_case, act, Role.DUTY_OFFICER, body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == fields


async def test_a_case_is_not_merged_into_itself(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    answer = await do(http, lab, open_case, "merge", Role.DUTY_OFFICER, {"text": "x", "into": open_case})
    assert "this very case" in answer.json()["errors"][0]["message"]


async def test_the_same_key_is_one_act(http: httpx2.AsyncClient, lab: Lab, open_case: CaseId) -> None:
    key = uuid4().hex
    first = await do(http, lab, open_case, "follow-up", Role.DUTY_OFFICER, {"text": "两人获救"}, key=key)
    again = await do(http, lab, open_case, "follow-up", Role.DUTY_OFFICER, {"text": "两人获救"}, key=key)
    other = await do(http, lab, open_case, "follow-up", Role.DUTY_OFFICER, {"text": "三人获救"}, key=key)
    assert first.json()["fact"] == again.json()["fact"]
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    assert len(await facts_of(lab, open_case, "followed_up")) == 1


async def test_an_unknown_case_says_where_to_look(http: httpx2.AsyncClient, lab: Lab) -> None:
    answer = await do(http, lab, "01NOSUCHCASE", "close", Role.DUTY_OFFICER, {"text": "x"})
    assert answer.status_code == 404
    assert "timeline" in answer.json()["detail"]


async def test_a_unit_acts_only_on_cases_it_has_a_part_in(
    http: httpx2.AsyncClient, lab: Lab, open_case: CaseId
) -> None:
    theirs = await do(http, lab, open_case, "follow-up", Role.REPORTER, {"text": "x"}, unit="heating")
    assert theirs.status_code == 403
    ours = await do(http, lab, open_case, "follow-up", Role.REPORTER, {"text": "x"}, unit="county_info")
    assert ours.status_code == 202
