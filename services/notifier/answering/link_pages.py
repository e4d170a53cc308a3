"""The page behind a link: `GET /a/{token}` shows what it is about, `POST` records what this person says by
it: that they know, or want to be reminded a little later; that they take a task on, refuse it or have done
it; that a text may go out or goes back; how something came about; that a call written down never was; that
they agree, as the second person, or do not.

Invariant: only a POST records an answer, since mail scanners and messengers open every link they see; a page
says "recorded" only when the broker has the fact, with the broker's time, and "counted" only when the
escalator has said so. What is over takes no answer, and the page says what happened meanwhile. Pressed twice, the fact stands
once: its id is made of case, person and notice (not of case and person alone: an answer to a later notice of
the same case is an answer of its own).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.notifier.answering.answers import Answers, Mark, MarkName, mark_of_offer
from services.notifier.answering.link_facts import acknowledgement, chosen_act, said_by
from services.notifier.answering.link_files import LinkFiles
from services.notifier.answering.link_reader import LinkReader
from services.notifier.answering.meanwhile import happened_since
from services.notifier.answering.offers import LinkAct, buttons, duty_for, instead, offers
from services.notifier.answering.opening import LinkOpener
from services.notifier.answering.others import standing
from services.notifier.answering.page_frame import PageFrame, read_form
from services.notifier.delivery import whether_over
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.openings import LinkOpenings
from services.notifier.delivery.record import NoticeMatter, Sheet, sheet_key
from services.notifier.delivery.whether_over import Over
from services.notifier.messages.asking import asks_for_a_statement, is_told_alone
from services.notifier.messages.duty_desk import duty_desk
from services.notifier.messages.links import Link, LinkRefused, LinkRevoked
from services.notifier.messages.posts import AnsweredPost
from services.notifier.messages.writer import Writer
from shared.act_outcome import ActOutcome
from shared.broker.forever import AWAY, error_text
from shared.case import Case, desk_post
from shared.directory import Directory
from shared.door import KB, doorway
from shared.facts import CaseAct, Purpose, Via
from shared.ids import TaskId
from shared.language.catalogue import name_in
from shared.language.words import Words
from shared.logs import about_case
from shared.vocabulary import Kind, Language

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOOK_AGAIN = 5
"""Seconds after which a page asks again what became of the answer."""
PATIENCE = 8.0
"""Seconds a person waits for a page before it says that it could not be done."""
LONGEST_FORM = 16 * KB
"""Bytes of a form with one button pressed and a text, and of what else a mail program may send along."""
LONGEST_TEXT = 1_000
"""Characters of a reason or a result written on the page; the desk takes longer ones."""
UNREAD = frozenset(("items", "calls"))
"""Lists of a case that say nothing of what is offered; who was called does not matter here."""
PAGES = {Purpose.SECOND: "second", Purpose.CALLED: "called", Purpose.ROLL_CALL: "roll_call"}
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
    openings: LinkOpenings
    later: timedelta
    """How long the button puts a reminder off; the policy says how often, and whether at all."""

    @cached_property
    def _frame(self) -> PageFrame:
        return PageFrame(self.writer)

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/a/{token}", self.show, methods=["GET", "HEAD"], response_class=HTMLResponse)
        router.add_api_route("/a/{token}", self.press, methods=["POST"], response_class=HTMLResponse)
        return router

    @doorway(is_open=True, body_limit=LONGEST_FORM)
    async def show(self, request: Request, token: str) -> HTMLResponse:
        return await self._answer(request, token, self.openings.noting(request, self._question_page))

    @doorway(is_open=True, body_limit=LONGEST_FORM)
    async def press(self, request: Request, token: str) -> HTMLResponse:
        form = await read_form(request)
        choice = form.get("choice", "")
        if (act := LinkAct.pressed(choice, form.get("task"))) is not None:
            return await self._answer(
                request, token, partial(self._do, act, form.get("text", "")), choice=choice
            )
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
        choice: str = "",
    ) -> HTMLResponse:
        preferred = request.headers.get("accept-language", "").strip().lower()
        language = Language.EN if preferred.startswith("en") else Language.ZH
        try:
            link = await self.opener.open(token)
        except LinkRefused as refusal:
            desk = await self._desk(refusal.link) if isinstance(refusal, LinkRevoked) else None
            return self._frame.refused(refusal, language, self.metrics, desk)
        except AWAY as error:
            log.error("link_not_opened", error=error_text(error))
            return self._not_stored(language, choice)
        if link.person not in self.directory().people_by_id:
            return self._over_page(link, Over.NOT_HERE, None)
        with about_case(link.case):
            try:
                async with asyncio.timeout(PATIENCE):
                    return await page(link)
            except AWAY as error:
                log.error("link_not_served", person=link.person, error=error_text(error))
                return self._not_stored(self._reader(link).language, choice)

    def _not_stored(self, language: Language, choice: str) -> HTMLResponse:
        self.metrics.acknowledged.labels("not_stored").inc()
        later = Words(language).span(self.later) if choice == "later" else None
        return self._frame.page("not_stored", language, 503, later=later, reopen=choice not in ("", "later"))

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
            by = self._reader(link).actor
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
        answered = self._answers_for(link, matter)
        post = answered.post if answered is not None else None
        data = acknowledgement(link, self._reader(link), Via.LINK, post)
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
            data = CaseAct(by=self._reader(link).actor, span=self.later, duty=duty)
            fact = said_by(link, Kind.SNOOZED, data, self.clock())
            mark = await self.answers.give(link, MarkName.LATER, fact)
        return await self._ask(link, mark)

    async def _do(self, chosen: LinkAct, written: str, link: Link) -> HTMLResponse:
        """One of the acts that the page offers; what it does not offer (any more) shows what is so now."""
        if (mark := await self.answers.mark_of(link, mark_of_offer(chosen))) is not None:
            return await self._became(link, mark)
        text = written.strip()
        matter, case = await self._matter(link), await self._case(link)
        offered, _ = self._offers(link, matter, case)
        if chosen not in (*offered, *self._instead(link, matter, case)) or matter is None or case is None:
            return await self._question_page(link)
        if chosen.needs_text and not 0 < len(text) <= LONGEST_TEXT:
            return await self._ask(link, None, typed=(chosen, text[:LONGEST_TEXT]))
        answered = self._answers_for(link, matter)
        duty, post = duty_for(case, matter.duties, chosen), answered.post if answered is not None else None
        data = chosen_act(chosen, text, self._reader(link), duty, post)
        fact = said_by(link, chosen.kind, data, self.clock(), *chosen.about)
        return await self._became(
            link, await self.answers.give(link, mark_of_offer(chosen), fact, chosen.choice)
        )

    def _offers(
        self, link: Link, matter: NoticeMatter | None, case: Case | None
    ) -> tuple[tuple[LinkAct, ...], bool]:
        """What can be done by the link, and whether all that its message asked to be done is done."""
        if matter is None or not matter.duties or matter.purpose in PAGES or case is None:
            return (), False
        named = [duty for duty in case.duties if duty.id in matter.duties]
        is_done = not matter.brief.knowing and bool(named) and not any(duty.is_owed for duty in named)
        by, is_suspected = self._reader(link).actor, asks_for_a_statement(matter)
        offered = offers(case, matter.duties, by, self.directory(), self.clock(), is_suspected=is_suspected)
        return offered, is_done

    def _instead(self, link: Link, matter: NoticeMatter | None, case: Case | None) -> tuple[LinkAct, ...]:
        return instead(case, matter, self._reader(link).actor, self.directory(), self.clock())

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
        reader = self._reader(link)
        language, name = reader.language, reader.name
        case, matter = await self._case(link), await self._matter(link)
        more: dict[str, Any] = {
            "person": name,
            "case": link.case,
            "at": self.writer.full_time(mark.at),
            "choice": mark.choice,
            "files": await self.files.shown(link, case, language),
            **standing(case, matter, reader, self.writer.zone, self.clock()),
        }
        if mark.is_refused:
            is_ours = mark.outcome is ActOutcome.SET_ASIDE
            why = Words(language).why(mark.why)
            return self._frame.page(
                "not_counted", language, 409, **more, why=why, is_ours=is_ours, desk=await self._desk(link)
            )
        if mark.outcome is ActOutcome.RECORDED:
            return self._frame.page(
                "unconfirmed", language, 202, **more, again=LOOK_AGAIN, desk=await self._desk(link)
            )
        if LinkAct.pressed(mark.choice, None) is not None:
            return self._frame.page("did", language, **more, answers_for=self._answers_for(link, matter))
        if mark.choice:
            return self._frame.page("said", language, **more)
        if matter is not None and matter.purpose is Purpose.ROLL_CALL:
            return self._frame.page("present", language, person=name, at=more["at"])
        still = self.writer.still_to_do(matter.brief, matter.purpose, language) if matter else ""
        answers_for = self._answers_for(link, matter)
        return self._frame.page("done", language, **more, still=still, answers_for=answers_for)

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
            else {"name": name_in(desk.name, self._reader(link).language), "telephone": desk.telephone}
        )

    async def _over(self, link: Link) -> HTMLResponse | None:
        matter = await self._matter(link)
        if matter is not None and (
            matter.purpose is Purpose.CALLED or is_told_alone(matter) or asks_for_a_statement(matter)
        ):
            # That a call never was can be said whatever became of the case, and news can be read.
            return None
        try:
            case = await whether_over.case_now(self.connection, link.case, UNREAD)
        except ValueError:
            return None  # the link is answered as if the case went on
        why = whether_over.why_over(case, matter.duties if matter else ())
        return None if why is None else self._over_page(link, why, case)

    def _over_page(self, link: Link, why: Over, case: Case | None) -> HTMLResponse:
        self.metrics.acknowledged.labels("over").inc()
        language = self._reader(link).language
        return self._frame.page("over", language, 410, why=why, since=self._since(link, case))

    def _since(self, link: Link, case: Case | None) -> list[str]:
        if case is None:
            return []
        return happened_since(case, link, self.directory(), self.writer.zone, self._reader(link).words)

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
        reader, matter, now = self._reader(link), await self._matter(link), self.clock()
        language = reader.language
        case = await self._case(link)
        files = await self.files.shown(link, case, language)
        if matter is not None and is_told_alone(matter):
            shown = self.writer.on_page(matter.brief, matter.purpose, language, now)
            desk = await self._desk(link)
            return self._frame.page("news", language, case=link.case, matter=shown, desk=desk, files=files)
        if matter is not None and matter.purpose in PAGES:
            shown = self.writer.on_page(matter.brief, matter.purpose, language, now)
            more: dict[str, Any] = {"person": reader.name, "desk": await self._desk(link)}
            return self._frame.page(PAGES[matter.purpose], language, **more, matter=shown, files=files)
        offered, is_done = self._offers(link, matter, case)
        is_suspected = matter is not None and asks_for_a_statement(matter)
        return self._frame.page(
            "suspected" if is_suspected else "ask",
            language,
            422 if typed else 200,
            offers=buttons(offered, self._lines(matter, language), reader.words, typed),
            instead=buttons(self._instead(link, matter, case), {}, reader.words),
            **standing(case, matter, reader, self.writer.zone, now),
            is_done=is_done,
            files=files,
            desk=await self._desk(link),
            since=self._since(link, case) if is_done or is_suspected else (),
            answers_for=self._answers_for(link, matter),
            most=LONGEST_TEXT,
            person=reader.name,
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

    def _reader(self, link: Link) -> LinkReader:
        return LinkReader(link.person, self.directory())

    def _answers_for(self, link: Link, matter: NoticeMatter | None) -> AnsweredPost | None:
        """The post that was called."""
        post = matter.post if matter is not None else None
        return self._reader(link).answers_for(post, self.clock())
