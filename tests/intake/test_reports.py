"""A unit reports over HTTP: it is stored once, answered with a receipt, and whatever is wrong is named."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.intake.recording.receipts import read as read_receipt
from shared.secrets import SecretFile, verify_key
from shared.vocabulary import Role
from tests.intake.builders import ago, case, facts_of, form, post_case
from tests.intake.conftest import DIRECTORY
from tests.lab import Lab, Running, until


async def report(
    http: httpx2.AsyncClient,
    lab: Lab,
    key: str | None = None,
    *,
    role: Role = Role.DUTY_OFFICER,
    **changes: object,
) -> httpx2.Response:
    unit = str(form(**changes)["unit"]) if role is Role.REPORTER else None
    headers = lab.bearer(role, unit=unit) | ({"Idempotency-Key": key} if key else {})
    return await http.post("/api/v1/reports", json=form(**changes), headers=headers)


async def test_a_report_is_on_record_and_its_receipt_proves_it(http: httpx2.AsyncClient, lab: Lab) -> None:
    answer = await report(http, lab)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    (fact,) = await facts_of(lab, body["case"])
    assert (fact.id, fact.kind) == (body["fact"]["id"], "reported")
    said = read_receipt(body["receipt"], verify_key(lab.secrets, SecretFile.RECEIPT_VERIFY))
    async with lab.connection("admin") as client:
        stored = await client.jetstream().get_msg("FACTS", body["fact"]["sequence"])
    assert said["sha256"] == hashlib.sha256(stored.data or b"").hexdigest()
    assert (said["case"], said["fact"], said["sequence"], said["time"]) == (
        body["case"],
        fact.id,
        stored.seq,
        body["fact"]["time"],
    )


async def test_without_an_escalator_the_report_is_stored_and_its_duties_follow(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    body = (await report(http, lab)).json()
    assert body["duties"] == []
    assert "they follow" in body["notice"]


async def test_the_answer_names_the_duties_once_the_escalator_has_decided(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    key = uuid4().hex
    changes = {"learned_at": form()["learned_at"], "occurred_at": form()["occurred_at"]}
    first = (await report(http, lab, key, **changes)).json()
    await post_case(lab, case(first["case"], sequence=first["fact"]["sequence"]))
    second = (await report(http, lab, key, **changes)).json()
    assert [(duty["act"], duty["owed_to"]) for duty in second["duties"]] == [
        ("first_report", "leader_a"),
        ("first_report", "officer"),
    ]
    assert "notice" not in second


async def test_the_same_key_and_form_give_the_same_case_and_receipt_and_one_fact(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    key, same = uuid4().hex, form()
    answers = [(await report(http, lab, key, **same)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    first, *others = [answer.json() for answer in answers]
    assert all(
        (other["case"], other["fact"], other["receipt"]) == (first["case"], first["fact"], first["receipt"])
        for other in others
    )
    assert len(await facts_of(lab, first["case"])) == 1


async def test_twenty_repeats_at_once_are_one_report(http: httpx2.AsyncClient, lab: Lab) -> None:
    key, same = uuid4().hex, form()
    answers = await asyncio.gather(*(report(http, lab, key, **same) for _ in range(20)))
    assert len({answer.json()["fact"]["sequence"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]


async def test_the_same_key_with_another_form_is_refused_and_nothing_is_stored(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    key = uuid4().hex
    first = (await report(http, lab, key)).json()
    second = await report(http, lab, key, summary="另一件事")
    assert second.status_code == 422
    assert second.json()["errors"][0]["field"] == "Idempotency-Key"
    assert first["case"] in second.json()["detail"]


async def test_two_intakes_side_by_side_store_a_report_once(
    http: httpx2.AsyncClient, lab: Lab, intake: Running
) -> None:
    second = await lab.start_service("intake", FENGHUO_DIRECTORY=str(DIRECTORY), FENGHUO_DUTIES_WAIT="PT0S")
    async with httpx2.AsyncClient(base_url=second.url, timeout=15) as other:
        keys, same = [uuid4().hex for _ in range(10)], form()
        answers = await asyncio.gather(
            *(report(one, lab, key, **same) for key in keys for one in (http, other))
        )
    second.stop()
    assert {answer.status_code for answer in answers} == {200, 201}
    assert len({answer.json()["fact"]["sequence"] for answer in answers}) == len(keys)


async def test_one_persons_key_means_nothing_for_another(http: httpx2.AsyncClient, lab: Lab) -> None:
    key, same = uuid4().hex, form()
    ours = await report(http, lab, key, **same)
    theirs = await report(http, lab, key, role=Role.SUPERVISOR, **same)
    assert theirs.status_code == 201
    assert theirs.json()["case"] != ours.json()["case"]


async def test_every_bad_field_is_named_at_once_with_its_remedy(http: httpx2.AsyncClient, lab: Lab) -> None:
    wrong: dict[str, Any] = {
        "level": "V",
        "unit": "nobody",
        "area": "999999",
        "learned_at": "2026-11-23T03:05:00",
        "summary": " ",
        "learnt_at": "x",
        "category": None,
    }
    answer = await report(http, lab, **wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    said = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert set(said) == {"level", "unit", "area", "learned_at", "summary", "learnt_at", "category"}
    assert "'I', 'II', 'III' or 'IV'" in said["level"]
    assert "'nobody'" in said["unit"]
    assert "add the offset" in said["learned_at"]
    assert "did you mean learned_at?" in said["learnt_at"]
    assert "missing" in said["category"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"learned_at": timedelta(hours=1)}, "learned_at", "ahead of our clock"),
        ({"occurred_at": timedelta(minutes=-1)}, "learned_at", "before occurred_at"),
        ({"occurred_at": "0206-11-23T03:05:00+08:00"}, "occurred_at", "correct the year"),
        ({"learned_at": 1_763_000_000}, "learned_at", "not a number"),
        ({"place": {"latitude": 200, "longitude": 1}}, "place.latitude", "90 or less"),
        ({"sensitive": "perhaps"}, "sensitive", "true or false"),
    ],
)
async def test_a_time_or_value_that_can_not_be_is_refused(
    http: httpx2.AsyncClient, lab: Lab, changes: dict[str, Any], field: str, words: str
) -> None:
    """A time is given from the moment at which it is sent."""
    now = datetime.now(UTC)
    sent: dict[str, Any] = {
        name: (now + value).isoformat() if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    answer = await report(http, lab, **sent)
    assert answer.status_code == 422
    assert [(error["field"], words in error["message"]) for error in answer.json()["errors"]] == [
        (field, True)
    ]


async def test_a_clock_a_little_ahead_is_forgiven(http: httpx2.AsyncClient, lab: Lab) -> None:
    assert (await report(http, lab, learned_at=ago(minutes=-4).isoformat())).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 422), (b"\xff", 400), (b"", 400), (b"[" * 5000, 400), (b" " * 300_000, 413)],
)
async def test_what_is_no_report_is_refused_in_words(
    http: httpx2.AsyncClient, lab: Lab, body: bytes, status: int
) -> None:
    answer = await http.post("/api/v1/reports", content=body, headers=lab.bearer(Role.DUTY_OFFICER))
    assert answer.status_code == status
    assert answer.json()["status"] == status


async def test_nobody_reports_without_a_token_or_in_a_role_that_only_reads(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    assert (await http.post("/api/v1/reports", json=form())).status_code == 401
    assert (
        await http.post("/api/v1/reports", json=form(), headers={"Authorization": "Bearer x"})
    ).status_code == 401
    for role in (Role.AUDITOR, Role.OPERATOR):
        assert (await report(http, lab, role=role)).status_code == 403


@pytest.mark.parametrize(
    ("role", "kind", "status"),
    [
        (Role.REPORTER, "petition", 201),
        (Role.REPORTER, "campaign", 403),
        (Role.SUPERVISOR, "supervision_order", 201),
        (Role.SUPERVISOR, "accountability", 403),
        (Role.DISCIPLINE, "accountability", 201),
        (Role.DISCIPLINE, "incident", 403),
        (Role.DUTY_OFFICER, "standing", 403),
    ],
)
async def test_each_kind_of_case_is_opened_by_those_whose_matter_it_is(
    http: httpx2.AsyncClient, lab: Lab, role: Role, kind: str, status: int
) -> None:
    assert (await report(http, lab, role=role, kind=kind)).status_code == status


async def test_a_case_may_follow_from_one_on_the_board_and_bring_its_tasks(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    first = (await report(http, lab)).json()
    await post_case(lab, case(first["case"], sequence=first["fact"]["sequence"]))

    async def shows() -> bool:
        return (
            await http.get(f"/api/v1/cases/{first['case']}", headers=lab.bearer(Role.AUDITOR))
        ).status_code == 200

    await until(shows, what="the case on the board")
    tasks = [{"title": "复查", "units": ["heating", "county_info"], "within": "P3D"}]
    answer = await report(
        http, lab, kind="task", category=None, parent=first["case"], topic="meeting_report", tasks=tasks
    )
    (fact,) = await facts_of(lab, answer.json()["case"])
    assert (fact.data["parent"], fact.data["tasks"][0]["units"]) == (
        first["case"],
        ["heating", "county_info"],
    )


async def test_a_campaign_to_every_unit_has_them_on_record_and_is_one_report_whoever_is_there_later(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    tasks = [{"title": "排查", "every": "unit", "within": "P7D"}]
    body = form(kind="campaign", unit="city", area="620600", category=None, tasks=tasks)

    async def handed_in(**changes: Any) -> httpx2.Response:
        headers = lab.bearer(Role.DUTY_OFFICER) | {"Idempotency-Key": key}
        return await http.post("/api/v1/reports", json=body | changes, headers=headers)

    key = uuid4().hex
    first = await handed_in()
    assert first.status_code == 201, first.text
    (fact,) = await facts_of(lab, first.json()["case"])
    (task,) = fact.data["tasks"]
    assert (task["every"], task["units"]) == ("unit", ["heating", "county_info", "observatory"])
    assert (await handed_in()).json()["fact"] == first.json()["fact"]
    assert (await handed_in(tasks=[tasks[0] | {"title": "复查"}])).status_code == 422


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parent": "nowhere"}, "parent"),
        ({"kind": "task", "tasks": [{"title": "x", "unit": "nobody"}]}, "tasks.0.unit"),
        ({"kind": "task", "tasks": [{"title": "x"}]}, "tasks.0"),
        (
            {
                "kind": "task",
                "tasks": [{"title": "x", "every": "unit", "units": ["heating"]}],
                "unit": "city",
                "area": "620600",
            },
            "tasks.0.units",
        ),
        ({"kind": "task", "tasks": [{"title": "x", "every": "unit", "unit": "heating"}]}, "tasks.0"),
        ({"kind": "task", "tasks": [{"title": "x", "unit": "heating", "sector": "mine"}]}, "tasks.0"),
        ({"kind": "task", "tasks": [{"title": "x", "every": "unit", "sector": "mine"}]}, "tasks.0.every"),
        ({"kind": "task", "tasks": [{"title": "x", "every": "everybody"}]}, "tasks.0.every"),
        (
            {"kind": "task", "tasks": [{"title": "x", "unit": "heating", "due_at": "2020-01-01T00:00:00Z"}]},
            "tasks.0.due_at",
        ),
        ({"topic": "Not a word"}, "topic"),
        ({"kind": "dispute", "category": None}, "category"),
    ],
)
async def test_what_a_report_refers_to_must_be_there(
    http: httpx2.AsyncClient, lab: Lab, changes: dict[str, Any], field: str
) -> None:
    answer = await report(http, lab, **changes)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_a_report_says_who_handed_it_in_for_which_unit(http: httpx2.AsyncClient, lab: Lab) -> None:
    """Who reports for another unit is its witness: the report is taken all the same, and says so."""
    answer = await http.post(
        "/api/v1/reports", json=form(), headers=lab.bearer(Role.REPORTER, unit="heating")
    )
    assert answer.status_code == 201
    (fact,) = await facts_of(lab, answer.json()["case"])
    assert (fact.data["unit"], fact.data["by"]["unit"], fact.data["by"]["role"]) == (
        "county_info",
        "heating",
        "reporter",
    )


async def test_a_reporter_lays_no_task_on_a_unit(http: httpx2.AsyncClient, lab: Lab) -> None:
    tasks = [{"title": "排查", "unit": "heating"}]
    answer = await http.post(
        "/api/v1/reports", json=form(tasks=tasks), headers=lab.bearer(Role.REPORTER, unit="county_info")
    )
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (
        403,
        ["tasks.0.unit"],
    )
    assert (
        await http.post("/api/v1/reports", json=form(tasks=tasks), headers=lab.bearer(Role.DUTY_OFFICER))
    ).status_code == 201


async def test_the_document_of_the_api_shows_the_form(intake: Running, http: httpx2.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    body = document["paths"]["/api/v1/reports"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert {"unit", "area", "occurred_at", "learned_at", "summary"} == set(body["required"])
