"""The directory is valid as a whole, says who answers at any moment, and for what."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.directory import Directory, DirectoryFault, WhyHolder, load_directory
from shared.facts import Reason
from shared.ids import PostId
from shared.lined_yaml import YamlFault
from shared.vocabulary import Category, Level, ReportKind
from tests.lab import ROOT
from tests.unit.directory_builders import (
    DAY,
    MONDAY,
    NAME,
    away,
    directory,
    parts,
    person,
    post,
    roster,
    unit,
)

CHIEF, DESK = PostId("chief"), PostId("desk")


def faults_with(**changes: Any) -> DirectoryFault:
    with pytest.raises(ValidationError) as caught:
        directory(**changes)
    fault = caught.value.errors()[0].get("ctx", {})["error"]
    assert isinstance(fault, DirectoryFault)
    return fault


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"units": [unit("city", superior="county"), unit("county", superior="city")]},
            "stands above itself",
        ),
        ({"units": [unit("city", superior="city")]}, "stands above itself"),
        ({"units": [unit("city", head="nobody")]}, "names nobody as its head"),
        ({"units": [unit("city"), unit("city")]}, "unit city is declared twice"),
        ({"areas": [{"code": "620600", "name": NAME, "within": "620600"}]}, "lies within itself"),
        ({"areas": [{"code": "620600", "name": NAME, "within": "999999"}]}, "lies within 999999"),
        (
            {
                "areas": [
                    {"code": "620600", "name": NAME},
                    {"code": "620622100", "name": NAME, "within": "620600"},
                ]
            },
            "lies within the area that its code begins with",
        ),
        ({"posts": [post("chief", "chi"), post("desk", "dan")]}, "does not name it: add `roster: watch`"),
        ({"rosters": []}, "held by roster watch, which is not declared"),
        (
            {"rosters": [roster(), roster(id="other", post="chief")]},
            "roster other is made for post chief, which does not name it",
        ),
        (
            {"sources": [{"id": "system", "name": NAME, "unit": "x", "area": "1", "formats": ["cap"]}]},
            "reports for unit x",
        ),
    ],
)
def test_what_leads_nowhere_or_in_a_circle_is_refused_with_the_remedy(
    changes: dict[str, Any], said: str
) -> None:
    assert said in str(faults_with(**changes))


@pytest.mark.parametrize(
    ("changes", "dark"),
    [
        ({"posts": [post("chief", "nobody"), post("desk", "dan", roster="watch")]}, "chief"),
        (
            {"posts": [post("chief", "chi", deputies=["nobody"]), post("desk", "dan", roster="watch")]},
            "chief",
        ),
        (
            {"people": [person("chi", channels=[]), *(person(who) for who in ("dan", "ann", "bob", "cid"))]},
            "chief",
        ),
        (
            {"people": [*(person(who) for who in ("chi", "dan", "ann", "bob")), person("cid", channels=[])]},
            "desk",
        ),
        ({"rosters": [roster(rotation=["ann", "nobody"])]}, "desk"),
        (
            {"rosters": [roster(overrides=[{"from": MONDAY, "until": MONDAY + DAY, "person": "nobody"}])]},
            "desk",
        ),
    ],
)
def test_a_post_that_is_or_would_come_to_be_dark_is_refused_and_named(
    changes: dict[str, Any], dark: str
) -> None:
    fault = faults_with(**changes)
    assert (fault.dark, dark in str(fault)) == ((dark,), True)


def test_a_fault_in_a_file_names_its_line(tmp_path: Path) -> None:
    example = (ROOT / "config" / "directory.yaml").read_text()
    broken = tmp_path / "directory.yaml"
    broken.write_text(example.replace("rotation: [chu_zi, zou_chen, yu_lie]", "rotation: [chu_zi, who]"))
    line = next(
        number for number, text in enumerate(broken.read_text().splitlines(), 1) if "chu_zi, who" in text
    )
    with pytest.raises(
        YamlFault, match=rf"directory.yaml:{line}: rosters\.2\.rotation\.1: roster tv_watch names who"
    ):
        load_directory(broken)


def test_the_holder_answers_and_the_first_deputy_who_is_there_while_he_is_away() -> None:
    chief = person("chi", absences=[away(MONDAY, MONDAY + 2 * DAY)])
    others = [
        person("dan", absences=[away(MONDAY, MONDAY + DAY)]),
        *(person(who) for who in ("ann", "bob", "cid")),
    ]
    found = directory(
        people=[chief, *others],
        posts=[post("chief", "chi", deputies=["dan", "ann"]), post("desk", "dan", roster="watch")],
    )
    at = {hours: MONDAY + timedelta(hours=hours) for hours in (-1, 0, 30, 48)}
    assert [found.holder_of(CHIEF, at[hours]).id for hours in at] == ["chi", "ann", "dan", "chi"]
    assert found.why_holder(CHIEF, at[0]) is WhyHolder.DEPUTY_FOR_ABSENT_HOLDER
    assert found.holder_of(CHIEF).id == "chi", "without a moment it is whom the post names"


def test_when_nobody_else_is_left_the_holder_answers_all_the_same() -> None:
    found = directory(people=[person("chi", absences=[away(MONDAY, MONDAY + DAY)]), *parts()["people"][1:]], posts=[
        post("chief", "chi"), post("desk", "dan", roster="watch")
    ])  # fmt: skip
    assert (found.holder_of(CHIEF, MONDAY).id, found.why_holder(CHIEF, MONDAY)) == (
        "chi",
        WhyHolder.HOLDER_THOUGH_ABSENT,
    )


def test_whoever_is_on_the_shift_holds_the_post_and_an_override_comes_first() -> None:
    stands_in = {"from": MONDAY + timedelta(hours=4), "until": MONDAY + timedelta(hours=6), "person": "cid"}
    found = directory(rosters=[roster(overrides=[stands_in])])
    at = [MONDAY - DAY, MONDAY, MONDAY + timedelta(hours=4), MONDAY + timedelta(hours=6), MONDAY + DAY]
    assert [found.holder_of(DESK, moment).id for moment in at] == ["dan", "ann", "cid", "ann", "bob"]
    assert [found.why_holder(DESK, moment) for moment in at[:3]] == [
        WhyHolder.HOLDER,
        WhyHolder.ON_ROSTER,
        WhyHolder.ROSTER_OVERRIDE,
    ]


def test_the_leader_on_duty_answers_for_an_absent_watch_and_the_holder_for_both() -> None:
    people = [
        person("ann", absences=[away(MONDAY, MONDAY + DAY)]),
        *(person(who) for who in ("chi", "dan", "bob", "cid")),
    ]
    led = directory(people=people, rosters=[roster(leaders=["bob"])])
    assert (led.holder_of(DESK, MONDAY).id, led.why_holder(DESK, MONDAY)) == ("bob", WhyHolder.LEADER_ON_DUTY)
    assert directory(people=people).holder_of(DESK, MONDAY).id == "dan"


def test_areas_and_units_know_what_stands_above_them() -> None:
    found = directory(units=[*parts()["units"], unit("office", superior="city"), unit("party")])
    assert found.area_path("620622") == ("620622", "620600")
    assert (
        found.in_area("620622", "620600"),
        found.in_area("620600", "620622"),
        found.in_area("1", "620600"),
    ) == (True, False, False)
    assert (
        found.is_above("city", "clinic"),
        found.is_above("city", "city"),
        found.is_above("clinic", "city"),
    ) == (True, False, False)

    def common(a: str, b: str) -> str | None:
        above = found.common_superior(a, b)
        return above.id if above else None

    assert (common("clinic", "office"), common("county", "clinic"), common("clinic", "clinic")) == (
        "city",
        "county",
        "county",
    )
    assert (common("clinic", "party"), common("city", "city"), common("clinic", "unknown")) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("category", "topic", "area", "competent", "why"),
    [
        ("accident", None, "620600", "emergency_bureau", Reason.COMPETENT_FOR_THE_CATEGORY),
        ("accident", None, "620622", "wangshan_emergency", Reason.COMPETENT_FOR_THE_CATEGORY),
        ("public_health", None, "620622", "wangshan_government", Reason.COMPETENT_FOR_EVERYTHING),
        ("accident", "heating", "620602", "heating_company", Reason.COMPETENT_FOR_THE_TOPIC),
        ("accident", "heating", "620600", "housing_bureau", Reason.COMPETENT_FOR_THE_TOPIC),
        ("accident", None, "110000", None, None),
    ],
)
def test_the_competent_unit_is_the_nearest_and_then_the_most_particular(
    example: Directory, category: str, topic: str | None, area: str, competent: str | None, why: Reason | None
) -> None:
    found = example.competent_unit(ReportKind.INCIDENT, Category(category), topic, area)
    assert (found.unit.id if found else None) == competent
    assert found is None or (found.why, found.area) == (why, area)


def test_a_plan_is_found_by_what_it_is_for(example: Directory) -> None:
    found = example.plans_for(ReportKind.INCIDENT, Category.ACCIDENT, "chemical", Level.II, "620622")
    assert [plan.id for plan in found] == ["chemical_accident"]
    assert not example.plans_for(ReportKind.INCIDENT, Category.ACCIDENT, None, Level.II, "620622")


def test_a_suppression_holds_for_its_time_and_below_its_areas() -> None:
    drill = {
        "id": "drill",
        "from": MONDAY,
        "until": MONDAY + DAY,
        "areas": ["620600"],
        "categories": ["accident"],
        "reason": "drill",
        "by": "op",
    }
    found = directory(suppressions=[drill])

    def suppressed(at: Any = MONDAY, area: str = "620622", category: Category = Category.ACCIDENT) -> bool:
        return found.suppression_for("city", area, category, None, at) is not None

    assert suppressed()
    assert not suppressed(at=MONDAY + DAY)
    assert not suppressed(area="999999")
    assert not suppressed(category=Category.PUBLIC_HEALTH)


def test_a_suppression_of_everything_and_a_plan_step_after_itself_are_refused() -> None:
    nothing = {"id": "all", "from": MONDAY, "until": MONDAY + DAY, "reason": "r", "by": "op"}
    step = {"title": NAME, "unit": "city", "within": "PT1H", "after": 1}
    plan = {
        "id": "plan",
        "name": NAME,
        "unit": "city",
        "version": "1",
        "review_by": "2027-01-01",
        "steps": [step],
    }
    for broken in ({"suppressions": [nothing]}, {"plans": [plan]}):
        with pytest.raises(ValidationError, match=r"would suppress everything|comes after step 1"):
            directory(**broken)


def test_who_holds_a_steady_post_costs_next_to_nothing(
    example: Directory, timed: Callable[[Callable[[], Any]], float]
) -> None:
    """Some ten times a decision, at 20,000 decisions a second."""
    assert timed(lambda: example.holder_of(PostId("party_main"), MONDAY)) < 2e-6


@pytest.fixture
def example() -> Directory:
    return load_directory(ROOT / "config" / "directory.yaml")


@pytest.fixture
def timed() -> Callable[[Callable[[], Any]], float]:
    """Seconds a call takes, the best of several rounds."""
    import timeit

    return lambda act: min(timeit.repeat(act, number=2000, repeat=5)) / 2000


@pytest.mark.parametrize(
    ("channels", "says"),
    [
        (
            [("sms", "+860000000001", "PT2M"), ("sms", "+860000000002", None)],
            "nothing is tried after sms",
        ),
        (
            [
                ("sms", "+860000000001", None),
                ("sms", "+860000000002", "PT2M"),
                ("email", "a@b.example", None),
            ],
            "give_up of sms stands at its first address",
        ),
        ([("sms", "+860000000001", "PT2S"), ("email", "a@b.example", None)], "PT10S to PT30M"),
        ([("sms", "+860000000001", "P2D"), ("email", "a@b.example", None)], "PT10S to PT30M"),
    ],
)
def test_a_time_to_give_a_channel_up_that_makes_no_sense_is_refused(
    channels: list[tuple[str, str, str | None]], says: str
) -> None:
    listed = [
        {"channel": channel, "address": address} | ({"give_up": give_up} if give_up else {})
        for channel, address, give_up in channels
    ]
    with pytest.raises(ValidationError) as caught:
        directory(people=[person("chi", channels=listed), person("dan"), person("ana")])
    assert says in str(caught.value)
