"""The page behind a link: `GET /a/{token}` shows what it is about, `POST` records that this person now knows, or wants to be
reminded a little later.

Invariant: only a POST records anything, since mail scanners and messengers open every link they see; a page says "recorded" only
when the broker has the fact, with the broker's time. Pressed twice, the fact stands once: its id is made of case, person and
notice (not of case and person alone: an answer to a later notice of the same case is an answer of its own).
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.notifier import words
from services.notifier.ledger import Ledger
from services.notifier.link_facts import acknowledgement, snooze
from services.notifier.links import Link, LinkExpired, LinkRefused, Links
from services.notifier.metrics import Metrics
from services.notifier.record import Matter, Sheet, key_safe, sheet_key
from services.notifier.writer import TEMPLATES, Writer
from shared.broker import append
from shared.directory import Directory
from shared.facts import Actor, Fact
from shared.ids import UnitId
from shared.logs import about_case
from shared.streams import FACTS
from shared.subjects import fact_subject
from shared.vocabulary import Language, Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PATIENCE = 8.0
"""Seconds a person waits for a page before it says that it could not be done."""
USED, LATER = "=ack", "=later"
"""Where in DELIVERIES the marks of a used link stand: no channel has such a name."""
LONGEST_FORM = 200
"""Bytes of a form with one button pressed."""


@dataclass(frozen=True)
class LinkPages:
    links: Links
    writer: Writer
    directory: Callable[[], Directory]
    """As it is at the call."""
    ledger: Ledger
    metrics: Metrics
    connection: Callable[[], Client]
    clock: Callable[[], datetime]
    later: timedelta
    """How long the button puts a reminder off; the policy says how often, and whether at all."""

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
        router.add_api_route("/a/{token}", self.press, methods=["POST"], response_class=HTMLResponse)
        return router

    async def show(self, request: Request, token: str) -> HTMLResponse:
        return await self._answer(request, token, self._asked)

    async def press(self, request: Request, token: str) -> HTMLResponse:
        put_off = await _choice(request) == "later"
        return await self._answer(request, token, self._put_off if put_off else self._acknowledged, put_off=put_off)

    async def _answer(
        self, request: Request, token: str, page: Callable[[Link], Awaitable[HTMLResponse]], *, put_off: bool = False
    ) -> HTMLResponse:
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
                language = self._language(link)
                return self._page("not_stored", language, 503, later=words.span(self.later, language) if put_off else None)

    async def _asked(self, link: Link) -> HTMLResponse:
        if (used := await self.ledger.raw(_mark_key(link, USED))) is not None:
            return await self._done(link, used)
        put_off = await self.ledger.raw(_mark_key(link, LATER))
        return await self._ask(link, put_off)

    async def _acknowledged(self, link: Link) -> HTMLResponse:
        if (used := await self.ledger.raw(_mark_key(link, USED))) is not None:
            return await self._done(link, used)
        mark = await self._recorded(link, acknowledgement(link, self._actor(link), self.clock()), USED)
        return await self._done(link, mark)

    async def _put_off(self, link: Link) -> HTMLResponse:
        """Once a link: the reminder that comes then has a link of its own."""
        if (used := await self.ledger.raw(_mark_key(link, USED))) is not None:
            return await self._done(link, used)
        mark = await self.ledger.raw(_mark_key(link, LATER))
        if mark is None:
            matter = await self._matter(link)
            duties = matter.duties if matter else ()
            mark = await self._recorded(link, snooze(link, self._actor(link), duties, self.later, self.clock()), LATER)
        return await self._ask(link, mark)

    async def _recorded(self, link: Link, fact: Fact, mark_name: str) -> bytes:
        stored = await append(self.connection(), fact_subject(link.case, fact.kind), fact.write(), fact.id)
        mark = orjson.dumps({"person": link.person, "at": await self._broker_time(stored.seq), "sequence": stored.seq})
        await self.ledger.put(_mark_key(link, mark_name), mark)
        if not stored.duplicate:
            self.metrics.acknowledged.labels(fact.kind).inc()
            log.info(fact.kind, person=link.person, notice=link.notice, sequence=stored.seq)
        return mark

    async def _broker_time(self, sequence: int) -> str:
        message = await self.connection().jetstream(timeout=3).get_msg(FACTS, seq=sequence, direct=True)
        assert message.time is not None, "the broker times every message"
        return message.time.isoformat()

    async def _matter(self, link: Link) -> Matter | None:
        """What it is about; None in the moment before the first record, and after a month."""
        raw = await self.ledger.raw(sheet_key(link.notice))
        return Sheet.read(raw).matters.get(link.notice) if raw else None

    async def _ask(self, link: Link, put_off: bytes | None) -> HTMLResponse:
        language, matter, now = self._language(link), await self._matter(link), self.clock()
        return self._page(
            "ask",
            language,
            person=self._name(link),
            matter=self.writer.on_page(matter.brief, matter.purpose, language, now) if matter else None,
            later=words.span(self.later, language),
            later_at=self.writer.clock_time(_time_of(put_off) + self.later, now) if put_off else None,
        )

    async def _done(self, link: Link, mark: bytes) -> HTMLResponse:
        matter = await self._matter(link)
        still = self.writer.still_to_do(matter.brief, matter.purpose, self._language(link)) if matter else ""
        at = self.writer.full_time(_time_of(mark))
        return self._page("done", self._language(link), person=self._name(link), case=link.case, at=at, still=still)

    def _actor(self, link: Link) -> Actor:
        person = self.directory().people_by_id.get(link.person)
        return Actor(principal=link.person, role=Role.LEADER, unit=UnitId(person.unit) if person else None)

    def _language(self, link: Link) -> Language:
        person = self.directory().people_by_id.get(link.person)
        return person.language if person else Language.ZH

    def _name(self, link: Link) -> str:
        person = self.directory().people_by_id.get(link.person)
        if person is None:
            return link.person
        return person.name.zh if person.language is Language.ZH else person.name.en

    def _page(self, name: str, language: Language, status: int = 200, **context: Any) -> HTMLResponse:
        html = self.writer.page(f"{language}/page_{name}.html", {"style": self._style, **context})
        return HTMLResponse(html, status, headers=self._headers)


async def _choice(request: Request) -> str | None:
    """Which button was pressed; None for the first one, and for what is no form of ours."""
    if not request.headers.get("content-length", "0").isdigit() or int(request.headers.get("content-length", "0")) > LONGEST_FORM:
        return None
    return next(iter(parse_qs((await request.body()).decode("ascii", "replace")).get("choice", [])), None)


def _mark_key(link: Link, mark: str) -> str:
    return f"{key_safe(link.notice)}.{mark}"


def _time_of(mark: bytes) -> datetime:
    return datetime.fromisoformat(orjson.loads(mark)["at"])
