"""A link is short, and authentic or refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.messages.earlier_links import read_earlier
from services.notifier.messages.links import (
    TOKEN_LENGTH,
    Link,
    LinkExpired,
    LinkRefused,
    Links,
    NoticePlace,
    link_ends,
)
from shared.ids import CaseId, NoticeId, PersonId
from tests.notifier.earlier_links import earlier_link

NOW = datetime(2026, 11, 2, 19, 3, 7, tzinfo=UTC)
KEY = b"k" * 32
LINKS = Links(KEY)
GRACE = timedelta(hours=24)
ENDS_AT = NOW + GRACE
PLACE = NoticePlace(1_234_567, 2)
CASE = CaseId("01KB0000000000000000000000")
NOTICE = NoticeId(f"{CASE}.1234.2")
PERSON = PersonId("zhao_jia")
TOKEN = LINKS.make(PLACE, CASE, NOTICE, PERSON, ENDS_AT)


def opened(token: str, *, now: datetime = NOW, links: Links = LINKS, person: str = PERSON) -> Link:
    """As where this notice stands at any place on record."""
    return links.prove(links.claim(token), CASE, NOTICE, PersonId(person), now)


def test_a_link_says_where_its_notice_stands_and_until_when():
    claim, link = LINKS.claim(TOKEN), opened(TOKEN)
    assert claim.place == PLACE
    assert (link.token, link.case, link.notice, link.person) == (TOKEN, CASE, NOTICE, PERSON)
    assert GRACE <= link.expires_at - NOW < GRACE + timedelta(hours=1), "never shorter than promised"


@given(
    st.integers(1, 2**40 - 1),
    st.integers(0, 2**16 - 1),
    st.timedeltas(timedelta(0), timedelta(days=36_500)),
)
def test_an_sms_has_room_for_it_wherever_the_notice_stands(sequence: int, number: int, later: timedelta):
    token = LINKS.make(NoticePlace(sequence, number), CASE, NOTICE, PERSON, NOW + later)
    assert len(f"/a/{token}") <= 30
    assert len(token) == TOKEN_LENGTH
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert LINKS.claim(token).place == (sequence, number)


def test_a_link_expires():
    assert opened(TOKEN, now=ENDS_AT).case == CASE
    with pytest.raises(LinkExpired):
        opened(TOKEN, now=ENDS_AT + timedelta(hours=1))


@given(st.integers(0, len(TOKEN) - 1), st.characters())
@example(0, "\ud800")  # no character at all: it can't be encoded
@example(len(TOKEN) - 1, chr(ord(TOKEN[-1]) + 1))  # another spelling of the same bytes
def test_any_changed_character_is_refused(position: int, character: str):
    if TOKEN[position] == character:
        return
    with pytest.raises(LinkRefused):
        opened(TOKEN[:position] + character + TOKEN[position + 1 :])


@given(st.text())
def test_garbage_is_refused_and_nothing_else_happens(token: str):
    with pytest.raises(LinkRefused):
        opened(token)


def test_another_key_makes_other_links():
    with pytest.raises(LinkRefused):
        opened(TOKEN, links=Links(b"j" * 32))


def test_a_link_is_nobody_elses_than_the_notices_at_its_place():
    """A stream that was laid anew may have another notice there."""
    with pytest.raises(LinkRefused):
        opened(TOKEN, person="qian_yi")


@pytest.mark.parametrize(
    ("due_in", "lives"),
    [
        (timedelta(minutes=30), timedelta(hours=24, minutes=30)),
        (timedelta(days=15), timedelta(days=16)),
        (-timedelta(days=9), GRACE),
        (None, GRACE),
    ],
)
def test_a_link_lives_as_long_as_what_it_asks_can_be_answered(due_in: timedelta | None, lives: timedelta):
    due_at = None if due_in is None else NOW + due_in
    assert link_ends(due_at, NOW, GRACE) - NOW == lives


EARLIER = earlier_link(KEY, CASE, "1234.2", PERSON, ENDS_AT)


def test_a_link_of_an_older_message_still_opens_until_it_ends():
    link = read_earlier(KEY, EARLIER, NOW)
    assert (link.token, link.case, link.notice, link.person) == (EARLIER, CASE, NOTICE, PERSON)
    with pytest.raises(LinkExpired):
        read_earlier(KEY, EARLIER, ENDS_AT + timedelta(hours=1))


@given(st.integers(0, len(EARLIER) - 1), st.characters())
@example(0, "\ud800")
def test_any_changed_character_of_an_older_link_is_refused(position: int, character: str):
    if EARLIER[position] == character:
        return
    with pytest.raises(LinkRefused):
        read_earlier(KEY, EARLIER[:position] + character + EARLIER[position + 1 :], NOW)
