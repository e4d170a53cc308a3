"""An acknowledgement link is authentic or refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.messages.links import LinkExpired, LinkRefused, Links, link_ends
from shared.ids import CaseId, NoticeId, PersonId

NOW = datetime(2026, 11, 2, 19, 3, 7, tzinfo=UTC)
LINKS = Links(b"k" * 32)
GRACE = timedelta(hours=24)
ENDS_AT = NOW + GRACE
CASE = CaseId("01KB0000000000000000000000")
NOTICE = NoticeId(f"{CASE}.1234.2")
PERSON = PersonId("zhao_jia")
TOKEN = LINKS.make(CASE, NOTICE, PERSON, ENDS_AT)


def test_a_link_says_who_what_and_until_when():
    link = LINKS.read(TOKEN, NOW)
    assert (link.case, link.notice, link.person) == (CASE, NOTICE, PERSON)
    assert GRACE <= link.expires_at - NOW < GRACE + timedelta(hours=1), "never shorter than promised"
    assert len(TOKEN) < 75


def test_a_link_expires():
    assert LINKS.read(TOKEN, ENDS_AT).case == CASE
    with pytest.raises(LinkExpired):
        LINKS.read(TOKEN, ENDS_AT + timedelta(hours=1))


@given(st.integers(0, len(TOKEN) - 1), st.characters())
@example(0, "\ud800")  # no character at all: it can't be encoded
def test_any_changed_character_is_refused(position: int, character: str):
    if TOKEN[position] == character:
        return
    with pytest.raises(LinkRefused):
        LINKS.read(TOKEN[:position] + character + TOKEN[position + 1 :], NOW)


@given(st.text())
def test_garbage_is_refused_and_nothing_else_happens(token: str):
    with pytest.raises(LinkRefused):
        LINKS.read(token, NOW)


def test_another_key_makes_other_links():
    with pytest.raises(LinkRefused):
        Links(b"j" * 32).read(TOKEN, NOW)


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_whatever_the_ids_are_they_come_back_and_the_link_is_plain(case: str, notice: str, person: str):
    token = LINKS.make(CaseId(case), NoticeId(notice), PersonId(person), ENDS_AT)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~=")
    link = LINKS.read(token, NOW)
    assert (link.case, link.notice, link.person) == (case, notice, person)


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
