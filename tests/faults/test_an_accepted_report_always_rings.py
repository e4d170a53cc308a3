"""An accepted report always rings: a fault of ours leaves out one thing of it, and where nothing is left the
duty desk is called.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import orjson
import pytest
import pytest_asyncio
from nats.js.errors import NotFoundError

from fenghuo.gateway_lab import GatewayLab, Mode
from services.escalator.deciding.draft import DESK_DUTY
from services.intake.ingest.formats.cloudevents import TYPE
from shared.directory.addresses import telephone_of
from shared.facts import Fact, Rejection
from shared.ids import PersonId, PostId, case_id_for
from shared.secrets import SecretFile, read_secret
from shared.streams import CASES, FACTS
from shared.subjects import REPORT_SUBMIT, fact_subject, inbox_subject
from shared.vocabulary import Kind, Role
from tests.escalator.builders import example_directory
from tests.escalator.failing import ACT, ANSWER, NO_CASE, RULE
from tests.lab import Lab, Running, lab_in, until

PARTY_MAIN = "zhao_jia"
NEVER = "01JDNEVER00000000000000000"
"""No case was ever reported under this id."""


def holder_of(post: str) -> PersonId:
    return PersonId(example_directory().holder_of(PostId(post), datetime.now(UTC)).id)


def number_of(person: str) -> str:
    number = telephone_of(example_directory().people_by_id[PersonId(person)])
    assert number is not None
    return number


def report_form(summary: str, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    now = (at or datetime.now(UTC)).isoformat()
    return {
        "category": "accident",
        "level": "II",
        "unit": example_directory().units[0].id,
        "area": "620622",
        "occurred_at": now,
        "learned_at": now,
        "summary": summary,
        **more,
    }


@dataclass
class Town:
    """Intake, notifier and gateway as ever; an escalator with faults planted in it."""

    lab: Lab
    http: httpx2.AsyncClient
    gateway: GatewayLab
    notifier: Running
    escalator: Running

    async def report(
        self, summary: str, at: datetime | None = None, key: str = "", **more: Any
    ) -> dict[str, Any]:
        form = report_form(summary, at, **more)
        headers = {**self.lab.bearer(Role.REPORTER), "Idempotency-Key": key or str(uuid4())}
        answer = await self.http.post("/api/v1/reports", json=form, headers=headers)
        assert answer.status_code in (201, 202), answer.text
        return answer.json()

    async def act(self, case: str, path: str, **form: Any) -> httpx2.Response:
        headers = {**self.lab.bearer(Role.DUTY_OFFICER), "Idempotency-Key": str(uuid4())}
        return await self.http.post(f"/api/v1/cases/{case}/{path}", json=form, headers=headers)

    async def start_escalator(self) -> None:
        self.escalator = await self.lab.start_service(
            "escalator", command=[sys.executable, "-m", "tests.escalator.failing"]
        )

    def links(self, person: str, words: str) -> list[str]:
        """Paths of the links that were sent."""
        return [
            urlsplit(text[text.index("http") :].split()[0]).path
            for text in self.told(person, words)
            if "http" in text
        ]

    def told(self, person: str, words: str) -> list[str]:
        messages = self.gateway.gateway.messages
        return [one.text for one in messages if one.to == number_of(person) and words in one.text]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("always-rings")
    async with (
        lab_in(folder, mongo=False) as lab,
        GatewayLab(read_secret(lab.secrets, SecretFile.WEBHOOK).decode()) as gateway,
    ):
        intake = await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT3S")
        notifier = await lab.start_service(
            "notifier", FENGHUO_GATEWAY_URL=gateway.url, FENGHUO_SMTP_PORT=str(gateway.smtp_port)
        )
        async with httpx2.AsyncClient(base_url=intake.url, timeout=20) as http:
            town = Town(lab, http, gateway, notifier, intake)
            await town.start_escalator()
            yield town


async def test_a_rule_that_fails_is_left_out_and_the_leaders_are_called(town: Town) -> None:
    submitted = await town.report(RULE)
    owed = {duty["act"] for duty in submitted["duties"]}
    assert "first_report" in owed
    assert "acknowledge" not in owed
    case = (
        await town.http.get(f"/api/v1/cases/{submitted['case']}", headers=town.lab.bearer(Role.LEADER))
    ).json()
    [left_out] = case["left_out"]
    assert left_out["why"] == "rule_failed"
    assert "a planted fault" in left_out["note"]
    await until(lambda: town.told(PARTY_MAIN, RULE), what="the secretary's call")


async def test_where_a_report_can_not_be_decided_on_the_duty_desk_is_called_and_then_the_next(
    town: Town,
) -> None:
    desk, deputy = (holder_of(post) for post in ("two_offices_duty", "deputy_sg_in_charge"))
    submitted = await town.report(NO_CASE)
    assert [duty["act"] for duty in submitted["duties"]] == [DESK_DUTY]
    [*said] = await until(lambda: town.told(desk, NO_CASE), what="the desk's call")
    assert all("立即致电" in text for text in said)
    assert not town.told(PARTY_MAIN, NO_CASE)

    town.gateway.gateway.command(number_of(desk), Mode.REFUSE)
    again = (await town.report(NO_CASE))["case"]
    link, *_ = await until(lambda: town.links(deputy, NO_CASE), what="the next on the chain is called")
    town.gateway.gateway.command(number_of(desk), Mode.OK)
    async with httpx2.AsyncClient(base_url=town.notifier.url, timeout=20) as http:
        assert "由我接手" in (await http.get(link)).text
        assert (await http.post(link)).status_code == 200
    case = (await town.http.get(f"/api/v1/cases/{again}", headers=town.lab.bearer(Role.LEADER))).json()
    assert [one["why"] for one in case["left_out"]] == ["report_not_worked_out"]
    [duty] = [duty for duty in case["duties"] if duty["rule"] == DESK_DUTY]
    assert (duty["state"], duty["discharged_by"]) == ("discharged", deputy)


async def test_a_report_whose_case_lies_under_a_key_that_nobody_can_read_opens_it_all_the_same(
    town: Town,
) -> None:
    now, key = datetime.now(UTC), str(uuid4())
    case = case_id_for(f"test-reporter\n{key}", now)
    async with town.lab.connection("admin") as admin:
        await admin.jetstream().publish(f"$KV.{CASES}.{case}", b"no case")
    submitted = await town.report("a landslide", now, key)
    assert submitted["case"] == case
    assert "first_report" in {duty["act"] for duty in submitted["duties"]}
    await until(lambda: town.told(PARTY_MAIN, "a landslide"), what="the secretary's call")


async def test_an_act_that_fails_is_answered_as_set_aside_with_what_to_do(town: Town) -> None:
    case = (await town.report("a fire"))["case"]
    answer = await town.act(case, "progress", text=ACT, percent=10)
    body = answer.json()
    assert (answer.status_code, body["outcome"]) == (409, "set_aside")
    assert "duty desk" in body["detail"]
    assert "a planted fault" in body["effects"][0]["note"]
    stood = (await town.http.get(f"/api/v1/cases/{case}", headers=town.lab.bearer(Role.LEADER))).json()
    assert stood["left_out"][-1]["kind"] == "progressed"
    assert (await town.act(case, "progress", text="it burns less", percent=10)).status_code == 200


async def test_who_answers_by_link_is_told_what_became_of_it(town: Town) -> None:
    desk = holder_of("two_offices_duty")
    for summary, status, words in (("a quake", 200, "已计入"), (ANSWER, 409, "未能处理您的答复")):
        await town.report(summary)
        said = await until(
            lambda summary=summary: town.links(PARTY_MAIN, summary), what="the secretary's link"
        )
        async with httpx2.AsyncClient(base_url=town.notifier.url, timeout=20) as http:
            page = await http.post(said[0])
        assert (page.status_code, words in page.text) == (status, True), page.text
        assert (f"tel:{number_of(desk)}" in page.text) is (status == 409)


async def every_path_says_that_it_is_taken(town: Town, submitted: dict[str, Any]) -> None:
    path, reader = f"/cases/{submitted['case']}", town.lab.bearer(Role.DUTY_OFFICER)
    answer = await town.http.get(f"/api/v1{path}", headers=reader)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["fact"] == submitted["fact"]
    page = await town.http.get(path, headers=reader)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    for words in ("its clock runs", "a flood", str(submitted["fact"]["sequence"]), f'url={path}"'):
        assert words in page.text
    form = await town.http.post(
        f"{path}/acts/progressed", headers={**reader, "Origin": str(town.http.base_url)}, data={"text": "x"}
    )
    assert form.status_code == 503
    assert "it is not on record" in form.text
    stranger = await town.http.get(path, headers=town.lab.bearer(Role.REPORTER, unit="shaquan_government"))
    assert stranger.status_code == 503
    assert "a flood" not in stranger.text
    assert (await town.http.get(f"/api/v1/cases/{NEVER}", headers=reader)).status_code == 404
    assert (await town.http.get(f"/cases/{NEVER}", headers=reader)).status_code == 404


async def test_an_act_on_a_case_that_is_not_decided_yet_is_asked_for_again(town: Town) -> None:
    town.escalator.kill()
    submitted = await town.report("a flood")
    case = submitted["case"]
    await every_path_says_that_it_is_taken(town, submitted)
    early = await town.act(case, "progress", text="the dam holds")
    assert (early.status_code, early.headers["Retry-After"]) == (503, "1")
    unknown = await town.act(NEVER, "progress", text="nobody reported it")
    assert unknown.status_code == 404
    await town.start_escalator()

    async def done() -> bool:
        return (await town.act(case, "progress", text="the dam holds")).status_code == 200

    await until(done, what="the act taken")


async def test_a_report_may_follow_from_a_case_that_is_not_decided_yet_whichever_way_it_comes(
    town: Town,
) -> None:
    source = "wangshan-info"
    town.escalator.kill()
    parent = (await town.report("the dam leaks"))["case"]
    by_hand = await town.report("the road below is flooded", parent=parent)
    async with town.lab.source(source) as client:

        async def ask(summary: str, parent: str) -> dict[str, Any]:
            form = report_form(summary, parent=parent, unit="wangshan_info_centre")
            return orjson.loads((await client.request(REPORT_SUBMIT, orjson.dumps(form), timeout=10)).data)

        async def publish(summary: str, parent: str) -> None:
            data = report_form(summary, parent=parent, unit="wangshan_info_centre")
            event: dict[str, Any] = {
                "specversion": "1.0",
                "type": TYPE,
                "source": "/county",
                "id": str(uuid4()),
                "data": data,
            }
            await client.jetstream().publish(inbox_subject("cloudevents", source), orjson.dumps(event))

        asked = await ask("the power is out", parent)
        nowhere = await ask("the power is out", NEVER)
        await publish("the bridge is closed", parent)
        await publish("nobody knows what this follows from", NEVER)
    assert (nowhere["status"], nowhere["errors"][0]["field"]) == (422, "parent")
    assert "case" in asked, asked
    await town.start_escalator()

    async def followers() -> dict[str, str]:
        answer = await town.http.get(
            "/api/v1/cases", params={"parent": parent}, headers=town.lab.bearer(Role.LEADER)
        )
        return {one["id"]: one["report"]["summary"] for one in answer.json()["cases"]}

    async def are_three() -> bool:
        return len(await followers()) == 3

    await until(are_three, what="the three that follow")
    assert (await followers()).keys() >= {by_hand["case"], asked["case"]}
    assert "the bridge is closed" in (await followers()).values()

    refusals: list[Rejection] = []

    async def is_refused() -> bool:
        async with town.lab.connection("admin") as admin:
            with suppress(NotFoundError):
                last = await admin.jetstream().get_last_msg(FACTS, fact_subject(source, Kind.REJECTED))
                refusals.append(Rejection.model_validate(Fact.read(last.data or b"").data))
        return bool(refusals)

    await until(is_refused, what="what follows from nothing is refused")
    assert [field for field, _ in refusals[-1].errors] == ["data.parent"]
