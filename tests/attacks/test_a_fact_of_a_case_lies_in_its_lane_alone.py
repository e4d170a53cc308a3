"""With intake's key an act on a case is stored in another lane than the case's, past the order in which the
case takes its facts in.
"""

from shared.facts import Actor, CaseAct
from shared.facts.distrust import Distrust
from shared.subjects import LANES, lane_of
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.attacks.forging import a_case, forged, headers_of, is_seen, let_in


async def test_the_case_does_not_take_it_in(installation: Installation) -> None:
    case = await a_case(installation)
    act = CaseAct(by=Actor(principal="zhao_jia", role=Role.SUPERVISOR), text="it is over")
    raw = forged(Kind.WITHDRAWN, case, "/services/intake", act, f"withdraw-{case}")
    async with installation.lab.connection("intake") as intake:
        subject = f"fact.{(lane_of(case) + 1) % LANES}.{Kind.WITHDRAWN}"
        sequence = await let_in(intake, subject, raw, headers_of(f"withdraw-{case}"))
    await is_seen(installation, case, sequence, Distrust.LANE, installation.escalator)
    assert (await installation.case(case)).status == "open"
