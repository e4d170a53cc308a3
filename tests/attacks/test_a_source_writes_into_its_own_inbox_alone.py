"""A source with its real key asks for the broker's acknowledgement, and for intake's answer, to be sent to
where it may not write: into the record, a clock, a bucket, the broker's own interface, another's inbox. With
permissions alone each of these wrote a message there.
"""

import orjson
import pytest
from nats.js.errors import KeyNotFoundError

from tests.attacks.conftest import Installation
from tests.attacks.publishing import after_the_inbox, end_of, event, form, stored_after
from tests.lab import until

SOURCE, UNIT = "wangshan-info", "wangshan_info_centre"
ELSEWHERE = (
    *(
        "fact.0.decided",
        "fact.1.reported",
        "fact.2.closed",
        "clock.due.0.stolen",
        "clock.armed.0.stolen",
        "$KV.CASES.stolen",
    ),
    *(
        "$KV.DIRECTORY.stolen",
        "$KV.THREADS.stolen",
        "$JS.API.STREAM.PURGE.KV_CASES",
        "$JS.API.STREAM.DELETE.FACTS",
    ),
    *(
        "$JS.API.CONSUMER.DELETE.FACTS.audit",
        "inbox.cap.met-observatory",
        "_INBOX.met-observatory.any",
        "_INBOX.intake.any",
    ),
)


async def test_no_answer_lands_where_the_source_may_not_write(installation: Installation) -> None:
    lab = installation.lab
    async with (
        lab.connection("admin") as admin,
        lab.source("met-observatory") as other,
        lab.source(SOURCE) as source,
    ):
        start, heard = await end_of(admin), []

        async def hear(message: object) -> None:
            heard.append(message)

        await other.subscribe("_INBOX.>", cb=hear)
        await other.flush()
        mine = [orjson.loads(event(UNIT)) for _ in ELSEWHERE]
        for said, reply in zip(mine, ELSEWHERE, strict=True):
            await source.publish(f"inbox.cloudevents.{SOURCE}", orjson.dumps(said), reply=reply)
            await source.publish(
                "report.submit", orjson.dumps(form(UNIT, summary=f"回复至 {reply}")), reply=reply
            )
            # The broker's own tracing writes to a subject of the sender's choice, too.
            await source.publish(
                f"inbox.cloudevents.{SOURCE}", event(UNIT), headers={"Nats-Trace-Dest": reply}
            )
        await source.flush()
        await source.publish(f"inbox.heartbeat.{SOURCE}", b"", reply=f"inbox.cloudevents.{SOURCE}")
        await after_the_inbox(admin, start)

        stored: list[tuple[str, bytes]] = []

        async def all_reported() -> bool:
            stored.extend(await stored_after(admin, start + len(stored)))
            asked = {orjson.loads(raw).get("data", {}).get("summary") for _, raw in stored}
            return {f"回复至 {reply}" for reply in ELSEWHERE} <= asked

        await until(all_reported, seconds=60, what="every request on record")
        bare = [(subject, raw) for subject, raw in stored if "specversion" not in orjson.loads(raw)]
        assert bare == [], "nothing but facts in the record"
        for bucket in ("CASES", "DIRECTORY", "THREADS"):
            store = await admin.jetstream().key_value(bucket)
            with pytest.raises(KeyNotFoundError):
                await store.get("stolen")
        assert heard == []


async def test_another_sources_subjects_are_closed_to_it(installation: Installation) -> None:
    lab = installation.lab
    async with lab.connection("admin") as admin:
        before, sent = (
            await end_of(admin, "INBOX"),
            ("inbox.cap.met-observatory", f"inbox.cap.{SOURCE}", "inbox.cloudevents.shaquan-info"),
        )
        async with lab.source(SOURCE) as source:
            for subject in sent:
                await source.publish(subject, event(UNIT))
            await source.publish("report.submit.met-observatory", orjson.dumps(form(UNIT)))
            await source.flush()
        js = admin.jetstream()
        new = [
            (await js.get_msg("INBOX", sequence)).subject
            for sequence in range(before + 1, await end_of(admin, "INBOX") + 1)
        ]
        assert set(new) & set(sent) == set()
