"""What is handed in as an analysis or a bulletin is the document made from the record, of the time that is owed."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from nats.aio.client import Client

from services.audit.reports.documents.period import Period, Week
from services.intake.acting.record_documents import RecordDocuments
from services.intake.fields.act_form import ActForm
from services.intake.files.keeping import IncomingFiles
from shared.case import Case
from shared.facts import FileRef, FromRecord
from shared.files.kinds import FileType
from shared.problems import Problem
from shared.vocabulary import Document, Kind
from tests.stories.stage import Stage

ZONE = ZoneInfo("Asia/Shanghai")


def no_broker() -> Client:
    raise AssertionError("nothing is asked of the broker")


def documents(folder: Path = Path()) -> RecordDocuments:
    return RecordDocuments(IncomingFiles(no_broker, lambda: datetime.now(ZONE), folder), folder, ZONE)


def watched(rule: str, at: str) -> Case:
    stage = Stage()
    case = stage.watches("periodic", rule)
    stage.at(at)
    assert stage.duties(case, rule)[-1].is_owed
    return stage.case(case)


def made(document: Document, time: Period | Week) -> FileRef:
    since, until = time.since(ZONE), time.until(ZONE)
    origin = FromRecord(document=document, since=since, until=until, at=until, size=9, root="ab" * 32)
    return FileRef(sha256="0" * 64, name="a.docx", type=FileType.DOCX, bytes=9, from_record=origin)


def plain(name: str = "b.docx") -> FileRef:
    return FileRef(sha256="1" * 64, name=name, type=FileType.DOCX, bytes=9, from_record=False)


def faults(case: Case, document: Document, *files: FileRef) -> list[str]:
    form = ActForm(document=document, text="见附件", files=files)
    return [str(text) for _, text in documents().faults(Kind.FILED, form, case)]


@pytest.mark.parametrize(
    ("rule", "at", "document", "owed", "others"),
    [
        (
            "monthly_analysis", "2026-12-01 09:00", Document.ANALYSIS, Period.read("2026-11"),
            [Period.read("2026-10"), Period.read("2026-12")],
        ),
        (
            "monthly_analysis", "2027-03-02 09:00", Document.ANALYSIS, Period.read("2027-02"),
            [Period.read("2027-01"), Period.read("2027-03")],
        ),
        (
            "quarterly_analysis", "2027-01-05 09:00", Document.ANALYSIS, Period.read("2026-Q4"),
            [Period.read("2026-12"), Period.read("2026-Q3"), Period.read("2027-Q1")],
        ),
        (
            "price_bulletin", "2026-11-30 10:00", Document.PRICE_BULLETIN, Week.read("2026-W48"),
            [Week.read("2026-W47"), Week.read("2026-W49")],
        ),
    ],
)  # fmt: skip
def test_what_is_owed_is_about_the_time_before_it_was_asked_for(
    rule: str, at: str, document: Document, owed: Period | Week, others: list[Period | Week]
) -> None:
    case = watched(rule, at)
    assert faults(case, document, made(document, owed)) == []
    assert faults(case, document, plain(), made(document, owed)) == [], "with a file of one's own beside it"
    for other in others:
        (fault,) = faults(case, document, made(document, other))
        assert "is about the time before it" in fault, other
        assert faults(case, document, made(document, other), made(document, owed)) == []


def test_what_was_not_made_from_the_record_is_not_the_document() -> None:
    case = watched("monthly_analysis", "2026-12-01 09:00")
    for files in ((), (plain(),), (plain(), plain("c.pdf"))):
        (fault,) = faults(case, Document.ANALYSIS, *files)
        assert "fenghuo trail analysis 2026-10" in fault
    (fault,) = faults(case, Document.ANALYSIS, made(Document.PRICE_BULLETIN, Week.read("2026-W48")))
    assert "fenghuo trail analysis 2026-10" in fault, "a bulletin is no analysis"


def test_where_nothing_is_owed_an_earlier_month_may_be_handed_in_too() -> None:
    stage = Stage()
    case = stage.watches("periodic", "monthly_analysis")
    assert faults(stage.case(case), Document.ANALYSIS, made(Document.ANALYSIS, Period.read("2026-08"))) == []


async def test_without_the_trails_key_nothing_is_said_and_the_answer_says_who_mends_it(
    tmp_path: Path,
) -> None:
    form = ActForm(document=Document.ANALYSIS, text="见附件", files=(plain(),))
    with pytest.raises(Problem) as refused:
        await documents(tmp_path).looked_at(Kind.FILED, form)
    assert refused.value.status == 503
    other = ActForm(document=Document.REVIEW, text="见附件", files=(plain(),))
    assert await documents(tmp_path).looked_at(Kind.FILED, other) is other
