"""Through the running system: a source that should speak falls silent; who keeps it and the emergency office read
which one, since when and what to do, and an incident of its level stands on the board. Row 14.
"""

from shared.standing import standing_case
from shared.vocabulary import Level, ReportKind, Role
from tests.stories.live import Live

SOURCE, KEEPER, OFFICE = "wangshan-gauge", "wei_huang", "zhou_wu"


async def test_a_silent_source_is_told_to_its_keeper_and_is_an_incident(live: Live) -> None:
    await live.change(
        {
            "op": "put_source",
            "source": {
                "id": SOURCE,
                "name": {"zh": "望山县雨量遥测站", "en": "Wangshan rain gauges"},
                "unit": "wangshan_government",
                "area": "620622",
                "formats": ["cloudevents"],
                "silent_after": "PT2S",
            },
        }
    )
    beat = await live.http.post(
        f"/api/v1/sources/{SOURCE}/heartbeat",
        headers=live.lab.bearer(Role.PUBLISHER, subject=f"source:{SOURCE}"),
    )
    assert beat.status_code in (200, 202, 204), beat.text
    watched = standing_case("source", SOURCE)
    told = await live.reads(OFFICE, watched, "【烽火·逾期】", "望山县雨量遥测站")
    assert "信息来源心跳" in told
    keeper = await live.reads(KEEPER, watched, "望山县雨量遥测站")
    assert keeper

    incident = await live.raised(watched, ReportKind.INCIDENT)
    assert (await live.case(incident)).level is Level.IV
    rung = await live.reads(
        OFFICE, incident, "【烽火·初报】IV级一般事故灾难：望山县，望山县雨量遥测站自 ", "起没有信号"
    )
    assert "烽火系统报" in rung, "nobody reported it but the system itself"
    assert not live.rung("zhao_jia", incident), "of its level: no leader is woken"
    assert "望山县雨量遥测站" in await live.desk(f"/cases/{incident}", "emergency_office")
    await live.change({"op": "remove", "what": "source", "id": SOURCE})
