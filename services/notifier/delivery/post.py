"""Makes a notice into the message of one channel: the words, the link, the id, the duty desk's number. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.notifier.channels import Form, Letter, Message, call_back_address
from services.notifier.delivery.record import message_id
from services.notifier.delivery.templates import Templates
from services.notifier.messages.asking import SILENT, asks_for_a_statement
from services.notifier.messages.duty_desk import duty_desk
from services.notifier.messages.keys import Keys, buttons, by_mail, code_of, keys_of, spoken, written
from services.notifier.messages.links import Links, NoticePlace, link_ends
from services.notifier.messages.plain import plain_letter
from services.notifier.messages.posts import answered_post
from services.notifier.messages.writer import Writer
from shared.directory import Directory
from shared.facts import Notice, Purpose
from shared.ids import CaseId, PersonId
from shared.language.words import Words

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the messages of one notice have in common, whichever channels they go by."""

    link: str | None
    """None: there is nothing to answer."""
    desk: str
    """The number to ring where a link does not open."""
    stands_in: str
    """For whom the reader answers as a deputy."""


@dataclass(frozen=True, slots=True)
class MessageMaker:
    writer: Writer
    directory: Callable[[], Directory]
    links: Links
    base: str
    """How people reach this service from outside, without a slash at the end."""
    grace: timedelta
    """How long after its limit a duty can still be answered by link."""
    templates: Templates
    """Told which of them failed, and which did not."""
    takes_replies: frozenset[str] = frozenset()
    """The channels that bring back what people answer."""
    has_buttons: frozenset[str] = frozenset()
    """Those of them on which people press a button instead."""
    needs_code: Callable[[str, PersonId, CaseId], bool] = lambda _channel, _person, _case: False
    """Whether another message to the same telephone waits for an answer, so that one digit would not do."""

    def envelope(self, case: CaseId, notice: Notice, place: NoticePlace, now: datetime) -> Envelope:
        # An earlier version told the desk of a report without a case: there was nothing to answer.
        asks = asks_for_a_statement(notice) or (
            notice.purpose not in SILENT and (notice.purpose is not Purpose.UNDECIDED or bool(notice.duties))
        )
        link = self._link(case, notice, place, now) if asks else None
        directory = self.directory()
        desk = duty_desk(notice.brief.desk, directory, notice.person, now)
        post = answered_post(notice.post, directory, notice.person, now)
        is_deputy = post is not None and post.in_place_of and notice.purpose is not Purpose.ROLL_CALL
        stands_in = post.in_words(Words(notice.language)) if post is not None and is_deputy else ""
        return Envelope(link, desk.telephone if desk is not None else "", stands_in)

    def _link(self, case: CaseId, notice: Notice, place: NoticePlace, now: datetime) -> str:
        suspicion = notice.brief.suspicion
        judge_by = suspicion.judge_by if suspicion is not None else None
        ends_at = link_ends(judge_by or notice.brief.due_at, now, self.grace)
        return f"{self.base}/a/{self.links.make(place, case, notice.id, notice.person, ends_at)}"

    def message(
        self, case: CaseId, notice: Notice, envelope: Envelope, channel: str, form: Form, now: datetime
    ) -> Message:
        """To nobody yet: the courier puts the address on it."""
        keys = keys_of(notice) if envelope.link is not None and channel in self.takes_replies else ()
        is_card = channel in self.has_buttons
        return Message(
            id=message_id(notice.id, channel),
            at=now,
            channel=channel,
            to="",
            letter=self._letter(case, notice, form, envelope, now, channel, () if is_card else keys),
            link=envelope.link,
            case=case,
            notice=notice.id,
            purpose=notice.purpose,
            language=notice.language,
            level=notice.brief.level,
            exercise=notice.brief.exercise or notice.purpose is Purpose.ROLL_CALL,
            back=call_back_address(self.base, channel) if keys else None,
            buttons=buttons(keys, Words(notice.language)) if is_card else (),
            until=link_ends(notice.brief.due_at, now, self.grace),
        )

    def _letter(
        self,
        case: CaseId,
        notice: Notice,
        form: Form,
        envelope: Envelope,
        now: datetime,
        channel: str,
        keys: Keys,
    ) -> Letter:
        link, desk = envelope.link, envelope.desk
        try:
            letter = self.writer.write(
                case,
                notice,
                form,
                link=link,
                desk=desk,
                stands_in=envelope.stands_in,
                now=now,
                keys=self._keys(keys, case, notice, channel, form),
            )
        # whatever a template does wrong, the person is told
        except Exception:
            log.exception("told_without_template", notice=notice.id, purpose=notice.purpose, channel=channel)
            self.templates.failed(notice.purpose, channel, now)
            return plain_letter(
                notice.brief, form, notice.language, self.writer.zone, now, link=link, desk=desk
            )
        self.templates.wrote(notice.purpose, now)
        return letter

    def _keys(self, keys: Keys, case: CaseId, notice: Notice, channel: str, form: Form) -> str:
        words = Words(notice.language)
        if form is Form.LONG:
            return by_mail(keys, words)
        if form is Form.SPOKEN:  # the call itself says which message it is
            return spoken(keys, words)
        code = code_of(case, notice.person) if self.needs_code(channel, notice.person, case) else ""
        return written(keys, words, code)
