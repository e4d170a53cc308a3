"""Through the running system: a post changes hands while the leaders are being rung, and the next call is the
successor's. Row 19.
"""

from shared.case import DutyState
from shared.ids import PostId
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

STANDS_IN, SUCCESSOR = "zheng_geng", "qi_ying"
"""Who holds the chain's second post, and who will."""


async def test_a_post_that_changes_hands_while_the_chain_burns_lights_its_new_holder(live: Live) -> None:
    posts = {post.id: post.holder for post in example_directory().posts}
    assert posts[PostId("deputy_sg_in_charge")] == STANDS_IN
    case = await live.report("wangshan_info_centre", level="II")
    await live.change(
        {"op": "set_holder", "post": "deputy_sg_in_charge", "holder": SUCCESSOR, "deputies": []}
    )

    await until(lambda: "fallback" in live.rung("wu_ji", case), what="the first of the chain is rung")
    await until(lambda: "fallback" in live.rung(SUCCESSOR, case), what="and then the successor")
    assert live.rung(STANDS_IN, case) == [], "whoever has left is left alone"

    assert await live.act(case, "acknowledge", "gov_office", Role.LEADER, person=SUCCESSOR) == "applied"
    found = await live.case(case)
    assert SUCCESSOR in {duty.taken_by for duty in found.duties if duty.rule == "first_report"}
    settled = {
        duty.state for duty in found.duties if duty.rule == "first_report" and duty.taken_by == SUCCESSOR
    }
    assert settled == {DutyState.DISCHARGED}, "who answers on the chain settles the report"
