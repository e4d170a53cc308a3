"""A source withdraws, follows up or ends by its own message what another has reported, naming the other's ids
in every way a format knows.
"""

from pathlib import Path

import orjson

from shared.facts import Fact, rfc3339
from tests.attacks.publishing import after_the_inbox, end_of, intake_in
from tests.intake.builders import ago
from tests.intake.test_ingest import cap


def _kinds(facts: list[Fact]) -> list[tuple[str, str | None]]:
    return [(fact.kind, fact.data.get("original", {}).get("source")) for fact in facts]


async def test_a_cancel_and_an_update_reach_the_alerts_of_the_same_source_alone(tmp_path: Path) -> None:
    async with intake_in(tmp_path) as lab, lab.connection("admin") as admin:
        start = await end_of(admin)
        async with lab.source("met") as met, lab.source("othermet") as thief:
            await met.jetstream().publish("inbox.cap.met", cap("alert"))
            await after_the_inbox(admin, start)
            await thief.jetstream().publish("inbox.cap.othermet", cap("theft.1", "Cancel", "alert"))
            await thief.jetstream().publish("inbox.cap.othermet", cap("theft.2", "Update", "alert"))
            facts = await after_the_inbox(admin, start)
            assert _kinds(facts) == [("reported", "met"), ("rejected", None), ("reported", "othermet")]
            assert facts[2].subject != facts[0].subject, (
                "an update of what it never reported is a report of its own"
            )
            await met.jetstream().publish("inbox.cap.met", cap("mine", "Cancel", "alert"))
            last = (await after_the_inbox(admin, start))[-1]
    assert (last.kind, last.subject) == ("withdrawn", facts[0].subject)


async def test_the_end_of_an_alert_is_said_by_who_raised_it(tmp_path: Path) -> None:
    alert = {
        "status": "firing",
        "labels": {"alertname": "supply", "severity": "critical"},
        "annotations": {"summary": "供热中断"},
        "startsAt": rfc3339(ago(minutes=5)),
        "fingerprint": "5f1a",
    }
    ended = {**alert, "status": "resolved", "endsAt": rfc3339(ago())}
    async with intake_in(tmp_path) as lab, lab.connection("admin") as admin:
        start = await end_of(admin)
        async with lab.source("heat") as heat, lab.source("otherheat") as thief:
            await heat.jetstream().publish(
                "inbox.alertmanager.heat", orjson.dumps({"version": "4", "alerts": [alert]})
            )
            await after_the_inbox(admin, start)
            await thief.jetstream().publish(
                "inbox.alertmanager.otherheat", orjson.dumps({"version": "4", "alerts": [ended]})
            )
            facts = await after_the_inbox(admin, start)
    assert _kinds(facts) == [("reported", "heat"), ("rejected", None)]
