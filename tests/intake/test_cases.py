"""The board over HTTP: the next due first, page by page, live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest

from shared.acts import ACTS
from shared.case import CaseStatus, DutyState, Slip, Standing, TaskState, write_case
from shared.facts import rfc3339
from shared.ids import CaseId, case_id_at
from shared.vocabulary import ReportKind, Role
from tests.intake.builders import ago, case, duty, post_case, task
from tests.lab import Lab, Running, until


def new_case() -> CaseId:
    return case_id_at(datetime.now(UTC))


async def listed(http: httpx2.AsyncClient, lab: Lab, **query: Any) -> list[str]:
    answer = await http.get("/api/v1/cases", params=query, headers=lab.bearer(Role.AUDITOR))
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["cases"]]


async def shown(http: httpx2.AsyncClient, lab: Lab, *cases: CaseId) -> None:
    async def all_there() -> bool:
        answers = [await http.get(f"/api/v1/cases/{one}", headers=lab.bearer(Role.AUDITOR)) for one in cases]
        return all(answer.status_code == 200 for answer in answers)

    await until(all_there, what="the cases on the board")


@asynccontextmanager
async def events(url: str, headers: dict[str, str]) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    async with (
        httpx2.AsyncClient(timeout=15) as client,
        client.stream("GET", f"{url}/api/v1/events", headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")

        async def each() -> AsyncIterator[dict[str, Any]]:
            fields: dict[str, str] = {}
            async for line in stream.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    yield {"id": int(fields["id"]), "event": fields["event"], **orjson.loads(fields["data"])}
                    fields = {}

        yield each()


async def test_what_is_due_next_stands_first_and_pages_follow_on(http: httpx2.AsyncClient, lab: Lab) -> None:
    cases = [new_case() for _ in range(5)]
    for one, minutes in zip(cases, (5, 1, 3, 2, 4), strict=True):
        await post_case(lab, case(one, due_in=minutes - 600))
    await shown(http, lab, *cases)
    in_order = [cases[place] for place in (1, 3, 2, 4, 0)]
    before = rfc3339(ago(minutes=500))
    assert await listed(http, lab, open=True, due_before=before) == in_order
    paged: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        query = {"due_before": before, "limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = (await http.get("/api/v1/cases", params=query, headers=lab.bearer(Role.LEADER))).json()
        paged += [one["id"] for one in answer["cases"]]
        cursor = answer["next"]
    assert (paged, cursor) == (in_order, None)


async def test_settled_cases_leave_the_open_ones_unless_something_is_still_owed(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    closed, owing = new_case(), new_case()
    soon = datetime.now(UTC) + timedelta(minutes=5)
    await post_case(
        lab, case(closed, status=CaseStatus.CLOSED, duties=(duty("officer", soon, DutyState.CANCELLED),))
    )
    await post_case(lab, case(owing, status=CaseStatus.MERGED, duties=(duty("officer", soon),)))
    await shown(http, lab, closed, owing)
    opened = await listed(http, lab, open=True, limit=200)
    assert (closed in opened, owing in opened) == (False, True)
    assert closed in await listed(http, lab, open=False, limit=200)


async def test_a_unit_sees_the_cases_it_has_a_part_in(http: httpx2.AsyncClient, lab: Lab) -> None:
    ours, theirs = new_case(), new_case()
    await post_case(lab, case(ours, holder="heating"))
    await post_case(lab, case(theirs))
    await shown(http, lab, ours, theirs)
    bearer = lab.bearer(Role.REPORTER, unit="heating")
    seen = [one["id"] for one in (await http.get("/api/v1/cases?limit=200", headers=bearer)).json()["cases"]]
    assert (ours in seen, theirs in seen) == (True, False)
    assert (await http.get(f"/api/v1/cases/{theirs}", headers=bearer)).status_code == 403
    assert theirs not in await listed(http, lab, unit="heating", limit=200)


@pytest.mark.parametrize(
    ("query", "field"), [({"due_before": "2026-11-23T03:00:00"}, "due_before"), ({"cursor": "é"}, "cursor")]
)
async def test_a_query_that_can_not_be_is_refused_by_name(
    http: httpx2.AsyncClient, lab: Lab, query: dict[str, str], field: str
) -> None:
    answer = await http.get("/api/v1/cases", params=query, headers=lab.bearer(Role.AUDITOR))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_the_directory_shows_who_is_who_and_no_address(http: httpx2.AsyncClient, lab: Lab) -> None:
    bearer = lab.bearer(Role.REPORTER)
    people = await http.get("/api/v1/directory/people", headers=bearer)
    assert {"id": "leader_a", "channels": ["voice"]}.items() <= people.json()["people"][0].items()
    assert "555" not in people.text
    assert (await http.get("/api/v1/directory/units", headers=bearer)).json()["units"][0]["id"] == "city"
    assert len((await http.get("/api/v1/directory/posts", headers=bearer)).json()["posts"]) == 2
    assert (await http.get("/api/v1/directory/people")).status_code == 401


async def test_a_list_is_narrowed_by_kind_level_holder_and_parent_and_leaves_out_what_is_only_watched(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    parent, order, watched = new_case(), new_case(), new_case()
    await post_case(lab, case(parent, holder="heating"))
    await post_case(
        lab, case(order, report={"kind": ReportKind.SUPERVISION_ORDER, "level": None, "parent": parent})
    )
    await post_case(
        lab,
        case(
            watched, report={"kind": ReportKind.STANDING}, standing=Standing(watch="roster", subject="night")
        ),
    )
    await shown(http, lab, parent, order, watched)
    assert await listed(http, lab, parent=parent) == [order]
    assert order in await listed(http, lab, kind="supervision_order", limit=200)
    by_level = await listed(http, lab, level="II", limit=200)
    assert (parent in by_level, order in by_level) == (True, False)
    assert parent in await listed(http, lab, holder="heating", limit=200)
    assert watched not in await listed(http, lab, limit=200)
    assert await listed(http, lab, standing=True) == [watched]
    assert (
        await http.get("/api/v1/cases?kind=nonsense", headers=lab.bearer(Role.AUDITOR))
    ).status_code == 422


async def test_tasks_of_all_cases_stand_in_one_list_the_reddest_first(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    one = new_case()
    late, blue, done = (
        task(1, due_at=ago(hours=1)),
        task(2, slip=Slip.BLUE),
        task(3, state=TaskState.VERIFIED),
    )
    await post_case(lab, case(one, tasks=(blue, done, late)))
    await shown(http, lab, one)

    async def tasks(**query: str) -> list[tuple[str, str | None]]:
        found = (await http.get("/api/v1/tasks", params=query, headers=lab.bearer(Role.SUPERVISOR))).json()[
            "tasks"
        ]
        return [(each["id"], each.get("slip")) for each in found if each["case"] == one]

    assert await tasks() == [("t1", "red"), ("t2", "blue")]
    assert await tasks(slip="blue") == [("t2", "blue")]
    assert await tasks(state="verified") == [("t3", None)]
    assert await tasks(unit="observatory") == []
    mine = await http.get("/api/v1/cases?limit=200", headers=lab.bearer(Role.REPORTER, unit="heating"))
    assert one in [each["id"] for each in mine.json()["cases"]], "who holds a task sees the case"


async def test_the_document_of_the_api_says_what_a_case_is_and_what_each_act_needs(
    http: httpx2.AsyncClient,
) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    case_schema = paths["/api/v1/cases/{case}"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    assert case_schema["properties"]["status"]["default"] == "open"
    body = paths["/api/v1/cases/{case}/transfer"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert (set(body["properties"]), body["required"]) == (
        {"text", "to_unit", "task", "form", "files"},
        ["text", "to_unit"],
    )
    assert {f"/api/v1/cases/{{case}}/{act.path}" for act in ACTS.values()} <= set(paths)


async def test_a_change_is_told_at_once_and_a_reader_resumes_without_a_gap(intake: Running, lab: Lab) -> None:
    first, second = new_case(), new_case()
    bearer = lab.bearer(Role.LEADER)
    async with events(intake.url, bearer) as stream, asyncio.timeout(10):
        assert (await anext(stream))["event"] == "board"
        await post_case(lab, case(first))
        told = await anext(stream)
        assert (told["event"], told["case"], told["status"]) == ("case", first, "open")
    await post_case(lab, case(second))
    async with events(intake.url, bearer | {"Last-Event-ID": str(told["id"])}) as stream, asyncio.timeout(10):
        assert (await anext(stream))["event"] == "board"
        assert (await anext(stream))["case"] == second


async def test_a_case_that_changes_often_is_told_once_a_moment(intake: Running, lab: Lab) -> None:
    one = new_case()
    async with events(intake.url, lab.bearer(Role.LEADER)) as stream, asyncio.timeout(10):
        await anext(stream)
        async with lab.connection("escalator") as client:
            raw = write_case(case(one))
            last = [(await client.jetstream().publish(f"$KV.CASES.{one}", raw)).seq for _ in range(200)][-1]
        told = [await anext(stream)]
        while told[-1]["id"] < last:
            told.append(await anext(stream))
        assert len(told) < 50


async def test_a_value_that_is_no_case_does_not_stop_the_board(http: httpx2.AsyncClient, lab: Lab) -> None:
    async with lab.connection("escalator") as client:
        await client.jetstream().publish(f"$KV.CASES.{uuid4().hex}", b"{}")
    one = new_case()
    await post_case(lab, case(one))
    await shown(http, lab, one)


async def test_the_board_finds_its_thread_again_when_its_consumer_is_gone(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    async with lab.connection("admin") as client:
        js = client.jetstream()
        for consumer in await js.consumers_info("KV_CASES"):
            await js.delete_consumer("KV_CASES", consumer.name)
    one = new_case()
    await post_case(lab, case(one))
    await shown(http, lab, one)
