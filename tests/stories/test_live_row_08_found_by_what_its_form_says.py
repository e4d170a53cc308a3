"""Through the running system: what people wrote into a form is found by a piece of it, in the explorer and over HTTP,
until it is erased. Rows 8, 12.
"""

import re

import httpx2

from shared.tokens import COOKIE
from shared.vocabulary import Role
from tests.lab import until
from tests.stories.live import Live

OFFICE, HEAD = "petition_office", "chen_gui"
CLAIM = "十年前承诺的青杨巷安置房至今没有交付"


async def test_a_petition_is_found_by_its_claim_and_by_its_parties(live: Live) -> None:
    form = {
        "id": "petition",
        "fields": {"sort": "resettlement", "people": 9, "parties": "青杨巷鲁家等九户", "claim": CLAIM},
    }
    case = await live.report(
        OFFICE, Role.SUPERVISOR, person=HEAD, kind="petition", category=None, summary="安置房", form=form
    )
    audit = await live.record()
    headers = live.lab.bearer(Role.AUDITOR)

    async def finds(text: str) -> set[str]:
        answer = await audit.get("/api/v1/trail/entries", params={"text": text}, headers=headers)
        assert answer.status_code == 200, answer.text
        return {entry["case"] for entry in answer.json()["entries"]}

    async def is_recorded() -> bool:
        return case in await finds("青杨巷安置房")

    await until(is_recorded, what="the petition is found by a piece of its claim")
    assert case in await finds("鲁家等九户")
    assert case not in await finds("红杨巷安置房")

    async with httpx2.AsyncClient(
        base_url=audit.base_url, cookies={COOKIE: live.lab.token(Role.AUDITOR)}, timeout=15
    ) as browser:
        answer = await browser.get("/", params={"text": "青杨巷安置房"}, headers={"Accept-Language": "zh"})
    assert answer.status_code == 200
    assert re.search(rf"/cases/{case}|/records/\d+", answer.text)
    assert case in answer.text, "the page of the explorer shows it"
