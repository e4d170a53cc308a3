"""Who asks without end is told to wait, and nobody else is; who is refused on and on stands in log, metric
and record.

The deed: thousands of requests of one reporter, of one who may not do what they ask for, and of a stranger.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import orjson
import pytest_asyncio
from nats.js.api import DeliverPolicy

from shared.vocabulary import Role
from tests.attacks.conftest import Installation
from tests.lab import until


async def flood(
    http: httpx2.AsyncClient, times: int, method: str, path: str, headers: dict[str, str]
) -> list[httpx2.Response]:
    gate = asyncio.Semaphore(16)

    async def one() -> httpx2.Response:
        async with gate:
            return await http.request(method, path, headers=headers)

    return await asyncio.gather(*(one() for _ in range(times)))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def strict(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """An intake beside the other with a tenth of the pace: this machine may be too slow to come near the
    ordinary one.
    """
    running = await installation.lab.start_service(
        "intake", FENGHUO_REQUESTS_PER_SECOND="5", FENGHUO_REQUESTS_AT_ONCE="50"
    )
    async with httpx2.AsyncClient(base_url=running.url, timeout=15) as http:
        yield http
    running.stop()


async def test_a_flood_is_told_to_wait_and_another_reports(
    installation: Installation, strict: httpx2.AsyncClient
) -> None:
    flooding = installation.lab.bearer(Role.DUTY_OFFICER, subject="flooding")
    answers = await flood(strict, 500, "GET", "/api/v1/tasks", flooding)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) > 300
    assert {answer.status_code for answer in answers} == {200, 429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    # Another is not refused, and who floods may still report an emergency.
    another = installation.lab.bearer(Role.DUTY_OFFICER, subject="another")
    assert (await strict.get("/api/v1/tasks", headers=another)).status_code == 200
    now = datetime.now(UTC).isoformat()
    form = {
        "category": "accident",
        "unit": "emergency_bureau",
        "area": "620622",
        "occurred_at": now,
        "learned_at": now,
        "summary": "x",
    }
    assert (await strict.post("/api/v1/reports", json=form, headers=flooding)).status_code == 201
    # And after a moment they may go on.
    await asyncio.sleep(float(refused[-1].headers["retry-after"]))
    assert (await strict.get("/api/v1/tasks", headers=flooding)).status_code == 200


async def test_many_reports_of_one_wait_for_one_another_and_not_another_for_them(
    installation: Installation,
) -> None:
    """On its own, with room for forty: twenty at once, then twenty a second."""
    many = installation.lab.bearer(Role.DUTY_OFFICER, subject="many-reports")
    gate = asyncio.create_task(flood(installation.http, 40, "POST", "/api/v1/reports", many))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(10):
        assert await installation.report("emergency_bureau", Role.DUTY_OFFICER)
    assert {answer.status_code for answer in await gate} == {400}, (
        "taken and looked at, none refused for its pace"
    )


async def test_a_page_says_so_in_the_readers_language(
    installation: Installation, strict: httpx2.AsyncClient
) -> None:
    flooding = installation.lab.bearer(Role.DUTY_OFFICER, subject="flooding-pages") | {
        "Accept-Language": "zh"
    }
    pages = await flood(strict, 120, "GET", "/gaps", flooding)
    (page, *_) = [page for page in pages if page.status_code == 429]
    assert "请求过于频繁" in page.text
    assert "retry-after" in page.headers


async def test_who_is_refused_on_and_on_stands_in_log_metric_and_record(installation: Installation) -> None:
    prying = installation.lab.bearer(Role.REDACTOR, subject="prying-redactor")
    secret = prying["Authorization"].removeprefix("Bearer ")
    before = await refused(installation, 403)
    for answer in await flood(installation.http, 150, "GET", "/api/v1/cases", prying):
        assert answer.status_code == 403
    assert await refused(installation, 403) - before == 150
    log = installation.intake.log.read_text()
    assert '"who": "prying-redactor"' in log or '"who":"prying-redactor"' in log
    assert secret not in log
    assert log.count("prying-redactor") < 40, "lines of one caller are bounded"

    async with installation.lab.connection("admin") as connection:
        js = connection.jetstream()

        async def told() -> list[str]:
            found: list[str] = []
            reader = await js.subscribe(
                "fact.*.rejected", ordered_consumer=True, deliver_policy=DeliverPolicy.ALL
            )
            try:
                while True:
                    found.append(orjson.loads((await reader.next_msg(timeout=0.5)).data)["data"]["reason"])
            except TimeoutError:
                return [reason for reason in found if "prying-redactor" in reason]
            finally:
                await reader.unsubscribe()

        assert len(await until(told, what="a fact of the refusals")) == 1


async def test_a_stranger_is_counted_and_leaves_no_fact(installation: Installation) -> None:
    before = await refused(installation, 401)
    answers = await flood(
        installation.http, 300, "GET", "/api/v1/cases", {"Authorization": "Bearer not-a-token"}
    )
    assert {answer.status_code for answer in answers} == {401}
    assert await refused(installation, 401) - before == 300
    assert "not-a-token" not in installation.intake.log.read_text()


async def refused(installation: Installation, status: int) -> int:
    lines = (await installation.http.get("/metrics")).text.splitlines()
    (line,) = [line for line in lines if line.startswith(f'fenghuo_http_refused_total{{status="{status}"}}')]
    return int(float(line.split()[-1]))
