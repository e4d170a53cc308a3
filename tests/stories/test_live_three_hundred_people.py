"""Through the running system: three hundred people stand before the government building, a dispute of level I and
sensitive. The five are rung, in their own language, and nobody but the leader in charge ends it. Rows 19, 22, 30.
"""

from shared.case import CaseStatus
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

UNIT = "beacon_hill_government"
ZH = ("zhao_jia", "qian_yi", "chang_lv", "zhou_wu")
EN = "lu_cheng"
"""The vice-mayor for public order."""


async def test_three_hundred_people_before_the_government_building(live: Live) -> None:
    case = await live.report(
        UNIT,
        kind="dispute",
        category="public_security",
        level="I",
        sensitive=True,
        area="620602",
        summary="三百余名群众聚集市政府门前讨薪",
    )
    for person in (*ZH, EN):
        await until(lambda person=person: "report" in live.rung(person, case), what=f"{person} is rung")
    assert not live.rung("li_ding", case), "public order is not in that vice-mayor's portfolio"
    for person in ZH:
        text = live.heard(person, case)[0]
        assert text.startswith("烽火"), text
        for said in (
            "特别重大",
            "敏感",
            "矛盾纠纷",
            "烽山区",
            "三百余名群众聚集市政府门前讨薪",
            "请于",
        ):
            assert said in text, (said, text)
    text = live.heard(EN, case)[0]
    for said in (
        "Level 1 (extremely grave) dispute",
        "sensitive",
        "Beacon Hill District",
        "三百余名群众聚集市政府门前讨薪",
    ):
        assert said in text, (said, text)
    page = (await live.at_link(EN, case, "report")).text
    assert "三百余名群众聚集市政府门前讨薪" in page
    assert "Government of Beacon Hill District" in page, "who reports it"

    await until(lambda: "fallback" in live.rung("wu_ji", case), what="the chain is lit where they stay dark")

    refused = await live.http.post(
        f"/api/v1/cases/{case}/resolve",
        json={"text": "人群已散"},
        headers=live.lab.bearer(Role.DUTY_OFFICER, unit=UNIT),
    )
    assert refused.status_code == 403
    assert "重大事项由分管领导或其上级办结" in refused.json()["zh"]
    assert "Vice-mayor for public order" in refused.json()["detail"]
    assert (
        await live.act(case, "resolve", "government", Role.LEADER, person=EN, text="工资已发，人群已散")
        == "applied"
    )
    assert (await live.case(case)).status is CaseStatus.RESOLVED
