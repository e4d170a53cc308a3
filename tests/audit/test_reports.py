"""Reports: what the one pass counts is what a naive count over all facts finds, and each figure has the
records it was made of.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.reading.views import NotInTrail
from services.audit.reports.declared import REPORTS
from services.audit.reports.names import ReportName
from services.audit.reports.question import ReportQuestion
from services.audit.reports.reports import Reports
from services.audit.reports.views import Holding, Reachability, Resolution, Timeliness, Trend
from services.audit.reports.window import Window
from services.audit.reports.workload import COUNTED, Workload
from shared.vocabulary import Kind
from tests.audit.virtual_month import MonthTrail, month_trail, virtual_month
from tests.stories.stage import moment

ZONE = ZoneInfo("Asia/Shanghai")
SEEDS = (1, 2)
OCTOBER = Window(moment("2026-10-01 00:00"), moment("2026-10-31 23:59"))
times = st.integers(0, 33 * 24).map(lambda hours: moment("2026-10-01 00:00") + timedelta(hours=hours))


def reports_of(seed: int) -> Reports:
    return Reports(month_trail(seed).reader, ZONE)


class Naive:
    """Everything in memory, gone through as often as it takes."""

    def __init__(self, seed: int, since: datetime, until: datetime) -> None:
        self.facts = virtual_month(seed)
        self.since, self.until = since, until
        self.exercises = {
            fact.subject for fact, _ in self.facts if fact.kind == Kind.REPORTED and fact.data.get("exercise")
        }

        self.excused_lapses = {
            (fact.subject, effect["duty"])
            for fact, _ in self.facts
            for effect in fact.data.get("effects", ())
            if effect["kind"] == "lapsed" and (set(effect.get("excuses", ())) - {"snoozed"})
        }
        """Of the whole month: whoever does late what something excused is not late."""

    def inside(self, *kinds: str) -> Iterator[tuple[int, dict[str, Any], str]]:
        for index, (fact, at) in enumerate(self.facts):
            if fact.kind in kinds and self.since <= at <= self.until and fact.subject not in self.exercises:
                yield index, fact.data, fact.subject or ""

    def effects(self, kind: str) -> Iterator[tuple[int, dict[str, Any], str]]:
        for index, data, case in self.inside(Kind.DECIDED):
            for effect in data.get("effects", ()):
                if effect["kind"] == kind and effect.get("duty"):
                    yield index, effect, case

    def fates(self) -> dict[str, Counter[str]]:
        """By unit: in time, late, lapsed; late reports."""
        units: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for _, effect, case in self.effects("discharged"):
            late = "late_excused" if (case, effect["duty"]) in self.excused_lapses else "late"
            units[effect["unit"]][late if "late_by_seconds" in effect else "in_time"] += 1
        for _, effect, _ in self.effects("lapsed"):
            units[effect["unit"]]["lapsed"] += 1
            units[effect["unit"]]["reported_late"] += effect["cause"] == "reported_late"
        return units

    def excused(self) -> int:
        """Lapses of the window for which a referral, whenever it came, or the lapse itself names an
        excuse.
        """
        lapsed = {
            (case, effect["duty"]): bool(set(effect.get("excuses", ())) - {"snoozed"})
            for _, effect, case in self.effects("lapsed")
        }
        for fact, at in self.facts:
            if (
                fact.kind == Kind.REFERRED
                and at <= self.until
                and (fact.data["case"], fact.data["duty"]) in lapsed
            ):
                lapsed[fact.data["case"], fact.data["duty"]] |= bool(
                    set(fact.data.get("excuses", ())) - {"snoozed"}
                )
        return sum(lapsed.values())


@pytest.mark.parametrize("seed", SEEDS)
@given(since=times, until=times)
@settings(max_examples=8, deadline=None)
async def test_how_duties_stood_to_their_limits_is_what_a_naive_count_finds(
    seed: int, since: datetime, until: datetime
) -> None:
    naive = Naive(seed, since, until)
    found = await reports_of(seed).answer(Timeliness, Window(since, until))
    expected = naive.fates()
    for line in found.units:
        told = expected.pop(line.unit, Counter[str]())
        names = ("in_time", "late", "lapsed", "reported_late")
        assert {name: getattr(line, name) for name in names} == {name: told[name] for name in names}, (
            line.unit
        )
    assert not expected
    assert found.whole is not None
    assert found.whole.excused == naive.excused()
    assert found.whole.duties == sum(1 for _ in naive.effects("opened"))


@pytest.mark.parametrize("seed", SEEDS)
async def test_how_long_it_took_is_known_of_duties_that_opened_before_the_window_too(seed: int) -> None:
    window = Window(moment("2026-10-12 00:00"), moment("2026-10-20 00:00"))
    naive, whole = (
        Naive(seed, window.start, moment("2026-10-20 00:00")),
        Naive(seed, moment("2026-09-01 00:00"), moment("2026-12-01 00:00")),
    )
    opened = {
        (case, effect["duty"], index): datetime.fromisoformat(naive.facts[index][0].data["about"]["time"])
        for index, effect, case in whole.effects("opened")
    }
    taken = sorted(
        (
            datetime.fromisoformat(naive.facts[index][0].data["about"]["time"])
            - max(
                (at, since)
                for (of, duty, at), since in opened.items()
                if (of, duty) == (case, effect["duty"]) and at <= index
            )[1]
        ).total_seconds()
        for index, effect, case in naive.effects("discharged")
    )
    found = (await reports_of(seed).answer(Timeliness, window)).whole
    assert found
    assert len(taken) > 10
    assert (found.median_seconds, found.worst_seconds) == (taken[(len(taken) - 1) // 2], taken[-1])


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_window_and_the_whole_agree_wherever_it_is_cut(seed: int) -> None:
    reports, cut = reports_of(seed), moment("2026-10-14 13:07")
    first = (await reports.answer(Timeliness, Window(moment("2026-10-01 00:00"), cut))).whole
    second = (
        await reports.answer(Timeliness, Window(cut + timedelta(microseconds=1), moment("2026-11-30 00:00")))
    ).whole
    whole = (await reports.answer(Timeliness, Window())).whole
    assert first
    assert second
    assert whole
    for name in ("duties", "in_time", "late", "lapsed", "reported_late", "not_answered"):
        assert getattr(first, name) + getattr(second, name) == getattr(whole, name), name


async def test_messages_are_counted_where_they_were_sent_and_answers_wherever_they_came() -> None:
    naive = Naive(1, OCTOBER.start, OCTOBER.until or OCTOBER.start)
    sent: Counter[str] = Counter()
    notices: set[str] = set()
    for _, data, _ in naive.inside(Kind.DECIDED):
        for notice in data.get("notices", ()):
            notices.update([notice["id"]] if notice.get("channels") else [])
            sent.update(notice.get("channels", ()))
    delivered = Counter(
        one["channel"]
        for _, data, _ in naive.inside(Kind.DELIVERED)
        for one in data["deliveries"]
        if one["notice"] in notices
    )
    found = await reports_of(1).answer(Reachability, OCTOBER)
    assert {line.row: line.sent for line in found.channels} == sent
    assert {line.row: line.delivered for line in found.channels} == delivered
    assert found.whole.sent == len(notices) == sum(line.sent for line in found.people)
    assert 0 < found.whole.answered <= found.whole.asked <= found.whole.sent


async def test_what_was_laid_on_each_person_and_how_often_they_were_called_is_counted_by_week() -> None:
    naive = Naive(1, OCTOBER.start, OCTOBER.until or OCTOBER.start)
    expected: Counter[tuple[str, str, str]] = Counter()
    for index, data, _ in naive.inside(Kind.DECIDED):
        week = f"{naive.facts[index][1].astimezone(ZONE):%G-W%V}"
        for effect in data.get("effects", ()):
            column = {"opened": "duties", "discharged": "done", "lapsed": "lapsed"}.get(effect["kind"])
            if column and effect.get("duty") and effect.get("person"):
                expected[week, effect["person"], column] += 1
        for notice in data.get("notices", ()):
            if notice.get("channels"):
                expected[week, notice["person"], "calls"] += 1
    found = await REPORTS[ReportName.WORKLOAD].ask(reports_of(1), ReportQuestion(OCTOBER, records=True))
    assert isinstance(found, Workload)
    counted = {
        (line.week, line.person, column): getattr(line, column) for line in found.weeks for column in COUNTED
    }
    assert {key: number for key, number in counted.items() if number} == dict(expected)
    assert [line.week for line in found.weeks] == sorted(line.week for line in found.weeks)
    (line, *_) = [line for line in found.weeks if line.calls]
    records = await reports_of(1).records(OCTOBER, f"{line.figure}/calls")
    assert (records.count, records.indexes) == (line.calls, (line.records or {})["calls"])


async def test_matters_are_counted_without_exercises_and_what_follows_from_them() -> None:
    naive = Naive(1, OCTOBER.start, OCTOBER.until or OCTOBER.start)
    reported = [data for _, data, _ in naive.inside(Kind.REPORTED)]
    found = await reports_of(1).answer(Resolution, OCTOBER)
    assert {line.row: line.reports for line in found.kinds} == Counter(data["kind"] for data in reported)
    assert found.whole.reports == sum(data["kind"] != "accountability" for data in reported)
    assert found.exercises_left_out == len(naive.exercises) > 0
    status = Counter(
        effect["why"]
        for _, data, _ in naive.inside(Kind.DECIDED)
        for effect in data.get("effects", ())
        if effect["kind"] == "status"
    )
    assert (found.whole.resolved, found.whole.closed) == (status["resolved"], status["closed"])
    trend = await reports_of(1).answer(Trend, OCTOBER)
    assert (
        sum(day.reports for day in trend.days)
        == sum(hour.reports for hour in trend.hours)
        == found.whole.reports
    )


async def test_the_times_of_all_holders_add_up_to_the_time_matters_were_open() -> None:
    found = await reports_of(2).answer(Holding, OCTOBER)
    opened: dict[str, datetime] = {}
    total = timedelta(0)
    naive = Naive(2, OCTOBER.start, OCTOBER.until or OCTOBER.start)
    for fact, at in naive.facts:
        if at > naive.until or fact.subject in naive.exercises:
            continue
        case = fact.subject or ""
        if fact.kind == Kind.REPORTED:
            opened.setdefault(case, at)
        for effect in fact.data.get("effects", ()) if fact.kind == Kind.DECIDED else ():
            if effect["kind"] == "status" and effect["why"] in ("closed", "withdrawn", "merged"):
                total += datetime.fromisoformat(fact.data["about"]["time"]) - opened.pop(case)
            elif effect["kind"] == "status" and effect["why"] == "open":
                opened[case] = datetime.fromisoformat(fact.data["about"]["time"])
    end = min(naive.until, naive.facts[-1][1])
    total += sum((end - at for at in opened.values()), timedelta(0))
    assert sum(line.held_seconds for line in found.units) == pytest.approx(
        total.total_seconds(), abs=len(opened) + 1
    )
    assert all(len(line.chain) > 1 for line in found.chains)
    for chain in found.chains:
        assert [one.until for one in chain.chain[:-1]] == [one.since for one in chain.chain[1:]]


async def test_a_lapse_is_followed_to_what_the_organ_decided_even_after_the_window() -> None:
    first_week = Window(moment("2026-10-01 00:00"), moment("2026-10-08 00:00"))
    found = (await reports_of(1).lapses(first_week)).lapses
    facts = virtual_month(1)
    pursued = {
        (fact.data["referred"]["case"], fact.data["referred"]["duty"]): fact.subject
        for fact, _ in facts
        if fact.kind == Kind.REPORTED and fact.data.get("referred")
    }
    assert any(line.accountability for line in found)
    for line in found:
        assert line.accountability == pursued.get((line.case or "", line.duty))
    decided = [line for line in found if any(step.what == "decided" for step in line.steps)]
    assert decided
    for line in decided:
        assert [step.index for step in line.steps] == sorted(step.index for step in line.steps)
        assert facts[line.index][0].kind == Kind.DECIDED
        by = [
            fact.data["measure"]
            for fact, _ in facts
            if fact.kind == Kind.MEASURE_DECIDED and fact.subject == line.accountability
        ]
        assert next(step.measure for step in line.steps if step.what == "decided") == by[0]


@pytest.mark.parametrize("table", ["units", "leaders", "levels", "channels"])
async def test_each_figure_is_as_many_effects_as_its_records_hold(table: str) -> None:
    reports = reports_of(1)
    found = await reports.answer(Timeliness, OCTOBER, records=True)
    facts = virtual_month(1)
    for line in getattr(found, table):
        records = line.records.get("lapsed", ())
        asked = await reports.records(OCTOBER, f"{line.figure}/lapsed") if line.lapsed else None
        assert (asked.indexes if asked else ()) == records
        told: list[list[dict[str, Any]]] = [facts[index][0].data["effects"] for index in records]
        effects = [effect for one in told for effect in one]
        lapsed = sum(effect["kind"] == "lapsed" for effect in effects)
        assert line.lapsed <= lapsed
        if line.worst_late_seconds is not None:
            (worst, *_) = (await reports.records(OCTOBER, f"{line.figure}/late/worst")).indexes
            assert line.worst_late_seconds in [
                effect.get("late_by_seconds") for effect in facts[worst][0].data["effects"]
            ]
    with pytest.raises(NotInTrail):
        await reports.records(OCTOBER, "unit/nobody/late")


async def test_a_unit_is_asked_for_alone() -> None:
    reports = reports_of(1)
    every = {line.unit: line for line in (await reports.answer(Timeliness, OCTOBER)).units}
    alone = await reports.answer(
        Timeliness, Window(OCTOBER.since, OCTOBER.until, frozenset({"water_bureau", "fire_rescue"}))
    )
    assert {line.unit: line for line in alone.units} == {
        unit: every[unit] for unit in ("fire_rescue", "water_bureau")
    }


async def test_a_message_stored_twice_counts_once() -> None:
    facts = virtual_month(1)[:600]
    again = [*facts, *((fact, facts[-1][1]) for fact, _ in facts[-200:])]
    once, twice = (Reports(MonthTrail(one).reader, ZONE) for one in (facts, again))
    assert (await once.answer(Timeliness, Window())).whole == (await twice.answer(Timeliness, Window())).whole
    assert (await once.answer(Reachability, Window())).whole == (
        await twice.answer(Reachability, Window())
    ).whole


async def test_what_came_after_the_checkpoint_is_not_in_the_answer() -> None:
    trail = MonthTrail(virtual_month(1))
    trail.signed = trail.up_to(700)
    found = await Reports(trail.reader, ZONE).answer(Timeliness, Window(), records=True)
    assert found.checkpoint.size == 700
    assert all(
        index < 700 for line in found.units for indexes in (line.records or {}).values() for index in indexes
    )
