"""Through the running system: whoever is invited to a meeting of the leadership is told when and where, again when it is
moved, and when it is called off; never twice of the same. Rows 32, 42.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

OFFICE = "emergency_office"
COUNTY_HEAD, BUREAU_HEAD, LATE_HEAD, CHAIR = "wei_huang", "you_shen", "xu_you", "qian_yi"
INVITED = (COUNTY_HEAD, BUREAU_HEAD, CHAIR)
CITY = ZoneInfo("Asia/Shanghai")
NAME = "冬季安全生产调度会"
AGENDA = "议程：一、通报事故；二、部署排查"


def meeting(at: datetime, *units: str, place: str = "市政府二楼会议室") -> dict[str, Any]:
    fields = {"name": NAME, "at": at.isoformat(), "place": place, "chair": CHAIR}
    return {"id": "meeting", "fields": {**fields, "participants": [{"unit": unit} for unit in units]}}


async def test_the_invited_are_told_when_and_where_and_again_when_it_moves_and_never_twice(
    live: Live,
) -> None:
    at = datetime.now(CITY).replace(second=0, microsecond=0) + timedelta(days=3)
    units = ("wangshan_government", "water_bureau")
    case = await live.report(
        OFFICE,
        Role.LEADER,
        kind="task",
        topic="meeting",
        category=None,
        area="620600",
        summary=NAME,
        details=AGENDA,
        form=meeting(at, *units),
    )
    for who in INVITED:
        await until(lambda who=who: live.texts(who, case), what=f"{who} is invited")
    text = await live.reads(BUREAU_HEAD, case, "【烽火·会议通知】", NAME, f"{at:%m-%d %H:%M}")
    for words in ("市政府二楼会议室", AGENDA):
        assert words in text
    assert "发生" not in text, "a meeting is no accident"
    page = (await live.at_link(BUREAU_HEAD, case)).text
    for words in (NAME, AGENDA, "市政府二楼会议室", f"{at:%m-%d %H:%M}", "无需在此答复"):
        assert words in page

    async def says(text: str, **form: Any) -> None:
        assert await live.act(case, "follow-up", OFFICE, Role.LEADER, text=text, form=form) == "applied"

    await says("议程不变", **meeting(at, *units))
    await says("增加一家单位", **meeting(at, *units, "housing_bureau"))
    invitation = await live.reads(LATE_HEAD, case, "会议通知", NAME, f"{at:%m-%d %H:%M}")
    assert "会议变更" not in invitation
    later = at + timedelta(days=1)
    await says("因故改期", **meeting(later, *units, "housing_bureau", place="应急指挥中心"))
    for who in (*INVITED, LATE_HEAD):
        await live.reads(who, case, f"{later:%m-%d %H:%M}", "应急指挥中心")
        assert len(live.texts(who, case)) == 2, live.texts(who, case)
    moved = live.texts(COUNTY_HEAD, case)[-1]
    assert "【烽火·会议变更】" in moved
    assert "因故改期" in moved
    assert not any(live.heard(who, case) for who in INVITED), "no telephone rings at night for a meeting"

    assert await live.act(case, "withdraw", OFFICE, Role.SUPERVISOR, text="会议取消，另行通知") == "applied"
    for who in (*INVITED, LATE_HEAD):
        await live.reads(who, case, "会议取消，另行通知")
        assert len(live.texts(who, case)) == 3
