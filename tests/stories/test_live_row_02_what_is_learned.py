"""Through the running system: after the end a review is owed, with the causes it found and what happened when; what it
teaches becomes tasks that are rung and verified. Row 2.
"""

from shared.vocabulary import Role
from tests.stories.live import Live

UNIT, HEAD = "wangshan_government", "wei_huang"


async def test_the_review_names_its_causes_and_its_lessons_are_tasks(live: Live) -> None:
    case = await live.report(
        UNIT, level="III", category="public_health", area="620622", summary="学校食堂集体呕吐"
    )
    ended = await live.act(case, "resolve", "government", Role.LEADER, person="qian_yi", text="学生全部康复")
    assert ended == "applied"
    desk = await live.desk(f"/cases/{case}", UNIT, person=HEAD)
    assert "事后复盘" in desk
    for cause in ("机制", "职责"):
        assert cause in desk, "the form asks for the causes"

    review = await live.act(
        case,
        "file",
        UNIT,
        person=HEAD,
        document="review",
        causes=["mechanism", "unclear_duty"],
        text="校方与卫健互相等待，晚报四十分钟",
    )
    assert review == "applied"
    read = await live.reads("zhou_wu", case, "【烽火·复盘】")
    assert "魏荒（望山县人民政府）：校方与卫健互相等待" in read
    lesson = {"title": "校园食安直报专线", "unit": "health_commission", "within": "P10D"}
    assert await live.act(case, "assign", "emergency_office", Role.SUPERVISOR, tasks=[lesson]) == "applied"
    assert "“校园食安直报专线”" in await live.hears("qin_wei", case, "烽火任务")
    desk = await live.desk(f"/cases/{case}", UNIT, person=HEAD)
    assert "校方与卫健互相等待，晚报四十分钟" in desk
    assert "机制" in desk.split("校方与卫健互相等待")[0] + desk.split("校方与卫健互相等待")[1]
