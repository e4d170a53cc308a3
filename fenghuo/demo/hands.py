"""What people and systems do in the story, each by the way that is open to them: HTTP with their token, NATS
with the key of the source, the link on their telephone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx2
import orjson
from nats.aio.client import Client

from fenghuo.demo.readback import StepFailed
from fenghuo.dev_tokens import person_principal
from fenghuo.places import Installation
from shared import tokens
from shared.directory import Directory
from shared.facts import Fact
from shared.ids import CaseId, PersonId, PostId, SourceId
from shared.secrets import SecretFile, signing_key
from shared.subjects import inbox_subject
from shared.vocabulary import Kind, Role

LINK_WAIT = 8.0
"""Seconds until a message with its link must have reached the telephone."""

MOST_TRIES, AGAIN_AFTER = 100, 0.2
"""Of what is answered with "not yet", on a machine that is busy: as people press again."""


@dataclass(frozen=True)
class Hands:
    place: Installation
    directory: Directory
    http: httpx2.AsyncClient
    sources: Mapping[SourceId, Client]
    """The connections of those that publish in the story."""

    def holder(self, post: str) -> PersonId:
        return PersonId(self.directory.holder_of(PostId(post)).id)

    def telephone(self, person: PersonId) -> str:
        channels = self.directory.people_by_id[person].channels
        return next(channel.address for channel in channels if channel.channel == "sms")

    def token(self, person: PersonId, role: Role, now: datetime) -> str:
        key = signing_key(self.place.secrets, SecretFile.TOKEN_SIGNING)
        return tokens.issue(
            key, person_principal(self.directory, person, role), now=now, lasts=timedelta(hours=1)
        )

    async def report(
        self, form: dict[str, Any], person: PersonId, now: datetime
    ) -> tuple[CaseId, dict[str, Any]]:
        """Over HTTP, as the unit's own person."""
        answer = await self._post(
            f"{self.place.url('intake')}/api/v1/reports", form, self.token(person, Role.REPORTER, now)
        )
        return answer["case"], answer

    async def publish_alert(self, source: SourceId, xml: bytes, id: str) -> None:  # noqa: A002 - CloudEvents' word
        await self._publish("cap", source, xml, id)

    async def publish_event(
        self, source: SourceId, event_id: str, form: dict[str, Any], now: datetime
    ) -> None:
        fact = Fact(
            id=event_id, source=f"https://{source}.example", type="cn.fenghuo.report.v1", time=now, data=form
        )
        await self._publish("cloudevents", source, fact.write(), event_id)

    async def _publish(self, format_name: str, source: SourceId, body: bytes, message_id: str) -> None:
        subject, headers = inbox_subject(format_name, source), {"Nats-Msg-Id": message_id}
        await self.sources[source].jetstream().publish(subject, body, timeout=5, headers=headers)

    async def acknowledge(self, case: CaseId, person: PersonId, now: datetime) -> None:
        """By their own system."""
        await self._post(
            f"{self.place.url('intake')}/api/v1/cases/{case}/acknowledge",
            {},
            self.token(person, Role.LEADER, now),
        )

    async def act(
        self, case: CaseId, path: str, person: PersonId, role: Role, now: datetime, **form: Any
    ) -> None:
        """Any other act, by its path."""
        await self._post(
            f"{self.place.url('intake')}/api/v1/cases/{case}/{path}", form, self.token(person, role, now)
        )

    async def upload(self, name: str, content: bytes, person: PersonId, now: datetime) -> dict[str, Any]:
        """A file, to be named by what is said next."""
        response = await self.http.post(
            f"{self.place.url('intake')}/api/v1/files",
            content=content,
            params={"name": name},
            headers={"Authorization": f"Bearer {self.token(person, Role.REPORTER, now)}"},
        )
        if response.is_error:
            raise StepFailed(f"the file {name} to be taken", f"{response.status_code} {response.text[:500]}")
        return response.json()

    async def log_call(
        self, case: CaseId, person: PersonId, officer: PersonId, note: str, now: datetime
    ) -> None:
        body = {"person": person, "via": "logged_call", "note": note}
        await self._post(
            f"{self.place.url('intake')}/api/v1/cases/{case}/acknowledge",
            body,
            self.token(officer, Role.DUTY_OFFICER, now),
        )

    async def acknowledge_by_link(self, case: CaseId, person: PersonId) -> str:
        """Open the link of the SMS that really came, and press the button. Returns the message's text."""
        message = await self.message(case, person)
        opened = await self.http.get(message["link"])
        opened.raise_for_status()
        pressed = await self.http.post(message["link"])
        pressed.raise_for_status()
        return str(message["text"])

    async def accept_by_link(self, message: dict[str, Any], task: str) -> None:
        """Take on the task that a message is about, without a log-in."""
        pressed = await self.http.post(message["link"], data={"choice": Kind.ACCEPTED, "task": task})
        pressed.raise_for_status()

    async def state_by_link(self, message: dict[str, Any], text: str) -> None:
        """What the unit has to say to what is said of it."""
        pressed = await self.http.post(message["link"], data={"choice": Kind.STATED, "text": text})
        pressed.raise_for_status()

    async def message(
        self, case: CaseId, person: PersonId, *words: str, has_link: bool = True
    ) -> dict[str, Any]:
        """The newest SMS about the case on this person's telephone that says all the words (and has a link)."""
        asked = {"to": self.telephone(person), "channel": "sms"}
        messages: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(LINK_WAIT):
                while True:
                    messages = (
                        await self.http.get(f"{self.place.url('gateway')}/messages", params=asked)
                    ).json()
                    for message in reversed(messages):
                        is_about_it = message["data"].get("case") == case
                        if (
                            is_about_it
                            and (message.get("link") or not has_link)
                            and all(word in message["text"] for word in words)
                        ):
                            return message
                    await asyncio.sleep(0.1)
        except TimeoutError:
            said = f" that says {', '.join(words)}" if words else ""
            expected = f"an SMS{' with a link' if has_link else ''} for {person} about case {case}{said} within {LINK_WAIT:g} s"
            raise StepFailed(expected, f"{len(messages)} messages on that telephone, none with it") from None

    async def cut_line(self, person: PersonId) -> None:
        """From now on the gateway refuses every call and message to this number."""
        await self._post(
            f"{self.place.url('gateway')}/control", {"match": self.telephone(person), "mode": "refuse"}, None
        )

    async def mend_line(self, person: PersonId) -> None:
        await self._post(
            f"{self.place.url('gateway')}/control", {"match": self.telephone(person), "mode": "ok"}, None
        )

    async def _post(self, url: str, body: dict[str, Any], token: str | None) -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        response = await self.http.post(url, content=orjson.dumps(body), headers=headers)
        for _ in range(MOST_TRIES):
            if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(AGAIN_AFTER)  # "not yet": the case is not decided on, or a part is starting
            response = await self.http.post(url, content=orjson.dumps(body), headers=headers)
        if response.is_error:
            raise StepFailed(f"POST {url} to be taken", f"{response.status_code} {response.text[:500]}")
        return response.json()
