"""The search index by itself: what is put in is found again, at every level, and nothing that should be found
is passed over.
"""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.records import search_terms as terms
from services.audit.records import search_tiles as tiles
from services.audit.records.fields import searched_words
from services.audit.records.search_tiles import BLOCK, FAN, Block, Tile

OFFSETS = st.sets(st.integers(0, BLOCK - 1), max_size=300)
TERMS = st.binary(min_size=1, max_size=8)


@given(st.dictionaries(TERMS, OFFSETS, max_size=8))
def test_a_tile_is_read_as_it_was_written(held: dict[bytes, set[int]]) -> None:
    tile: Tile = {}
    for term, offsets in held.items():
        for offset in offsets:
            tiles.mark(tile, offset, [term])
    assert tiles.read(tiles.write(tile)) == tile
    content = tiles.postings(tiles.write(tile))
    for term, offsets in held.items():
        assert list(tiles.offsets(tiles.look_up(content, term))) == sorted(offsets)
        assert list(tiles.offsets_from_the_top(tiles.look_up(content, term))) == sorted(offsets, reverse=True)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.dictionaries(TERMS, OFFSETS.filter(bool), max_size=3), min_size=FAN, max_size=FAN))
def test_what_sixteen_blocks_name_the_block_above_names(blocks: list[dict[bytes, set[int]]]) -> None:
    children: list[Tile] = [
        {term: sum(1 << at for at in offsets) for term, offsets in held.items()} for held in blocks
    ]
    rolled = tiles.roll_up(Block(0, 0), children)
    for term in {term for held in blocks for term in held}:
        wanted = {number * BLOCK + at for number, held in enumerate(blocks) for at in held.get(term, ())}
        assert set(tiles.offsets(rolled[tiles.bucket_of(term, 1)][term])) == wanted
        assert [number for number, tile in enumerate(rolled) if term in tile] == [tiles.bucket_of(term, 1)]


@given(st.integers(0, 900_000), st.integers(0, 900_000), st.integers(0, 900_000))
def test_the_blocks_of_a_search_hold_what_is_complete_of_it_once(low: int, high: int, size: int) -> None:
    blocks = tiles.cover(low, high, size)
    held = sorted((block.start, block.end) for block in blocks)
    edge = size - size % BLOCK
    if low < min(high, edge):
        assert held[0][0] <= low
        assert held[-1][1] >= min(high, edge)
        assert held[-1][1] <= edge
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(held))
    assert len(blocks) <= 3 * FAN


def test_each_block_is_built_after_those_it_is_rolled_up_from() -> None:
    built = list(tiles.blocks_below(BLOCK * FAN * FAN + 5))
    assert built[-2:] == [Block(1, FAN - 1), Block(2, 0)]
    for at, block in enumerate(built):
        assert set(block.children()) <= set(built[:at])
    assert len(built) == FAN * FAN + FAN + 1


def test_no_two_tiles_have_one_key() -> None:
    keys = [
        key
        for name in (0, 0xFFFFF)
        for block in tiles.blocks_below(BLOCK * 300)
        for key in tiles.keys_of(block, name)
    ]
    assert len(set(keys)) == len(keys)
    assert max(keys) < 1 << 63
    assert set(tiles.keys_over(BLOCK * 17 + 3)) == {
        key for block in (Block(0, 17), Block(1, 1), Block(2, 0)) for key in tiles.keys_of(block)
    }


@given(st.text(alphabet="北门燃气ab cＡ12-é", max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_piece_of_a_text_has_no_gram_the_text_has_not(text: str, start: int, end: int) -> None:
    whole = terms.normal(text)
    assert terms.grams_of(whole[start:end]) <= terms.grams_of(whole)


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("北门market2号", ("北门", "门m", "mar", "ark", "rke", "ket", "et2", "2号")),
        ("a b", ()),
        ("火", ()),
        ("Ｇas-2", ("gas",)),
    ],
)
def test_words_are_looked_for_by_pairs_of_han_and_threes_of_other_letters(
    text: str, grams: tuple[str, ...]
) -> None:
    assert terms.grams_of(terms.normal(text)) == set(grams)


def test_words_under_another_key_are_other_words() -> None:
    one, other = terms.Macs(b"1" * 32), terms.Macs(b"2" * 32)
    assert one.of("北门") != other.of("北门")
    assert one.name != other.name


@pytest.mark.parametrize(
    ("code", "root", "term"),
    [
        ("620600", "6206", "area:6206"),
        ("620000", "62", "area:62"),
        ("620622", "620622", "area:620622"),
        ("62062", "62062", "area:6206"),
        ("620622101", "620622101", "area:620622101"),
        ("6", "6", None),
    ],
)
def test_a_division_is_found_with_all_within_it(code: str, root: str, term: str | None) -> None:
    assert (terms.root_of(code), terms.area_term(code)) == (root, term)
    if term:
        assert term.removeprefix("area:") in set(terms.prefixes_of(code.ljust(6, "1")))


def test_claimed_times_are_asked_for_by_whole_months_and_single_days() -> None:
    def between(since: str, until: str) -> tuple[str, ...]:
        return terms.days_between(
            datetime.fromisoformat(since).replace(tzinfo=UTC),
            datetime.fromisoformat(until).replace(tzinfo=UTC),
        )

    assert between("2026-01-31", "2026-03-01") == ("day:2026-01-31", "month:2026-02", "day:2026-03-01")
    assert between("2026-02-01", "2026-02-28") == ("month:2026-02",)
    assert between("1990-01-01", "2026-02-28") == ()
    assert terms.days_between(None, datetime.now(UTC)) == ()


def test_what_a_form_says_is_searched_with_the_cells_of_its_tables_until_it_is_erased() -> None:
    rows = [{"section": "桥头弯道", "grave": True}, {"section": None}, "odd"]
    form: dict[str, Any] = {"id": "x", "fields": {"road": "望沙公路", "sections": rows, "count": 3}}
    form["personal"] = {"parties": "王某等三户"}
    envelope = {"data": {"summary": "检查", "form": form}}
    assert searched_words(envelope) == "检查\n望沙公路\n桥头弯道\n王某等三户"
    form["personal"] = None
    assert "王某" not in searched_words(envelope)


def test_tiles_of_the_words_that_an_earlier_version_searched_are_other_tiles() -> None:
    macs = terms.Macs(b"1" * 32)
    assert len({macs.name, *macs.earlier_names}) == len(terms.VERSIONS)
