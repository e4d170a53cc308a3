"""A follow-up carries harm, and where harm has grown to a graver level the case is of that level: limits come
earlier, and nothing is graded down by itself. Rows 18, 22.
"""

from shared.facts import EffectKind, HarmCount
from shared.vocabulary import Category, Kind, Level
from tests.stories.stage import Stage

UNIT = "wangshan_info_centre"


def test_harm_that_has_grown_grades_the_case_up_and_its_limits_come_earlier() -> None:
    stage = Stage()
    case = stage.report(level=Level.III, harm={"trapped": 5})
    assert stage.limit(case, "follow_up") == "11-23 17:00"
    stage.after(minutes=20)
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="井下清点完毕", trapped=38, deaths=1)
    found = stage.case(case)
    assert (found.level, found.harm) == (Level.I, HarmCount(deaths=1, trapped=38))
    assert stage.reasons(case, EffectKind.REGRADED) == ["harm_grew"]
    assert stage.limit(case, "written_report") == "11-23 12:00"
    assert {"press_first", "press_conference"} <= stage.owed(case), (
        "what only a graver event owes is owed now"
    )
    lines = [effect.rule.path for effect in stage.effects(case, EffectKind.REGRADED) if effect.rule]
    assert lines == ["grading.follows_harm"]


def test_harm_never_grades_down_nor_against_what_a_person_has_decided() -> None:
    stage = Stage()
    case = stage.report(level=Level.I, harm={"trapped": 38})
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="全部升井", trapped=0)
    assert stage.case(case).level is Level.I, "down is for people alone"
    stage.by_two(case, Kind.REGRADED, "emergency_office", text="核定", level=Level.IV)
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="仍是零", trapped=0)
    assert stage.case(case).level is Level.IV
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="又有十人被困", trapped=10)
    assert stage.case(case).level is Level.II


def test_it_grades_accidents_alone_and_only_where_the_policy_says_so() -> None:
    stage = Stage()
    disaster = stage.report(level=Level.IV, category=Category.NATURAL_DISASTER)
    stage.says(disaster, Kind.FOLLOWED_UP, UNIT, text="转移", trapped=40)
    assert stage.case(disaster).level is Level.IV
    strict = Stage(policy={"follows_harm: up": "follows_harm: never"})
    case = strict.report(level=Level.IV)
    strict.says(case, Kind.FOLLOWED_UP, UNIT, text="核实", deaths=30)
    assert strict.case(case).level is Level.IV


def test_a_case_without_a_level_is_graded_only_where_its_limits_get_no_longer() -> None:
    stage = Stage()
    case = stage.report()
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="一人受伤", injuries=1)
    assert stage.case(case).level is None
    stage.says(case, Kind.FOLLOWED_UP, UNIT, text="三人死亡", deaths=3)
    assert stage.case(case).level is Level.III
