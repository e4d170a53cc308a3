"""Through the running system: what happened adds up to figures by place, category, topic, hour, unit and harm, asked by
page, command and API; each opens into the records it was counted from, in the reader's language; the analysis is a
document that can be handed on. Row 28.
"""

import asyncio
import html
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from shared.tokens import COOKIE
from shared.vocabulary import Role
from tests.lab import ROOT, until
from tests.stories.live import Live
from tests.stories.stage import ZONE

UNIT, PLACE = "shaquan_government", "620621:natural_disaster"


async def test_a_figure_opens_into_the_records_it_was_counted_from(live: Live) -> None:
    cases = {
        await live.report(
            UNIT,
            level="IV",
            category="natural_disaster",
            area="620621",
            summary=f"第{number}处渠道决口",
            harm={"evacuated": 12},
        )
        for number in (1, 2)
    }
    audit = await live.record()
    headers = live.lab.bearer(Role.AUDITOR)

    async def counted() -> dict[str, Any] | None:
        answer = await audit.get("/api/v1/reports/trend", headers=headers)
        assert answer.status_code == 200, answer.text
        return next(
            (place for place in answer.json()["places"] if place["row"] == PLACE and place["reports"] >= 2),
            None,
        )

    place = await until(counted, what="both are counted")
    assert place

    async def page(path: str, language: str) -> str:
        token = live.lab.token(Role.AUDITOR)
        async with httpx2.AsyncClient(
            base_url=audit.base_url, cookies={COOKIE: token}, timeout=15
        ) as browser:
            answer = await browser.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        return answer.text

    opened = await page(f"/reports/records?figure={place['figure']}/reports", "zh")
    for case in cases:
        assert case in opened, "no figure without its records"
    chinese = await page("/reports/trend", "zh")
    for words in ("沙泉县", "自然灾害", "/reports/records?"):
        assert words in chinese, words
    english = await page("/reports/trend", "en")
    for words in ("Shaquan County", "natural disaster"):
        assert words in english, words
    document = await audit.get(
        "/api/v1/reports/analysis", params={"period": f"{datetime.now(ZONE):%Y-%m}"}, headers=headers
    )
    assert document.status_code == 200, document.text
    for words in ("沙泉县", "自然灾害"):
        assert words in document.text, words


async def test_topic_unit_and_harm_are_asked_by_page_command_and_api_and_open_into_their_records(
    live: Live,
) -> None:
    topic, row = "forest", "forest:620621"
    fire = await live.report(
        UNIT, level="IV", category="accident", area="620621", topic=topic, summary="林场起火", harm={"evacuated": 7}
    )  # fmt: skip
    other = await live.report(
        UNIT, level="IV", category="accident", area="620621", topic=topic, summary="护林站起火"
    )
    assert await live.act(fire, "follow-up", UNIT, text="两人受伤", injuries=2, evacuated=30) == "applied"
    audit = await live.record()
    headers = live.lab.bearer(Role.AUDITOR)
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).isoformat()

    async def counted() -> dict[str, Any] | None:
        answer = await audit.get("/api/v1/reports/trend", params={"since": since}, headers=headers)
        assert answer.status_code == 200, answer.text
        found = next((line for line in answer.json()["topics"] if line["row"] == row), None)
        return answer.json() if found and found["reports"] == 2 and found["harm"].get("injuries") else None

    trend = await until(counted, what="both, with the harm as it was last said")
    assert trend
    by_topic = next(line for line in trend["topics"] if line["row"] == row)
    assert by_topic["harm"] == {"injuries": 2, "evacuated": 30}, "what was said last, each once"
    by_unit = next(line for line in trend["units"] if line["row"] == UNIT)
    assert by_unit["reports"] >= 2
    assert by_unit["harm"]["evacuated"] >= 30
    hour = f"{datetime.now(ZONE):%H}"
    assert (
        sum(line["reports"] for line in trend["hours"] if line["row"] in (hour, f"{(int(hour) - 1) % 24:02}"))
        >= 2
    )

    harmed = await audit.get(
        "/api/v1/reports/records",
        params={"since": since, "figure": f"{by_topic['figure']}/injuries"},
        headers=headers,
    )
    (index,) = harmed.json()["indexes"]
    record = await audit.get(f"/api/v1/trail/entries/{index}", headers=headers)
    assert record.json()["fact"]["subject"] == fire, "the record that says it is the case's own"

    printed = await _command(
        "trail", "report", "trend", "--since", since, audit=str(audit.base_url), live=live
    )
    assert re.search(r"forest · 沙泉县[^\n]* 2 .*injuries:2 evacuated:30", printed), printed
    records = await _command(
        *("trail", "report", "trend", "--since", since, "--records", f"{by_topic['figure']}/reports"),
        audit=str(audit.base_url), live=live,
    )  # fmt: skip
    assert "2" in records.splitlines()[0]

    async with httpx2.AsyncClient(
        base_url=audit.base_url, cookies={COOKIE: live.lab.token(Role.AUDITOR)}, timeout=15
    ) as browser:
        page = (await browser.get("/reports/trend", headers={"Accept-Language": "zh"})).text
        words = re.sub(r"<[^>]+>", " ", page)
        for said in (
            "按报告单位",
            "沙泉县人民政府",
            "按主题和区域",
            "沙泉县",
            "重伤人数",
            "转移人数",
            "逐日伤亡损失",
        ):
            assert said in words, said
        figure = by_topic["figure"].replace("/", "%2F").replace(":", "%3A")
        link = re.search(rf'href="(/reports/records[^"]*{re.escape(figure)}%2Freports)"', page)
        assert link is not None
        opened = (await browser.get(html.unescape(link[1]), headers={"Accept-Language": "zh"})).text
        assert fire in opened
        assert other in opened


async def _command(*arguments: str, audit: str, live: Live) -> str:
    """What the auditor's own command prints."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "fenghuo"), *arguments,
        env={
            **os.environ, "FENGHUO_AUDIT_URL": audit.rstrip("/"), "FENGHUO_TOKEN": live.lab.token(Role.AUDITOR),
            "COLUMNS": "240", "FENGHUO_LANG": "en",
        },
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()
