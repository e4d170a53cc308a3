"""Through the running system: the operator pauses what can wait, an ordinary level III is kept back past its limit and
comes after the resume, a level I rings at once; nobody answers for the limit that passed, and who paused, why and how long is on record.
Rows 18, 19.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from fenghuo.gateway_messages import Received
from shared.case import Duty
from shared.facts import Excuse
from shared.vocabulary import Language, Role
from tests.lab import ROOT, until
from tests.stories.live import Live, live_in
from tests.stories.plain_words import faults_in

UNIT, LEADER = "wangshan_government", "zhao_jia"
WHY = "更换短信网关的证书"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def maintained(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with live_in(tmp_path_factory.mktemp("maintained"), FENGHUO_GATHER="PT1S") as live:
        yield live


def notify(live: Live, *words: str, ends_with: int = 0) -> str:
    """What `fenghuo notify …` says to the operator."""
    env = {
        **os.environ,
        "FENGHUO_NOTIFIER_URL": live.notifier,
        "FENGHUO_TOKEN": live.lab.token(Role.OPERATOR),
        "LANG": "zh_CN.UTF-8",
        "LC_ALL": "zh_CN.UTF-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "fenghuo", "notify", *words],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ends_with, done.stdout + done.stderr
    return done.stdout + done.stderr


async def test_what_can_wait_waits_and_nobody_answers_for_it(maintained: Live) -> None:
    live = maintained
    said = notify(live, "pause", "--for", "PT1H", "--why", WHY)
    assert "可以等待的消息暂缓发送，至" in said
    assert "已有一次暂停正在进行" in notify(live, "pause", "--why", "再来一次", ends_with=1)

    ordinary = await live.report(UNIT, level="III", summary="仓库冒烟，无人受伤")
    grave = await live.report(UNIT, level="I", summary="化工厂爆炸，多人失联")
    assert "化工厂爆炸" in await live.hears(LEADER, grave, "化工厂爆炸")

    async def lapsed() -> list[Duty]:
        return [duty for duty in (await live.case(ordinary)).duties if duty.lapse is not None and duty.lit]

    lapses = await until(lapsed, seconds=90, what="a limit passes meanwhile") or []
    assert not _about(live, ordinary), "nobody was told of it"
    assert (await _ready(live))["checks"]["pause"].startswith("ok: degraded: paused until")
    assert lapses
    for duty in lapses:
        assert duty.lapse is not None
        assert Excuse.NOTHING_DELIVERED in duty.lapse.excuses, "our pause is nobody's lapse"
        assert not duty.lapse.is_pursued
        assert not any(lit.is_reached for lit in duty.lit)

    assert "暂缓的消息现在发出" in notify(live, "resume")
    asked = await until(
        lambda: [m for m in _about(live, ordinary) if "仓库冒烟" in m.text], what="it goes out now"
    )
    assert asked
    for message in asked:
        assert not faults_in(message.text, Language(message.data["language"]), live.written), message.text
    assert (await _ready(live))["checks"]["pause"] == "ok"
    assert "当前没有暂停" in notify(live, "resume", ends_with=1)

    trail = await live.record()
    begun = await until(lambda: _on_record(live, trail, "notices_paused"), what="it is on record")
    ended = await until(lambda: _on_record(live, trail, "notices_resumed"), what="so is the end")
    assert begun
    assert WHY in json.dumps(begun, ensure_ascii=False)
    assert ended


async def test_several_reports_at_once_are_one_message_to_each_leader(maintained: Live) -> None:
    """The first comes at once, what follows in the same moment as one that lists it, each with its own link."""
    live, names = maintained, ["二号仓库进水", "三号仓库进水", "四号仓库进水", "五号仓库进水"]
    await asyncio.gather(*(live.report(UNIT, level="III", summary=name) for name in names))

    def together() -> list[str]:
        texts = [text for text in live.texts("sun_bing") if "【烽火】共有" in text]
        return [text for text in texts if sum(name in text for name in names) > 1]

    listed = (await until(together, what="several reports in one message") or [""])[0]
    assert listed.count("http") > 1
    assert not faults_in(listed, Language.ZH, live.written), listed


def _about(live: Live, case: str) -> list[Received]:
    return [message for message in live.gateway.gateway.messages if case in str(message.data)]


async def _ready(live: Live) -> dict[str, Any]:
    async with httpx2.AsyncClient() as http:
        return (await http.get(f"{live.notifier}/readyz")).json()


async def _on_record(live: Live, trail: httpx2.AsyncClient, kind: str) -> list[Any]:
    answer = await trail.get(
        "/api/v1/trail/entries", params={"kind": kind}, headers=live.lab.bearer(Role.AUDITOR)
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["entries"]
