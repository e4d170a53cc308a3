"""A source sends rubbish under the message id, the event id or a name that another's message will have, so
that the other's counts as a repeat.
"""

from pathlib import Path
from uuid import uuid4

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.intake.ingest.ingest import outside_id
from services.intake.recording.record import id_of
from shared.directory import Source
from tests.attacks.conftest import Installation
from tests.attacks.publishing import after_the_inbox, end_of, event, intake_in

SOURCE_IDS = st.from_regex(r"\A[a-z][a-z0-9-]{1,39}\Z")
ITEMS = st.text(min_size=1, max_size=60)


async def test_the_message_id_of_one_source_is_no_other_sources(installation: Installation) -> None:
    lab, guessed = installation.lab, {"Nats-Msg-Id": uuid4().hex}
    async with (
        lab.connection("admin") as admin,
        lab.source("media-monitor") as thief,
        lab.source("wangshan-info") as victim,
    ):
        start, said = await end_of(admin), event("wangshan_info_centre", summary="井喷")
        await thief.jetstream().publish("inbox.cloudevents.media-monitor", b"rubbish", headers=guessed)
        acknowledged = await victim.jetstream().publish(
            "inbox.cloudevents.wangshan-info", said, headers=guessed
        )
        assert not acknowledged.duplicate
        facts = await after_the_inbox(admin, start)
    assert "井喷" in [fact.data.get("summary") for fact in facts if fact.kind == "reported"]


async def test_the_event_id_of_one_source_does_not_stand_for_anothers(installation: Installation) -> None:
    lab, same = installation.lab, uuid4().hex
    async with (
        lab.connection("admin") as admin,
        lab.source("media-monitor") as thief,
        lab.source("wangshan-info") as victim,
    ):
        start = await end_of(admin)
        await thief.jetstream().publish(
            "inbox.cloudevents.media-monitor", event("propaganda", id=same, summary="无事")
        )
        await victim.jetstream().publish(
            "inbox.cloudevents.wangshan-info", event("wangshan_info_centre", id=same, summary="溃坝")
        )
        facts = await after_the_inbox(admin, start)
    reports = {fact.data["summary"]: fact.data["reported_by"] for fact in facts if fact.kind == "reported"}
    assert reports.items() >= {"无事": "source:media-monitor", "溃坝": "source:wangshan-info"}.items()


async def test_a_source_named_like_our_own_ids_keeps_no_sign_of_life_from_the_record(tmp_path: Path) -> None:
    """The sign of life of `tv` has the id `heard:tv:<seconds>:<quarter>`; a source may be called `heard`."""
    async with intake_in(tmp_path) as lab, lab.connection("admin") as admin:
        start = await end_of(admin)
        async with lab.source("heard") as thief, lab.source("tv") as victim:
            await victim.jetstream().publish("inbox.heartbeat.tv", b"")
            (sign,) = [fact for fact in await after_the_inbox(admin, start) if fact.kind == "heard"]
            _, _, rest = sign.id.partition(":")
            said = orjson.loads(event("county_info")) | {"source": rest.split("#")[0], "id": "x"}
            await thief.jetstream().publish("inbox.cloudevents.heard", orjson.dumps(said))
            facts = await after_the_inbox(admin, start)
    assert {fact.id.split(":")[0] for fact in facts if fact.kind == "reported"} == {"source"}


@given(SOURCE_IDS, ITEMS, SOURCE_IDS, ITEMS)
def test_ids_of_two_sources_never_meet(one: str, item: str, other: str, its_item: str) -> None:
    assert (outside_id(one, item) == outside_id(other, its_item)) is ((one, item) == (other, its_item))


@given(SOURCE_IDS, ITEMS, st.sampled_from(["report", "act", "rejected"]), ITEMS, ITEMS)
def test_an_id_of_a_source_is_never_one_of_a_persons_or_a_services(
    source: str, item: str, prefix: str, principal: str, key: str
) -> None:
    given_by_source = outside_id(source, item)
    assert given_by_source != id_of(prefix, principal, key)
    assert given_by_source.startswith("source:")
    for other in ("heard:", "ack:", "snooze:", "aside:", "clock:", "established:", "match:", "check:"):
        assert not given_by_source.startswith(other)


def test_no_source_is_called_by_what_divides_ids() -> None:
    pattern = Source.model_json_schema()["properties"]["id"]["pattern"]
    assert pattern == "^[a-z][a-z0-9-]{1,39}$"
