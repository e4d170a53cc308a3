"""Naming one of very many on a page: a short list, the likeliest first, and a line that is understood or says
why not.
"""

from typing import Any

import pytest

from services.intake.desk import act_forms
from services.intake.desk.act_fields import PICKED, Setting
from shared.directory import Directory
from shared.fault_texts import Fault
from shared.ids import UnitId
from shared.language.catalogue import catalogue, name_in
from shared.message import Said
from shared.problems import Problem
from shared.tokens import Principal
from shared.vocabulary import Kind, Language, ReportKind, Role
from shared.web.names import Names
from shared.web.picks import (
    LONGEST,
    MOST,
    MOST_WRITTEN,
    NEAR,
    PickedSort,
    Picker,
    near_areas,
    near_units,
    taken,
)
from tests.escalator.builders import LEARNED, Story, example_directory
from tests.unit.test_desk_view import ZONE

TWINS = 3
"""People of the city who bear one name."""


def city(more: int) -> Directory:
    """The example with so many more villages, each with a person of its own; the last few persons bear one
    name.
    """
    directory = example_directory()
    unit, person = directory.units[-1], directory.people[-1]
    units, people = list[Any](), list[Any]()
    for number in range(more):
        name = {"zh": f"第{number}村", "en": f"Village {number}"}
        units.append(
            {
                **unit.model_dump(),
                "id": f"village_{number}",
                "name": name,
                "head": None,
                "duty_post": None,
                "competence": (),
            }
        )
        called = "王伟" if number >= more - TWINS else f"村民{number}"
        people.append(
            {
                **person.model_dump(),
                "id": f"villager_{number}",
                "unit": f"village_{number}",
                "name": {"zh": called, "en": called},
            }
        )
    whole = directory.model_dump()
    return Directory.model_validate(
        {**whole, "units": [*whole["units"], *units], "people": [*whole["people"], *people]}
    )


@pytest.fixture(scope="module")
def large() -> Directory:
    return city(3 * MOST)


def values_of(picker: Picker, *likely: str, **back: str) -> list[str]:
    return [choice.value for choice in picker.offer(likely, **back).choices]


def picked(
    directory: Directory, field: str = "unit", sort: PickedSort = PickedSort.UNITS, **values: str
) -> tuple[dict[str, str], list[Fault]]:
    return taken(values, {field: Picker(directory, sort)}, many=("units",))


def test_a_list_that_fits_is_offered_whole_and_one_more_makes_it_a_part() -> None:
    room = MOST - len(example_directory().units)
    fits, beyond = Picker(city(room), PickedSort.UNITS), Picker(city(room + 1), PickedSort.UNITS)
    assert (len(fits.offer().choices), fits.offer().is_part) == (MOST, False)
    assert (len(beyond.offer().choices), beyond.offer().is_part) == (MOST, True)


def test_of_many_the_likely_are_offered_in_their_order_and_nothing_that_is_not_there(
    large: Directory,
) -> None:
    offer = values_of(Picker(large, PickedSort.UNITS), "village_7", "nowhere", "water_bureau", "village_7")
    assert offer == ["village_7", "water_bureau"]
    everybody = [unit.id for unit in large.units]
    assert values_of(Picker(large, PickedSort.UNITS), *reversed(everybody)) == everybody[::-1][:MOST]


def test_what_was_chosen_or_is_near_what_was_written_is_offered_again(large: Directory) -> None:
    picker = Picker(large, PickedSort.PEOPLE)
    offer = values_of(picker, "zhao_jia", chosen="villager_3", written="王伟")
    assert offer[0] == "villager_3"
    assert sorted(offer[1 : 1 + TWINS]) == [
        f"villager_{number}" for number in range(3 * MOST - TWINS, 3 * MOST)
    ]
    assert offer[-1] == "zhao_jia"


@pytest.mark.parametrize(
    "written", ["village_42", "第42村", "Village 42", "  village 42 ", "ＶＩＬＬＡＧＥ　４２"]
)
def test_an_id_or_a_whole_name_in_either_language_names_it(large: Directory, written: str) -> None:
    assert picked(large, unit_written=written) == ({"unit": "village_42"}, [])


def test_what_is_written_says_more_than_what_the_page_had_chosen_and_no_more_than_what_the_reader_chose(
    large: Directory,
) -> None:
    given = {"unit": "water_bureau", "unit_written": "village_42"}
    read, faults = taken(given, {"unit": Picker(large, PickedSort.UNITS)}, preset=("water_bureau",))
    assert (read, faults) == ({"unit": "village_42"}, [])
    read, [(field, words)] = taken(given, {"unit": Picker(large, PickedSort.UNITS)})
    assert (field, "leave one of the two" in words, "unit" in read) == ("unit", True, False)
    assert picked(large, "unit", PickedSort.UNITS, unit="village_42", unit_written="village_42") == (
        {"unit": "village_42"},
        [],
    )


@pytest.mark.parametrize(
    ("sort", "written", "near"),
    [
        (PickedSort.PEOPLE, "王伟", "villager_179"),
        (PickedSort.UNITS, "第4", "village_4"),
        (PickedSort.UNITS, "village_17", None),
        (PickedSort.UNITS, "Water burau", "water_bureau"),
        (PickedSort.UNITS, "Q~", ""),
        (PickedSort.AREAS, "望山", "620622"),
    ],
)
def test_what_names_not_exactly_one_is_a_fault_that_names_what_is_near(
    large: Directory, sort: PickedSort, written: str, near: str | None
) -> None:
    read, faults = picked(large, "it", sort, it_written=written)
    if near is None:
        assert (read, faults) == ({"it": written}, []), "an id counts before whatever it is the beginning of"
        return
    [(field, words)] = faults
    assert (field, read) == ("it", {"it_written": written})
    assert written in words
    assert near in words
    assert near or "nothing is near" in words
    assert words.count("(") <= NEAR + 1


def test_one_of_a_name_that_several_bear_is_chosen_from_the_list(large: Directory) -> None:
    assert picked(large, "who", PickedSort.PEOPLE, who="villager_178", who_written="王伟") == (
        {"who": "villager_178"},
        [],
    )
    _, [(_, words)] = picked(large, "who", PickedSort.PEOPLE, who="zhao_jia", who_written="王伟")
    assert "王伟" in words
    assert "3" in words


def test_several_are_written_with_commas_beside_those_chosen(large: Directory) -> None:
    read, faults = picked(
        large, "units", units="water_bureau", units_written="第1村、village_2; Village 3，water_bureau"
    )
    assert (read, faults) == ({"units": "water_bureau,village_1,village_2,village_3"}, [])
    read, [(field, words)] = picked(
        large, "units", units="water_bureau", units_written="village_1, nowhere at all"
    )
    assert (field, "nowhere at all" in words, read) == (
        "units",
        True,
        {"units_written": "village_1, nowhere at all"},
    )


def test_what_is_absurd_is_refused_in_few_words(large: Directory) -> None:
    for written in ("x" * 4_000, "%(given)s %s", "\u202e", ", , ,x" * 400, "村" * LONGEST):
        _, [(field, words)] = picked(large, unit_written=written)
        assert (field, len(words) < 1_200) == ("unit", True)
    names = ",".join(f"village_{number % 180}" for number in range(MOST_WRITTEN))
    assert picked(large, "units", units_written=names)[1] == []
    [(_, words)] = picked(large, "units", units_written=f"{names},village_1")[1]
    assert f"more than {MOST_WRITTEN}" in words


def test_a_fault_is_said_in_chinese_with_chinese_names(large: Directory) -> None:
    _, [(_, words)] = picked(large, unit_written="Water burau")
    assert isinstance(words, Said)
    again = words.again(catalogue(Language.ZH).gettext, lambda name: name_in(name, Language.ZH), "、")
    assert "请" in again
    assert "water_bureau" in again
    assert "near it" not in again


def test_the_likely_are_those_about_the_readers_own(large: Directory) -> None:
    own = large.units_by_id[UnitId("village_9")]
    units = near_units(large, own.id)
    assert (units[0], units[1]) == (own.id, own.superior)
    assert near_units(large, None) == [unit.id for unit in large.units if unit.superior is None]
    assert near_areas(large, "620622")[0] == "620622"
    assert near_areas(large, "999999") == []


def test_every_form_of_a_case_stays_short_in_a_large_city_and_takes_what_is_written(large: Directory) -> None:
    story = Story()
    story.reported(kind=ReportKind.TASK, unit="petition_office", area="620600", category=None, level=None)
    principal = Principal(subject="w", role=Role.DUTY_OFFICER, unit=UnitId("village_9"))
    setting = Setting(story.now, large, Names(large), principal, LEARNED, {"to_person_written": "王伟"})
    for _, pages in act_forms.grouped(frozenset(Kind), setting):
        for page in pages:
            for field in page.fields:
                assert len(field.choices) <= MOST, (page.act.kind, field.name)
                if (
                    field.name in PICKED
                    and field.choices
                    and PICKED[field.name] in (PickedSort.UNITS, PickedSort.PEOPLE)
                ):
                    assert field.is_part, (page.act.kind, field.name)
    form = act_forms.read_act(Kind.TRANSFERRED, {"to_unit_written": "第42村", "text": "theirs"}, ZONE, large)
    assert form.to_unit == "village_42"
    form = act_forms.read_act(
        Kind.ASSIGNED, {"task_title": "x", "task_units_written": "第1村、第2村"}, ZONE, large
    )
    assert form.tasks[0].units == ("village_1", "village_2")
    with pytest.raises(Problem) as refused:
        act_forms.read_act(Kind.REASSIGNED, {"to_person_written": "王伟"}, ZONE, large)
    assert set(act_forms.shown_errors(refused.value)) == {"to_person", "text"}
