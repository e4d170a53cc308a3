"""The whole running system for a story: broker, intake, escalator, notifier, a gateway; half an hour takes
fifteen seconds.

Invariant: a story speaks HTTP as people and systems do, and sees what was said by what the gateway got and
what the case says.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx2
import orjson
from standardwebhooks import Webhook

from fenghuo.gateway_lab import GatewayLab
from fenghuo.gateway_messages import Received
from services.escalator.policy.compress import compress
from services.notifier.delivery.record import message_id
from shared.case import Case, read_case
from shared.directory import Directory, load_directory
from shared.facts import Decision, EffectKind
from shared.ids import CaseId, NoticeId, PersonId
from shared.tokens import COOKIE
from shared.vocabulary import ReportKind, Role
from tests.escalator.wire import decisions_of
from tests.lab import Lab, Running, lab_in, until
from tests.notifier.conftest import CHANNELS, start_notifier, webhook_key

RATIO = 120
TOLD_BY = "[voice, sms]"
"""By which channels the example's policy calls people."""
ANSWER_WITHIN = 15.0
"""Seconds for one request."""
QUICK = (
    ("unapproved_stop_answer", "within", "PT5S"),
    ("price_reading", "within", "PT6S"),
    ("price_reading", "every", '"*/15 * * * * *"'),
    *((rule, "every", '"*/20 * * * * *"') for rule in ("heating_check", "order_check", "sanitation_check")),
    ("price_bulletin", "every", '"*/30 * * * * *"'),
    ("roll_call", "within", "PT20S"),
    ("roll_call", "every", '"0 10 29 2 *"'),  # by hand alone, whatever day the stories are told on
)
"""Rule, field, value: terms and calendars too long for a story even so."""
GIVE_UP = 30.0
"""Seconds after which what was not told will not be told."""
Json = dict[str, Any]


class Live:
    def __init__(
        self,
        lab: Lab,
        gateway: GatewayLab,
        http: httpx2.AsyncClient,
        escalator: str = "",
        notifier: str = "",
    ) -> None:
        """`http` speaks to intake; `escalator` and `notifier` are the others' addresses."""
        self.lab, self.gateway, self.http = lab, gateway, http
        self.escalator, self.notifier = escalator, notifier
        self._looked_at = 0
        self.written = ""
        """All that people wrote in reports and acts."""
        self._record: httpx2.AsyncClient | None = None
        self.running_notifier: Running | None = None

    @cached_property
    def directory(self) -> Directory:
        """As it was at the start."""
        return load_directory(self.lab.directory)

    async def report(
        self,
        unit: str,
        role: Role = Role.REPORTER,
        *,
        person: str | None = None,
        ago: timedelta = timedelta(0),
        **form: Any,
    ) -> str:
        """A unit reports what it has just learned (or learned of `ago`); returns the case."""
        now = (datetime.now(UTC) - ago).isoformat()
        known = {
            "category": "accident",
            "unit": unit,
            "area": "620622",
            "occurred_at": now,
            "learned_at": now,
            "summary": "化工厂爆炸",
        }
        self.written += f" {known | form}"
        answer = await self.http.post(
            "/api/v1/reports", json=known | form, headers=self.lab.bearer(role, unit=unit, person=person)
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
        headers = {**self.lab.bearer(role, unit=unit, person=person), "Idempotency-Key": token_hex(8)}
        self.written += f" {body}"

        async def answered() -> httpx2.Response | None:
            answer = await self.http.post(f"/api/v1/cases/{case}/{path}", json=body, headers=headers)
            return answer if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE else None

        answer = await until(answered, seconds=GIVE_UP, what=f"{path} is taken: its case is decided on")
        assert answer
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

    async def is_on_the_board(self, case: str) -> bool:
        answer = await self.http.get(f"/api/v1/cases/{case}", headers=self.lab.bearer(Role.AUDITOR))
        return answer.status_code == HTTPStatus.OK

    async def raised(self, case: str, kind: ReportKind) -> str:
        """The case of that kind that follows from this one, once there is one."""

        async def found() -> str | None:
            answer = await self.http.get(
                "/api/v1/cases",
                params={"parent": case, "kind": kind},
                headers=self.lab.bearer(Role.AUDITOR),
            )
            assert answer.status_code == 200, answer.text
            return next((card["id"] for card in answer.json()["cases"]), None)

        return await until(found, seconds=GIVE_UP, what=f"{kind} follows from {case}") or ""

    async def refusal(
        self,
        case: str,
        path: str,
        unit: str,
        role: Role = Role.REPORTER,
        *,
        person: str | None = None,
        **body: Any,
    ) -> str:
        """What whoever may not do it, or does it too early or too late, is answered in Chinese."""
        headers = {**self.lab.bearer(role, unit=unit, person=person), "Accept-Language": "zh"}
        answer = await self.http.post(f"/api/v1/cases/{case}/{path}", json=body, headers=headers)
        assert answer.status_code in (403, 409, 422), answer.text
        return answer.text

    async def desk(
        self,
        path: str,
        unit: str,
        role: Role = Role.DUTY_OFFICER,
        *,
        person: str | None = None,
        language: str = "zh",
    ) -> str:
        """The page of the desk, as somebody of the unit sees it."""
        token = self.lab.token(role, unit=unit, person=person)
        async with httpx2.AsyncClient(base_url=self.http.base_url, cookies={COOKIE: token}) as browser:
            answer = await browser.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        return answer.text

    def link(self, person: str, case: str, purpose: str | None = None) -> str | None:
        """The link of the last text message to the person about the case (for that purpose)."""
        messages = [*self._messages(person, case)]
        return next(
            (
                _link_about(message, case)
                for message in reversed(messages)
                if message.link and purpose in (None, message.data.get("purpose"))
            ),
            None,
        )

    async def at_link(
        self, person: str, case: str, purpose: str | None = None, **pressed: str
    ) -> httpx2.Response:
        """The page behind that link, or what pressing its button with these fields shows (`choice=""`: the
        button that says no more than that one knows).
        """
        link = self.link(person, case, purpose)
        assert link, f"{person} has no link"
        return await self.opened(link, **pressed)

    async def opened(self, link: str, **pressed: str) -> httpx2.Response:
        """The page of that very link, or what pressing its button shows: once it is known what became of it,
        pressed again where the page says that it is not known yet.
        """
        async with httpx2.AsyncClient() as browser:
            if not pressed:
                return await browser.get(link)

            async def known() -> httpx2.Response | None:
                answer = await browser.post(link, data=pressed)
                return answer if answer.status_code != HTTPStatus.ACCEPTED else None

            answer = await until(known, seconds=GIVE_UP, what="what became of the answer")
            assert answer is not None
            return answer

    def last(self, person: str, case: str | None, channel: str) -> Received:
        """The last call or text message to the person (about the case)."""
        return [message for message in self._messages(person, case) if message.channel == channel][-1]

    async def replies(self, person: str, case: str, text: str) -> httpx2.Response:
        """The person answers the last text message about the case from their telephone."""
        return await self.gateway.gateway.reply(self.last(person, case, "sms"), text)

    async def presses(self, person: str, case: str, key: str) -> httpx2.Response:
        """The person presses a key in the last call about the case."""
        return await self.gateway.gateway.reply(self.last(person, case, "voice"), key)

    async def record(self) -> httpx2.AsyncClient:
        """The audit, with its store: started by the first story that asks for it."""
        if self._record is None:
            self.lab.start_mongo()
            running = await self.lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.2S")
            self._record = httpx2.AsyncClient(base_url=running.url, timeout=ANSWER_WITHIN)
        return self._record

    async def close(self) -> None:
        if self._record is not None:
            await self._record.aclose()

    async def change(self, *changes: Json) -> None:
        """Who is who is different from now on."""
        body = {"changes": changes}
        answer = await self.http.post(
            "/api/v1/directory/changes", json=body, headers=self.lab.bearer(Role.OPERATOR)
        )
        assert answer.status_code in (200, 201), answer.text

    async def gateway_says(self, person: str, case: str, channel: str, **said: str) -> None:
        """The gateway calls back about the last message to the person on that channel."""
        *_, message = [one for one in self._messages(person, case) if one.channel == channel]
        body, now = orjson.dumps({"id": message.id, **said}), datetime.now(UTC)
        signature = Webhook(webhook_key(self.lab)).sign("call-back", now, body.decode())
        headers = {
            "webhook-id": "call-back",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        async with httpx2.AsyncClient() as gateway:
            answer = await gateway.post(
                f"{self.notifier}/api/v1/receipts/{channel}", content=body, headers=headers
            )
        assert answer.status_code == 202, answer.text

    def rung(self, person: str, case: str) -> list[str]:
        """For what purposes the person's telephone has rung about the case, oldest first."""
        return [call["purpose"] for call in self._calls(person, case)]

    def heard(self, person: str, case: str) -> list[str]:
        """What the person was told on the telephone about the case, oldest first."""
        return [call["text"] for call in self._calls(person, case)]

    def texts(self, person: str, case: str | None = None) -> list[str]:
        """The text messages to the person (about the case), oldest first."""
        return [message.text for message in self._messages(person, case) if message.channel == "sms"]

    async def hears(self, person: str, case: str | None, *words: str) -> str:
        """The call to the person (about the case) in which all of these words were said, once it has come."""
        return await self._told("voice", person, case, words)

    async def reads(self, person: str, case: str | None, *words: str) -> str:
        """The text message to the person (about the case) in which all of these words stand, once it has
        come.
        """
        return await self._told("sms", person, case, words)

    async def _told(self, channel: str, person: str, case: str | None, words: tuple[str, ...]) -> str:
        def such() -> str | None:
            texts = [text for text in told() if all(word in text for word in words)]
            return texts[0] if texts else None

        def told() -> list[str]:
            return [message.text for message in self._messages(person, case) if message.channel == channel]

        try:
            return await until(such, seconds=GIVE_UP, what=" ".join(words)) or ""
        except AssertionError:
            seen = "\n".join(told()) or "nothing"
            raise AssertionError(f"{person} was not told {words} by {channel}, but:\n{seen}") from None

    def told_since_last_asked(self) -> list[Received]:
        """What anybody was rung or written, whatever story it belongs to."""
        new = [
            message
            for message in self.gateway.gateway.messages
            if message.number > self._looked_at and message.channel != "email"
        ]
        self._looked_at = max([self._looked_at, *[message.number for message in new]])
        return new

    def _calls(self, person: str, case: str) -> list[Json]:
        return [message.data for message in self._messages(person, case) if message.channel == "voice"]

    def _messages(self, person: str, case: str | None) -> Iterator[Received]:
        """What the gateway was handed for the person (about the case), oldest first."""
        channels = self.directory.people_by_id[PersonId(person)].channels
        addresses = {address.address for address in channels}
        for message in self.gateway.gateway.messages:
            if message.to in addresses and (case is None or _is_about(message, case)):
                yield message


def _is_about(message: Received, case: str) -> bool:
    return message.data.get("case") == case or _place_of(message, case) is not None


def _place_of(message: Received, case: str) -> int | None:
    """Which of the matters that a message says together is about the case."""
    beginning = message_id(NoticeId(f"{case}."), "").rstrip("-") + "-"
    ids: list[str] = message.data.get("also") or []
    return next((place for place, each in enumerate(ids) if each.startswith(beginning)), None)


def _link_about(message: Received, case: str) -> str | None:
    place, links = _place_of(message, case), re.findall(r"https?://\S+/a/[\w-]+", message.text)
    return links[place] if place is not None and place < len(links) else message.link


def spell(**span: float) -> timedelta:
    """`minutes=28`, `days=3`: a span of the policy's clock, on the clock of the stories."""
    return timedelta(**span) / RATIO


def _suspecting_sooner(policy: str) -> str:
    """A witness's clock starts when the report is in hand: no story need wait half an hour for a suspicion."""
    half_an_hour = "  within: PT30M\n  judged_within"
    assert half_an_hour in policy
    return policy.replace(half_an_hour, "  within: PT4M\n  judged_within")


@asynccontextmanager
async def live_in(
    folder: Path,
    channels: str = CHANNELS,
    directory: Path | None = None,
    told_by: str = TOLD_BY,
    **of_the_notifier: str,
) -> AsyncIterator[Live]:
    """`directory`: another than the example's; `told_by`: the channels of a call; `of_the_notifier`: settings it has besides."""
    async with (
        lab_in(folder, mongo=False, directory=directory) as lab,
        GatewayLab(webhook_key(lab)) as gateway,
    ):
        fast = folder / "policy.yaml"
        policy = lab.policy.read_text(encoding="utf-8").replace(
            f"channels: {TOLD_BY}", f"channels: {told_by}"
        )
        quick = _quick(compress(_suspecting_sooner(policy), RATIO))
        fast.write_text(quick, encoding="utf-8")
        lab.policy = fast
        intake, escalator, notifier = await asyncio.gather(
            lab.start_service("intake", FENGHUO_DUTIES_WAIT="PT5S"),
            lab.start_service("escalator"),
            start_notifier(
                lab,
                gateway,
                channels,
                # Else what concerns two cases in the same second, days apart on the policy's clock, is one message.
                **{"FENGHUO_DIRECTORY": str(lab.directory), "FENGHUO_GATHER": "PT0S", **of_the_notifier},
            ),
        )
        async with httpx2.AsyncClient(base_url=intake.url, timeout=ANSWER_WITHIN) as http:
            live = Live(lab, gateway, http, escalator.url, notifier.url)
            live.running_notifier = notifier
            gateway.gateway.notifier = notifier.url
            try:
                yield live
            finally:
                await live.close()


def _quick(policy: str) -> str:
    """With terms of a day that a story waits for."""
    for rule, field, value in QUICK:
        line = rf"(?ms)(^  {rule}:\n.*?^    {field}: )(?:\".*?\"|\S+)"
        policy, count = re.subn(line, rf"\g<1>{value}", policy, count=1)
        assert count, (rule, field)
    return policy
