"""Acknowledge by link: `GET /a/{token}` shows what it is about and one button, `POST` records that this person now knows.

Invariant: only a POST acknowledges, since mail scanners and messengers open every link they see; a page says "recorded" only
when the broker has the fact, with the broker's time. Pressed twice, the fact stands once: its id is made of case, person and
notice (not of case and person alone: an answer to a later notice of the same case is an answer of its own).
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.notifier.ledger import Ledger
from services.notifier.links import Link, LinkExpired, LinkRefused, Links
from services.notifier.metrics import Metrics
from services.notifier.record import SOURCE, Sheet, key_safe, sheet_key
from services.notifier.writer import TEMPLATES, Writer
from shared.broker import append
from shared.directory import Directory
from shared.facts import Acknowledgement, Actor, Fact, Via
from shared.logs import about_case
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Kind, Language, Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE = 8.0
"""Seconds a person waits for a page before it says that it could not be done."""
USED = "=ack"
"""Where in DELIVERIES the mark of a used link stands: no channel has such a name."""


@dataclass(frozen=True)
class LinkPages:
    links: Links
    writer: Writer
    directory: Directory
    ledger: Ledger
    metrics: Metrics
    connection: Callable[[], Client]
    clock: Callable[[], datetime]

    @cached_property
    def _style(self) -> str:
        return (TEMPLATES / "page.css").read_text(encoding="utf-8")

    @cached_property
    def _headers(self) -> dict[str, str]:
        """No script at all, this one style, and nothing from anywhere else."""
        style_hash = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{style_hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/a/{token}", self.show, methods=["GET", "HEAD"], response_class=HTMLResponse)
        router.add_api_route("/a/{token}", self.acknowledge, methods=["POST"], response_class=HTMLResponse)
        return router

    async def show(self, request: Request, token: str) -> HTMLResponse:
        return await self._answer(request, token, self._asked)

    async def acknowledge(self, request: Request, token: str) -> HTMLResponse:
        return await self._answer(request, token, self._acknowledged)

    async def _answer(self, request: Request, token: str, page: Callable[[Link], Awaitable[HTMLResponse]]) -> HTMLResponse:
        preferred = request.headers.get("accept-language", "").strip().lower()
        language = Language.EN if preferred.startswith("en") else Language.ZH
        try:
            link = self.links.read(token, self.clock())
        except LinkRefused as refusal:
            expired = isinstance(refusal, LinkExpired)
            self.metrics.acknowledged.labels("expired" if expired else "refused").inc()
            return self._page("refused", language, 410 if expired else 404, expired=expired)
        with about_case(link.case):
            try:
                async with asyncio.timeout(PATIENCE):
                    return await page(link)
            except (NatsError, OSError, TimeoutError) as error:
                log.error("link_not_served", person=link.person, error=str(error) or type(error).__name__)
                self.metrics.acknowledged.labels("not_stored").inc()
                return self._page("not_stored", self._language(link), 503)

    async def _asked(self, link: Link) -> HTMLResponse:
        if (used := await self.ledger.raw(_used_key(link))) is not None:
            return self._done(link, used)
        return self._page("ask", self._language(link), person=self._name(link), matter=await self._matter(link))

    async def _acknowledged(self, link: Link) -> HTMLResponse:
        if (used := await self.ledger.raw(_used_key(link))) is not None:
            return self._done(link, used)
        fact = acknowledgement(link, self.clock())
        stored = await append(self.connection(), fact_subject(link.case, fact.kind), fact.write(), fact.id)
        mark = orjson.dumps({"person": link.person, "at": await self._broker_time(stored.seq), "sequence": stored.seq})
        await self.ledger.put(_used_key(link), mark)
        if not stored.duplicate:
            self.metrics.acknowledged.labels("acknowledged").inc()
            log.info("acknowledged", person=link.person, notice=link.notice, sequence=stored.seq)
        return self._done(link, mark)

    async def _broker_time(self, sequence: int) -> str:
        message = await self.connection().jetstream(timeout=3).get_msg(FACTS, seq=sequence, direct=True)
        assert message.time is not None, "the broker times every message"
        return message.time.isoformat()

    async def _matter(self, link: Link) -> dict[str, Any] | None:
        """What it is about; None in the moment before the first record, and after a month."""
        raw = await self.ledger.raw(sheet_key(link.notice))
        matter = Sheet.read(raw).matters.get(link.notice) if raw else None
        return self.writer.describe(matter.brief, self._language(link), self.clock()) if matter else None

    def _done(self, link: Link, mark: bytes) -> HTMLResponse:
        at = self.writer.full_time(datetime.fromisoformat(orjson.loads(mark)["at"]))
        return self._page("done", self._language(link), person=self._name(link), case=link.case, at=at)

    def _language(self, link: Link) -> Language:
        person = self.directory.people_by_id.get(link.person)
        return person.language if person else Language.ZH

    def _name(self, link: Link) -> str:
        person = self.directory.people_by_id.get(link.person)
        if person is None:
            return link.person
        return person.name.zh if person.language is Language.ZH else person.name.en

    def _page(self, name: str, language: Language, status: int = 200, **context: Any) -> HTMLResponse:
        html = self.writer.page(f"{language}/page_{name}.html", {"style": self._style, **context})
        return HTMLResponse(html, status, headers=self._headers)


def acknowledgement(link: Link, now: datetime) -> Fact:
    actor = Actor(principal=link.person, role=Role.LEADER)
    data = Acknowledgement(person=link.person, via=Via.LINK, by=actor, notice=link.notice)
    fact_id = f"ack:{link.notice}:{link.person}"
    return Fact.of(Kind.ACKNOWLEDGED, id=fact_id, source=SOURCE, subject=link.case, time=now, data=data)


def _used_key(link: Link) -> str:
    return f"{key_safe(link.notice)}.{USED}"
