"""What a digit answers, where it could be one of several messages."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from prometheus_client import CollectorRegistry

from services.notifier.answering.open_messages import AnswerableMessage
from services.notifier.answering.replies import Replies
from services.notifier.channels import Form, Reply
from services.notifier.delivery.metrics import Metrics
from services.notifier.delivery.record import NoticeMatter
from services.notifier.messages.links import Link
from shared.facts import Purpose
from shared.ids import CaseId
from shared.language.words import Words
from shared.vocabulary import Language
from tests.notifier.decisions import a_notice

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def waiting(case: str, purpose: Purpose = Purpose.REPORT) -> AnswerableMessage:
    notice = a_notice(CaseId(case), person="qian_yi", purpose=purpose)
    link = Link("", CaseId(case), notice.id, notice.person, NOW)
    return AnswerableMessage(
        link, NoticeMatter.of(notice), case=None, over=False, answered=False, at=NOW, reference=None
    )


@dataclass
class Said:
    id: str = "f-1"
    fact: str | None = "f-1"


@dataclass
class Deeds:
    """What was done about which case."""

    done: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    async def pass_to_the_desk(self, message: AnswerableMessage, *_: Any) -> tuple[Said, str]:
        self.done.append(("desk", message.link.case))
        return Said(), ""

    async def do(self, message: AnswerableMessage, *_: Any) -> tuple[Said, str]:
        self.done.append(("done", message.link.case))
        return Said(), "counted"

    def words(self, _: AnswerableMessage) -> Words:
        return Words(Language.EN)

    def matter(self, message: AnswerableMessage) -> str:
        return message.link.case


@dataclass
class Opened:
    messages: list[AnswerableMessage]

    async def answered_by(self, *_: Any) -> list[AnswerableMessage]:
        return self.messages


class Nothing:
    """A store that has nothing, and a sender that sends nothing."""

    async def raw(self, _: str) -> None: ...

    async def put(self, *_: Any) -> None: ...

    def send(self, *_: Any) -> None: ...


async def replied(words: str, *messages: AnswerableMessage) -> tuple[Deeds, str]:
    deeds, nothing = Deeds(), cast(Any, Nothing())
    replies = Replies(
        cast(Any, Opened([*messages])),
        cast(Any, deeds),
        nothing,
        cast(Any, None),
        nothing,
        {"sms": Form.SHORT},
        Metrics(CollectorRegistry(), ("sms",)),
        lambda: NOW,
    )
    outcome = await replies.take("sms", Reply("r-1", "+8613900001111", words), is_said_back=False)
    return deeds, outcome.words


async def test_a_code_that_is_none_of_those_that_wait_asks_which() -> None:
    messages = waiting("case-a"), waiting("case-b")
    strange = next(code for code in map(str, range(30, 99)) if code not in {m.code for m in messages})

    deeds, words = await replied(f"1{strange}", *messages)

    assert deeds.done == [("desk", "case-a")], "nothing is counted, and the duty desk hears of it"
    assert all(f"1{message.code}" in words for message in messages)


async def test_also_where_only_a_test_waits() -> None:
    roll_call = waiting("case-a", Purpose.ROLL_CALL)
    strange = "31" if roll_call.code != "31" else "32"

    deeds, _ = await replied(f"1{strange}", roll_call)

    assert deeds.done == [("desk", "case-a")]


async def test_one_digit_answers_every_test_at_once() -> None:
    tests = waiting("case-a", Purpose.ROLL_CALL), waiting("case-b", Purpose.ROLL_CALL)

    deeds, words = await replied("1", *tests)

    assert deeds.done == [("done", "case-a")]
    assert words == "counted"
