"""What systems send, over the inbox and over HTTP: taken whole, once each, to the right case; what is bad is
kept with its reason.
"""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest

from shared.facts import Fact, rfc3339
from shared.files.store import FileStore
from shared.standing import standing_case
from shared.vocabulary import Role
from tests.durables import is_worked_off
from tests.intake.builders import ago, form
from tests.intake.conftest import DIRECTORY
from tests.lab import Lab, Running, lab_in, until

SAMPLES = Path(__file__).parent.parent / "data"
pytestmark = pytest.mark.usefixtures("intake")


def event(**changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "cn.fenghuo.report.v1",
        "source": "/county",
        "id": uuid4().hex,
        "time": rfc3339(ago()),
        "data": form(),
        **changes,
    }


def cap(identifier: str, kind: str = "Alert", refers_to: str = "") -> bytes:
    sample = (SAMPLES / "cap" / "real-cn.xml").read_text()
    start, end = sample.index("<references>"), sample.index("</references>") + len("</references>")
    references = (
        f"<references>Baoding_Meteorological_Observatory,{refers_to},2024-07-12T21:31:38+08:00</references>"
        if refers_to
        else ""
    )
    sample = sample[:start] + references + sample[end:]
    return (
        sample.replace("13060041600000_20240712213138", identifier)
        .replace("<msgType>Update", f"<msgType>{kind}")
        .encode()
    )


async def publish(lab: Lab, subject: str, body: bytes, **headers: str) -> None:
    """With the key of the source in the subject."""
    async with lab.source(subject.split(".")[2]) as client:
        await client.jetstream().publish(subject, body, headers=headers or None)


async def facts_after(lab: Lab, start: int) -> list[Fact]:
    async with lab.connection("admin") as client:
        js = client.jetstream()
        last = (await js.stream_info("FACTS")).state.last_seq
        return [
            Fact.read((await js.get_msg("FACTS", sequence)).data or b"")
            for sequence in range(start + 1, last + 1)
        ]


async def end_of(lab: Lab) -> int:
    async with lab.connection("admin") as client:
        return (await client.jetstream().stream_info("FACTS")).state.last_seq


async def one_fact_after(lab: Lab, start: int) -> Fact:
    async def facts() -> list[Fact]:
        return await facts_after(lab, start)

    (fact,) = await until(facts, what="one fact")
    return fact


async def inbox_is_empty(lab: Lab) -> bool:
    async with lab.connection("admin") as client:
        return await is_worked_off(client.jetstream(), "INBOX", "intake")


async def test_a_cloudevent_in_the_inbox_becomes_a_report(lab: Lab) -> None:
    start, sent = await end_of(lab), event()
    body = orjson.dumps(sent)
    await publish(lab, "inbox.cloudevents.county", body)
    fact = await one_fact_after(lab, start)
    assert fact.kind == "reported"
    assert fact.data["reported_by"] == "source:county"
    assert fact.data["summary"] == sent["data"]["summary"]
    assert fact.data["handed_in_at"] <= fact.data["received_at"]
    assert fact.data["original"] == {
        "format": "cloudevents",
        "source": "county",
        "id": f"/county#{sent['id']}",
        "digest": hashlib.sha256(body).hexdigest(),
    }


async def test_a_binary_cloudevent_with_chinese_in_its_headers_is_taken(lab: Lab) -> None:
    start = await end_of(lab)
    headers = {
        "ce-specversion": "1.0",
        "ce-type": "cn.fenghuo.report.v1",
        "ce-source": "/%E6%9C%9B%E5%B1%B1",
        "ce-id": uuid4().hex,
    }
    await publish(
        lab,
        "inbox.cloudevents.county",
        orjson.dumps(form()),
        **headers,
        **{"content-type": "application/json"},
    )
    fact = await one_fact_after(lab, start)
    assert fact.data["original"]["id"].startswith("/望山#")


async def test_the_same_event_sent_again_is_the_same_report(lab: Lab) -> None:
    start, sent = await end_of(lab), orjson.dumps(event())
    for _ in range(3):
        await publish(lab, "inbox.cloudevents.county", sent)
    await until(lambda: inbox_is_empty(lab))
    assert len(await facts_after(lab, start)) == 1


@pytest.mark.parametrize(
    ("subject", "body", "reason", "fields"),
    [
        ("inbox.cloudevents.county", b"{not json", "not JSON", {"(body)"}),
        (
            "inbox.cloudevents.county",
            orjson.dumps(event(type="cn.fenghuo.acknowledged.v1")),
            "not a report",
            {"type"},
        ),
        (
            "inbox.cloudevents.county",
            orjson.dumps(event(data=form(level="V", area="000000"))),
            "not a valid report",
            {"data.level", "data.area"},
        ),
        ("inbox.cloudevents.county", orjson.dumps(event(id="")), "not a CloudEvent 1.0", {"id"}),
        (
            "inbox.cap.met",
            (SAMPLES / "cap" / "hostile-entity-expansion.xml").read_bytes(),
            "hostile XML",
            {"(document)"},
        ),
        (
            "inbox.cap.met",
            (SAMPLES / "cap" / "invalid-canada.xml").read_bytes(),
            "not a valid CAP 1.2 alert",
            {"references"},
        ),
    ],
)
async def test_a_bad_message_becomes_a_rejected_fact_with_its_bytes_and_reason(
    lab: Lab, subject: str, body: bytes, reason: str, fields: set[str]
) -> None:
    start = await end_of(lab)
    await publish(lab, subject, body, **{"Test-Header": "kept"})
    fact = await one_fact_after(lab, start)
    assert (fact.kind, fact.subject) == ("rejected", None)
    assert (fact.data["reason"], {field for field, _ in fact.data["errors"]}) == (reason, fields)
    assert base64.b64decode(fact.data["body"]) == body
    assert fact.data["digest"] == hashlib.sha256(body).hexdigest()
    assert fact.data["headers"]["Test-Header"] == "kept"


@pytest.mark.parametrize(
    ("subject", "body", "reason", "field"),
    [
        ("inbox.cloudevents.stranger", orjson.dumps(event()), "unknown source", "source"),
        ("inbox.cap.county", b"<alert/>", "unknown format", "format"),
    ],
)
async def test_a_source_or_format_that_is_no_longer_in_the_directory_is_rejected(
    lab: Lab, subject: str, body: bytes, reason: str, field: str
) -> None:
    """The broker lets none such in (`fenghuo source`); what was on its way when the directory changed is
    kept.
    """
    start = await end_of(lab)
    async with lab.connection("admin") as client:
        await client.jetstream().publish(subject, body)
    fact = await one_fact_after(lab, start)
    assert (fact.kind, fact.data["reason"], fact.data["errors"][0][0]) == ("rejected", reason, field)


async def test_a_bad_message_does_not_hold_up_those_behind_it(lab: Lab) -> None:
    start = await end_of(lab)
    async with lab.source("county") as client:
        js = client.jetstream()
        for number in range(40):
            await js.publish(
                "inbox.cloudevents.county", b"rubbish %d" % number if number % 2 else orjson.dumps(event())
            )
    await until(lambda: inbox_is_empty(lab))
    kinds = [fact.kind for fact in await facts_after(lab, start)]
    assert (kinds.count("reported"), kinds.count("rejected")) == (20, 20)


async def test_the_largest_message_the_inbox_takes_is_kept_whole_when_it_is_bad(lab: Lab) -> None:
    start, body = await end_of(lab), b"x" * (640 * 1024 - 200)
    await publish(lab, "inbox.cloudevents.county", body)
    fact = await one_fact_after(lab, start)
    assert base64.b64decode(fact.data["body"]) == body


async def test_an_id_used_for_another_report_is_refused_and_kept(lab: Lab) -> None:
    start, same = await end_of(lab), uuid4().hex
    await publish(lab, "inbox.cloudevents.county", orjson.dumps(event(id=same)))
    await publish(
        lab, "inbox.cloudevents.county", orjson.dumps(event(id=same, data=form(summary="另一件事")))
    )
    await until(lambda: inbox_is_empty(lab))
    first, second = await facts_after(lab, start)
    assert (first.kind, second.kind) == ("reported", "rejected")
    assert (first.subject or "?") in second.data["errors"][0][1]


async def test_a_cap_update_follows_up_its_alert_and_a_cancel_withdraws_it(lab: Lab) -> None:
    start, name = await end_of(lab), uuid4().hex
    await publish(lab, "inbox.cap.met", cap(name))
    await publish(lab, "inbox.cap.met", cap(f"{name}.2", "Update", name))
    await publish(lab, "inbox.cap.met", cap(f"{name}.3", "Cancel", f"{name}.2"))
    await until(lambda: inbox_is_empty(lab))
    alert, update, cancel = await facts_after(lab, start)
    assert [alert.kind, update.kind, cancel.kind] == ["reported", "followed_up", "withdrawn"]
    assert alert.subject == update.subject == cancel.subject
    assert alert.data["summary"].startswith("保定市气象台")
    assert alert.data["category"] == "natural_disaster"
    assert alert.data["level"] == "III"
    assert update.data["original"]["id"].endswith(f"{name}.2")
    async with lab.connection("admin") as admin:
        store = FileStore(lambda: admin)
        for fact, sent in (
            (alert, cap(name)),
            (update, cap(f"{name}.2", "Update", name)),
            (cancel, cap(f"{name}.3", "Cancel", f"{name}.2")),
        ):
            (file,) = fact.data["files"]
            assert file["sha256"] == hashlib.sha256(sent).hexdigest(), "the original is kept as it came"
            assert (file["type"], file["name"][:4], file["name"][-4:]) == ("application/xml", "CAP ", ".xml")
            entry = await store.entry(file["sha256"])
            assert entry
            assert b"".join([piece async for piece in store.read(entry)]) == sent


async def test_a_cap_update_of_something_never_seen_becomes_a_report(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    body = cap(uuid4().hex, "Update", "never-seen")
    answer = await http.post(
        "/api/v1/ingest/cap?source=met",
        content=body,
        headers=lab.bearer(Role.PUBLISHER, subject="source:met"),
    )
    (item,) = answer.json()["items"]
    assert (answer.status_code, item["outcome"]) == (201, "reported")
    assert "report of its own" in item["note"]
    again = await http.post(
        "/api/v1/ingest/cap?source=met",
        content=body,
        headers=lab.bearer(Role.PUBLISHER, subject="source:met"),
    )
    assert (again.status_code, again.json()["items"][0]["outcome"]) == (200, "known")
    assert again.json()["items"][0]["case"] == item["case"]


async def test_an_alert_that_fires_again_and_again_is_one_report_and_its_end_a_follow_up(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    firing, ended = (
        orjson.loads((SAMPLES / "alertmanager" / name).read_bytes())
        for name in ("two-firing.json", "one-resolved-one-firing.json")
    )
    run = uuid4().hex
    for group in (firing, ended):
        for alert in group["alerts"]:
            alert["fingerprint"] += run
            alert["startsAt"] = (
                rfc3339(ago(hours=1) if alert["labels"]["station"] == "east-2" else ago(hours=2))[:20]
                + "000000Z"
            )
    bearer = lab.bearer(Role.PUBLISHER, subject="source:heat")

    async def send(group: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await http.post("/api/v1/ingest/alertmanager", json=group, headers=bearer)
        assert answer.status_code < 300, answer.text
        return answer.json()["items"]

    ended["alerts"][0]["startsAt"] = firing["alerts"][0]["startsAt"]
    ended["alerts"][1]["startsAt"] = firing["alerts"][1]["startsAt"]
    first, again, last = await send(firing), await send(firing), await send(ended)
    assert [item["outcome"] for item in (*first, *again, *last)] == [
        "reported",
        "reported",
        "known",
        "known",
        "followed_up",
        "known",
    ]
    assert (
        [item["case"] for item in first]
        == [item["case"] for item in again]
        == [item["case"] for item in last]
    )


async def test_the_end_of_an_alert_never_seen_is_refused_in_words(http: httpx2.AsyncClient, lab: Lab) -> None:
    group = orjson.loads((SAMPLES / "alertmanager" / "one-resolved-one-firing.json").read_bytes())
    group["alerts"] = group["alerts"][:1]
    group["alerts"][0]["fingerprint"] = uuid4().hex
    answer = await http.post(
        "/api/v1/ingest/alertmanager?source=heat",
        json=group,
        headers=lab.bearer(Role.PUBLISHER, subject="source:heat"),
    )
    assert answer.status_code == 422
    assert "never reported here" in answer.json()["errors"][0]["message"]


async def test_a_call_to_the_hotline_is_reported_without_the_caller(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    call = {
        "id": uuid4().hex,
        "called_at": rfc3339(ago(minutes=3)),
        "category": "accident",
        "area": "620622000000",
        "summary": "路面塌陷",
    }
    bearer = lab.bearer(Role.PUBLISHER, subject="source:county")
    assert (
        await http.post("/api/v1/ingest/hotline?source=county", json=call, headers=bearer)
    ).status_code == 201
    refused = await http.post(
        "/api/v1/ingest/hotline?source=county", json={**call, "caller": "张三"}, headers=bearer
    )
    assert [error["field"] for error in refused.json()["errors"]] == ["caller"]


async def test_a_batch_of_cloudevents_is_taken_whole_or_not_at_all(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    start, bearer = await end_of(lab), lab.bearer(Role.PUBLISHER, subject="source:county")
    bad = await http.post(
        "/api/v1/ingest/cloudevents?source=county",
        json=[event(), event(data=form(unit="nobody"))],
        headers=bearer,
    )
    assert [error["field"] for error in bad.json()["errors"]] == ["[1].data.unit"]
    assert await facts_after(lab, start) == []
    good = await http.post(
        "/api/v1/ingest/cloudevents?source=county", json=[event(), event()], headers=bearer
    )
    assert [item["outcome"] for item in good.json()["items"]] == ["reported", "reported"]


async def test_a_token_of_one_source_does_not_speak_for_another(http: httpx2.AsyncClient, lab: Lab) -> None:
    answer = await http.post(
        "/api/v1/ingest/cap?source=met",
        content=b"",
        headers=lab.bearer(Role.PUBLISHER, subject="source:heat"),
    )
    assert answer.status_code == 403
    of_none = await http.post(
        "/api/v1/ingest/cap?source=met", content=b"", headers=lab.bearer(Role.PUBLISHER)
    )
    assert of_none.status_code == 403, "a publisher's token of no source speaks for none"
    assert (
        await http.post("/api/v1/ingest/cap?source=met", content=b"", headers=lab.bearer(Role.LEADER))
    ).status_code == 403


async def test_whatever_a_source_sends_is_a_sign_of_life_and_one_in_a_quarter_of_its_silence_goes_on_record(
    http: httpx2.AsyncClient, lab: Lab
) -> None:
    start, bearer = await end_of(lab), lab.bearer(Role.PUBLISHER, subject="source:tv")
    await publish(lab, "inbox.heartbeat.tv", b"")
    heard = await one_fact_after(lab, start)
    assert (heard.kind, heard.subject, heard.data["source"]) == ("heard", standing_case("source", "tv"), "tv")
    again = await http.post("/api/v1/sources/tv/heartbeat", headers=bearer)
    assert (again.status_code, again.json()) == (200, {"source": "tv", "recorded": False})
    await publish(lab, "inbox.cloudevents.tv", orjson.dumps(event()))
    await until(lambda: inbox_is_empty(lab))
    assert [fact.kind for fact in await facts_after(lab, start)] == ["heard", "reported"]


async def test_a_sign_of_life_is_given_by_the_source_itself(http: httpx2.AsyncClient, lab: Lab) -> None:
    assert (
        await http.post(
            "/api/v1/sources/tv/heartbeat", headers=lab.bearer(Role.PUBLISHER, subject="source:heat")
        )
    ).status_code == 403
    assert (
        await http.post("/api/v1/sources/tv/heartbeat", headers=lab.bearer(Role.OPERATOR))
    ).status_code == 403
    nobody = await http.post(
        "/api/v1/sources/nobody/heartbeat", headers=lab.bearer(Role.PUBLISHER, subject="source:nobody")
    )
    assert nobody.status_code == 401, "a source that is not in the directory has no token that counts"
    watched_by_nobody = await http.post(
        "/api/v1/sources/county/heartbeat", headers=lab.bearer(Role.PUBLISHER, subject="source:county")
    )
    assert watched_by_nobody.json()["recorded"] is False


async def test_a_request_on_nats_gets_the_answer_of_http(lab: Lab) -> None:
    async with lab.source("county") as client:
        same, headers = orjson.dumps(form()), {"Idempotency-Key": uuid4().hex}
        first, again = [
            orjson.loads((await client.request("report.submit", same, timeout=30, headers=headers)).data)
            for _ in range(2)
        ]
        assert set(first) >= {"case", "fact", "duties", "receipt"}
        assert (again["case"], again["receipt"]) == (first["case"], first["receipt"])
        wrong = orjson.loads(
            (await client.request("report.submit", orjson.dumps(form(level="V")), timeout=30)).data
        )
        assert (wrong["status"], wrong["errors"][0]["field"]) == (422, "level")
        token = {"Authorization": f"Bearer {lab.token(Role.AUDITOR)}"}
        assert (
            orjson.loads((await client.request("report.submit", same, timeout=30, headers=token)).data)[
                "status"
            ]
            == 403
        )


async def test_an_inbox_message_keeps_the_time_it_was_handed_in(tmp_path: Path) -> None:
    """Intake away for a moment is never held against the unit."""
    async with lab_in(tmp_path, mongo=False, directory=DIRECTORY) as lab:
        await publish(lab, "inbox.cloudevents.county", orjson.dumps(event()))
        handed_in = ago()
        running: Running = await lab.start_service("intake")
        fact = await one_fact_after(lab, 1)  # the first one says who is who
        assert running.is_ready()
    assert (
        fact.data["handed_in_at"]
        < rfc3339(handed_in + timedelta(milliseconds=100))
        < fact.data["received_at"]
    )
