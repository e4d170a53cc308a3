"""The whole running system for a story: broker, intake, escalator, notifier, a gateway; half an hour takes
fifteen seconds.

Invariant: a story speaks HTTP as people and systems do, and sees what was said by what the gateway got and
what the case says.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from fenghuo.gateway_lab import GatewayLab
from services.escalator.policy.compress import compress
from shared.case import Case, read_case
from shared.facts import Decision, EffectKind
from shared.ids import CaseId, PersonId
from shared.vocabulary import Role
from tests.escalator.builders import example_directory
from tests.escalator.wire import decisions_of
from tests.lab import Lab, lab_in, until
from tests.notifier.conftest import start_notifier, webhook_key

RATIO = 120
Json = dict[str, Any]


class Live:
    def __init__(self, lab: Lab, gateway: GatewayLab, http: httpx2.AsyncClient) -> None:
        self.lab, self.gateway, self.http = lab, gateway, http

    async def report(self, unit: str, role: Role = Role.REPORTER, **form: Any) -> str:
        """A unit reports what it has just learned; returns the case."""
        now = datetime.now(UTC).isoformat()
        known = {
            "category": "accident",
            "unit": unit,
            "area": "620622",
            "occurred_at": now,
            "learned_at": now,
            "summary": "化工厂爆炸",
        }
        answer = await self.http.post(
            "/api/v1/reports", json=known | form, headers=self.lab.bearer(role, unit=unit)
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["case"]

    async def act(
        self,
        case: str,
        path: str,
        unit: str,
        role: Role = Role.REPORTER,
        *,
        person: str | None = None,
        **body: Any,
    ) -> str:
        """Somebody of the unit does it; returns `applied`, `waits` or `refused`, once that is decided."""
        headers = self.lab.bearer(role, unit=unit, person=person)
        answer = await self.http.post(f"/api/v1/cases/{case}/{path}", json=body, headers=headers)
        assert answer.status_code in (200, 201, 202, 409), answer.text
        acted = answer.json()
        if acted["outcome"] != "recorded":
            return acted["outcome"]
        # The case went on before the answer was out: what became of the act stands in the record.
        sequence = acted["fact"]["sequence"]
        decision = await until(lambda: self._decision_on(case, sequence), what=f"{path} is decided on")
        assert decision
        await until(lambda: self._shows(case, sequence), what=f"{path} on the board")
        kinds = {effect.kind for effect in decision.effects}
        return (
            "refused" if EffectKind.REFUSED in kinds else "waits" if EffectKind.WAITS in kinds else "applied"
        )

    async def _shows(self, case: str, sequence: int) -> bool:
        return (await self.case(case)).applied.sequence >= sequence

    async def _decision_on(self, case: str, sequence: int) -> Decision | None:
        async with self.lab.connection("admin") as admin:
            decisions = await decisions_of(admin, CaseId(case))
        return next((decision for decision in decisions if decision.about.sequence == sequence), None)

    async def case(self, case: str) -> Case:
        """As it stands, for anybody who may look."""
        answer = await self.http.get(f"/api/v1/cases/{case}", headers=self.lab.bearer(Role.AUDITOR))
        assert answer.status_code == 200, answer.text
        return read_case(answer.content)

    def link(self, person: str, case: str, purpose: str) -> str | None:
        """The link of the last such text message to the person about the case."""
        messages = [
            one
            for one in self.gateway.gateway.messages
            if one.data.get("case") == case and one.data.get("purpose") == purpose
        ]
        numbers = {address.address for address in example_directory().people_by_id[PersonId(person)].channels}
        return next((one.link for one in reversed(messages) if one.to in numbers and one.link), None)

    async def at_link(self, person: str, case: str, purpose: str, **pressed: str) -> httpx2.Response:
        """The page behind that link, or what pressing its button with these fields shows."""
        link = self.link(person, case, purpose)
        assert link, f"{person} has no link"
        async with httpx2.AsyncClient() as browser:
            return await (browser.post(link, data=pressed) if pressed else browser.get(link))

    async def change(self, *changes: Json) -> None:
        """Who is who is different from now on."""
        body = {"changes": changes}
        answer = await self.http.post(
            "/api/v1/directory/changes", json=body, headers=self.lab.bearer(Role.OPERATOR)
        )
        assert answer.status_code in (200, 201), answer.text

    def rung(self, person: str, case: str) -> list[str]:
        """For what purposes the person's telephone has rung about the case, oldest first."""
        return [call["purpose"] for call in self._calls(person, case)]

    def heard(self, person: str, case: str) -> list[str]:
        """What the person was told on the telephone about the case, oldest first."""
        return [call["text"] for call in self._calls(person, case)]

    def texts(self, person: str, case: str) -> list[str]:
        """The text messages to the person about the case, oldest first."""
        numbers = {address.address for address in example_directory().people_by_id[PersonId(person)].channels}
        return [
            message.data["text"]
            for message in self.gateway.gateway.messages
            if message.to in numbers and message.channel == "sms" and message.data.get("case") == case
        ]

    def _calls(self, person: str, case: str) -> list[Json]:
        number = example_directory().people_by_id[PersonId(person)].channels[0].address
        return [
            message.data
            for message in self.gateway.gateway.messages
            if (message.to, message.channel, message.data.get("case")) == (number, "voice", case)
        ]


@asynccontextmanager
async def live_in(folder: Path) -> AsyncIterator[Live]:
    async with lab_in(folder, mongo=False) as lab, GatewayLab(webhook_key(lab)) as gateway:
        fast = folder / "policy.yaml"
        fast.write_text(compress(lab.policy.read_text(encoding="utf-8"), RATIO), encoding="utf-8")
        lab.policy = fast
        await lab.start_service("escalator")
        await start_notifier(lab, gateway, FENGHUO_DIRECTORY=str(lab.directory))
        intake = await lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT5S")
        async with httpx2.AsyncClient(
            base_url=intake.url, timeout=timedelta(seconds=15).total_seconds()
        ) as http:
            yield Live(lab, gateway, http)
