"""What another process does not answer is 503 with a time to come back, on pages too; never 500, and never
silence.

The deed: the broker is frozen, then the store, and every route of all four services is asked.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from shared.vocabulary import Role
from tests.attacks.conftest import Installation, installation_in
from tests.lab import Running, frozen

PATIENCE = 25.0
"""Seconds in which every answer must be there."""
CASE = "01M84XNYBGESSWT7G2KGA91CAY"
NOW = datetime.now(UTC).isoformat()
FORM = {
    "category": "accident",
    "unit": "emergency_bureau",
    "area": "620622",
    "occurred_at": NOW,
    "learned_at": NOW,
    "summary": "x",
}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/reports": {"json": FORM},
    "/api/v1/policy/explain": {"json": FORM},
    "/api/v1/policy/simulate": {"json": {"policy": "none", "history": []}},
    "/api/v1/trail/redactions": {"json": {"entries": [0], "legal_basis": "x"}},
    "/api/v1/trail/holds": {"json": {"case": CASE, "why": "x"}},
    "/api/v1/trail/holds/{hold}/release": {"json": {"why": "x"}},
    "/api/v1/directory/changes": {"json": {"changes": [], "why": "x"}},
    "/api/v1/ingest/hotline": {"json": {}, "params": {"source": "hotline-12345"}},
    "/a/{token}": {"data": {"choice": "ack"}},
    "/login": {"data": {"token": "x"}},
}
PAGES = {
    "intake": (
        "/",
        "/report",
        "/tasks",
        "/suspicions",
        "/roster",
        "/gaps",
        f"/cases/{CASE}",
        "/desk/summary",
        f"/desk/cases/{CASE}",
    ),
    "escalator": (),
    "notifier": ("/a/x",),
    "audit": (
        "/",
        "/records/0",
        "/records/0/proof",
        f"/cases/{CASE}",
        "/check",
        "/reports/timeliness",
        "/reports/records?index=0",
    ),
}
ROLES = {
    "intake": (Role.DUTY_OFFICER, Role.PUBLISHER),
    "escalator": (Role.OPERATOR, Role.LEADER),
    "notifier": (Role.OPERATOR,),
    "audit": (Role.AUDITOR, Role.REDACTOR, Role.DISCIPLINE),
}


@dataclass
class Asked:
    """What every route of a service answered: (method, path, role) → the answer."""

    answers: dict[tuple[str, str, str], httpx2.Response | str] = field(
        default_factory=dict[tuple[str, str, str], "httpx2.Response | str"]
    )

    def of(self, path: str) -> set[int]:
        return {
            answer.status_code
            for (_, at, _), answer in self.answers.items()
            if at == path and isinstance(answer, httpx2.Response)
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def apart(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """An installation of its own: it is frozen."""
    async with installation_in(tmp_path_factory.mktemp("frozen")) as one:
        yield one


async def every_route(installation: Installation, service: Running) -> Asked:
    asked, gate = Asked(), asyncio.Semaphore(96)
    async with httpx2.AsyncClient(base_url=service.url, timeout=PATIENCE) as http:
        paths: dict[str, dict[str, Any]] = (await http.get("/openapi.json")).json()["paths"]

        async def ask(method: str, path: str, role: Role) -> None:
            person = "wang_xin" if role is Role.DUTY_OFFICER else None
            headers = installation.lab.bearer(role, person=person) | {
                "Sec-Fetch-Site": "same-origin",
                "Accept-Language": "en",
            }
            place = path.replace("{index}", "0").replace("{path}", "0/000.p/1")
            while "{" in place:
                place = place[: place.index("{")] + CASE + place[place.index("}") + 1 :]
            try:
                async with (
                    gate,
                    http.stream(
                        method, place, headers=headers, **(BODIES.get(path, {}) if method == "POST" else {})
                    ) as answer,
                ):
                    if "event-stream" not in answer.headers.get("content-type", ""):
                        await answer.aread()
                    asked.answers[method, path, role] = answer
            except httpx2.HTTPError as error:
                asked.answers[method, path, role] = type(error).__name__

        known = [(method.upper(), path) for path, methods in paths.items() for method in methods]
        known += [("GET", page) for page in PAGES[service.name]] + [
            ("GET", "/readyz"),
            ("GET", "/metrics"),
            ("GET", "/healthz"),
        ]
        await asyncio.gather(
            *(ask(method, path, role) for method, path in known for role in ROLES[service.name])
        )
    return asked


async def every_service(installation: Installation) -> dict[str, Asked]:
    asked = await asyncio.gather(*(every_route(installation, getattr(installation, name)) for name in PAGES))
    return dict(zip(PAGES, asked, strict=True))


def assert_told(asked: Asked) -> None:
    for route, answer in asked.answers.items():
        assert isinstance(answer, httpx2.Response), (route, answer)
        assert answer.status_code in (503, *range(200, 500)), (route, answer.text)
        if answer.status_code == 503 and route[1] not in ("/readyz", "/metrics"):
            assert "retry-after" in answer.headers, route
            assert "Traceback" not in answer.text


async def test_a_frozen_broker_is_told(apart: Installation) -> None:
    assert apart.lab.nats
    with frozen(apart.lab.nats):
        asked = await every_service(apart)
    for answers in asked.values():
        assert_told(answers)
    assert 503 in asked["intake"].of("/api/v1/reports")
    page = next(
        answer
        for (_, path, role), answer in asked["audit"].answers.items()
        if (path, role) == ("/", Role.AUDITOR)
    )
    assert isinstance(page, httpx2.Response)
    assert page.status_code == 503
    assert "The message broker does not answer" in page.text


async def test_a_frozen_store_is_told(apart: Installation) -> None:
    with frozen(apart.lab.mongo):
        asked = await every_route(apart, apart.audit)
    assert_told(asked)
    assert asked.of("/") == {503, 403}
    assert 503 in asked.of("/api/v1/trail/entries")


async def test_what_thaws_goes_on(apart: Installation) -> None:
    for answers in (await every_service(apart)).values():
        assert_told(answers)
        assert answers.of("/healthz") == {200}
