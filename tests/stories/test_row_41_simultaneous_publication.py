"""One approved text goes out at every outlet at once, and each hands in its receipt. Row 41."""

from datetime import timedelta

from shared.facts import Purpose
from shared.ids import CaseId
from shared.vocabulary import Document, Kind, ReportKind
from tests.stories.stage import Stage

OUTLETS = ["tv_centre", "website_office"]


def publication(stage: Stage) -> CaseId:
    return stage.report(
        ReportKind.PUBLICATION,
        unit="propaganda",
        area="620600",
        summary="情况通报（一）：两人轻伤",
        details="经审定的全文",
        tasks=[{"title": "原文刊发", "units": OUTLETS, "due_at": stage.now + timedelta(hours=2)}],
    )


def test_every_outlet_owes_the_same_text_by_the_same_hour() -> None:
    stage = Stage()
    case = publication(stage)
    assert [
        (duty.owed_by, stage.limit(case, "publish", duty.task)) for duty in stage.duties(case, "publish")
    ] == [
        ("tv_centre", "11-23 13:00"),
        ("website_office", "11-23 13:00"),
    ]


def test_a_receipt_discharges_its_own_outlet_and_no_other() -> None:
    stage = Stage()
    case = publication(stage)
    stage.after(hours=1)
    stage.says(case, Kind.FILED, "tv_centre", document=Document.RECEIPT, task="t1", text="12:00 新闻首条")
    assert stage.is_done(case, "publish", "t1")
    assert not stage.is_done(case, "publish", "t2")
    stage.after(hours=1, minutes=1)
    assert stage.slips(case, "publish-t2") == [("11-23 12:36", "yellow"), ("11-23 13:00", "red")]
    assert stage.told(case, "publish-t2", Purpose.OVERDUE) == [("11-23 13:00", "website_head")]


def test_a_changed_text_comes_back() -> None:
    stage = Stage()
    case = publication(stage)
    stage.says(case, Kind.COMPLETED, "website_office", task="t2", text="已刊发")
    stage.says(case, Kind.RETURNED, "propaganda", task="t2", text="与审定文本不符")
    assert stage.duty(case, "publish", "t2").is_owed
