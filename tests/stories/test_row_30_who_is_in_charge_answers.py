"""Who is in charge answers 谁分管谁负责: the leader in charge of a matter is found by topic, kind, category and area in
the directory's portfolios. Rows 21, 30.
"""

from datetime import timedelta
from typing import Any

import pytest

from shared.directory import Directory
from shared.directory.gaps import GapCode, gaps
from shared.directory.rows import TABLES, read_rows, write_rows
from shared.facts import Purpose
from shared.vocabulary import Category, Kind, Level, ReportKind
from tests.stories.stage import Stage, moment


@pytest.mark.parametrize(
    ("matter", "government", "party"),
    [
        ({"category": Category.ACCIDENT}, "gov_in_charge", "party_in_charge"),
        ({"category": Category.ACCIDENT, "topic": "heating"}, "vice_mayor_construction", "party_in_charge"),
        ({"category": Category.PUBLIC_HEALTH}, "vice_mayor_health", "party_in_charge"),
        ({"category": Category.PUBLIC_SECURITY}, "vice_mayor_order", "party_order"),
        (
            {"category": Category.NATURAL_DISASTER, "topic": "flood"},
            "vice_mayor_agriculture",
            "party_in_charge",
        ),
        ({"kind": ReportKind.DISPUTE, "topic": "heating"}, "vice_mayor_construction", "party_order"),
        ({"kind": ReportKind.COMPLAINT}, "gov_in_charge", "party_in_charge"),
    ],
)
def test_the_leader_whose_portfolio_has_it_is_rung_and_tracks_it(
    matter: dict[str, Any], government: str, party: str
) -> None:
    stage = Stage()
    case = stage.report(level=Level.II, **matter)
    assert [post for _, post in stage.told(case, purpose=Purpose.REPORT)] == [
        "party_main",
        "gov_main",
        party,
        government,
        "emergency_office",
    ]
    assert stage.duty(case, "progress").bearer == stage.holder(government)


def with_post(directory: Directory, name: str, **changes: Any) -> Directory:
    posts = [post.model_copy(update=changes) if post.id == name else post for post in directory.posts]
    return directory.revised(posts=tuple(posts))


def test_a_county_of_its_own_counts_before_the_topic_of_the_city() -> None:
    stage = Stage()
    stage.changes(
        with_post(stage.directory, "vice_mayor_health", areas=("620621",), categories=(), topics=())
    )
    case = stage.report(level=Level.II, topic="heating", area="620621", unit="shaquan_government")
    assert stage.duty(case, "progress").bearer_post == "vice_mayor_health"


def test_in_a_directory_without_portfolios_the_post_itself_answers() -> None:
    stage = Stage()
    bare = {"stands_for": None, "kinds": (), "categories": (), "topics": ()}
    posts = tuple(post.model_copy(update=bare) for post in stage.directory.posts)
    stage.changes(stage.directory.revised(posts=posts))
    case = stage.report(level=Level.II, topic="heating")
    assert stage.duty(case, "progress").bearer_post == "gov_in_charge"


def test_who_takes_a_portfolio_over_is_rung_for_the_next_case() -> None:
    stage = Stage()
    stage.changes(with_post(stage.directory, "vice_mayor_construction", holder="peng_run", deputies=()))
    case = stage.report(level=Level.II, topic="heating")
    assert stage.duty(case, "progress").bearer == "peng_run"
    stage.says(case, Kind.PROGRESSED, "vice_mayor_construction", text="已到现场")
    assert len(stage.duties(case, "progress")) == 2


def found(directory: Directory, code: GapCode) -> list[tuple[str, str]]:
    at = moment("2026-11-23 11:00")
    return [
        (gap.subject, gap.text.zh) for gap in gaps(directory, at, at + timedelta(days=1)) if gap.code is code
    ]


def test_portfolios_that_overlap_or_leave_something_out_are_named() -> None:
    whole = Stage().directory
    assert not found(whole, GapCode.SHARED_PORTFOLIO)
    assert not found(whole, GapCode.NOBODY_IN_CHARGE)
    double = with_post(whole, "vice_mayor_order", topics=("roads", "heating"))
    assert found(double, GapCode.SHARED_PORTFOLIO) == [
        (
            "vice_mayor_order",
            "分管社会治安副市长与分管城建供热副市长都分管heating，现由分管城建供热副市长负责：请从其中一人去掉",
        )
    ]
    without = with_post(whole, "vice_mayor_health", categories=())
    assert found(without, GapCode.NOBODY_IN_CHARGE) == [
        ("gov_in_charge", "公共卫生无人分管，由分管副市长负责：请写入分管领域")
    ]


def test_the_table_of_posts_goes_out_and_comes_back_with_its_portfolios() -> None:
    whole = Stage().directory
    table = write_rows(whole, "posts")
    assert read_rows(table.encode(), "posts.csv", TABLES["posts"], whole) == ()
    bare = whole.revised(
        posts=tuple(
            post.model_copy(update={"stands_for": None, "topics": (), "categories": (), "kinds": ()})
            for post in whole.posts
        )
    )
    back = read_rows(table.encode(), "posts.csv", TABLES["posts"], bare)
    assert {change.post.id for change in back if change.op == "put_post"} == {
        "party_in_charge",
        "party_order",
        "gov_in_charge",
        "vice_mayor_health",
        "vice_mayor_construction",
        "vice_mayor_order",
        "vice_mayor_agriculture",
    }


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"stands_for": "nobody", "topics": ("heating",)}, "which is not declared"),
        ({"stands_for": "vice_mayor_order", "topics": ("x1",)}, "stands for another itself"),
        ({"areas": ("999999",)}, "names area 999999, which is not declared"),
    ],
)
def test_a_portfolio_that_leads_nowhere_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(Exception, match=fault):
        with_post(Stage().directory, "vice_mayor_health", **changes)
