"""A case that outgrows a message goes on in parts, which put together are the case as it would be stored
whole.
"""

import zlib

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.escalator.deciding.draft import NOTICES_TOGETHER, notice_id
from services.intake.board.board import Board
from services.intake.board.card import card_of
from shared.case import Case, Item, LogEntry, read_case, write_case
from shared.case_parts import (
    LARGEST,
    MANY,
    RUN,
    TooLargeError,
    head_of,
    is_parted,
    parted_decision,
    places_of,
    put_together,
    stow,
)
from shared.facts import Effect, EffectKind
from shared.ids import PersonId, UnitId
from shared.kept_fields import unknown_in
from shared.vocabulary import Kind
from tests.escalator.builders import CASE, LEARNED, Story


def a_case() -> Case:
    story = Story()
    story.reported()
    return story.now


def an_item(number: int, summary: str = "老楼外墙脱落") -> Item:
    return Item(
        number=number,
        unit=UnitId("government"),
        summary=f"{summary} {number}",
        measure="围挡加固",
        owner=PersonId("zhao_jia"),
        at=LEARNED,
        by="zhao_jia",
    )


def items(many: int) -> tuple[Item, ...]:
    return tuple(map(an_item, range(1, many + 1)))


def test_a_case_that_fits_is_stored_as_ever() -> None:
    case = a_case()
    stowed = stow(case)
    assert (stowed.raw, stowed.parts) == (write_case(case), {})
    assert put_together(stowed.raw, {}) == stowed.raw == head_of(stowed.raw)


def test_ten_thousand_items_go_into_parts_and_one_more_writes_one_part() -> None:
    case = replace(a_case(), items=items(10_000))
    stowed = stow(case)
    assert max(len(stowed.raw), *map(len, stowed.parts.values())) < LARGEST
    assert read_case(put_together(stowed.raw, stowed.parts)) == case
    more = replace(case, items=(*case.items, an_item(10_001)))
    again = stow(more, stowed.runs)
    assert len(again.parts) == 1, "the rest is there already"
    assert read_case(put_together(again.raw, {**stowed.parts, **again.parts})) == more
    assert again.named - stowed.named == set(again.parts)
    changed = replace(more, items=(*more.items[:500], an_item(501, "整改"), *more.items[501:]))
    assert len(stow(changed, again.runs).parts) == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 3 * RUN), st.integers(0, 20), st.integers(0, 20_000), st.integers(0, 3_000))
def test_whatever_grows_it_comes_back_the_same(many: int, entries: int, text: int, effects: int) -> None:
    case = a_case()
    log = tuple(
        LogEntry(sequence=n, at=LEARNED, kind=Kind.PROGRESSED, by="x", text="进" * text)
        for n in range(entries)
    )
    told = tuple(
        Effect(kind=EffectKind.NOTED, why="item_registered", note="进展" * 40) for _ in range(effects)
    )
    case = replace(case, items=items(many), log=log, decision=replace(case.decision, effects=told))
    stowed = stow(case)
    assert max(map(len, (stowed.raw, *stowed.parts.values()))) < LARGEST
    assert read_case(put_together(stowed.raw, stowed.parts)) == case
    if is_parted(stowed.raw):
        assert read_case(put_together(stowed.raw, stowed.parts, frozenset({"items"}))) == replace(
            case, items=()
        )
        assert b'"id"' in head_of(stowed.raw)


def test_what_does_not_fit_even_so_is_said() -> None:
    with pytest.raises(TooLargeError, match="one entry takes"):
        stow(replace(a_case(), items=(*items(MANY), an_item(1, "长" * LARGEST))))


def test_a_card_waits_for_a_part_that_was_stored_again_after_the_case() -> None:
    case = replace(a_case(), items=items(MANY))
    stowed = stow(case)
    board = Board()
    first, *others = stowed.parts.items()
    for address, raw in others:
        board.put_part(CASE, address, raw)
    board.put(CASE, 7, stowed.raw)
    assert board.card(CASE) is None
    board.put_part(CASE, *first)
    card = board.card(CASE)
    assert card is not None
    assert card.whole == case
    assert card.lean == replace(case, items=(), log=())
    board.remove_part(CASE, first[0])
    assert card.whole == case, "who has the card has its parts"


def test_a_cards_lists_are_read_from_the_parts() -> None:
    case = a_case()
    duties = tuple(replace(case.duties[0], id=f"{case.duties[0].id}.{n}") for n in range(MANY))  # type: ignore[arg-type]
    stowed = stow(replace(case, duties=duties))
    assert "duties" in places_of(stowed.raw)
    card = card_of(
        CASE, 1, stowed.raw, {address: zlib.compress(raw) for address, raw in stowed.parts.items()}
    )
    assert len(card.owed) == MANY
    assert (card.summary, len(card.owed_duties.duties)) == (case.report.summary, MANY)


def test_a_decision_that_outgrows_a_fact_goes_out_in_several_with_all_of_it_once() -> None:
    case = a_case()
    like = case.decision.notices[0]
    notices = tuple(replace(like, id=notice_id(CASE, 9, number)) for number in range(3 * NOTICES_TOGETHER))
    whole = replace(
        case.decision,
        effects=tuple(Effect(kind=EffectKind.NOTED, why="x", note="长" * 500) for _ in range(900)),
        notices=notices,
    )
    parts = parted_decision(whole)
    assert len(parts) > 3
    assert tuple(effect for part in parts for effect in part.effects) == whole.effects
    assert tuple(notice for part in parts for notice in part.notices) == notices
    assert [part.clock for part in parts] == [whole.clock, *[None] * (len(parts) - 1)]
    for part in parts:
        assert len({notice.id.rpartition(".")[0] for notice in part.notices}) <= 1, (
            "told together, recorded together"
        )
    assert len({notice.id for notice in notices}) == len(notices)
    assert parted_decision(case.decision) == (case.decision,)


def test_what_a_newer_version_has_written_in_a_part_stays_there() -> None:
    case = a_case()
    duties = tuple(replace(case.duties[0], id=f"{case.duties[0].id}.{n}") for n in range(MANY))  # type: ignore[arg-type]
    newer = orjson.loads(write_case(replace(case, duties=duties)))
    newer["weather"], newer["duties"][150]["novel"] = "rain", [1]
    raw = orjson.dumps(newer)
    known = read_case(raw)
    stowed = stow(known, unknown=unknown_in(raw, write_case(known)))
    assert orjson.loads(put_together(stowed.raw, stowed.parts)) == newer
