"""A gap in the roster is warned of before it opens: nobody on duty next week is somebody's duty today. Row
25.
"""

from datetime import date

from shared.directory import Directory
from shared.facts import EffectKind
from shared.vocabulary import Kind
from tests.escalator.builders import example_directory
from tests.stories.stage import Stage


def ending(on: date) -> Directory:
    """The example, its website watch ending with no successor."""
    whole = example_directory()
    return whole.revised(
        rosters=tuple(
            one.model_copy(update={"ends": on}) if one.id == "web_watch" else one for one in whole.rosters
        )
    )


def test_a_roster_that_ends_within_two_weeks_opens_the_duty_to_close_the_gap() -> None:
    stage = Stage(directory=ending(date(2026, 12, 1)))
    case = stage.watches("gaps", "gap_watch")
    stage.at("2026-11-24 09:01")
    assert [
        effect.note for effect in stage.effects(case, EffectKind.GAP) if "web_watch" in (effect.note or "")
    ]
    assert (stage.limit(case, "gap_watch"), stage.duty(case, "gap_watch").bearer) == (
        "11-24 17:00",
        stage.holder("emergency_office"),
    )
    stage.says(case, Kind.PROGRESSED, "emergency_office", text="已排至年底")
    assert stage.is_done(case, "gap_watch")


def test_where_there_is_no_gap_nobody_owes_anything() -> None:
    stage = Stage()
    case = stage.watches("gaps", "gap_watch")
    stage.at("2026-11-26 12:00")
    assert stage.duties(case, "gap_watch") == []
