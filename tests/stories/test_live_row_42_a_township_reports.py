"""Through the running system: what a township or a village reports goes up the ladder as a county's does. Row 42."""

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

TOWNSHIP, VILLAGE = "620622101", "620622101200"
MAYOR, COUNTY_DUTY, HEAD = "qian_yi", "jiang_yue", "yu_di"


async def test_a_grave_report_of_a_township_rings_the_city_and_tells_the_county(live: Live) -> None:
    case = await live.report("hekou_government", area=TOWNSHIP, level="II", summary="河口镇山洪冲毁桥梁")
    await until(lambda: live.heard(MAYOR, case), what="the mayor is rung")
    assert "河口镇" in live.heard(MAYOR, case)[0]
    await until(
        lambda: [*live.texts(COUNTY_DUTY, case), *live.heard(COUNTY_DUTY, case)], what="the county hears"
    )
    (report,) = {duty.owed_by for duty in (await live.case(case)).duties if duty.rule == "first_report"}
    assert report == "hekou_government"


async def test_a_villages_dispute_is_told_to_its_township_and_its_county_may_act_on_it(live: Live) -> None:
    case = await live.report(
        "shanghe_committee",
        area=VILLAGE,
        kind="dispute",
        category="public_security",
        level="II",
        summary="争水纠纷",
    )
    for person in (HEAD, COUNTY_DUTY):
        await until(
            lambda person=person: [*live.texts(person, case), *live.heard(person, case)],
            what=f"{person} hears of it",
        )
    assert await live.act(case, "progress", "hekou_government", Role.LEADER, text="已到现场") == "applied"
    assert await live.act(case, "progress", "wangshan_government", Role.LEADER, text="已派人") == "applied"
    headers = live.lab.bearer(Role.LEADER, unit="shaquan_government")
    answer = await live.http.post(f"/api/v1/cases/{case}/progress", json={"text": "x"}, headers=headers)
    assert answer.status_code == 403, "another county has no part in it"


async def test_a_county_lays_a_campaign_on_its_townships(live: Live) -> None:
    task = {"title": "节前隐患排查", "every": "government"}
    case = await live.report(
        "wangshan_government",
        Role.LEADER,
        kind="campaign",
        category=None,
        area="620622",
        summary="排查",
        tasks=[task],
    )
    assert [each.unit for each in (await live.case(case)).tasks] == [
        "chengguan_government",
        "hekou_government",
    ]
    await until(lambda: live.heard(HEAD, case) or live.texts(HEAD, case), what="the township is told")
