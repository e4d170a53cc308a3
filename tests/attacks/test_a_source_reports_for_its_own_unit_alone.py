"""A source reports for a foreign unit, or opens a case of a kind that is not its to open, by every way in:
the inbox,
`report.submit`, HTTP. With the publisher's key of before, accountability cases were opened against units that
had nothing to do with it.
"""

from typing import Any

import orjson
import pytest
from nats.aio.client import Client

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.attacks.publishing import after_the_inbox, body_of, end_of, event, form

SOURCE, UNIT, FOREIGN = "wangshan-info", "wangshan_info_centre", "heating_company"
DEEDS = [
    ({"unit": FOREIGN}, "unit"),
    ({"kind": "accountability"}, "kind"),
    ({"kind": "standing"}, "kind"),
    ({"kind": "task"}, "kind"),
]


def wrong(changes: dict[str, Any]) -> dict[str, Any]:
    return {**form(UNIT), **changes}


async def reported(admin: Client, start: int) -> list[str]:
    return [
        str(fact.data["reported_by"])
        for fact in await after_the_inbox(admin, start)
        if fact.kind == "reported"
    ]


@pytest.mark.parametrize(("changes", "field"), DEEDS)
async def test_in_the_inbox_it_is_rejected_with_the_field(
    installation: Installation, changes: dict[str, Any], field: str
) -> None:
    lab, said = installation.lab, orjson.loads(event(UNIT))
    raw = orjson.dumps({**said, "data": {**said["data"], **changes}})
    async with lab.connection("admin") as admin, lab.source(SOURCE) as source:
        start = await end_of(admin)
        await source.jetstream().publish(f"inbox.cloudevents.{SOURCE}", raw)
        facts = await after_the_inbox(admin, start)
    (rejected,) = [fact for fact in facts if fact.kind == "rejected" and body_of(fact) == raw]
    assert [name for name, _ in rejected.data["errors"]] == [f"data.{field}"]


@pytest.mark.parametrize(("changes", "field"), DEEDS)
async def test_as_a_request_and_over_http_it_is_forbidden(
    installation: Installation, changes: dict[str, Any], field: str
) -> None:
    lab, token = installation.lab, installation.lab.bearer(Role.PUBLISHER, subject=f"source:{SOURCE}")
    async with lab.connection("admin") as admin, lab.source(SOURCE) as source:
        start = await end_of(admin)
        forged = {"Nats-Request-Info": '{"acc":"CORE","user":"admin"}', "source": "media-monitor"}
        for headers in (None, forged):
            answer = await source.request(
                "report.submit", orjson.dumps(wrong(changes)), timeout=10, headers=headers
            )
            assert orjson.loads(answer.data)["status"] == 403
        over_http = await installation.http.post("/api/v1/reports", json=wrong(changes), headers=token)
        assert over_http.status_code == 403, over_http.text
        said = orjson.loads(event(UNIT))
        said["data"].update(changes)
        ingested = await installation.http.post(
            f"/api/v1/ingest/cloudevents?source={SOURCE}", json=said, headers=token
        )
        assert (ingested.status_code, [fault["field"] for fault in ingested.json()["errors"]]) == (
            422,
            [f"data.{field}"],
        )
        assert f"source:{SOURCE}" not in await reported(admin, start)


async def test_what_it_may_report_is_on_record_under_its_own_name_whatever_the_body_claims(
    installation: Installation,
) -> None:
    lab = installation.lab
    async with lab.source(SOURCE) as source, lab.connection("admin") as admin:
        start = await end_of(admin)
        answer = orjson.loads(
            (await source.request("report.submit", orjson.dumps(form(UNIT)), timeout=10)).data
        )
        claimed = orjson.loads(event(UNIT)) | {
            "source": "/sources/media-monitor",
            "subject": "media-monitor",
            "reportedby": "source:media-monitor",
        }
        await source.jetstream().publish(f"inbox.cloudevents.{SOURCE}", orjson.dumps(claimed))
        facts = [fact for fact in await after_the_inbox(admin, start) if fact.kind == "reported"]
    assert answer["case"] in {fact.subject for fact in facts}
    assert {fact.data["reported_by"] for fact in facts} == {f"source:{SOURCE}"}


async def test_a_publishers_token_of_no_source_reports_for_nobody(installation: Installation) -> None:
    token = installation.lab.bearer(Role.PUBLISHER)
    assert (
        await installation.http.post("/api/v1/reports", json=form(UNIT), headers=token)
    ).status_code == 403
    ingested = await installation.http.post(
        f"/api/v1/ingest/cloudevents?source={SOURCE}", content=event(UNIT), headers=token
    )
    assert ingested.status_code == 403
