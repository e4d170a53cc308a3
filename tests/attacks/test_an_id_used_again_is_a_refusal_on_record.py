"""An id or key that stands for one thing is used for another, so that it is acknowledged as if it had been
taken, or goes unseen.
"""

from uuid import uuid4

import orjson

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.publishing import after_the_inbox, body_of, end_of, event, facts_after, form
from tests.lab import until

SOURCE, UNIT = "wangshan-info", "wangshan_info_centre"
TIMES = 5


async def test_a_reports_key_over_http_and_as_a_request(installation: Installation) -> None:
    lab, first = installation.lab, form(UNIT)
    other = {**first, "summary": "另一件事"}
    async with lab.connection("admin") as admin, lab.source(SOURCE) as source:
        start = await end_of(admin)
        key = {"Idempotency-Key": uuid4().hex}
        token = lab.bearer(Role.REPORTER, unit=UNIT)
        taken = await installation.http.post("/api/v1/reports", json=first, headers=token | key)
        for _ in range(TIMES):
            again = await installation.http.post("/api/v1/reports", json=other, headers=token | key)
            assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
        asked = orjson.loads(
            (await source.request("report.submit", orjson.dumps(first), timeout=30, headers=key)).data
        )
        for _ in range(TIMES):
            answer = orjson.loads(
                (await source.request("report.submit", orjson.dumps(other), timeout=30, headers=key)).data
            )
            assert answer["status"] == 422
        refused = {fact.subject: fact for fact in await facts_after(admin, start) if fact.kind == "rejected"}
        kinds = [fact.kind for fact in await facts_after(admin, start)]
    assert set(refused) == {taken.json()["case"], asked["case"]}, "about the case that the key stands for"
    assert kinds.count("rejected") == 2, "one each, however often it is tried"
    assert all(orjson.loads(body_of(fact))["summary"] == "另一件事" for fact in refused.values())


async def test_the_key_of_an_act(installation: Installation) -> None:
    case = await installation.report(UNIT)
    headers = installation.lab.bearer(Role.REPORTER, unit=UNIT) | {"Idempotency-Key": uuid4().hex}
    async with installation.lab.connection("admin") as admin:

        async def is_shown() -> bool:
            auditor = installation.lab.bearer(Role.AUDITOR)
            return (await installation.http.get(f"/api/v1/cases/{case}", headers=auditor)).status_code == 200

        await until(is_shown, what="the case on the board")
        start, path = await end_of(admin), f"/api/v1/cases/{case}/follow-up"
        assert (await installation.http.post(path, json={"text": "已派人"}, headers=headers)).is_success
        for _ in range(TIMES):
            assert (
                await installation.http.post(path, json={"text": "未派人"}, headers=headers)
            ).status_code == 422
        refused = [fact for fact in await facts_after(admin, start) if fact.kind == "rejected"]
    assert [(fact.subject, orjson.loads(body_of(fact))["text"]) for fact in refused] == [(case, "未派人")]


async def test_the_id_of_an_event_in_the_inbox_and_over_http(installation: Installation) -> None:
    lab, same = installation.lab, uuid4().hex
    token = lab.bearer(Role.PUBLISHER, subject=f"source:{SOURCE}")
    async with lab.connection("admin") as admin, lab.source(SOURCE) as source:
        start = await end_of(admin)
        await source.jetstream().publish(f"inbox.cloudevents.{SOURCE}", event(UNIT, id=same))
        other = event(UNIT, id=same, summary="另一件事")
        for _ in range(TIMES):
            await source.jetstream().publish(f"inbox.cloudevents.{SOURCE}", other)
        facts = await after_the_inbox(admin, start)
        assert [body_of(fact) for fact in facts if fact.kind == "rejected"] == [other], "kept whole, once"
        for _ in range(TIMES):
            answer = await installation.http.post("/api/v1/ingest/cloudevents", content=other, headers=token)
            assert answer.status_code == 422
        facts = await after_the_inbox(admin, start)
    assert [fact.kind for fact in facts].count("rejected") == 2, "and once over HTTP, about its case"
