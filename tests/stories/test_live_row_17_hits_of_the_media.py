"""Through the running system: a hit on a website goes to the leaders of the government, one on television or abroad to those
of the Party too; what the competent unit feeds back reaches the desk that spotted it. Rows 15, 16, 17.
"""

from datetime import UTC, datetime, timedelta

import pytest

from shared.ids import PostId
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

PARTY, GOVERNMENT = "zhao_jia", "qian_yi"
"""The party secretary and the mayor."""
WORDS = "经核查，照片为去年旧图，已联系网站更正"


async def hit(live: Live, unit: str, topic: str, outlet: str) -> str:
    published = (datetime.now(UTC) - timedelta(seconds=2)).isoformat()
    fields = {"outlet": outlet, "published": published, "spotted": published, "url": "https://news.example/1"}
    return await live.report(
        unit,
        Role.DUTY_OFFICER,
        kind="opinion",
        topic=topic,
        summary="网传化工厂周边水质异常",
        form={"id": "media_hit", "fields": fields},
    )


async def test_a_hit_on_a_website_rings_the_government_and_its_feedback_reaches_the_desk(live: Live) -> None:
    head = example_directory().holder_of(PostId("website_head"), datetime.now(UTC)).id
    case = await hit(live, "website_office", "web", "某论坛")
    heard = (await until(lambda: live.heard(GOVERNMENT, case), what="the mayor is rung"))[0]
    assert "舆情" in heard
    assert "网传化工厂周边水质异常" in heard
    assert "某论坛" in heard
    bureau = "wangshan_emergency"
    assert await live.act(case, "file", bureau, document="feedback", text=WORDS) == "applied"
    fed_back = await until(
        lambda: next((text for text in live.texts(head, case) if "【烽火·反馈】" in text), None),
        what="the desk that spotted it reads what became of it",
    )
    assert fed_back
    assert WORDS in fed_back
    assert "望山县应急管理局" in fed_back
    assert not live.rung(PARTY, case), "a website is the government's matter"


@pytest.mark.parametrize(
    ("unit", "topic", "outlet"), [("tv_centre", "tv", "省卫视"), ("propaganda", "external_media", "外媒")]
)
async def test_television_and_media_abroad_ring_the_party_too(
    live: Live, unit: str, topic: str, outlet: str
) -> None:
    case = await hit(live, unit, topic, outlet)
    for leader in (PARTY, GOVERNMENT):
        heard = await until(lambda leader=leader: live.heard(leader, case), what=f"{leader} is rung")
        assert heard
        assert outlet in heard[0]
