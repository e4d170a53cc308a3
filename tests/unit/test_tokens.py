"""A token says whom it was made for; what it is worth is decided anew each time."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from shared import tokens
from shared.gatekeeping import NO_UNIT, NOT_HERE, ROLE_LOST, SOURCE_GONE, UNIT_GONE, principal_now
from shared.ids import PersonId, UnitId
from shared.problems import Problem
from shared.revocation import Revocation, RevocationList, TakenBackBy, revocation_of
from shared.tokens import Claims, Gate, Principal
from shared.vocabulary import Role
from tests.unit.directory_builders import directory, parts, person

NOW = datetime(2026, 11, 23, 0, 30, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = Ed25519PrivateKey.generate()
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=30)).map(lambda ago: NOW - ago)


def made_for(
    who: str | None = None,
    *,
    role: Role = Role.SUPERVISOR,
    unit: str | None = None,
    subject: str = "x",
    at: datetime = NOW,
) -> Claims:
    named = Principal(
        subject=who or subject,
        role=role,
        person=PersonId(who) if who else None,
        unit=UnitId(unit) if unit else None,
    )
    return tokens.new_claims(named, now=at, lasts=HOUR)


def test_a_token_brings_back_what_was_signed() -> None:
    now = datetime.now(UTC)
    claims = made_for("chi", unit="city", at=now)
    read = tokens.verify(KEY.public_key(), tokens.sign(KEY, claims))
    assert (read.id, read.principal, read.expires_at) == (
        claims.id,
        claims.principal,
        claims.expires_at.replace(microsecond=0),
    )
    assert abs(read.issued_at - now) < timedelta(milliseconds=1), "with its fraction of a second"


def test_what_the_bearer_may_is_asked_at_each_request_though_the_signature_is_checked_once() -> None:
    worth: list[Principal] = [
        Principal(subject="x", role=Role.AUDITOR),
        Principal(subject="x", role=Role.OPERATOR),
    ]
    gate = Gate(KEY.public_key(), lambda _: worth.pop(0))
    token = tokens.sign(KEY, made_for(at=datetime.now(UTC)))
    assert [gate.read(token).role, gate.read(token).role] == [Role.AUDITOR, Role.OPERATOR]


def test_what_a_proxy_wants_in_the_header_does_not_hide_the_session() -> None:
    claims = made_for("chi", at=datetime.now(UTC))
    gate = Gate(KEY.public_key(), lambda told: told.principal, lambda _: claims)
    headers = [(b"authorization", b"Basic dTpw")]
    request = Request({"type": "http", "method": "GET", "headers": headers})
    assert gate.someone(request) == claims.principal
    assert gate.claims(request) == claims


def test_the_unit_is_the_directorys() -> None:
    assert principal_now(made_for("ann", unit="county"), directory()).unit == "city"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        (made_for("nobody"), NOT_HERE),
        (made_for("ann", role=Role.LEADER), ROLE_LOST),
        (made_for("bob"), ROLE_LOST),
        (made_for(subject="source:gone", role=Role.PUBLISHER), SOURCE_GONE),
        (made_for(unit="dissolved"), UNIT_GONE),
        (made_for(role=Role.REPORTER), NO_UNIT),
    ],
)
def test_who_is_nobody_now_is_told_why(claims: Claims, why: str) -> None:
    people = [
        person("ann", roles=["supervisor"]),
        person("bob", roles=[]),
        *(person(who) for who in ("chi", "dan", "cid")),
    ]
    with pytest.raises(Problem) as refused:
        principal_now(claims, directory(**parts(people=people)))
    assert (refused.value.status, refused.value.detail) == (401, why)


def test_systems_and_shared_desks_stay_what_they_were_made_for() -> None:
    for claims in (
        made_for(subject="auditor", role=Role.AUDITOR),
        made_for(role=Role.REPORTER, unit="county", subject="unit:county"),
    ):
        assert principal_now(claims, directory()) == claims.principal


@given(
    issued=MOMENTS,
    taken=MOMENTS,
    by=st.sampled_from([TakenBackBy.PERSON, TakenBackBy.SUBJECT, TakenBackBy.ROLE]),
    has_id=st.booleans(),
)
def test_all_of_somebody_means_all_issued_until_then(
    issued: datetime, taken: datetime, by: TakenBackBy, *, has_id: bool
) -> None:
    claims = made_for("chi", at=issued)
    claims = claims if has_id else claims.model_copy(update={"id": None})
    value = "supervisor" if by is TakenBackBy.ROLE else "chi"
    revoked = RevocationList(revision=1).with_entries(
        [Revocation(by=by, value=value, at=taken, ends_at=taken + 31 * 24 * HOUR)], taken
    )
    assert (revocation_of(claims, revoked.by_value()) is not None) == (issued <= taken)


def test_one_token_is_taken_back_whatever_the_operators_clock_says() -> None:
    claims, other = made_for("chi"), made_for("chi")
    entry = Revocation(by=TakenBackBy.TOKEN, value=claims.id or "", at=NOW - HOUR, ends_at=NOW + HOUR)
    entries = RevocationList(revision=1, entries=(entry,)).by_value()
    assert revocation_of(claims, entries) == entry
    assert revocation_of(other, entries) is None


def test_the_list_forgets_what_has_ended_by_itself_and_only_grows_in_revision() -> None:
    first = Revocation(by=TakenBackBy.PERSON, value="chi", at=NOW, ends_at=NOW + HOUR)
    later = first.model_copy(update={"at": NOW + HOUR / 2, "ends_at": NOW + 2 * HOUR})
    once = RevocationList(revision=1).with_entries([first], NOW)
    twice = once.with_entries([later], NOW + HOUR / 2)
    assert (once.entries, twice.entries) == ((first,), (later,))
    assert twice.with_entries([], NOW + 3 * HOUR).entries == ()
    assert [once.revision, twice.revision] == [2, 3]
