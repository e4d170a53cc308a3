"""The clocks: deadlines held by the broker as scheduled messages, so that they survive any process and nobody polls.

Invariant: a case has at most one pending clock, for the earliest moment at which any of its duties has something to do; arming
again replaces it. No message id is set: the broker would silently drop a re-armed clock inside its dedupe window. The body is
the complete fact of the clock's striking.
"""

from datetime import datetime

from nats.js import JetStreamContext

from shared.broker import PUBLISH_TIMEOUT
from shared.facts import Due, Fact, rfc3339
from shared.ids import CaseId, DutyId
from shared.streams import CLOCKS
from shared.subjects import armed_subject, due_subject
from shared.vocabulary import Kind

FIRED_KEPT = "24h"
"""How long a fired clock stays in CLOCKS; in FACTS it stays for good."""


async def arm(js: JetStreamContext, case: CaseId, duty: DutyId | None, at: datetime) -> None:
    stamp = rfc3339(at)
    fact = Fact.bytes_of(
        Kind.DUE, id=f"clock:{case}:{stamp}", source="/services/escalator/clocks", subject=case, time=at, data=Due(duty=duty, at=at)
    )
    headers = {
        "Nats-Schedule": f"@at {stamp}",
        "Nats-Schedule-Target": due_subject(case),
        "Nats-Schedule-TTL": FIRED_KEPT,
        "Content-Type": "application/cloudevents+json",
    }
    await js.publish(armed_subject(case), fact, timeout=PUBLISH_TIMEOUT, stream=CLOCKS, headers=headers)


async def cancel(js: JetStreamContext, case: CaseId) -> None:
    """Take the case's pending clock away; nothing happens where there is none."""
    await js.purge_stream(CLOCKS, subject=armed_subject(case))
