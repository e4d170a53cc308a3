"""With the notifier's key a `closed` envelope is stored on `fact.<lane>.failed`, where the notifier may
write.
"""

from shared.facts import Actor, CaseAct
from shared.facts.distrust import Distrust
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.attacks.forging import a_case, forged, headers_of, is_seen, let_in


async def test_the_case_stays_open_and_the_forgery_is_named(installation: Installation) -> None:
    case = await a_case(installation)
    before = await installation.case(case)
    act = CaseAct(by=Actor(principal="zhao_jia", role=Role.SUPERVISOR), text="it is over")
    raw = forged(Kind.CLOSED, case, "/services/intake", act, f"close-{case}")
    async with installation.lab.connection("notifier") as notifier:
        sequence = await let_in(notifier, fact_subject(case, Kind.FAILED), raw, headers_of(f"close-{case}"))
    await is_seen(installation, case, sequence, Distrust.KIND, installation.escalator)
    after = await installation.case(case)
    assert (after.status, after.applied.sequence == sequence) == (before.status, False)
