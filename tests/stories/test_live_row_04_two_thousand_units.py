"""Through the running system: a campaign is laid on two thousand units by one act and each is told, while others report
and are heard; one of them answers, and the pages stay short. Row 4.
"""

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import yaml

from bench.large_directory import with_villages
from services.intake.desk.act_fields import ROWS
from shared.facts.report import MOST_TASKS
from shared.vocabulary import Role
from tests.escalator.builders import ROOT
from tests.lab import until
from tests.stories.live import Live, live_in

OFFICE, VILLAGE, HEAD = "emergency_office", "village_1234", "villager_1234"
TITLE = "一周内排查矛盾隐患并报送清单"
TOLD_WITHIN = 120.0
HEARD_WITHIN = 5.0
"""Seconds for the report of somebody else meanwhile; the machine is shared."""
DECIDED_WITHIN = 20.0
"""Seconds for the first report of a new installation; a hundredth of it where the machine is free."""
SHORT_PAGE = 450_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    folder = tmp_path_factory.mktemp("villages")
    city = yaml.safe_load((ROOT / "config" / "directory.yaml").read_text(encoding="utf-8"))
    directory = folder / "city.yaml"
    directory.write_text(json.dumps(with_villages(city, MOST_TASKS), default=str), encoding="utf-8")
    async with live_in(folder, directory=directory) as large_city:
        yield large_city


async def test_two_thousand_units_are_asked_by_one_act_and_each_is_told(live: Live) -> None:
    case = await live.report(
        OFFICE, Role.LEADER, kind="campaign", category=None, area="620600", summary="大排查"
    )
    # Two thousand units have their standing watches made meanwhile.
    await until(lambda: live.is_on_the_board(case), seconds=DECIDED_WITHIN, what="the campaign is decided on")
    due_at = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    units = [f"village_{number}" for number in range(MOST_TASKS)]
    everybody = {"title": TITLE, "units": units, "due_at": due_at}
    assert await live.act(case, "assign", OFFICE, Role.LEADER, tasks=[everybody]) == "applied"
    one_more = {"title": TITLE, "units": [*units, OFFICE], "due_at": due_at}
    refused = await live.refusal(case, "assign", OFFICE, Role.LEADER, tasks=[one_more])
    assert f"一次最多交办 {MOST_TASKS} 项" in refused

    began = time.monotonic()
    while len(_told(live)) < MOST_TASKS:
        assert time.monotonic() - began < TOLD_WITHIN, f"{len(_told(live))} of {MOST_TASKS} are told"
        before = time.monotonic()
        await live.report("wangshan_info_centre", summary="库房起火", level="IV")
        assert time.monotonic() - before < HEARD_WITHIN, "others are heard meanwhile"
    (text,) = live.texts(HEAD, case)
    assert TITLE in text
    assert "任务时限" in text

    assert await live.act(case, "file", VILLAGE, person=HEAD, document="nil_report") == "applied"
    shown = await live.desk(f"/cases/{case}/campaign", OFFICE, Role.LEADER)
    assert f'data-answered="1" data-asked="{MOST_TASKS}"' in shown
    assert shown.count("data-unit=") == ROWS
    assert f"共 {MOST_TASKS} 项" in shown, "the page says how many more there are"
    own = await live.desk(f"/cases/{case}", VILLAGE, person=HEAD)
    for page in (shown, own, await live.desk(f"/cases/{case}", OFFICE, Role.SUPERVISOR)):
        assert len(page.encode()) < SHORT_PAGE, len(page.encode())


def _told(live: Live) -> set[str]:
    """The telephones of villages that the gateway has had something for."""
    villages = {f"+86139{number:08d}" for number in range(MOST_TASKS)}
    return villages & {message.to for message in live.gateway.gateway.messages}
