"""A session says no more than the link that opened it, and ends when its use does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import PersonId
from shared.session_follower import Sessions
from shared.sessions import (
    LETTERS,
    LONGEST,
    LoginLink,
    OpenSession,
    SessionBook,
    SessionMoment,
    digest_of,
    new_code,
    read_code,
    shown_code,
)
from shared.vocabulary import Role
from shared.web.log_in import LogIn

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
SHIFT = timedelta(hours=12)
CODE, COOKIE = digest_of("code"), "cookie"


def book(
    *, roles: tuple[Role, ...] = (Role.LEADER,), person: str = "sun_bing", began: datetime = NOW
) -> SessionBook:
    """A link for the leader sun_bing, and a session that claims to come of it."""
    sessions = SessionBook()
    link = LoginLink(
        person=PersonId("sun_bing"), roles=(Role.LEADER,), issued_at=NOW, ends_at=NOW + timedelta(minutes=10)
    )
    sessions.take(f"link.{CODE}", link.model_dump_json().encode())
    take_session(sessions, CODE, roles=roles, person=person, began=began)
    return sessions


def take_session(
    sessions: SessionBook, digest: str, *, roles: tuple[Role, ...], person: str, began: datetime = NOW
) -> None:
    session = OpenSession(
        id="01", secret=digest_of(COOKIE), person=PersonId(person), roles=roles, began=began, lasts=SHIFT
    )
    sessions.take(f"open.{digest}", session.model_dump_json().encode())


def use(sessions: SessionBook, at: datetime, key: str = "used") -> None:
    sessions.take(f"{key}.{CODE}", SessionMoment(at=at).model_dump_json().encode())


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": (Role.LEADER, Role.REDACTOR)},
        {"person": "chen_gui"},
        {"began": NOW + timedelta(hours=1)},
        {"began": NOW - timedelta(hours=1)},
    ],
)
def test_a_session_that_says_more_than_its_link_opens_nothing(claims: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="without the link"):
        book(**claims)  # pyright: ignore[reportArgumentType] - each of its own type


def test_a_session_without_a_link_opens_nothing() -> None:
    with pytest.raises(ValueError, match="without the link"):
        take_session(SessionBook(), CODE, roles=(Role.LEADER,), person="sun_bing")


def test_a_second_session_of_the_same_link_does_not_replace_the_first() -> None:
    sessions = book()
    other = OpenSession(
        id="02",
        secret=digest_of("other"),
        person=PersonId("sun_bing"),
        roles=(Role.LEADER,),
        began=NOW,
        lasts=SHIFT,
    )
    sessions.take(f"open.{CODE}", other.model_dump_json().encode())
    assert sessions.by_cookie("other", NOW) is None
    assert sessions.by_cookie(COOKIE, NOW) is not None


def test_a_session_lasts_a_shift_from_its_last_use_on_and_a_week_at_most() -> None:
    sessions = book()
    assert sessions.by_cookie(COOKIE, NOW + SHIFT) is None
    at = NOW
    while at < NOW + LONGEST:
        assert sessions.by_cookie(COOKIE, at) is not None
        use(sessions, at)
        at += SHIFT / 2
    assert sessions.by_cookie(COOKIE, NOW + LONGEST) is None


def test_a_use_after_its_end_wakes_no_session() -> None:
    sessions = book()
    use(sessions, NOW + SHIFT + timedelta(seconds=1))
    assert sessions.by_cookie(COOKIE, NOW + SHIFT) is None


@pytest.mark.parametrize("over_first", [True, False])
def test_what_is_logged_out_stays_so_in_whatever_order_it_is_told(over_first: bool) -> None:
    sessions = SessionBook() if over_first else book()
    use(sessions, NOW, "over")
    if over_first:
        link = LoginLink(
            person=PersonId("sun_bing"),
            roles=(Role.LEADER,),
            issued_at=NOW,
            ends_at=NOW + timedelta(minutes=10),
        )
        sessions.take(f"link.{CODE}", link.model_dump_json().encode())
        take_session(sessions, CODE, roles=(Role.LEADER,), person="sun_bing")
    use(sessions, NOW + timedelta(hours=1))
    assert sessions.by_cookie(COOKIE, NOW) is None
    assert sessions.is_opened(CODE), "and its link opens no second one"


def test_who_was_at_work_for_days_stays_logged_in_where_the_bucket_is_read_anew() -> None:
    """After a restart the last use alone is told, and the session lasts from it on."""
    sessions, last = book(), NOW + timedelta(days=3)
    raw = SessionMoment(at=last).model_dump_json().encode()
    sessions.take(f"used.{CODE}", raw, last_alone=True)
    assert sessions.by_cookie(COOKIE, last + SHIFT - timedelta(seconds=1)) is not None
    assert sessions.by_cookie(COOKIE, last + SHIFT) is None


def test_the_last_use_of_a_bucket_read_anew_wakes_nothing_that_is_a_week_old() -> None:
    sessions, late = book(), NOW + LONGEST
    raw = SessionMoment(at=late).model_dump_json().encode()
    sessions.take(f"used.{CODE}", raw, last_alone=True)
    assert sessions.by_cookie(COOKIE, late) is None


def test_what_is_long_over_is_forgotten() -> None:
    sessions = book()
    sessions.forget(NOW + timedelta(seconds=1))
    assert sessions.link(CODE) is None
    assert not sessions.is_opened(CODE)


def test_a_code_is_read_as_people_type_it() -> None:
    code = new_code()
    assert read_code(f" {shown_code(code).lower().replace('0', 'o').replace('1', 'l')} ") == code


@given(st.text())
def test_whatever_is_typed_is_a_code_or_none(written: str) -> None:
    code = read_code(written)
    assert code is None or (len(code) == 12 and set(code) <= set(LETTERS))


@pytest.mark.parametrize(
    ("following", "leads_to"),
    [
        ("/cases/X?said=done", "/cases/X?said=done"),
        ("https://trail.example/records/1", "https://trail.example/records/1"),
        ("https://trail.example", "/"),
        ("https://trail.example.evil.example/", "/"),
        ("https://trail.example@evil.example/", "/"),
        ("https://trail.example/\\evil.example", "/"),
        ("//trail.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_a_log_in_leads_to_pages_of_this_installation_alone(following: str, leads_to: str) -> None:
    nobody = Sessions(lambda: pytest.fail("no broker"), lambda: pytest.fail("no directory"), lambda: NOW)
    log_in = LogIn(nobody, secure=True, others=("", "https://trail.example"))
    assert log_in.safe_next(following) == leads_to
