"""Through the running system: passed on twice and refused twice, it goes to the common superior, who imposes
the lead. Row 23.
"""

from shared.case import DutyState
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

HERE, ONE, TWO, SUPERIOR = "wangshan_info_centre", "wangshan_emergency", "health_commission", "government"


async def test_a_transfer_bounces_and_the_superior_is_rung_and_imposes_the_lead(live: Live) -> None:
    case = await live.report(HERE, level="III")
    for unit, person in ((ONE, "tao_ri"), (TWO, "qin_wei")):
        assert await live.act(case, "transfer", HERE, to_unit=unit, text="不归我们") == "applied"
        assert (await live.case(case)).holder == HERE, "the sender answers until it is accepted"
        await until(lambda person=person: "duty" in live.rung(person, case), what=f"{person} is rung")
        assert "不归我们" in live.heard(person, case)[-1], "and why it is to be theirs"
        assert await live.act(case, "object", unit, text="也不归我们") == "applied"

    await until(lambda: "duty" in live.rung("qian_yi", case), what="the common superior's head is rung")
    assert "也不归我们" in await live.hears("qian_yi", case, "指定牵头单位"), "and why nobody takes it"
    assert await live.act(case, "accept", TWO) == "refused", "it is nobody's to take any more"
    assert await live.act(case, "impose", SUPERIOR, Role.LEADER, to_unit=ONE, text="应急局牵头") == "applied"

    found = await live.case(case)
    assert [(held.unit, held.how) for held in found.held] == [(HERE, "reported"), (ONE, "imposed")]
    assert found.held[0].until == found.held[1].since
    assert {duty.owed_by for duty in found.duties if duty.rule == "written_report"} == {ONE}
    assert {duty.state for duty in found.duties if duty.rule == "impose_lead"} == {DutyState.DISCHARGED}
    assert await live.act(case, "transfer", ONE, to_unit=TWO, text="再转") == "refused"
