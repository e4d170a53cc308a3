"""Before the festival season the roads are looked over section by section, and a violation found there is
acted on. Row 12.
"""

from shared.facts import Purpose
from shared.vocabulary import Document, Kind
from tests.stories.stage import Stage


def test_the_sections_are_checked_in_the_ten_days_from_the_fifth_of_january() -> None:
    stage = Stage("2026-12-20 09:00")
    case = stage.watches("periodic", "road_check")
    stage.at("2027-01-06 09:00")
    assert (stage.limit(case, "road_check"), stage.duty(case, "road_check").owed_by) == (
        "01-15 09:00",
        "transport_bureau",
    )
    stage.says(
        case,
        Kind.ASSIGNED,
        "transport_bureau",
        tasks=[{"title": "北坡段超载整治", "unit": "public_security", "within": "P3D"}],
    )
    stage.after(days=2)
    stage.says(case, Kind.COMPLETED, "public_security", task="t1", text="查处 17 车")
    stage.says(case, Kind.VERIFIED, "transport_bureau", task="t1")
    stage.says(case, Kind.FILED, "transport_bureau", document=Document.REVIEW, text="12 段全部复查")
    assert stage.is_done(case, "road_check")


def test_roads_nobody_has_looked_at_are_told_to_the_leader_in_charge() -> None:
    stage = Stage("2026-12-20 09:00")
    case = stage.watches("periodic", "road_check")
    stage.at("2027-01-15 09:01")
    assert stage.has_lapsed(case, "road_check")
    assert ("01-15 09:00", "gov_in_charge") in stage.told(case, "road_check", Purpose.OVERDUE)
