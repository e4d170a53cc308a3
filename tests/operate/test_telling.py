"""The story's lines come from facts and say who was lit, by which channel, what is due when."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from fenghuo.demo.ledger import OpenDuties
from fenghuo.demo.telling import Teller
from shared.directory import load_directory
from shared.facts import (
    About,
    Acknowledgement,
    Actor,
    Decision,
    Deliveries,
    Delivery,
    Effect,
    EffectKind,
    Fact,
    LapseCause,
    Report,
    Value,
    Via,
)
from shared.ids import AreaCode, CaseId, DutyId, NoticeId, PersonId, PostId, UnitId
from shared.vocabulary import Category, Kind, Level, Role
from tests.lab import ROOT

NOW = datetime(2026, 11, 23, 3, 12, 4, tzinfo=UTC)
CASE = CaseId("01J00000000000000000000000")
DIRECTORY = load_directory(ROOT / "config" / "directory.yaml")


@pytest.fixture
def teller() -> Teller:
    return Teller(DIRECTORY, ZoneInfo("Asia/Shanghai"))


def fact(kind: Kind, data: BaseModel | Value, id: str = "1") -> Fact:  # noqa: A002 - CloudEvents' word
    return Fact.of(kind, id=id, source="/test", subject=CASE, time=NOW, data=data)


def decided(*effects: Effect, about: str = "0") -> Fact:
    said = About(id=about, kind="reported", sequence=1, time=NOW)
    return fact(Kind.DECIDED, Decision(case=CASE, about=said, policy="p", effects=effects))


def effect(
    kind: EffectKind, person: str, why: str = "owed_on_report", rule: str = "first_report", **more: Any
) -> Effect:
    return Effect(
        kind=kind,
        why=why,
        person=PersonId(person),
        duty=DutyId(f"{rule}-{person}"),
        duty_rule=rule,
        unit=UnitId("water_bureau"),
        **more,
    )


def told(teller: Teller, *facts: Fact) -> list[str]:
    return [f"{line.tag} {line.word} {line.whole}" for line in teller.tell([(one, NOW) for one in facts])]


def report() -> Fact:
    data = Report(
        category=Category.ACCIDENT,
        level=Level.II,
        unit=UnitId("water_bureau"),
        area=AreaCode("620621"),
        occurred_at=NOW,
        learned_at=NOW,
        summary="水厂泄漏",
        received_at=NOW,
        reported_by="wei_chou",
    )
    return fact(Kind.REPORTED, data)


def delivered(person: str, channel: str) -> Fact:
    done = Delivery(
        notice=NoticeId("n"),
        person=PersonId(person),
        channel=channel,
        address="…01",
        attempts=1,
        first_tried_at=NOW,
        done_at=NOW,
    )
    return fact(Kind.DELIVERED, Deliveries(deliveries=(done,)))


def acknowledged(person: str, via: Via, id: str) -> Fact:  # noqa: A002 - CloudEvents' word
    return fact(
        Kind.ACKNOWLEDGED,
        Acknowledgement(person=PersonId(person), via=via, by=Actor(principal=person, role=Role.LEADER)),
        id,
    )


def test_a_report_says_what_where_from_and_gets_a_letter(teller: Teller) -> None:
    assert told(teller, report()) == ["A reported 水厂泄漏\n市水务局 Water Bureau, level II"]


def test_those_who_are_lit_stand_with_their_limit(teller: Teller) -> None:
    due = NOW + timedelta(seconds=30)
    opened = [effect(EffectKind.OPENED, person, due_at=due) for person in ("zhao_jia", "qian_yi")]

    (line,) = told(teller, decided(*opened))

    assert "11:12:34" in line
    assert line.endswith("赵甲 Zhao Jia, 钱乙 Qian Yi")


def test_deliveries_side_by_side_are_one_line(teller: Teller) -> None:
    told(teller, report())

    lines = told(
        teller,
        *(delivered(person, channel) for person in ("zhao_jia", "qian_yi") for channel in ("voice", "sms")),
    )

    assert lines == ["A delivered voice to 赵甲, 钱乙; sms to 赵甲, 钱乙"]


def test_people_who_answer_alike_share_a_line_and_others_do_not(teller: Teller) -> None:
    def answers(person: str, via: Via) -> tuple[Fact, Fact]:
        done = effect(EffectKind.DISCHARGED, person, "acknowledged_in_time")
        return acknowledged(person, via, person), decided(done, about=person)

    lines = told(
        teller, *answers("zhao_jia", Via.LINK), *answers("qian_yi", Via.API), *answers("sun_bing", Via.API)
    )

    assert [line.count("answered") for line in lines] == [1, 1]
    assert "赵甲 Zhao Jia by the link in the message, in time" in lines[0]
    assert "钱乙 Qian Yi, 孙丙 Sun Bing by their own system, in time" in lines[1]


def test_a_lapse_says_who_stood_in(teller: Teller) -> None:
    late = effect(
        EffectKind.LAPSED,
        "li_ding",
        "limit_passed",
        cause=LapseCause.NOT_ACKNOWLEDGED,
        stood_in=PersonId("wu_ji"),
    )

    (line,) = told(teller, decided(late))

    assert "李丁 Li Ding had not answered by the limit; 吴己 Wu Ji stood in" in line


def test_a_late_report_is_laid_to_the_unit(teller: Teller) -> None:
    people = ("zhao_jia", "qian_yi")
    late = [
        effect(
            EffectKind.LAPSED, person, "limit_passed", cause=LapseCause.REPORTED_LATE, late_by_seconds=600.0
        )
        for person in people
    ]

    (line,) = told(teller, decided(*late))

    assert "市水务局 Water Bureau reported 600 s late: on record for each of the 2 it owed" in line


def test_what_a_unit_owes_stands_with_its_limits_in_one_line(teller: Teller) -> None:
    due = NOW + timedelta(minutes=1)
    owed = [
        effect(EffectKind.OPENED, "wei_chou", "owed", rule, due_at=due) for rule in ("written_report", "plan")
    ]

    (line,) = told(teller, decided(*owed))

    assert line.endswith("owes 卫丑 Wei Chou: written report by 11:13:04, plan by 11:13:04")


def test_what_is_done_by_an_act_is_done_and_not_answered(teller: Teller) -> None:
    (line,) = told(
        teller, decided(effect(EffectKind.DISCHARGED, "wei_chou", "done_in_time", "written_report"))
    )

    assert line.endswith("done 卫丑 Wei Chou: written report, in time")


@pytest.mark.parametrize("kind", EffectKind)
def test_no_effect_breaks_the_story(teller: Teller, kind: EffectKind) -> None:
    told(
        teller,
        decided(effect(kind, "li_ding", due_at=NOW, was=NOW, note="…"), Effect(kind=kind, why="because")),
    )


@pytest.mark.parametrize(
    ("kind", "why", "said"),
    [
        (EffectKind.DARK, "dark_after_wait", "dark 李丁 Li Ding: no answer in time"),
        (
            EffectKind.UNREACHED,
            "every_channel_failed",
            "not reached 李丁 Li Ding: every line failed, no waiting",
        ),
    ],
)
def test_why_somebody_is_dark(teller: Teller, kind: EffectKind, why: str, said: str) -> None:
    assert told(teller, decided(effect(kind, "li_ding", why))) == [f"  {said}"]


def test_the_ledger_holds_what_is_owed_until_it_is_done() -> None:
    ledger = OpenDuties()
    due = NOW + timedelta(seconds=30)
    ledger.take(
        decided(
            effect(EffectKind.OPENED, "li_ding", due_at=due),
            effect(EffectKind.OPENED, "zhao_jia", due_at=due),
        )
    )
    ledger.take(decided(effect(EffectKind.DISCHARGED, "zhao_jia")))
    taken = Effect(
        kind=EffectKind.TAKEN,
        why="w",
        duty=DutyId("first_report-li_ding"),
        person=PersonId("wu_ji"),
        post=PostId("secretary_general"),
    )
    ledger.take(decided(taken))

    (owed,) = ledger.by_due()
    assert (owed.person, owed.due_at, owed.taken_by) == ("li_ding", due, "wu_ji")


def test_another_case_is_named_by_its_tag(teller: Teller) -> None:
    other = CaseId("01J00000000000000000000001")
    teller.tags[other] = "B"
    merged = Effect(kind=EffectKind.STATUS, why="merged", note=other)
    ended = effect(EffectKind.CANCELLED, "zhou_wu", f"carried_on_in:{other}")
    lines = [line.whole for line in teller.tell([(decided(merged, ended), NOW)])]
    assert [line for line in lines if other in line] == []
    assert sum("B" in line for line in lines) == 2
