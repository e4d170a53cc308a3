"""Through the running system: a quarrel over a wall is taken at the sprout and rings no leader; what it grows into
rings the five, and each of the two pages leads to the other. Row 1.
"""

from shared.case import CaseStatus
from shared.vocabulary import ReportKind
from tests.stories.live import Live

UNIT, HEAD, DESK = "beacon_hill_government", "zhang_di", "cao_huang"
LEADERS = ("zhao_jia", "qian_yi", "chang_lv")


async def test_a_small_matter_rings_nobody_and_what_it_grew_into_rings_the_five(live: Live) -> None:
    sprout = await live.report(
        UNIT, kind="dispute", category="public_security", area="620602", summary="两村为灌溉水渠起争执"
    )
    told = await live.reads(DESK, sprout, "[Fenghuo, first report]", "Beacon Hill District")
    assert "Dispute, public security, Beacon Hill District: 两村为灌溉水渠起争执" in told
    assert "Duty desk: +86" in told, "and whom to ring"
    assert not any(live.rung(leader, sprout) for leader in LEADERS), "a small matter wakes no leader"

    grown = await live.act(
        sprout,
        "grow",
        UNIT,
        person=HEAD,
        category="public_security",
        level="II",
        summary="两村械斗，道路被堵",
        text="今晨三百人持械对峙",
    )
    assert grown == "applied"
    incident = await live.raised(sprout, ReportKind.INCIDENT)
    for leader in LEADERS:
        await live.hears(leader, incident, "二级重大社会安全事件", "烽山区，两村械斗，道路被堵", "三百人持械")
    page = (await live.at_link("zhao_jia", incident)).text
    assert "今晨三百人持械对峙" in page
    assert "烽山区人民政府" in page

    assert f"/cases/{incident}" in await live.desk(f"/cases/{sprout}", UNIT)
    assert f"/cases/{sprout}" in await live.desk(f"/cases/{incident}", UNIT)
    assert (await live.case(sprout)).status is CaseStatus.OPEN, "the small matter goes on"
    again = await live.refusal(sprout, "grow", UNIT, category="accident", text="又报")
    assert "已" in again, again
