"""There is one commander, or one acting in their place, at any moment, and level answers to level. Row 30."""

from shared.facts import EffectKind
from shared.vocabulary import Kind, Level
from tests.stories.stage import Stage


def test_the_acting_commander_commands_until_the_commander_is_there() -> None:
    stage = Stage()
    case = stage.report(level=Level.I)
    stage.says(case, Kind.COMMAND_TAKEN, "gov_in_charge", acting=True, text="市长在途")
    stage.after(minutes=40)
    stage.says(case, Kind.COMMAND_TAKEN, "gov_main", text="到场接指挥")
    first, second = stage.case(case).command
    assert (first.person, first.acting, first.until) == (stage.holder("gov_in_charge"), True, second.since)
    assert (second.person, second.acting, second.until) == (stage.holder("gov_main"), False, None)
    assert stage.reasons(case, EffectKind.COMMAND) == ["acting_commander", "commander"]
    assert stage.refused(case, Kind.COMMAND_TAKEN, "gov_main") == "commands_already"


def test_command_is_given_only_to_somebody_who_is_known() -> None:
    stage = Stage()
    case = stage.report(level=Level.I)
    assert stage.refused(case, Kind.COMMAND_TAKEN, "gov_main", to_person="nobody_here") == "no_such_person"
    stage.says(case, Kind.COMMAND_TAKEN, "gov_main", to_person=stage.holder("emergency_bureau_head"))
    assert stage.case(case).command[-1].person == stage.holder("emergency_bureau_head")


def test_taking_command_is_word_of_the_leader_in_charge_and_the_next_is_owed_at_the_levels_interval() -> None:
    stage = Stage()
    case = stage.report(level=Level.I)
    stage.acknowledges(case, "gov_in_charge")
    assert (stage.limit(case, "progress"), stage.duty(case, "progress").posts) == (
        "11-23 12:00",
        ("party_main", "gov_main"),
    )
    stage.after(minutes=30)
    stage.says(case, Kind.COMMAND_TAKEN, "gov_in_charge")
    assert stage.limit(case, "progress") == "11-23 12:30"


def test_a_small_event_keeps_its_own_level_busy_and_not_the_citys_leader() -> None:
    stage = Stage()
    case = stage.report(level=Level.IV)
    stage.acknowledges(case, "gov_in_charge")
    assert "progress" not in stage.owed(case)
