"""Through the running system: a bureau announces a press conference and journalists a round table; both stand in the
calendar by theme, department and date, as a page and as data. Rows 39, 40.
"""

from datetime import UTC, datetime, timedelta

from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

BUREAU, HEAD = "housing_bureau", "xu_you"


async def announced(live: Live, topic: str, theme: str, at: datetime) -> str:
    fields = {"theme": theme, "department": BUREAU, "at": at.isoformat(), "place": "市新闻发布厅"}
    return await live.report(
        BUREAU,
        Role.DUTY_OFFICER,
        kind="publication",
        topic=topic,
        category=None,
        area="620600",
        summary=theme,
        form={"id": "press_event", "fields": fields},
    )


async def test_what_is_announced_stands_in_the_calendar(live: Live) -> None:
    at = datetime.now(UTC) + timedelta(days=3)
    conference = await announced(live, "press_conference", "冬季供暖保障", at)
    table = await announced(live, "round_table", "老旧管网改造座谈", at + timedelta(days=1))
    heard = await until(lambda: live.texts(HEAD, conference), what="the bureau's head reads of it")
    assert heard
    assert "新闻发布活动" in heard[0]
    assert "冬季供暖保障" in heard[0]

    page = await live.desk("/calendar?form=press_event", "party_office", Role.SUPERVISOR)
    assert page.index("冬季供暖保障") < page.index("老旧管网改造座谈"), "by when they take place"
    for words in ("市住房和城乡建设局", "已安排", "月度新闻发布会"):
        assert words in page
    english = await live.desk("/calendar?form=press_event", "party_office", Role.SUPERVISOR, language="en")
    assert "planned" in english

    headers = live.lab.bearer(Role.AUDITOR)
    answer = await live.http.get(
        "/api/v1/calendar", params={"form": "press_event", "unit": BUREAU}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entries"]
    assert [entry["case"] for entry in entries] == [conference, table]
    assert "冬季供暖保障" in entries[0]["what"]["zh"]

    done = await live.act(conference, "file", BUREAU, document="press_conference", text="答问纪要")
    assert done == "applied"
    assert not any(
        duty.is_owed and duty.rule == "press_event" for duty in (await live.case(conference)).duties
    )
