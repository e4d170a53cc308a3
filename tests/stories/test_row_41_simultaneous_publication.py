"""One text, approved by two, goes out at every outlet at its hour, and each hands in what it published. Row 41."""

from datetime import datetime, timedelta
from typing import Any

from shared.case import TaskState, differences
from shared.directory import Person
from shared.facts import Actor, FormBlock, Purpose
from shared.ids import CaseId, PostId
from shared.territory import allowed
from shared.vocabulary import Document, Kind, ReportKind, Role
from tests.stories.stage import Stage

OUTLETS = ["tv_centre", "website_office"]
TEXT = "经审定的全文。两人轻伤。"


def publication(stage: Stage, embargo: datetime | None = None) -> CaseId:
    values: dict[str, Any] = {"theme": "事故通报", "embargo": embargo.isoformat()} if embargo else {}
    return stage.report(
        ReportKind.PUBLICATION,
        unit="propaganda",
        area="620600",
        summary="情况通报（一）：两人轻伤",
        details=TEXT,
        form=FormBlock(id="publication", fields=values, personal={}) if embargo else None,
        tasks=[{"title": "原文刊发", "units": OUTLETS, "due_at": stage.now + timedelta(hours=4)}],
    )


def approved(stage: Stage, case: CaseId) -> None:
    for post in ("propaganda_head", "secretary_general"):
        stage.says(case, Kind.TEXT_APPROVED, post, approve=True)


def outlets(stage: Stage, case: CaseId) -> list[tuple[str, str]]:
    return [(duty.owed_by, stage.limit(case, "publish", duty.task)) for duty in stage.duties(case, "publish")]


def test_nothing_goes_out_before_two_have_approved() -> None:
    stage = Stage()
    case = publication(stage)
    assert outlets(stage, case) == []
    assert stage.refused(case, Kind.COMPLETED, "tv_centre", task="t1", text="已刊发") == "under_embargo", (
        "no outlet may say that it has published"
    )
    stage.says(case, Kind.TEXT_APPROVED, "propaganda_head", approve=True)
    assert stage.duty(case, "text_approval").is_owed, "the second approver is asked"
    assert stage.refused(case, Kind.TEXT_APPROVED, "propaganda_head", approve=True) == "approved_already"
    stage.says(case, Kind.TEXT_APPROVED, "secretary_general", approve=True)
    assert outlets(stage, case) == [("tv_centre", "11-23 15:00"), ("website_office", "11-23 15:00")]


def test_whoever_is_asked_to_approve_may_in_whatever_unit_and_nobody_else_of_that_unit() -> None:
    """A bureau publishes; the head of the propaganda department, who is asked, is of another unit."""
    stage = Stage()
    case = stage.report(
        ReportKind.PUBLICATION,
        unit="water_bureau",
        area="620600",
        summary="停水通报",
        details=TEXT,
        tasks=[{"title": "原文刊发", "units": OUTLETS, "due_at": stage.now + timedelta(hours=4)}],
    )
    asked = stage.directory.holder_of(PostId("propaganda_head"), stage.now)
    beside = next(
        person for person in stage.directory.people if person.unit == "tv_centre" and person.id != asked.id
    )

    def may(person: Person) -> bool:
        actor = Actor(principal=person.id, role=Role.LEADER, unit=person.unit, person=person.id)
        return Kind.TEXT_APPROVED in allowed(actor, stage.case(case), stage.directory, stage.now)

    assert may(asked), "the desk offers it"
    assert not may(beside), "an outlet approves nothing"
    stage.says(case, Kind.TEXT_APPROVED, "propaganda_head", approve=True)
    assert not may(asked), "who has answered is asked no more"


def test_an_approved_text_waits_for_its_hour() -> None:
    stage = Stage()
    case = publication(stage, embargo=stage.now + timedelta(hours=2))
    approved(stage, case)
    assert outlets(stage, case) == []
    stage.after(hours=1, minutes=59)
    assert outlets(stage, case) == []
    stage.after(minutes=2)
    assert stage.told(case, "publish-t1", Purpose.DUTY) == [("11-23 13:00", "tv_head")]
    assert stage.told(case, "publish-t2", Purpose.DUTY) == [("11-23 13:00", "website_head")]


def test_whoever_is_to_approve_reads_the_hour_that_counts() -> None:
    stage = Stage()
    case = publication(stage, embargo=stage.now + timedelta(hours=2))
    later = stage.now + timedelta(hours=5)
    moved = FormBlock(id="publication", fields={"embargo": later.isoformat()}, personal={})
    stage.says(case, Kind.FOLLOWED_UP, "propaganda", text="推迟发布", form=moved)
    stage.says(case, Kind.TEXT_APPROVED, "propaganda_head", approve=True)
    _, asked = list(stage.notices(case, "text_approval", Purpose.DUTY))[-1]
    assert asked.brief.public_notice is not None
    assert asked.brief.public_notice.not_before == later
    release = stage.case(case).release
    assert release is not None
    assert release.not_before == later, "and so does the desk"


def test_a_text_that_is_sent_back_is_written_anew_and_approved_anew() -> None:
    stage = Stage()
    case = publication(stage)
    stage.says(case, Kind.TEXT_APPROVED, "propaganda_head", approve=True)
    stage.says(case, Kind.TEXT_APPROVED, "secretary_general", approve=False, text="人数有误")
    assert "text_revision" in stage.owed(case)
    stage.says(case, Kind.FILED, "propaganda", document=Document.PRESS_RELEASE, text="三人轻伤。")
    assert stage.is_done(case, "text_revision")
    release = stage.case(case).release
    assert release is not None
    assert (release.text, release.approvals) == ("三人轻伤。", ())
    assert outlets(stage, case) == []


def test_a_receipt_discharges_its_own_outlet_and_no_other() -> None:
    stage = Stage()
    case = publication(stage)
    approved(stage, case)
    stage.after(hours=1)
    stage.says(case, Kind.FILED, "tv_centre", document=Document.RECEIPT, task="t1", text="12:00 新闻首条")
    assert stage.is_done(case, "publish", "t1")
    assert not stage.is_done(case, "publish", "t2")
    stage.after(hours=3, minutes=1)
    assert stage.told(case, "publish-t2", Purpose.OVERDUE) == [
        ("11-23 15:00", "website_head"),
        ("11-23 15:00", "propaganda_head"),
    ], "the publisher hears which outlet is missing"


def test_what_was_published_is_compared_sentence_by_sentence() -> None:
    stage = Stage()
    case = publication(stage)
    approved(stage, case)
    at = stage.now.isoformat()
    said = FormBlock(
        id="publication_receipt", fields={"published": at, "text": "经审定的全文。 一人重伤。"}, personal={}
    )
    stage.says(case, Kind.COMPLETED, "website_office", task="t2", text="已刊发", form=said)
    release = stage.case(case).release
    assert release is not None
    [receipt] = release.receipts
    assert (receipt.unit, receipt.published_at) == ("website_office", stage.now)
    found = differences(release.text, receipt.text or "")
    assert (found.left_out, found.put_in) == (("两人轻伤。",), ("一人重伤。",))


def test_what_is_refused_leaves_the_receipt_as_it_was() -> None:
    stage = Stage()
    case = publication(stage)
    approved(stage, case)
    for text in ("经审定的全文。两人轻伤。", "另一篇。"):
        said = FormBlock(id="publication_receipt", fields={"text": text}, personal={})
        stage.tries(case, Kind.COMPLETED, "tv_centre", task="t1", text="已刊发", form=said)
        if stage.task(case).state is not TaskState.VERIFIED:
            stage.says(case, Kind.VERIFIED, "propaganda", task="t1")
    release = stage.case(case).release
    assert release is not None
    assert [receipt.text for receipt in release.receipts] == [TEXT]


def test_a_changed_text_comes_back() -> None:
    stage = Stage()
    case = publication(stage)
    approved(stage, case)
    stage.says(case, Kind.COMPLETED, "website_office", task="t2", text="已刊发")
    stage.says(case, Kind.RETURNED, "propaganda", task="t2", text="与审定文本不符")
    assert stage.duty(case, "publish", "t2").is_owed
