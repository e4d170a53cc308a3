"""The report on what is under supervision names a unit only for what is its own: not what is excused, not a late acceptance,
not what was fed back, not what ended. It counts what was decided, in the window.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.audit.reports.answering import Answering
from services.audit.reports.counting import Counting
from services.audit.reports.documents.supervision_blocks import LISTED, tasks_under_supervision
from services.audit.reports.reading import ReportedFact
from services.audit.reports.supervised import MOST_LISTED, SupervisionStep
from services.audit.reports.window import Window
from shared.documents.blocks import Paragraph
from shared.documents.words import DocumentWords
from shared.facts.body import FactBody
from shared.vocabulary import Kind, Language
from shared.web.names import Names
from tests.unit.policy_given import directory

CASE, UNIT, OFFICE = "01JDCASE000000000000000000", "shaquan_government", "petition_office"
BEGAN = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)


class Trail:
    """Facts of one order, a day after another."""

    def __init__(self, window: Window | None = None, kind: str = "supervision_order") -> None:
        self.counting = Counting(window or Window(), ZoneInfo("Asia/Shanghai"))
        self.index = 0
        self.take(Kind.REPORTED, kind=kind, unit=OFFICE, summary="督办违建")
        self.decided(task("assigned", note="拆除违建", due_at="2026-11-05T00:00:00Z"), opened())

    def take(self, fact_kind: Kind, fact_id: str = "", **data: Any) -> None:
        at = BEGAN + timedelta(days=self.index)
        fact = ReportedFact(
            index=self.index,
            at=at,
            kind=fact_kind,
            case=CASE,
            number=self.index + 1,
            unit=OFFICE,
            area=None,
            level=None,
            category=None,
            data=FactBody(data),
            id=fact_id,
        )
        self.counting.take(fact)
        self.index += 1

    def decided(self, *effects: dict[str, Any], about: str = "") -> None:
        self.take(Kind.DECIDED, effects=list(effects), about={"id": about})

    def answer(self) -> dict[str, Any]:
        self.counting.finish(BEGAN + timedelta(days=self.index))
        return Answering(self.counting).supervised()


def task(why: str, unit: str = UNIT, **fields: Any) -> dict[str, Any]:
    return {"kind": "task", "why": why, "task": "t1", "unit": unit, **fields}


def opened(duty: str = "feedback") -> dict[str, Any]:
    return {"kind": "opened", "why": "owed", "duty": duty, "rule": duty, "unit": UNIT, "task": "t1"}


def lapsed(duty: str = "feedback", cause: str = "not_done", **fields: Any) -> dict[str, Any]:
    return {
        "kind": "lapsed",
        "why": "limit_passed",
        "duty": duty,
        "rule": duty,
        "unit": UNIT,
        "task": "t1",
        "cause": cause,
        **fields,
    }


def overdue(trail: Trail) -> list[bool]:
    return [line.overdue for line in trail.answer()["tasks"]]


def test_what_lapsed_and_was_not_fed_back_is_past_its_limit_with_its_record() -> None:
    trail = Trail()
    trail.decided(lapsed())
    (line,) = trail.answer()["tasks"]
    assert (line.overdue, line.overdue_index, line.title, line.summary) == (True, 2, "拆除违建", "督办违建")
    (unit,) = Answering(trail.counting, with_records=True).supervised()["units"]
    assert (unit.unit, unit.overdue, unit.records) == (UNIT, 1, {"ordered": (1,), "overdue": (2,)})


def test_what_is_excused_is_not_named() -> None:
    trail = Trail()
    trail.decided(lapsed(excuses=["system_away"]))
    assert overdue(trail) == [False]


def test_to_take_it_on_late_is_not_to_be_past_its_limit() -> None:
    trail = Trail()
    trail.decided(opened("accept"), lapsed("accept", "not_acknowledged"))
    assert overdue(trail) == [False]


def test_what_whoever_ordered_it_owes_is_not_the_units() -> None:
    trail = Trail()
    trail.decided(opened("verify"), {**lapsed("verify"), "unit": OFFICE})
    assert overdue(trail) == [False]


def test_fed_back_late_and_sent_back_it_has_a_new_limit() -> None:
    trail = Trail()
    trail.decided(lapsed())
    trail.decided(task("completed"))
    assert overdue(trail) == [False]
    trail.decided(task("returned"), opened("feedback-2"))
    assert overdue(trail) == [False]
    trail.decided(lapsed("feedback-2"))
    assert overdue(trail) == [True]


def test_feedback_in_writing_counts_unless_it_was_refused() -> None:
    trail = Trail()
    trail.take(Kind.FILED, "a", document="feedback")
    trail.decided({"kind": "refused", "why": "case_is_closed"}, about="a")
    assert [line.stands for line in trail.answer()["tasks"]] == [SupervisionStep.ORDERED]
    trail.take(Kind.FILED, "b", document="feedback", task="t1")
    trail.decided(about="b")
    assert [line.stands for line in trail.answer()["tasks"]] == [SupervisionStep.FED_BACK]


def test_what_has_ended_is_past_no_limit() -> None:
    trail = Trail()
    trail.decided(lapsed())
    trail.decided({"kind": "status", "why": "closed"})
    assert overdue(trail) == [False]


def test_of_before_the_window_only_what_is_still_open_is_listed() -> None:
    later = Window(since=BEGAN + timedelta(days=10))
    open_still = Trail(later)
    assert [(line.unit, line.stands) for line in open_still.answer()["tasks"]] == [(UNIT, "ordered")]
    assert open_still.answer()["units"] == (), "and counts as ordered in the window before"
    closed = Trail(later)
    closed.decided(task("completed"))
    closed.decided(task("verified"))
    assert closed.answer()["tasks"] == ()


def test_only_orders_of_supervision_count_and_only_of_the_units_asked_for() -> None:
    assert Trail(kind="task").answer()["tasks"] == ()
    assert Trail(Window(units=frozenset({"wangshan_government"}))).answer()["tasks"] == ()


def test_of_more_than_are_listed_the_number_of_all_is_said() -> None:
    trail = Trail()
    trail.decided(
        *(task("assigned", note="清运垃圾") | {"task": f"t{at}"} for at in range(2, MOST_LISTED + 3))
    )
    answer = trail.answer()
    assert (len(answer["tasks"]), answer["count"], answer["cases"]) == (MOST_LISTED, MOST_LISTED + 2, 1)
    words = DocumentWords(Language.EN, Names(directory), ZoneInfo("Asia/Shanghai"))
    _, cut = tasks_under_supervision(words, answer["tasks"], answer["count"])
    assert isinstance(cut, Paragraph)
    said = "".join(cell.text for cell in cut.runs)
    assert said == f"The first {LISTED} of {MOST_LISTED + 2} are listed."
    assert len(tasks_under_supervision(words, answer["tasks"][:9], 9)) == 1
