"""After an outage of ours one message a person, in order of the limits; each notice keeps its own outcome."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels import Form, Letter, Message
from services.notifier.delivery.carried import Carried, Interrupted
from services.notifier.delivery.courier import Courier
from services.notifier.delivery.gathering import Gathering, Pace, pace_of
from services.notifier.delivery.outlasting import Patience
from services.notifier.delivery.restraint import may_wait
from services.notifier.delivery.routes import Route
from services.notifier.messages.together import MOST, WhyTogether, together
from shared.facts import Notice, Purpose
from shared.ids import CaseId, NoticeId
from shared.vocabulary import Language, Level
from tests.notifier.decisions import a_notice

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def message(number: int, language: Language = Language.ZH) -> Message:
    return Message(
        id=f"case{number}-7-0-voice",
        at=NOW,
        channel="voice",
        to="",
        letter=Letter(f"第{number}件", f"第{number}件，请处理"),
        link=f"https://fenghuo.example/a/{number}",
        case=CaseId(f"case{number}"),
        notice=NoticeId(f"case{number}.7.0"),
        purpose=Purpose.OVERDUE,
        language=language,
        level=None,
        exercise=False,
    )


def notice(person: str, minutes: float) -> Notice:
    """As much of one as is asked for here."""
    return a_notice(
        CaseId("case"),
        person=person,
        level=Level.III,
        due_at=NOW + timedelta(minutes=minutes),
    )


GATHERED = Pace.GATHERED, WhyTogether.LATE


PATIENCE = Patience(NOW + timedelta(days=1), NOW)


class Line:
    """A courier that keeps what it carries."""

    name = "sms"

    def __init__(
        self, fails: Exception | None = None, form: Form = Form.LONG, *, answers: bool = True
    ) -> None:
        self.carried: list[Message] = []
        self.patiences: list[Patience | None] = []
        self.fails, self.form, self.answers = fails, form, answers

    async def carry(
        self, message: Message, addresses: tuple[str, ...], patience: Patience | None = None
    ) -> Carried:
        self.carried.append(message)
        self.patiences.append(patience)
        if self.fails is not None:
            raise self.fails
        return Carried(addresses[0], 1, NOW, NOW, reference=f"r{len(self.carried)}" if self.answers else None)


QUICK = timedelta(seconds=0.02)


async def carried(line: Line, *told: tuple[Message, Notice]) -> list[Any]:
    gather = Gathering(QUICK)
    waiting = [
        gather.carry(cast(Courier, line), one, Route("sms", ("+861",)), about, PATIENCE, *GATHERED)
        for one, about in told
    ]
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_is_late_for_one_person_comes_as_one_message_in_order_of_the_limits() -> None:
    line = Line(form=Form.SHORT)
    outcomes = await carried(
        line, *[(message(number), notice("zhao_jia", 30 - number)) for number in range(5)]
    )

    (one,) = line.carried
    said = one.letter.text.splitlines()
    assert said[0].startswith("【烽火·补发】系统中断期间有 5 项")
    expected = [f"第{number}件 https://fenghuo.example/a/{number}" for number in (4, 3, 2, 1, 0)]
    assert [line.partition(" ")[2] for line in said[1:]] == expected
    assert {outcome.reference for outcome in outcomes} == {"r1"}
    assert set(one.also) == {message(number).id for number in range(5)}


async def test_what_comes_while_more_is_coming_goes_out_with_it() -> None:
    """Sixteen lanes come out of an outage side by side, each in its own time."""
    line, gather, route = Line(), Gathering(QUICK), Route("sms", ("+861",))
    waiting: list[Any] = []
    for number in range(12):
        waiting.append(
            asyncio.create_task(
                gather.carry(
                    cast(Courier, line),
                    message(number),
                    route,
                    notice("zhao_jia", number),
                    PATIENCE,
                    *GATHERED,
                )
            )
        )
        await asyncio.sleep(0.005)
    await asyncio.gather(*waiting)

    assert [len(one.also) for one in line.carried] == [12]


async def test_what_is_for_an_older_address_is_not_said_on_the_one_of_now() -> None:
    """Who is changed is told on the old number, and there alone."""
    line, gather = Line(), Gathering(QUICK)
    routes = [Route("sms", (address,)) for address in ("+861", "+862")]
    waiting = [
        gather.carry(
            cast(Courier, line), message(number), routes[number], notice("zhao_jia", 1), PATIENCE, *GATHERED
        )
        for number in (0, 1)
    ]

    assert [outcome.address for outcome in await asyncio.gather(*waiting)] == ["+861", "+862"]
    assert [one.also for one in line.carried] == [(), ()]


async def test_another_person_and_one_message_alone_are_told_as_ever() -> None:
    line = Line()
    await carried(line, (message(1), notice("zhao_jia", 1)), (message(2), notice("qian_yi", 1)))

    assert sorted(line.carried, key=lambda one: one.id) == [message(1), message(2)]


@pytest.mark.parametrize("form", Form)
async def test_however_many_there_are_it_is_one_message_that_says_what_it_could_not_name(form: Form) -> None:
    line = Line(form=form)
    count = MOST[form] + 3
    outcomes = await carried(
        line, *[(message(number), notice("zhao_jia", number)) for number in range(count)]
    )

    (one,) = line.carried
    assert len(one.also) == count == len(outcomes)
    assert f"有 {count} 项" in one.letter.text
    assert "另有 3 项" in one.letter.text
    assert "第0件" in one.letter.text, "the most overdue is named"


async def test_where_the_gateway_gives_no_reference_its_call_back_finds_all_by_the_messages_id() -> None:
    line = Line(answers=False)
    outcomes = await carried(line, (message(1), notice("zhao_jia", 1)), (message(2), notice("zhao_jia", 2)))

    assert {outcome.reference for outcome in outcomes} == {line.carried[0].id}


async def test_where_the_service_stops_each_of_them_comes_again() -> None:
    outcomes = await carried(
        Line(Interrupted()), *[(message(number), notice("zhao_jia", number)) for number in range(3)]
    )

    assert [type(outcome) for outcome in outcomes] == [Interrupted] * 3


async def test_what_can_not_be_worded_together_keeps_nobody_waiting() -> None:
    """Each decision comes again, and what comes again is told alone."""
    odd = replace(message(1), letter=cast(Letter, None))
    told = [(odd, notice("zhao_jia", 1)), (message(2), notice("zhao_jia", 2))]

    async with asyncio.timeout(5):
        outcomes = await carried(Line(), *told)

    assert [type(outcome) for outcome in outcomes] == [AttributeError] * 2


async def test_together_they_are_needed_as_long_as_any_of_them_is() -> None:
    needed = [False, True]
    line, gather, route = Line(), Gathering(QUICK), Route("sms", ("+861",))

    def patience_of(number: int) -> Patience:
        async def is_needed() -> bool:
            return needed[number]

        return replace(PATIENCE, is_needed=is_needed)

    waiting = [
        gather.carry(
            cast(Courier, line), message(number), route, notice("zhao_jia", 1), patience_of(number), *GATHERED
        )
        for number in (0, 1)
    ]
    await asyncio.gather(*waiting)
    [patience] = line.patiences
    assert patience is not None
    assert await patience.is_needed()
    needed[1] = False
    assert not await patience.is_needed(), "all of it is done meanwhile"


async def test_what_waits_for_no_gateway_does_not_together_either() -> None:
    line, gather, route = Line(), Gathering(QUICK), Route("sms", ("+861",))
    waiting = [
        gather.carry(cast(Courier, line), message(number), route, notice("zhao_jia", 1), None, *GATHERED)
        for number in (0, 1)
    ]
    await asyncio.gather(*waiting)

    assert [len(one.also) for one in line.carried] == [2]
    assert line.patiences == [None]


def test_it_is_as_grave_as_the_gravest_in_it_and_is_good_as_long_as_any_of_it() -> None:
    late, grave = replace(message(1), level=Level.IV, until=NOW), replace(message(2), level=Level.I)
    drill = replace(message(3), level=Level.I, exercise=True, until=NOW + timedelta(hours=1))

    assert together([late, grave], Form.SHORT).level is Level.I
    assert together([late, drill], Form.SHORT).level is Level.IV
    assert together([late, drill], Form.SHORT).until == drill.until
    assert together([late, grave], Form.SHORT).until is None


def both(language: Language = Language.ZH, form: Form = Form.LONG) -> Message:
    return together([message(1, language), message(2, language)], form)


def test_its_id_is_made_of_all_that_it_holds() -> None:
    """Otherwise a gateway that has seen a smaller one would drop what is new."""
    ids = {both().id, together([message(1), message(2), message(3)], Form.LONG).id, message(1).id}
    assert len(ids) == 3
    assert both().id == both().id


def test_it_is_said_in_the_readers_language() -> None:
    assert "while the system was away" in both(Language.EN).letter.subject


def test_what_is_read_aloud_has_no_link_and_says_where_they_are() -> None:
    said = both(form=Form.SPOKEN).letter.text
    assert "https" not in said
    assert "请打开短信中的链接" in said


def test_a_mail_has_an_html_part_in_which_each_has_its_own_link() -> None:
    letter = both().letter
    assert letter.html is not None
    for number in (1, 2):
        assert f'href="https://fenghuo.example/a/{number}"' in letter.html
    assert "仅收到本邮件不算确认" in letter.html
    assert "仅收到本邮件不算确认" in letter.text


def test_what_a_reporter_wrote_stays_text_in_a_mail() -> None:
    odd = replace(message(1), letter=Letter("<b>1</b>", "<b>1</b>"))
    assert "&lt;b&gt;1&lt;/b&gt;" in (together([odd, message(2)], Form.LONG).letter.html or "")


notices = st.builds(
    a_notice,
    st.just(CaseId("case")),
    purpose=st.sampled_from(Purpose),
    level=st.none() | st.sampled_from(Level),
    sensitive=st.booleans(),
)


@given(notices, st.booleans(), st.booleans())
def test_what_may_not_wait_never_waits_for_others(about: Notice, is_first: bool, is_of_a_clock: bool) -> None:
    pace = pace_of(about, is_first=is_first, is_behind=False, is_of_a_clock=is_of_a_clock)

    if not may_wait(about):
        assert pace is Pace.ALONE


@given(notices)
def test_what_comes_again_after_a_crash_goes_out_alone(about: Notice) -> None:
    assert pace_of(about, is_first=False, is_behind=True, is_of_a_clock=True) is Pace.ALONE


async def at_once_and_then(pace: Pace, level: Level, many: int, heading: WhyTogether) -> list[Message]:
    line, gather, route = Line(), Gathering(QUICK), Route("sms", ("+861",))
    about = a_notice(CaseId("case"), level=level)
    waiting = [
        gather.carry(cast(Courier, line), message(number), route, about, PATIENCE, pace, heading)
        for number in range(many)
    ]
    await asyncio.gather(*waiting)
    return line.carried


async def test_the_first_goes_at_once_and_what_follows_within_the_moment_as_one() -> None:
    carried = await at_once_and_then(Pace.FIRST_AT_ONCE, Level.III, 5, WhyTogether.TOGETHER)

    assert [len(one.also) for one in carried] == [0, 4]
    assert carried[1].letter.text.startswith("【烽火】共有 4 项")


async def test_of_what_is_grave_and_late_the_first_goes_at_once_too() -> None:
    carried = await at_once_and_then(Pace.FIRST_AT_ONCE, Level.I, 5, WhyTogether.LATE)

    assert [len(one.also) for one in carried] == [0, 4]


async def test_what_may_not_wait_goes_past_what_is_being_gathered() -> None:
    line, gather, route = Line(), Gathering(QUICK), Route("sms", ("+861",))
    about = a_notice(CaseId("case"), level=Level.III)
    told = (cast(Courier, line), message(1), route, about, PATIENCE)
    later = asyncio.create_task(gather.carry(*told, Pace.GATHERED, WhyTogether.TOGETHER))
    await asyncio.sleep(0)
    grave = a_notice(CaseId("case"), level=Level.I)
    await gather.carry(
        cast(Courier, line), message(2), route, grave, PATIENCE, Pace.ALONE, WhyTogether.TOGETHER
    )

    assert line.carried == [message(2)]
    await later
