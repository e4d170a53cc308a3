"""An outside source knows what no unit has reported: matching by area, category, time and text, explained."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from services.escalator.cross_check.pairing import (
    MATCHED_AT_MOST,
    Pairing,
    ToldReport,
    best_of_each_witness,
)
from services.escalator.deciding.matching import (
    ComparedReport,
    Match,
    is_units_report,
    is_witness,
    match,
)
from services.escalator.deciding.new_case import matter_of
from services.escalator.deciding.telling_texts import compare_texts, taken_apart, words_of
from services.escalator.policy.model import CrossCheck
from shared.case import DutyState
from shared.facts import Matched, Original
from shared.ids import CaseId, SourceId
from shared.vocabulary import Category, Kind, ReportKind
from tests.escalator.builders import LEARNED, a_report, default_rules, example_directory
from tests.escalator.wire import case_now, facts_of, report
from tests.lab import Lab, until


def telling(**changes: Any) -> ComparedReport:
    return ComparedReport.of(matter_of(a_report(**changes), example_directory()))


def compared(witness: dict[str, Any], unit: dict[str, Any]) -> Match:
    return match(telling(**witness), telling(**unit), example_directory(), settings())


def settings() -> CrossCheck:
    found = default_rules().policy.document.cross_check
    assert found
    return found


def matches(witness: dict[str, Any], unit: dict[str, Any]) -> bool:
    return compared(witness, unit).score >= settings().alike


HEARD = {"kind": "opinion", "summary": "网传望山县化工厂发生爆炸，浓烟滚滚", "area": "620622"}
REPORTED = {"summary": "望山县化工厂爆炸，两人受伤", "area": "620622"}


def test_two_tellings_of_one_event_are_found_and_explained_in_words() -> None:
    found = compared(HEARD, REPORTED)
    assert found.score >= settings().alike
    words = {reason.aspect: reason.words for reason in found.why}
    assert words["area"] == "同在望山县"
    assert words["category"] == "同为事故灾难"
    assert "相隔" in words["time"]
    assert "化工" in words["text"]
    assert "爆炸" in words["text"]


def test_two_fires_in_one_county_on_one_morning_are_two() -> None:
    assert not matches(
        {**HEARD, "summary": "沙岭小学食堂着火"}, {**REPORTED, "summary": "高速公路油罐车追尾燃烧"}
    )


def test_that_both_name_their_county_makes_no_two_tellings_one() -> None:
    assert not matches({**HEARD, "summary": "望山县尾矿库溃坝"}, {**REPORTED, "summary": "望山县化工厂爆炸"})


def test_who_says_it_makes_no_two_tellings_one() -> None:
    assert not matches(
        {**HEARD, "summary": "外媒称望山尾矿库溃坝"}, {**REPORTED, "summary": "外媒报道化工厂爆炸"}
    )


def test_english_and_chinese_are_told_in_words_and_pairs() -> None:
    assert words_of("A Fire at the PLANT", "化工厂") == {"fire", "plant", "化工", "工厂"}
    assert matches(
        {**HEARD, "summary": "Explosion at chemical plant, Wangshan"},
        {**REPORTED, "summary": "Chemical plant explosion"},
    )


ENGLISH = {**HEARD, "summary": "Explosion at a chemical plant"}


def test_texts_that_cannot_be_compared_are_left_out_and_the_rest_must_fit_by_itself() -> None:
    found = compared(ENGLISH, REPORTED)
    assert {reason.aspect for reason in found.why} == {"area", "category", "time"}
    assert found.score >= settings().alike, "place, time and category are the same"
    later = LEARNED + timedelta(hours=4)
    assert not matches({**ENGLISH, "occurred_at": later, "learned_at": later}, REPORTED), "hours apart"
    assert not matches({**ENGLISH, "area": "620600"}, {**REPORTED, "category": Category.PUBLIC_HEALTH})


@pytest.mark.parametrize(
    ("english", "chinese", "alike"),
    [
        ("38 people trapped", "三十八人被困", 1.0),
        ("38 people trapped, 2 dead", "38人被困", 1.0),
        ("three dead on the G30", "G30高速三人死亡", 1.0),
        ("38 people trapped", "41人被困", None),
        ("fire", "起火", 0.0),
    ],
)
def test_english_and_chinese_are_compared_by_their_numbers(
    english: str, chinese: str, alike: float | None
) -> None:
    found = compare_texts(taken_apart(english), taken_apart(chinese))
    assert (found and found.alike) == alike


def test_a_summary_of_two_characters_matches_nothing_by_its_text() -> None:
    for other in ("城区大面积停电，居民受影响", "停电"):
        likeness = compare_texts(taken_apart("停电"), taken_apart(other))
        assert likeness is not None
        assert likeness.alike == 0


def test_a_flood_of_reports_of_one_event_matches_each_witness_a_few_times() -> None:
    said = flood(witnesses=120, reports=120)
    assert 120 <= len(said) <= 120 * MATCHED_AT_MOST
    assert max(Counter(said).values()) <= MATCHED_AT_MOST


def flood(witnesses: int, reports: int) -> list[CaseId]:
    """The witness of each match that is said, where everybody tells of one explosion in words of their own."""
    chance, pairing, said = Random(1), Pairing(), list[CaseId]()
    words = ["望山", "化工厂", "爆炸", "起火", "浓烟", "受伤", "两人", "救援", "封路", "停产", "疏散", "居民"]
    kinds = [ReportKind.OPINION] * witnesses + [ReportKind.INCIDENT] * reports
    chance.shuffle(kinds)
    for number, kind in enumerate(kinds):
        at = LEARNED + timedelta(seconds=number)
        summary = "".join(chance.sample(words, chance.randint(4, 8)))
        told = ToldReport(
            CaseId(f"{number}"), at, telling(kind=kind, summary=summary, occurred_at=at, learned_at=at)
        )
        pairing.remember(told, example_directory())
        found = pairing.compared(told, example_directory(), settings())
        for pair in best_of_each_witness(pair for pair in found if pair is not None):
            pairing.said(pair)
            said.append(pair.witness.case)
    return said


def test_the_area_may_be_the_one_around_it_but_not_another_county() -> None:
    assert matches({**HEARD, "area": "620600"}, REPORTED), "the city's media know of the county's explosion"
    assert not matches({**HEARD, "area": "620621"}, REPORTED)


@pytest.mark.parametrize(("hours", "same"), [(0, True), (3, True), (7, False), (48, False)])
def test_beyond_the_policys_window_nothing_is_one_event(hours: float, same: bool) -> None:
    at = LEARNED + timedelta(hours=hours)
    assert matches({**HEARD, "occurred_at": at, "learned_at": at}, REPORTED) is same


def test_points_are_compared_by_their_distance() -> None:
    near, far = {"latitude": 38.5, "longitude": 102.2}, {"latitude": 39.5, "longitude": 102.2}
    assert matches({**HEARD, "place": near}, {**REPORTED, "place": near})
    assert not matches({**HEARD, "place": far}, {**REPORTED, "place": near}), "111 km apart"


def test_media_hotline_and_sensors_are_witnesses_and_units_are_not() -> None:
    directory = example_directory()
    outside = next(source for source in directory.sources if source.outside)
    inside = next(source for source in directory.sources if not source.outside)

    def of(source: str | None, kind: ReportKind = ReportKind.INCIDENT) -> tuple[bool, bool]:
        original = (
            Original(format="cap", source=SourceId(source), id="1", digest="0" * 64) if source else None
        )
        matter = telling(kind=kind, original=original).matter
        return is_witness(matter, directory), is_units_report(matter, directory)

    assert of(outside.id) == (True, False)
    assert of(inside.id) == (False, True)
    assert of(None) == (False, True)
    assert of(None, ReportKind.OPINION) == (True, False)
    assert of(None, ReportKind.PETITION) == (False, False)


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(Category), st.integers(0, 10_000))
def test_a_score_is_a_share_the_same_both_ways_and_one_with_itself(
    one: str, other: str, category: Category, minutes: int
) -> None:
    at = LEARNED + timedelta(minutes=minutes)
    first = telling(summary=f"化工厂爆炸 {one}".strip())
    second = telling(summary=f"爆炸 {other}".strip(), category=category, occurred_at=at, learned_at=at)
    forth, back = (
        match(first, second, example_directory(), settings()),
        match(second, first, example_directory(), settings()),
    )
    assert 0 <= forth.score <= 1
    assert forth.score == back.score
    assert match(first, first, example_directory(), settings()).score == pytest.approx(1.0)


# Over the broker


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def at_work(lab: Lab) -> AsyncIterator[Lab]:
    service = await lab.start_service("escalator")
    yield lab
    service.stop()


async def test_a_witness_finds_the_units_report_and_a_report_finds_the_witness(at_work: Lab) -> None:
    async with at_work.connection("intake") as intake, at_work.connection("admin") as admin:
        for number, witness_first in enumerate((True, False)):
            place = f"第{number}号井"  # tells these two events from what other tests report
            seen: dict[str, Any] = {"kind": "opinion", "summary": f"网传{place}透水"}
            told: dict[str, Any] = {"summary": f"{place}透水事故"}
            first = await report(intake, **(seen if witness_first else told))
            second = await report(intake, **(told if witness_first else seen))
            witness, unit = (first, second) if witness_first else (second, first)
            data = await until(lambda witness=witness, unit=unit: _matched(admin, witness, unit))
            assert data
            assert data.score >= 0.6
            assert {reason.aspect for reason in data.why} == {"area", "category", "time", "text"}
            await until(
                lambda witness=witness: _is_settled(admin, witness), what="nothing is suspected any more"
            )


async def _matched(admin: Client, witness: CaseId, unit: CaseId) -> Matched | None:
    found = [Matched.model_validate(fact.data) for _, fact in await facts_of(admin, witness, Kind.MATCHED)]
    return next((one for one in found if one.report == unit), None)


async def _is_settled(admin: Client, witness: CaseId) -> bool:
    case = await case_now(admin, witness)
    if case is None or case.suspicion is None or case.suspicion.matched is None:
        return False
    return all(duty.state is DutyState.DISCHARGED for duty in case.duties if duty.rule == "cross_check")


async def test_one_who_restarts_remembers_what_was_told_before(at_work: Lab) -> None:
    async with at_work.connection("intake") as intake, at_work.connection("admin") as admin:
        witness = await report(intake, kind="opinion", summary="网传凤鸣桥垮塌")
        await until(lambda: case_now(admin, witness))
        another = await at_work.start_service("escalator")
        try:
            unit = await report(intake, summary="凤鸣桥垮塌")
            await until(lambda: _matched(admin, witness, unit))
        finally:
            another.stop()


async def test_a_witness_that_is_matched_is_not_matched_again_by_what_is_no_more_alike(at_work: Lab) -> None:
    async with at_work.connection("intake") as intake, at_work.connection("admin") as admin:
        told: dict[str, Any] = {"summary": "石桥镇粮库垮塌"}
        witness = await report(intake, kind="opinion", summary="网传石桥镇粮库垮塌")
        first = await report(intake, **told)
        await until(lambda: _matched(admin, witness, first))
        before = len(await facts_of(admin, witness, Kind.MATCHED))
        for _ in range(5):
            await report(intake, **told)
        another = await report(intake, kind="opinion", summary="网传石桥镇粮库垮塌")
        await until(
            lambda: facts_of(admin, another, Kind.MATCHED), what="all that came before it has been compared"
        )
        assert len(await facts_of(admin, witness, Kind.MATCHED)) == before
