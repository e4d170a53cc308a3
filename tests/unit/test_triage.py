"""The board's order: what is grave, new and unanswered stands first, and what lapsed long ago last."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.board.card import Card, card_of
from services.intake.board.triage import rings, triage_order
from shared.case import DutyState, Lit, write_case
from shared.ids import CaseId, NoticeId, PersonId, PostId
from shared.vocabulary import Level, ReportKind
from tests.intake.builders import case, duty

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def card(
    name: str,
    level: Level | None,
    *,
    hours: float = 0.1,
    answered: bool = False,
    state: DutyState = DutyState.OPEN,
    report: dict[str, Any] | None = None,
    **changes: Any,
) -> Card:
    """Reported that many hours ago; one leader was called, half an hour to answer."""
    opened_at = NOW - timedelta(hours=hours)
    call = Lit(
        person=PersonId("leader_a"),
        post=PostId("party_main"),
        notice=NoticeId("n"),
        at=opened_at,
        answered_at=opened_at if answered else None,
    )
    owed = duty("leader_a", opened_at + timedelta(minutes=30), state, lit=(call,))
    written = case(
        name,
        level=level,
        opened_at=opened_at,
        duties=(owed,),
        report={"level": level, **(report or {})},
        **changes,
    )
    return card_of(CaseId(name), 1, write_case(written))


def test_the_most_pressing_case_stands_first() -> None:
    week = 24.0 * 7
    lapsed: dict[str, Any] = {"hours": week, "state": DutyState.LAPSED}
    cards = [
        card("1 explosion of a moment ago", Level.I),
        card("2 grave and unanswered", Level.II, hours=0.3),
        card("3 not graded yet, so perhaps grave", None, hours=0.4),
        card("4 serious, unanswered", Level.III),
        card("5 the gravest, in hand", Level.I, answered=True),
        card("6 ordinary, unanswered", Level.IV),
        card("7 an exercise", Level.I, report={"exercise": True}),
        card("8 lapsed a week ago, never answered", Level.I, **lapsed),
        card("9 lapsed a week ago, ordinary", Level.IV, **lapsed),
    ]
    upside_down = cards[::-1]
    ordered = sorted(upside_down, key=lambda card: triage_order(card, NOW))
    assert [card.case for card in ordered] == [card.case for card in cards]


def test_of_two_alike_the_newer_stands_first() -> None:
    older, newer = card("a", Level.II, hours=0.4), card("b", Level.II, hours=0.2)
    assert triage_order(newer, NOW) < triage_order(older, NOW)


@pytest.mark.parametrize(
    ("shown", "loud"),
    [
        (card("level I", Level.I), True),
        (card("level II", Level.II), True),
        (card("sensitive", Level.IV, sensitive=True), True),
        (card("not graded", None), True),
        (card("not answered for a day", Level.I, hours=24.2), True),
        (card("level III", Level.III), False),
        (card("petition", None, report={"kind": ReportKind.PETITION}), False),
        (card("exercise", Level.I, report={"exercise": True}), False),
        (card("old and in hand", Level.I, hours=30, answered=True), False),
    ],
    ids=lambda value: value.case if isinstance(value, Card) else "",
)
def test_what_is_grave_and_new_rings(shown: Card, loud: bool) -> None:
    assert rings(shown, NOW) is loud
