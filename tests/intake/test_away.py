"""The broker goes away and comes back: nothing is claimed that is not stored, and the board finds its thread
again.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from shared.ids import case_id_at
from shared.vocabulary import Role
from tests.intake.builders import case, facts_of, form, post_case
from tests.intake.conftest import DIRECTORY
from tests.lab import Lab, lab_in, until


async def hears_the_inbox(lab: Lab, http: httpx2.AsyncClient) -> None:
    async def stored() -> float:
        lines = (await http.get("/metrics")).text.splitlines()
        return sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith('fenghuo_intake_facts_total{kind="rejected"}')
        )

    before = await stored()
    async with lab.source("met") as client:
        await client.jetstream().publish("inbox.cap.met", b"<not-cap/>")

    async def kept() -> bool:
        return await stored() == before + 1

    await until(kept, what="the inbox heard again")


@pytest.fixture
async def store_less_lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A broker that the test may kill; intake knows no store."""
    async with lab_in(tmp_path, mongo=False, directory=DIRECTORY) as one:
        yield one


async def test_while_the_broker_is_away_nothing_is_claimed_and_then_all_goes_on(store_less_lab: Lab) -> None:
    running = await store_less_lab.start_service(
        "intake", FENGHUO_DIRECTORY=str(DIRECTORY), FENGHUO_DUTIES_WAIT="PT0.2S"
    )
    async with httpx2.AsyncClient(base_url=running.url, timeout=15) as http:
        bearer = store_less_lab.bearer(Role.DUTY_OFFICER, unit=form()["unit"])
        body, key = form(), {"Idempotency-Key": uuid4().hex}
        before = case_id_at(datetime.now(UTC))
        await post_case(store_less_lab, case(before))

        async def is_shown(one: str) -> bool:
            return (await http.get(f"/api/v1/cases/{one}", headers=bearer)).status_code == 200

        await until(lambda: is_shown(before))
        store_less_lab.kill_nats()
        away = await http.post("/api/v1/reports", json=body, headers=bearer | key)
        assert away.status_code == 503
        assert away.headers["retry-after"]
        assert "telephone" in away.json()["detail"]
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
        assert await is_shown(before), "what was known stays readable"

        store_less_lab.start_nats()
        await until(running.is_ready, what="intake ready again")
        back = await http.post("/api/v1/reports", json=body, headers=bearer | key)
        assert back.status_code in (200, 201)
        assert len(await facts_of(store_less_lab, back.json()["case"])) == 1
        after = case_id_at(datetime.now(UTC))
        await post_case(store_less_lab, case(after))
        await until(lambda: is_shown(after), what="the board follows again")
        assert await is_shown(before)
        await hears_the_inbox(store_less_lab, http)
    assert running.stop() == 0
