"""Which message a reply answers: the one whose call or reference it names, else what waits for an answer at that
number, on that channel.

Invariant: a message waits as long as its link does, until its person has answered it or its case is over. Where two
wait at one number (two cases, or two people with one telephone) the code behind the digit says which; without it
nothing is counted, and whoever replied reads the codes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nats.aio.client import Client

from services.notifier.channels import Reply
from services.notifier.delivery import whether_over
from services.notifier.delivery.addresses import AddressBook
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.recent import Recent, ToldBefore
from services.notifier.delivery.record import NoticeMatter, notice_of_message_id, sheet_key
from services.notifier.messages.keys import code_of, keys_of
from services.notifier.messages.links import Link, link_ends
from shared.case import Case
from shared.ids import CaseId, NoticeId, PersonId

MOST = 12
"""Messages to one number that are looked at, the newest first."""
UNREAD = frozenset(("items", "calls"))


@dataclass(frozen=True, slots=True)
class AnswerableMessage:
    """A message that was sent to somebody, and what it asked. `token`: nobody opens it by a link."""

    link: Link
    matter: NoticeMatter
    case: Case | None
    over: bool
    """Its case is, or what was asked is settled."""
    answered: bool
    at: datetime
    reference: str | None

    @property
    def is_open(self) -> bool:
        return not self.over and not self.answered

    @property
    def code(self) -> str:
        return code_of(self.link.case, self.link.person)


@dataclass(frozen=True)
class OpenMessages:
    recent: Recent
    ledger: DeliveryLedger
    book: AddressBook
    connection: Callable[[], Client]
    clock: Callable[[], datetime]
    grace: timedelta
    carried: Mapping[str, tuple[str, ...]]
    """By gateway the channels whose messages it may have taken."""

    def needs_code(self, channel: str, person: PersonId, case: CaseId) -> bool:
        """Of what is remembered here; what a reply answers is looked up when it comes."""
        people = self.book.sharing(channel, person)
        if len(people) > 1:
            return True
        since = self.clock() - self.grace
        return any(
            told.at >= since
            and not told.notice.startswith(f"{case}.")
            and not self.recent.is_answered(told.notice)
            for told in self.recent.told(channel, people)
        )

    async def answered_by(self, gateway: str, reply: Reply) -> list[AnswerableMessage]:
        """The messages it may answer, the newest first: those that it names, or all that went to its number.
        Raises NatsError or TimeoutError where the broker does not answer.
        """
        channels = self.carried.get(gateway, (gateway,))
        if reply.about:
            for channel in channels:
                named = await self._named(channel, reply.about)
                if reply.only_its_person:
                    owners = self.book.owners(channel, reply.number)
                    named = [told for told in named if told.person in owners]
                if named:
                    return await self._read(named)
        if reply.only_about:
            return []
        told = [
            one
            for channel in channels
            for one in self.recent.told(channel, self.book.owners(channel, reply.number))
        ]
        told.sort(key=lambda one: one.at, reverse=True)
        return await self._read(told[:MOST])

    def owners(self, gateway: str, number: str) -> tuple[PersonId, ...]:
        """Who has this number in the directory."""
        channels = self.carried.get(gateway, (gateway,))
        return tuple(
            dict.fromkeys(owner for channel in channels for owner in self.book.owners(channel, number))
        )

    async def _named(self, channel: str, about: str) -> list[ToldBefore]:
        """By the gateway's reference, or by our own id of the message."""
        notices = self.recent.notices_of_reference(channel, about)
        if not notices and (notice := notice_of_message_id(about)) is not None:
            notices = [notice]
        named: list[ToldBefore] = []
        for notice in notices:
            sheet, _ = await self.ledger.sheet(sheet_key(notice))
            record = sheet.record_of(notice, channel) if sheet is not None else None
            if record is not None:
                told = record.delivery
                named.append(ToldBefore(told.notice, told.person, told.done_at, told.reference))
        return named

    async def _read(self, told: Iterable[ToldBefore]) -> list[AnswerableMessage]:
        """Each case's newest to each person: an earlier one asked for the same, or for less."""
        messages: dict[tuple[PersonId, CaseId], AnswerableMessage] = {}
        for hand_over in told:
            message = await self._message(hand_over)
            if message is not None:
                messages.setdefault((message.link.person, message.link.case), message)
        return list(messages.values())

    async def _message(self, told: ToldBefore) -> AnswerableMessage | None:
        notice = NoticeId(told.notice)
        sheet, _ = await self.ledger.sheet(sheet_key(notice))
        matter = sheet.matters.get(notice) if sheet is not None else None
        if sheet is None or matter is None or not keys_of(matter):
            return None
        ends_at = link_ends(matter.brief.due_at, told.at, self.grace)
        link = Link("", sheet.case, notice, matter.person, ends_at)
        try:
            case = await whether_over.case_now(self.connection, sheet.case, UNREAD)
            is_over = whether_over.why_over(case, matter.duties) is not None
        except ValueError:
            case, is_over = None, False  # answered as if the case went on
        return AnswerableMessage(
            link,
            matter,
            case,
            is_over or self.clock() > ends_at,
            self.recent.is_answered(notice) or _is_settled(case, matter),
            told.at,
            told.reference,
        )


def _is_settled(case: Case | None, matter: NoticeMatter) -> bool:
    """Nothing of what it was about is owed any more."""
    named = [duty for duty in case.duties if duty.id in matter.duties] if case is not None else []
    return bool(named) and not any(duty.is_owed for duty in named)
