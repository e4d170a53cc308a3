"""What somebody replied, by SMS, by mail or by a key in a call, from the gateway's word to the fact and what they are told.

Invariant: every reply ends on record: as the act it is, as words for the duty desk about the case it may be about,
or, where it belongs to no message, in a case of its own that rings the duty desk. Only then is it taken from the
gateway. The same reply, brought again, changes nothing and tells nobody.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog

from services.notifier.answering.call_back_door import ReplyOutcome
from services.notifier.answering.confirmations import Confirmations
from services.notifier.answering.deeds import Deeds
from services.notifier.answering.heard import HeardWords, heard
from services.notifier.answering.open_messages import AnswerableMessage, OpenMessages
from services.notifier.channels import Form, Reply
from services.notifier.delivery.ledger import DeliveryLedger
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import SOURCE
from services.notifier.messages.keys import keys_of
from shared.broker.forever import AWAY, error_text
from shared.directory import Directory
from shared.directory.addresses import masked
from shared.facts import Fact, Purpose, StrayReply, Via
from shared.ids import PersonId, case_id_for
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.problems import Problem
from shared.vocabulary import Kind, Language

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

VIAS = {Form.SHORT: Via.MESSAGE, Form.SPOKEN: Via.KEY, Form.LONG: Via.MAIL}
WHICH = N_("[Fenghuo] Not counted: several messages wait for your answer. Reply %(codes)s.")
ONE_OF_THEM = N_("%(digit)s%(code)s for “%(matter)s”")
BY_LINK = N_(
    "[Fenghuo] Not counted: several messages wait for your answer. Open the link of the one you mean."
)
ANSWERED_BEFORE = N_("it was answered before, by you or for you")
OVER = N_("it is over, no answer is needed")


DESK_HAS_IT = N_(
    "[Fenghuo] No message waits for your answer. The duty desk has your reply and will ring you."
)


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """That a reply was taken, and what was said of it."""

    fact: str | None
    case: str | None
    words: str
    language: Language


@dataclass(frozen=True)
class Replies:
    messages: OpenMessages
    deeds: Deeds
    ledger: DeliveryLedger
    directory: Callable[[], Directory]
    confirmations: Confirmations
    forms: Mapping[str, Form]
    metrics: Metrics
    clock: Callable[[], datetime]

    async def take(self, channel: str, reply: Reply, *, is_said_back: bool) -> ReplyOutcome:
        key = f"{channel}.{_digest(reply.id)}.=in"
        try:
            raw = await self.ledger.raw(key)
            if raw is not None:
                taken = msgspec.json.decode(raw, type=_Taken)
                return ReplyOutcome(taken.fact, taken.case, taken.words, taken.language)
            told, person = await self._placed(channel, reply)
            taken = _Taken(fact=told.fact, case=told.case, words=told.words, language=told.language)
            await self.ledger.put(key, msgspec.json.encode(taken))
        except AWAY as error:
            log.error("reply_not_stored", channel=channel, error=error_text(error))
            raise Problem(
                503, N_("Not stored"), N_("The reply could not be stored: send it again.")
            ) from None
        if person is not None and told.words and not is_said_back:
            self.confirmations.send(channel, person, told.words, told.language, _digest(reply.id))
        return told

    async def _placed(self, channel: str, reply: Reply) -> tuple[ReplyOutcome, PersonId | None]:
        messages = await self.messages.answered_by(channel, reply)
        via = VIAS[self.forms[channel]]
        said = heard(reply.words)
        # Neither a mailbox nor the name of a user is anything that the duty desk could ring.
        number = "" if via is Via.MAIL or reply.only_its_person else reply.number
        waiting = [message for message in messages if message.is_open]
        if not messages:
            return await self._stray(channel, reply)
        self.metrics.replies.labels(channel, "understood" if said.digit else "to_read").inc()
        if said.digit is None and waiting and all(map(_is_roll_call, waiting)):
            said = said._replace(digit=1)  # any word shows that they can be reached
        if said.digit is None:
            mark, words = await self.deeds.pass_to_the_desk(
                (waiting or messages)[0], reply.words, via, number
            )
            return self._told(messages[0], words, mark.fact), messages[0].link.person
        meant = [message for message in waiting if said.code in ("", message.code)]
        # A test is never in the way of an answer that matters.
        meant = [message for message in meant if not _is_roll_call(message)] or meant
        if not meant and said.code and any(message.code == said.code for message in messages):
            meant, waiting = [], []
        if not meant and not waiting:
            return await self._too_late(messages, said), messages[0].link.person
        if not meant or (len(meant) > 1 and not all(map(_is_roll_call, meant))):
            return await self._which(waiting, said, via, number)
        message = meant[0]
        deed = keys_of(message.matter)[said.digit - 1]
        mark, words = await self.deeds.do(message, deed, said.rest, via, number)
        return self._told(message, words, mark.fact if mark is not None else None), message.link.person

    async def _which(
        self, waiting: list[AnswerableMessage], said: HeardWords, via: Via, number: str
    ) -> tuple[ReplyOutcome, PersonId | None]:
        """Nothing is counted; whoever replied reads the codes, and the duty desk that they tried."""
        first, words = waiting[0], self.deeds.words(waiting[0])
        mark, _ = await self.deeds.pass_to_the_desk(
            first, f"{said.digit}{said.code} {said.rest}".strip(), via, number
        )
        codes = [message.code for message in waiting]
        if len(set(codes)) < len(codes):
            return self._told(first, words.of(BY_LINK), mark.fact), first.link.person
        each = [
            words.of(ONE_OF_THEM, digit=said.digit, code=message.code, matter=self.deeds.matter(message))
            for message in waiting
        ]
        return self._told(first, words.of(WHICH, codes=words.listed(each)), mark.fact), first.link.person

    async def _too_late(self, messages: list[AnswerableMessage], said: HeardWords) -> ReplyOutcome:
        """Nothing of theirs waits: they are told so, as behind the link; where they have said the same before, what
        became of it.
        """
        message = next((one for one in messages if said.code == one.code), messages[0])
        before = await self.deeds.before(message, keys_of(message.matter)[(said.digit or 1) - 1])
        if before is not None:
            return self._told(message, before[1], before[0].fact)
        words = self.deeds.words(message)
        why = words.of(OVER if message.over and not message.answered else ANSWERED_BEFORE)
        return self._told(message, self.deeds.not_counted(message, why), None)

    def _told(self, message: AnswerableMessage, words: str, fact: str | None) -> ReplyOutcome:
        return ReplyOutcome(fact, message.link.case, words, self.deeds.words(message).language)

    async def _stray(self, channel: str, reply: Reply) -> tuple[ReplyOutcome, PersonId | None]:
        """One case an hour and channel, whoever writes: a flood rings the desk no oftener."""
        people = self.messages.owners(channel, reply.number)
        hour = self.clock().replace(minute=0, second=0, microsecond=0)
        case = case_id_for(f"stray:{channel}", hour)
        data = StrayReply(
            channel=channel,
            number=reply.number or "-",
            words=reply.words,
            person=people[0] if len(people) == 1 else None,
        )
        fact_id = f"stray:{channel}:{_digest(reply.id)}"
        fact = Fact.of(
            Kind.STRAY_REPLY, id=fact_id, source=SOURCE, subject=case, time=self.clock(), data=data
        )
        await self.ledger.tell(case, fact)
        self.metrics.replies.labels(channel, "stray").inc()
        log.warning("reply_without_a_message", channel=channel, number=masked(reply.number))
        person = self.directory().people_by_id.get(people[0]) if len(people) == 1 else None
        if person is None:  # nothing is sent to numbers that nobody of ours has
            return ReplyOutcome(fact_id, case, "", Language.ZH), None
        words = Words(person.language).of(DESK_HAS_IT)
        return ReplyOutcome(fact_id, case, words, person.language), PersonId(person.id)


def _is_roll_call(message: AnswerableMessage) -> bool:
    return message.matter.purpose is Purpose.ROLL_CALL


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
