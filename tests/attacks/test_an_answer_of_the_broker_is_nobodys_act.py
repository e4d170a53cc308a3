"""With the audit's key a leader's acknowledgement is laid into a bucket, and the broker's answer to a
question for it is let into FACTS by the reply subject `fact.<lane>.acknowledged`, where the audit may not
write.
"""

from shared.facts import Acknowledgement, Actor, Via
from shared.facts.distrust import Distrust
from shared.ids import PersonId
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Role
from tests.attacks.conftest import Installation
from tests.attacks.forging import a_case, forged, is_seen, stored_from


async def test_no_leader_has_acknowledged(installation: Installation) -> None:
    case = await a_case(installation)
    before = await installation.case(case)
    leader = next(lit.person for duty in before.duties for lit in duty.lit)
    by = Actor(principal=leader, role=Role.LEADER)
    said = Acknowledgement(person=PersonId(leader), via=Via.LINK, by=by)
    fact_id, subject = f"ack:{case}:{leader}", fact_subject(case, Kind.ACKNOWLEDGED)
    raw = forged(Kind.ACKNOWLEDGED, case, "/services/notifier", said, fact_id)
    async with installation.lab.connection("audit") as audit:
        js = audit.jetstream()
        start = (await js.stream_info("FACTS")).state.last_seq
        await js.publish(f"$KV.TRAIL.{case}", raw, headers={"Nats-Msg-Id": fact_id})
        await audit.publish(f"$JS.API.DIRECT.GET.KV_TRAIL.$KV.TRAIL.{case}", b"", reply=subject)
        await audit.flush()
    sequence = await stored_from(installation, start, subject, raw)
    await is_seen(installation, case, sequence, Distrust.HEADERS, installation.escalator)
    after = await installation.case(case)
    answered = {lit.person for duty in after.duties for lit in duty.lit if lit.answered_at is not None}
    assert leader not in answered
