"""Through the running system: what happened adds up to figures by place, category and hour; each opens into the
records it was counted from, on a page in the reader's language; the analysis is a document that can be handed on. Row 28.
"""

from datetime import datetime
from typing import Any

import httpx2

from shared.tokens import COOKIE
from shared.vocabulary import Role
from tests.lab import until
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
