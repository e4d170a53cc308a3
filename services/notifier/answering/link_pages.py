"""The page behind a link: `GET /a/{token}` shows what it is about, `POST` records what this person says by
it: that they know, or want to be reminded a little later; that they take a task on, refuse it or have done
it; that a call written down never was; that they agree, as the second person, or do not.

Invariant: only a POST records anything, since mail scanners and messengers open every link they see; a page
says "recorded" only when the broker has the fact, with the broker's time, and "counted" only when the
escalator has said so. What is over takes no answer, and the page says so. Pressed twice, the fact stands
once: its id is made of case, person and notice (not of case and person alone: an answer to a later notice of
the same case is an answer of its own).
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.notifier.answering.answers import Answers, Mark, MarkName, mark_of_offer
from services.notifier.answering.link_facts import said_by
from services.notifier.answering.link_files import LinkFiles
from services.notifier.answering.offers import LinkAct, buttons, offers
from services.notifier.answering.opening import LinkOpener
from services.notifier.delivery import whether_over
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import NoticeMatter, Sheet, sheet_key
from services.notifier.delivery.whether_over import Over
from services.notifier.messages.duty_desk import duty_desk
from services.notifier.messages.links import Link, LinkExpired, LinkRefused
from services.notifier.messages.writer import TEMPLATES, Writer
from shared.act_outcome import ActOutcome
from shared.broker.forever import AWAY, error_text
from shared.case import Case, desk_post
from shared.directory import Directory
from shared.door import KB, doorway
from shared.facts import Acknowledgement, Actor, CaseAct, Purpose, Via
from shared.facts.authors import ANSWERS_BY_LINK
from shared.ids import TaskId
from shared.language.catalogue import name_in
from shared.language.words import Words
from shared.logs import about_case
from shared.vocabulary import Kind, Language, Role

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_AGAIN = 5
"""Seconds after which a page asks again what became of the answer."""
PATIENCE = 8.0
"""Seconds a person waits for a page before it says that it could not be done."""
LONGEST_FORM = 16 * KB
"""Bytes of a form with one button pressed and a text, and of what else a mail program may send along."""
LONGEST_TEXT = 1_000
"""Characters of a reason or a result written on the page; the desk takes longer ones."""
MOST_FIELDS = 20
UNREAD = frozenset(("items", "log", "calls"))
"""Lists of a case that say nothing of what is offered; who was called does not matter here."""
PAGES = {Purpose.SECOND: "second", Purpose.CALLED: "called"}
"""What is asked by these is not whether somebody knows: they have a page of their own."""
CHOICES = {"not_so": Purpose.CALLED, "agree": Purpose.SECOND, "refuse": Purpose.SECOND}
"""A button, and what a message must have been about for its link to have it."""


@dataclass(frozen=True)
class LinkPages:
    opener: LinkOpener
    writer: Writer
    directory: Callable[[], Directory]
    """As it is at the call."""
    ledger: DeliveryLedger
    answers: Answers
    metrics: Metrics
    connection: Callable[[], Client]
    clock: Callable[[], datetime]
    files: LinkFiles
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

    @doorway(is_open=True, body_limit=LONGEST_FORM)
    async def show(self, request: Request, token: str) -> HTMLResponse:
        return await self._answer(request, token, self._question_page)

    @doorway(is_open=True, body_limit=LONGEST_FORM)
    async def press(self, request: Request, token: str) -> HTMLResponse:
        form = await _form(request)
        choice = form.get("choice")
        if choice in ANSWERS_BY_LINK:
            return await self._answer(request, token, partial(self._do, form), choice=choice)
        if choice in CHOICES:
            return await self._answer(request, token, partial(self._answer_page, choice), choice=choice)
        return await self._answer(
            request, token, self._put_off if choice == "later" else self._acknowledged, choice=choice
        )

    async def _answer(
        self,
        request: Request,
        token: str,
        page: Callable[[Link], Awaitable[HTMLResponse]],
        *,
        choice: str | None = None,
    ) -> HTMLResponse:
        preferred = request.headers.get("accept-language", "").strip().lower()
        language = Language.EN if preferred.startswith("en") else Language.ZH
        try:
            link = await self.opener.open(token)
        except LinkRefused as refusal:
            expired = isinstance(refusal, LinkExpired)
            self.metrics.acknowledged.labels("expired" if expired else "refused").inc()
            return self._page("refused", language, 410 if expired else 404, expired=expired)
        except AWAY as error:
            log.error("link_not_opened", error=error_text(error))
            return self._not_stored(language, choice)
        if link.person not in self.directory().people_by_id:
            return self._over_page(link, Over.NOT_HERE)
        with about_case(link.case):
            try:
                async with asyncio.timeout(PATIENCE):
                    return await page(link)
            except AWAY as error:
                log.error("link_not_served", person=link.person, error=error_text(error))
                return self._not_stored(self._language(link), choice)

    def _not_stored(self, language: Language, choice: str | None) -> HTMLResponse:
        self.metrics.acknowledged.labels("not_stored").inc()
        later = Words(language).span(self.later) if choice == "later" else None
        return self._page("not_stored", language, 503, later=later, reopen=choice in CHOICES)

    async def _answer_page(self, choice: str, link: Link) -> HTMLResponse:
        """Once a link, whatever is pressed afterwards; nothing by the link of a message that asked something
        else.
        """
        matter = await self._matter(link)
        if matter is None or matter.purpose is not CHOICES[choice]:
            return await self._question_page(link)
        mark = await self.answers.mark_of(link, MarkName.SAID)
        if mark is None and (page := await self._over(link)) is not None:
            return page
        if mark is None:
            by = self._actor(link)
            # The call that this person is said to have had never was; or the second person's decision.
            kind, data = (
                (Kind.CONTESTED, CaseAct(by=by, to_person=link.person))
                if choice == "not_so"
                else (Kind.SECONDED, CaseAct(by=by, approve=choice == "agree"))
            )
            fact = said_by(link, kind, data, self.clock())
            mark = await self.answers.give(link, MarkName.SAID, fact, choice)
        return await self._became(link, mark)

    async def _question_page(self, link: Link) -> HTMLResponse:
        if (page := await self._answered_or_over(link)) is not None:
            return page
        return await self._ask(link, await self.answers.mark_of(link, MarkName.LATER))

    async def _acknowledged(self, link: Link) -> HTMLResponse:
        matter = await self._matter(link)
        if matter is not None and matter.purpose is Purpose.SECOND:
            return await self._question_page(link)
        if (page := await self._answered_or_over(link)) is not None:
            return page
        data = Acknowledgement(person=link.person, via=Via.LINK, by=self._actor(link), notice=link.notice)
        fact = said_by(link, Kind.ACKNOWLEDGED, data, self.clock())
        return await self._became(link, await self.answers.give(link, MarkName.USED, fact))

    async def _put_off(self, link: Link) -> HTMLResponse:
        """Once a link: the reminder that comes then has a link of its own."""
        if (page := await self._answered_or_over(link)) is not None:
            return page
        mark = await self.answers.mark_of(link, MarkName.LATER)
        if mark is None:
            matter = await self._matter(link)
            # Of the one duty the notice was about, or of all this person's of the case.
            duty = matter.duties[0] if matter and len(matter.duties) == 1 else None
            data = CaseAct(by=self._actor(link), span=self.later, duty=duty)
            fact = said_by(link, Kind.SNOOZED, data, self.clock())
            mark = await self.answers.give(link, MarkName.LATER, fact)
        return await self._ask(link, mark)

    async def _do(self, form: Mapping[str, str], link: Link) -> HTMLResponse:
        """One of the acts that the page offers; what it does not offer (any more) shows what is so now."""
        chosen = LinkAct(Kind(form["choice"]), TaskId(form["task"]) if form.get("task") else None)
        if (mark := await self.answers.mark_of(link, mark_of_offer(chosen))) is not None:
            return await self._became(link, mark)
        text = form.get("text", "").strip()
        matter = await self._matter(link)
        offered, _ = self._offers(link, matter, await self._case(link))
        if chosen not in offered:
            return await self._question_page(link)
        if chosen.needs_text and not 0 < len(text) <= LONGEST_TEXT:
            return await self._ask(link, None, typed=(chosen, text[:LONGEST_TEXT]))
        data = CaseAct(by=self._actor(link), task=chosen.task, text=text or None)
        fact = said_by(link, chosen.kind, data, self.clock(), chosen.task or "")
        return await self._became(
            link, await self.answers.give(link, mark_of_offer(chosen), fact, chosen.kind)
        )

    def _offers(
        self, link: Link, matter: NoticeMatter | None, case: Case | None
    ) -> tuple[tuple[LinkAct, ...], bool]:
        """What can be done by the link, and whether all that its message asked to be done is done."""
        if matter is None or not matter.duties or matter.purpose in PAGES or case is None:
            return (), False
        named = [duty for duty in case.duties if duty.id in matter.duties]
        is_done = not matter.brief.knowing and bool(named) and not any(duty.is_owed for duty in named)
        return offers(case, matter.duties, self._actor(link), self.directory(), self.clock()), is_done

    async def _case(self, link: Link) -> Case | None:
        """None where it is not there or can't be read: that this person knows can be said all the same."""
        try:
            return await whether_over.case_now(self.connection, link.case, UNREAD)
        except (ValueError, *AWAY):
            return None

    async def _answered_or_over(self, link: Link) -> HTMLResponse | None:
        """The page for what was answered already, or is over; None where an answer is waited for."""
        for name in (MarkName.SAID, MarkName.USED):
            if (mark := await self.answers.mark_of(link, name)) is not None:
                return await self._became(link, mark)
        return await self._over(link)

    async def _became(self, link: Link, mark: Mark) -> HTMLResponse:
        """What the escalator has made of the answer: counted, not counted and why, or not known yet."""
        language = self._language(link)
        more: dict[str, Any] = {
            "person": self._name(link),
            "case": link.case,
            "at": self.writer.full_time(mark.at),
            "choice": mark.choice,
            "files": self.files.shown(link, await self._case(link), language),
        }
        if mark.is_refused:
            is_ours = mark.outcome is ActOutcome.SET_ASIDE
            why = Words(language).why(mark.why)
            return self._page(
                "not_counted", language, 409, **more, why=why, is_ours=is_ours, desk=await self._desk(link)
            )
        if mark.outcome is ActOutcome.RECORDED:
            return self._page(
                "unconfirmed", language, 202, **more, again=LOOK_AGAIN, desk=await self._desk(link)
            )
        if mark.choice in ANSWERS_BY_LINK:
            return self._page("did", language, **more)
        if mark.choice:
            return self._page("said", language, **more)
        matter = await self._matter(link)
        still = self.writer.still_to_do(matter.brief, matter.purpose, language) if matter else ""
        return self._page("done", language, **more, still=still)

    async def _desk(self, link: Link) -> dict[str, str] | None:
        """Whom to ring, as far as the notice says so; one from before notices named it, as far as the case
        does.
        """
        try:
            matter = await self._matter(link)
            post = matter.brief.desk if matter is not None else None
            if post is None:
                case = await whether_over.case_now(self.connection, link.case)
                post = desk_post(case.plans.values()) if case is not None else None
        except (ValueError, NatsError, OSError, TimeoutError):
            return None
        desk = duty_desk(post, self.directory(), link.person, self.clock())
        return (
            None
            if desk is None
            else {"name": name_in(desk.name, self._language(link)), "telephone": desk.telephone}
        )

    async def _over(self, link: Link) -> HTMLResponse | None:
        matter = await self._matter(link)
        if matter is not None and (matter.purpose is Purpose.CALLED or _is_told_alone(matter)):
            # That a call never was can be said whatever became of the case, and news can be read.
            return None
        why = await whether_over.look(self.connection, link.case, matter.duties if matter else ())
        return None if why is None else self._over_page(link, why)

    def _over_page(self, link: Link, why: Over) -> HTMLResponse:
        self.metrics.acknowledged.labels("over").inc()
        return self._page("over", self._language(link), 410, why=why)

    async def _matter(self, link: Link) -> NoticeMatter | None:
        """What it is about; None in the moment before the first record, and after a month."""
        key = sheet_key(link.notice)
        raw = await self.ledger.raw(key)
        if not raw:
            return None
        try:
            sheet = Sheet.read(raw)
        except ValueError:
            sheet, _ = await self.ledger.sheet(key)
        return sheet.matters.get(link.notice) if sheet else None

    async def _ask(
        self, link: Link, put_off: Mark | None, typed: tuple[LinkAct, str] | None = None
    ) -> HTMLResponse:
        """`typed`: the text of an act that can't be taken so."""
        language, matter, now = self._language(link), await self._matter(link), self.clock()
        case = await self._case(link)
        files = self.files.shown(link, case, language)
        if matter is not None and _is_told_alone(matter):
            shown = self.writer.on_page(matter.brief, matter.purpose, language, now)
            desk = await self._desk(link)
            return self._page("news", language, case=link.case, matter=shown, desk=desk, files=files)
        if matter is not None and matter.purpose in PAGES:
            shown = self.writer.on_page(matter.brief, matter.purpose, language, now)
            name = self._name(link)
            return self._page(PAGES[matter.purpose], language, person=name, matter=shown, files=files)
        offered, is_done = self._offers(link, matter, case)
        return self._page(
            "ask",
            language,
            422 if typed else 200,
            offers=buttons(offered, self._lines(matter, language), Words(language), typed),
            is_done=is_done,
            files=files,
            desk=await self._desk(link),
            most=LONGEST_TEXT,
            person=self._name(link),
            matter=self.writer.on_page(matter.brief, matter.purpose, language, now) if matter else None,
            later=Words(language).span(self.later),
            later_at=self.writer.clock_time(put_off.at + self.later, now) if put_off else None,
            later_is_known=put_off is not None and put_off.outcome is not ActOutcome.RECORDED,
            not_put_off=Words(language).why(put_off.why)
            if put_off is not None and put_off.is_refused
            else None,
        )

    def _lines(self, matter: NoticeMatter | None, language: Language) -> dict[TaskId | None, str]:
        """What each task is, where the message has several."""
        tasks = matter.brief.tasks if matter is not None else ()
        said = Words(language)
        return {task.id: self.writer.task_line(task, said) for task in tasks if len(tasks) > 1}

    def _actor(self, link: Link) -> Actor:
        person = self.directory().people_by_id.get(link.person)
        return Actor(
            principal=link.person,
            role=Role.LEADER,
            unit=person.unit if person else None,
            person=link.person,
        )

    def _language(self, link: Link) -> Language:
        person = self.directory().people_by_id.get(link.person)
        return person.language if person else Language.ZH

    def _name(self, link: Link) -> str:
        person = self.directory().people_by_id.get(link.person)
        if person is None:
            return link.person
        return name_in(person.name, person.language)

    def _page(self, name: str, language: Language, status: int = 200, **context: Any) -> HTMLResponse:
        html = self.writer.page(
            f"{language}/page_{name}.html",
            {"style": self._style, "files": (), "words": Words(language), **context},
        )
        return HTMLResponse(html, status, headers=self._headers)


def _is_told_alone(matter: NoticeMatter) -> bool:
    """News to somebody of whom nothing is asked."""
    return matter.purpose is Purpose.NEWS and not (matter.brief.news is not None and matter.brief.news.owes)


async def _form(request: Request) -> dict[str, str]:
    """The first value of each field; nothing for the first button, and for what is no form of ours."""
    fields = parse_qs((await request.body()).decode("ascii", "replace"), max_num_fields=MOST_FIELDS)
    return {name: values[0] for name, values in fields.items()}
