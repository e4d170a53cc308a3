"""Through the running system: three units let the limit of a campaign pass. The discipline organ gets one message with
the list and refers them from it; each unit reads of its own lapse alone. Rows 3, 4.
"""

from datetime import UTC, datetime, timedelta

from shared.ids import PostId
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.lab import until
from tests.stories.live import Live

UNITS = ["beacon_hill_government", "shaquan_government", "wangshan_government"]


def holder(post: str) -> str:
    return example_directory().holder_of(PostId(post), datetime.now(UTC)).id


async def test_three_late_units_are_one_message_to_the_organ(live: Live) -> None:
    due_at = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    case = await live.report(
        "emergency_bureau",
        Role.LEADER,
        kind="campaign",
        category=None,
        area="620600",
        summary="安全隐患大排查",
        tasks=[{"title": "排查上报", "units": UNITS, "due_at": due_at}],
    )
    organ, county = holder("discipline"), holder("shaquan_main")

    def to_judge() -> list[str]:
        return [text for text in live.texts(organ, case) if "追责研判" in text]

    await until(to_judge, what="the organ has its list")
    assert "3个单位逾期未履行：" in to_judge()[0]
    assert "沙泉县人民政府" in to_judge()[0]
    assert len(to_judge()) == 1
    own = await until(
        lambda: [text for text in live.texts(county, case) if "逾期】" in text], what="the county hears of it"
    )
    assert own
    assert own[0].startswith("【烽火·逾期】沙泉县人民政府：排查上报")
    page = await live.at_link(organ, case, "duty")
    assert "3个单位逾期未履行：" in page.text

    word = await live.act(case, "confirm", "discipline_organ", Role.DISCIPLINE, text="三次提醒未报")
    assert word == "applied"
    lapses = [duty.lapse for duty in (await live.case(case)).duties if duty.rule == "campaign_submission"]
    assert all(lapse is not None and lapse.referred_by for lapse in lapses)
