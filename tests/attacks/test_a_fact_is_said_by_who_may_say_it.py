"""With the notifier's key a leader's acknowledgement is stored as if it had come in over the API, and with
intake's key as if it had come by the link of a message; with the escalator's key a source's report; each key
may write that kind of fact.
"""

import pytest

from shared.facts.distrust import Distrust
from shared.subjects import fact_subject
from shared.vocabulary import Kind
from tests.attacks.conftest import Installation
from tests.attacks.forging import Json, a_case, forged, headers_of, is_seen, let_in

LEADER: Json = {"principal": "zhao_jia", "role": "leader"}


@pytest.mark.parametrize(
    ("key", "kind", "source", "data", "why"),
    [
        (
            "notifier",
            Kind.ACKNOWLEDGED,
            "/services/notifier",
            {"person": "zhao_jia", "via": "api", "by": LEADER},
            Distrust.ACTOR,
        ),
        (
            "notifier",
            Kind.ACKNOWLEDGED,
            "/services/notifier",
            {"person": "qian_yi", "via": "link", "by": LEADER},
            Distrust.ACTOR,
        ),
        (
            "intake",
            Kind.ACKNOWLEDGED,
            "/services/intake",
            {"person": "zhao_jia", "via": "link", "by": LEADER},
            Distrust.ACTOR,
        ),
        ("escalator", Kind.REPORTED, "/sources/met_feed", {"reported_by": "source:hotline"}, Distrust.ACTOR),
        ("escalator", Kind.REPORTED, "/services/audit", {"reported_by": "zhao_jia"}, Distrust.AUTHOR),
    ],
    ids=[
        "notifier-over-the-api",
        "notifier-for-another",
        "intake-by-link",
        "for-another-source",
        "as-another-service",
    ],
)
async def test_nothing_is_decided_on_it(
    installation: Installation, key: str, kind: Kind, source: str, data: Json, why: Distrust
) -> None:
    case = await a_case(installation)
    fact_id = f"forged-{kind}-{case}"
    async with installation.lab.connection(key) as connection:
        raw = forged(kind, case, source, data, fact_id)
        sequence = await let_in(connection, fact_subject(case, kind), raw, headers_of(fact_id))
    await is_seen(installation, case, sequence, why, installation.escalator)
    assert not [
        duty for duty in (await installation.case(case)).duties if any(lit.answered_at for lit in duty.lit)
    ]


async def test_nobody_is_rung_for_what_no_escalator_has_decided(installation: Installation) -> None:
    """With the escalator's key, for only that may write decisions: a decision that names another author."""
    case = await a_case(installation)
    fact_id = f"forged-decision-{case}"
    raw = forged(
        Kind.DECIDED, case, "/services/notifier", {"case": case, "policy": "none", "effects": []}, fact_id
    )
    async with installation.lab.connection("escalator") as escalator:
        sequence = await let_in(escalator, fact_subject(case, Kind.DECIDED), raw, headers_of(fact_id))
    await is_seen(installation, case, sequence, Distrust.AUTHOR, installation.notifier)
