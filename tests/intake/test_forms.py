"""A typed block at every door: what can be read of it is on record, what can't is named to whoever sent it, and a
report is never worth less for it.
"""

from typing import Any
from uuid import uuid4

import httpx2
import orjson

from shared.facts import rfc3339
from shared.vocabulary import Role
from tests.intake.builders import ago, facts_of, form
from tests.intake.test_acts import do, open_case
from tests.intake.test_ingest import end_of, event, one_fact_after, publish
from tests.intake.test_reports import report
from tests.lab import Lab

__all__ = ["open_case"]

OUTAGE: dict[str, Any] = {
    "firm": "heating",
    "service": "heating",
    "area": "620602",
    "households": 3200,
    "since": rfc3339(ago(hours=1)),
    "approved": False,
}
GOOD = {"id": "outage", "fields": OUTAGE}
BAD = {"id": "outage", "fields": {**OUTAGE, "households": "many", "firm": "nobody"}}
WRONG = ["fields.firm", "fields.households"]


async def form_on_record(lab: Lab, case: str) -> dict[str, Any]:
    return (await facts_of(lab, case))[0].data["form"]


async def test_a_form_is_on_record_typed_and_in_one_line(http: httpx2.AsyncClient, lab: Lab) -> None:
    answer = await report(http, lab, topic="heating", form=GOOD)
    assert answer.status_code == 201, answer.text
    block = await form_on_record(lab, answer.json()["case"])
    assert (block["id"], block["fields"]["households"], block["rings"]) == ("outage", 3200, ["unapproved"])
    assert block["short"]["zh"].startswith("供热公司、供热、影响户数 3,200户")
    assert "form_faults" not in answer.json() or answer.json()["form_faults"] == []


async def test_an_incident_with_a_bad_form_is_reported_and_its_faults_are_told_and_kept(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    key, same = uuid4().hex, form(topic="heating", form=BAD)
    answer = await report(http, lab, key, **same)
    assert answer.status_code == 201, answer.text
    faults = answer.json()["form_faults"]
    assert [fault["field"] for fault in faults] == WRONG
    assert faults[1]["zh"] == "须为数字，例如 12.5"
    block = await form_on_record(lab, answer.json()["case"])
    assert "households" not in block["fields"]
    assert block["fields"]["service"] == "heating"
    assert orjson.loads(block["as_given"]) == BAD
    again = await report(http, lab, key, **same)
    assert (again.status_code, again.json()["form_faults"]) == (200, faults)
    corrected: dict[str, Any] = {**same, "form": GOOD}
    other = await report(http, lab, key, **corrected)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_what_is_no_form_at_all_opens_its_case_too(http: httpx2.AsyncClient, lab: Lab) -> None:
    odd_blocks: list[Any] = [5, [], {"id": 7}, {"id": "outage", "fields": {"x": {"y": [1] * 9_000}}}]
    for odd in odd_blocks:
        answer = await report(http, lab, form=odd)
        assert answer.status_code == 201, answer.text
        assert answer.json()["form_faults"]


async def test_the_inbox_and_the_hotline_take_a_report_with_a_bad_form_and_say_so(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    start = await end_of(lab)
    sent = event(data=form(topic="heating", form=BAD))
    await publish(lab, "inbox.cloudevents.county", orjson.dumps(sent))
    fact = await one_fact_after(lab, start)
    assert (fact.kind, [one["field"] for one in fact.data["form"]["wrong"]]) == ("reported", WRONG)
    bearer = lab.bearer(Role.PUBLISHER, subject="source:county")
    call = {"id": uuid4().hex, "called_at": rfc3339(ago(minutes=3)), "topic": "heating", "summary": "停暖"}
    answer = await http.post(
        "/api/v1/ingest/hotline?source=county", json={**call, "form": BAD}, headers=bearer
    )
    (item,) = answer.json()["items"]
    assert item["outcome"] == "reported"
    assert "form.fields.households must be a number" in item["note"]


async def test_a_report_over_the_broker_is_told_of_its_forms_faults(lab: Lab) -> None:
    async with lab.source("county") as client:
        body = orjson.dumps(form(topic="heating", form=BAD))
        submitted = orjson.loads((await client.request("report.submit", body, timeout=30)).data)
    assert [fault["field"] for fault in submitted["form_faults"]] == WRONG


async def test_an_act_with_a_bad_form_is_not_done_and_names_the_field(
    http: httpx2.AsyncClient, lab: Lab, open_case: str
) -> None:
    body = {"text": "已恢复部分供热", "form": BAD}
    refused = await do(http, lab, open_case, "follow-up", Role.DUTY_OFFICER, body)
    assert refused.status_code == 422, refused.text
    fields = [error["field"] for error in refused.json()["errors"]]
    assert {"form.fields.firm", "form.fields.households"} <= set(fields)
    assert await facts_of(lab, open_case) == []
