"""Through the running system: a small town has no provider. Its leaders read of a fire by a modem on a serial line, in
Chinese, whole; one answers by SMS and it counts; a number that no network knows and a line that is pulled out lose
nothing. Row 19.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
import pytest_asyncio

from fenghuo.embedded import free_port
from shared.case import DutyState
from shared.ids import PersonId
from shared.vocabulary import Language, Role
from tests.lab import ROOT, until
from tests.notifier.conftest import CHANNELS
from tests.played_modem import PlayedModem
from tests.stories.live import GIVE_UP, Live, live_in
from tests.stories.plain_words import faults_in

UNIT = "shaquan_government"


class Town(NamedTuple):
    live: Live
    modem: PlayedModem
    page: str

    def number(self, person: str) -> str:
        channels = self.live.directory.people_by_id[PersonId(person)].channels
        return next(entry.address for entry in channels if entry.channel == "sms")

    async def reads(self, person: str, *words: str) -> str:
        """The whole text on the person's telephone in which all of these words stand."""

        def such() -> str | None:
            texts = self.modem.texts_to(self.number(person))
            return next((text for text in texts if all(word in text for word in words)), None)

        return await until(such, seconds=GIVE_UP, what=f"{person} reads {words}") or ""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder: Path = tmp_path_factory.mktemp("modem")
    port = free_port()
    by_modem = CHANNELS.replace("${FENGHUO_GATEWAY_URL}/sms", f"http://127.0.0.1:{port}/sms")
    assert by_modem != CHANNELS
    modem = PlayedModem(folder / "ttyUSB0")
    modem.plug_in()
    async with live_in(folder, by_modem, FENGHUO_GATEWAY_REPLIES="true") as live:
        command = [sys.executable, "-m", "fenghuo", "gateway", "--modem", str(modem.path)]
        options = ["--port", str(port), "--secrets", str(live.lab.secrets), "--notifier", live.notifier]
        gateway = await asyncio.create_subprocess_exec(
            *command, *options, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert gateway.stdout is not None
        assert "texts are sent by the modem" in (await gateway.stdout.readline()).decode()
        try:
            yield Town(live, modem, f"http://127.0.0.1:{port}/")
        finally:
            gateway.terminate()
            assert await gateway.wait() == 0
            modem.pull_out()


async def page_of(town: Town) -> str:
    async with httpx2.AsyncClient() as browser:
        return (await browser.get(town.page)).text


async def test_a_leader_reads_it_and_answers_by_one_digit(town: Town) -> None:
    case = await town.live.report(UNIT, level="II", area="620621", summary="粮库起火，两人被困")
    read = await town.reads("zhao_jia", "粮库起火")
    assert "回1知道" in read
    assert not faults_in(read.partition("http")[0], Language.ZH)
    assert {part.encoding for part in town.modem.sent()} == {"ucs2"}

    async def with_what_was_sent() -> str | None:
        page = await page_of(town)
        return page if "已发出 Sent (" in page else None

    page = await until(with_what_was_sent, what="the page shows what was sent") or ""
    assert "粮库起火" in page

    town.modem.receive(town.number("zhao_jia"), "1")

    async def is_answered() -> bool:
        duties = (await town.live.case(case)).duties
        return any(one.owed_to == "zhao_jia" and one.state is DutyState.DISCHARGED for one in duties)

    await until(is_answered, seconds=GIVE_UP, what="the answer counts")
    told = await town.reads("zhao_jia", "已计入", "您已知悉", "粮库起火")
    assert not faults_in(told, Language.ZH)
    await until(lambda: not town.modem.sim, what="the SIM card is empty again")
    link = await town.live.desk(f"/cases/{case}", "emergency_office", person="zhang_lai")
    assert "已交网关" in link
    copies = [text for text in town.modem.texts_to(town.number("zhao_jia")) if text == read]
    assert len(copies) == 1, "once"


async def test_a_number_that_no_network_knows_is_the_persons_to_mend(town: Town) -> None:
    number = town.number("sun_bing")
    town.modem.errors[number] = "+CMS ERROR: 28"
    case = await town.live.report(UNIT, level="II", area="620621", summary="桥面塌陷")
    await town.reads("zhao_jia", "桥面塌陷")

    async def refusal() -> dict[str, str] | None:
        async with httpx2.AsyncClient() as http:
            answer = await http.get(
                f"{town.live.notifier}/api/v1/deliveries",
                params={"case": case},
                headers=town.live.lab.bearer(Role.OPERATOR),
            )
        lines = answer.json()["deliveries"]
        return next(
            (line for line in lines if line["channel"] == "sms" and line["outcome"] == "failed"), None
        )

    refused = await until(refusal, seconds=GIVE_UP, what="the number is refused")
    assert refused is not None
    assert "mend the person's address" in " ".join(map(str, refused.values()))
    assert "运营商说没有这个号码" in await page_of(town)
    del town.modem.errors[number]


async def test_what_was_reported_while_the_line_was_out_is_read_when_it_is_back(town: Town) -> None:
    town.modem.pull_out()

    async def is_said() -> bool:
        return "请检查插头和电源" in await page_of(town)

    await until(is_said, seconds=15, what="the page says so")
    case = await town.live.report(UNIT, level="II", area="620621", summary="变电站冒烟")
    await town.live.hears("zhao_jia", case, "变电站冒烟")
    town.modem.plug_in()
    read = await town.reads("zhao_jia", "变电站冒烟")
    assert len([text for text in town.modem.texts_to(town.number("zhao_jia")) if text == read]) == 1
