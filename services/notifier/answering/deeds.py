"""What a reply does: the same fact as the button behind the link, under the same id, through the same checks; and
what the person is told of it.

Invariant: nobody is told "counted" before the escalator has said so; pressed, replied and pressed again, a fact
stands once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.notifier.answering.answers import Answers, Mark, MarkName, mark_of_offer
from services.notifier.answering.link_facts import acknowledgement, chosen_act, said_by
from services.notifier.answering.link_reader import LinkReader
from services.notifier.answering.offers import LinkAct, duty_for, offers
from services.notifier.answering.open_messages import AnswerableMessage
from services.notifier.messages.duty_desk import duty_desk
from services.notifier.messages.keys import Deed
from services.notifier.messages.words import shortened
from shared.act_outcome import ActOutcome
from shared.directory import Directory
from shared.facts import CaseAct, Fact, Via
from shared.language.catalogue import N_
from shared.language.words import Words
from shared.vocabulary import Kind

SHORT_MATTER = 30
LONGEST_TEXT = 500
DONE = {
    Deed.KNOW: N_("[Fenghuo] Counted: you know of “%(matter)s”."),
    Deed.NEXT_PLEASE: N_("[Fenghuo] Counted: you can't, the next is being called. “%(matter)s”."),
    Deed.CALL_ME: N_(
        "[Fenghuo] Recorded: the duty desk is asked to ring you. Until you answer, others are called. “%(matter)s”."
    ),
    Deed.ACCEPT: N_("[Fenghuo] Counted: you take it on. “%(matter)s”."),
    Deed.REFUSE: N_("[Fenghuo] Counted: sent back. “%(matter)s”."),
    Deed.AGREE: N_("[Fenghuo] Counted: you agree. “%(matter)s”."),
    Deed.DISAGREE: N_("[Fenghuo] Counted: you do not agree. “%(matter)s”."),
    Deed.PRESENT: N_("[Fenghuo, test] Counted: you can be reached. Nothing has happened."),
}
MARKS = {
    Deed.KNOW: MarkName.USED,
    Deed.NEXT_PLEASE: f"=did-{Kind.PASSED_ON}",
    Deed.CALL_ME: f"=did-{Kind.CALL_ASKED}",
    Deed.AGREE: MarkName.SAID,
    Deed.DISAGREE: MarkName.SAID,
    Deed.PRESENT: MarkName.USED,
}
UNREAD = N_(
    "[Fenghuo] A person will read your reply: the duty desk has it. It counts as no answer. “%(matter)s”."
)
STILL = N_(" Still to do: %(owes)s.")
NOT_COUNTED = N_("[Fenghuo] Not counted: %(why)s. “%(matter)s”.")
UNCONFIRMED = N_("[Fenghuo] Recorded, not confirmed yet. “%(matter)s”.")
NOT_OFFERED = N_("it can't be done (any more)")
SAY_WHY = N_(
    "[Fenghuo] Not counted: write the reason behind the digit, such as “2%(code)s not ours”. “%(matter)s”."
)
DESK = N_(" Duty desk %(telephone)s.")


@dataclass(frozen=True)
class Deeds:
    answers: Answers
    directory: Callable[[], Directory]
    clock: Callable[[], datetime]

    async def do(
        self, message: AnswerableMessage, deed: Deed, text: str, via: Via, number: str
    ) -> tuple[Mark | None, str]:
        """The mark, None where nothing went on record, and the words for the person. Raises NatsError, OSError or
        TimeoutError: not recorded.
        """
        text = text[:LONGEST_TEXT]
        match deed:
            case Deed.KNOW | Deed.PRESENT:
                mark = await self._know(message, via, text)
            case Deed.NEXT_PLEASE:
                mark = await self._act(message, Kind.PASSED_ON, via, text)
            case Deed.CALL_ME:
                mark = await self._act(message, Kind.CALL_ASKED, via, f"{text} {number}".strip())
            case Deed.AGREE | Deed.DISAGREE:
                mark = await self._second(message, via, agrees=deed is Deed.AGREE, text=text)
            case Deed.ACCEPT | Deed.REFUSE:
                if deed is Deed.REFUSE and not text:
                    return None, self.words(message).of(
                        SAY_WHY, code=message.code, matter=self.matter(message)
                    )
                mark = await self._take_on(message, via, text, accepts=deed is Deed.ACCEPT)
                if mark is None:
                    why = self.words(message).of(NOT_OFFERED)
                    return None, self._with_desk(message, self.not_counted(message, why))
        return mark, self._became(message, deed, mark)

    async def before(self, message: AnswerableMessage, deed: Deed) -> tuple[Mark, str] | None:
        """What became of the same answer, given before by whatever way."""
        name = MARKS.get(deed)
        mark = await self.answers.mark_of(message.link, name) if name is not None else None
        return (mark, self._became(message, deed, mark)) if mark is not None else None

    async def pass_to_the_desk(
        self, message: AnswerableMessage, words: str, via: Via, number: str
    ) -> tuple[Mark, str]:
        """A person must read it: the duty desk is told, in their words. The same words once a message, so that a
        machine that answers by itself rings nobody twice.
        """
        digest = hashlib.sha256(words.encode()).hexdigest()[:12]
        mark = await self._act(
            message, Kind.CALL_ASKED, via, f"“{words[:LONGEST_TEXT]}” {number}".rstrip(), digest
        )
        said = self.words(message).of(UNREAD, matter=self.matter(message))
        return mark, self._with_desk(message, said)

    async def _know(self, message: AnswerableMessage, via: Via, text: str) -> Mark:
        """What stands behind the digit is no reason here, and is kept all the same."""
        reader, post = self._reader(message), message.matter.post
        answered = reader.answers_for(post, self.clock())
        data = acknowledgement(
            message.link, reader, via, answered.post if answered is not None else None, note=text
        )
        return await self._give(
            message, MarkName.USED, said_by(message.link, Kind.ACKNOWLEDGED, data, self.clock())
        )

    async def _act(self, message: AnswerableMessage, kind: Kind, via: Via, text: str, *about: str) -> Mark:
        data = CaseAct(by=self._reader(message).actor, via=via, text=text or None)
        fact = said_by(message.link, kind, data, self.clock(), *about)
        return await self._give(message, "-".join(("=did", kind, *about)), fact)

    async def _second(self, message: AnswerableMessage, via: Via, *, agrees: bool, text: str) -> Mark:
        data = CaseAct(by=self._reader(message).actor, via=via, approve=agrees, text=text or None)
        fact = said_by(message.link, Kind.SECONDED, data, self.clock())
        return await self._give(message, MarkName.SAID, fact, "agree" if agrees else "refuse")

    async def _take_on(
        self, message: AnswerableMessage, via: Via, text: str, *, accepts: bool
    ) -> Mark | None:
        """Every task the message asks to take on; None where none can be (any more). The last one's mark, or the
        first that was refused.
        """
        kind = Kind.ACCEPTED if accepts else Kind.OBJECTED
        reader, duties, now = self._reader(message), message.matter.duties, self.clock()
        offered = offers(message.case, duties, reader.actor, self.directory(), now)
        mark: Mark | None = None
        for offer in [offer for offer in offered if offer.kind is kind]:
            given = await self._give_offer(message, offer, via, text)
            mark = given if mark is None or not mark.is_refused else mark
        return mark

    async def _give_offer(self, message: AnswerableMessage, offer: LinkAct, via: Via, text: str) -> Mark:
        reader, link, case = self._reader(message), message.link, message.case
        answered = reader.answers_for(message.matter.post, self.clock())
        duty = duty_for(case, message.matter.duties, offer) if case is not None else None
        post = answered.post if answered is not None else None
        data = chosen_act(offer, text, reader, duty, post, reply=via)
        fact = said_by(link, offer.kind, data, self.clock(), offer.task or "")
        return await self._give(message, mark_of_offer(offer), fact, offer.choice)

    async def _give(self, message: AnswerableMessage, name: str, fact: Fact, choice: str = "") -> Mark:
        before = await self.answers.mark_of(message.link, name)
        return before if before is not None else await self.answers.give(message.link, name, fact, choice)

    # What the person is told

    def words(self, message: AnswerableMessage) -> Words:
        return self._reader(message).words

    def matter(self, message: AnswerableMessage) -> str:
        return shortened(message.matter.brief.summary, SHORT_MATTER)

    def not_counted(self, message: AnswerableMessage, why: str) -> str:
        return self.words(message).of(NOT_COUNTED, why=why, matter=self.matter(message))

    def _became(self, message: AnswerableMessage, deed: Deed, mark: Mark) -> str:
        words = self.words(message)
        if mark.is_refused:
            return self._with_desk(message, self.not_counted(message, words.why(mark.why)))
        if mark.outcome is ActOutcome.RECORDED:
            return self._with_desk(message, words.of(UNCONFIRMED, matter=self.matter(message)))
        brief = message.matter.brief
        said = words.of(DONE[deed], matter=self.matter(message))
        if deed is Deed.KNOW and brief.owes and not brief.knowing:
            return said + words.of(STILL, owes=words.names(brief.owes))
        return said

    def _with_desk(self, message: AnswerableMessage, said: str) -> str:
        person = message.link.person
        desk = duty_desk(message.matter.brief.desk, self.directory(), person, self.clock())
        return said + self.words(message).of(DESK, telephone=desk.telephone) if desk is not None else said

    def _reader(self, message: AnswerableMessage) -> LinkReader:
        return LinkReader(message.link.person, self.directory())
