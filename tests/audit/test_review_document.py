"""The review after an event as a document: what counts as its review, its end and its lessons, from what the real
escalator decided.
"""

from services.audit.reports.documents.review import ReviewedEvent, reviewed_event
from shared.case import TaskState
from shared.facts.body import FactBody
from shared.story.reading import RecordedFact, moments_of
from shared.story.telling import Sentences
from shared.vocabulary import Document, Kind, Level, ReviewCause
from tests.audit.story import Recorded
from tests.stories.stage import Stage

UNIT, OFFICE = "wangshan_info_centre", "emergency_office"


def staged() -> Stage:
    stage = Stage()
    stage.world = Recorded(stage.world.rules)
    return stage


def event_of(stage: Stage) -> ReviewedEvent:
    world = stage.world
    assert isinstance(world, Recorded)
    facts = (
        RecordedFact(number, number, at, fact.kind, FactBody(fact.model_dump(mode="json")["data"]))
        for number, (fact, at) in enumerate(world.facts, 1)
    )
    moments = moments_of(facts)
    return reviewed_event(
        [(moment, Sentences(at=moment.at, kind=moment.kind, words=moment.kind)) for moment in moments]
    )


def test_a_task_of_the_event_itself_is_no_lesson_and_what_came_after_its_end_is() -> None:
    stage = staged()
    case = stage.report(level=Level.II)
    stage.says(case, Kind.ASSIGNED, OFFICE, tasks=[{"title": "转移群众", "unit": UNIT, "within": "PT2H"}])
    stage.says(case, Kind.COMPLETED, UNIT, task="t1", text="已转移")
    assert not event_of(stage).is_due
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    assert event_of(stage).is_due
    assert event_of(stage).lessons == []
    stage.says(case, Kind.VERIFIED, OFFICE, task="t1")
    stage.says(case, Kind.ASSIGNED, OFFICE, tasks=[{"title": "夜间双岗", "unit": UNIT, "within": "P10D"}])
    (lesson,) = event_of(stage).lessons
    assert (lesson.title, lesson.unit, lesson.state) == ("夜间双岗", UNIT, TaskState.ASSIGNED)
    assert event_of(stage).during[-1][0].kind == Kind.RESOLVED


def test_a_lesson_stands_as_it_stands_now() -> None:
    stage = staged()
    case = stage.report(level=Level.II)
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    stage.says(case, Kind.ASSIGNED, OFFICE, tasks=[{"title": "夜间双岗", "unit": UNIT, "within": "P10D"}])
    for kind, unit, text, state in (
        (Kind.ACCEPTED, UNIT, None, TaskState.ACCEPTED),
        (Kind.COMPLETED, UNIT, "已排双岗", TaskState.COMPLETED),
        (Kind.RETURNED, OFFICE, "周末仍单岗", TaskState.ACCEPTED),
        (Kind.COMPLETED, UNIT, "周末亦双岗", TaskState.COMPLETED),
        (Kind.VERIFIED, OFFICE, None, TaskState.VERIFIED),
    ):
        stage.after(hours=1)
        stage.says(case, kind, unit, task="t1", text=text)
        assert event_of(stage).lessons[0].state is state, kind
    assert event_of(stage).lessons[0].result == "周末亦双岗"


def test_an_event_that_flares_up_again_has_not_ended_and_a_refused_review_is_none() -> None:
    stage = staged()
    case = stage.report(level=Level.III)
    stage.says(case, Kind.RESOLVED, "gov_in_charge", text="险情解除")
    stage.says(case, Kind.ASSIGNED, OFFICE, tasks=[{"title": "清查", "unit": UNIT, "within": "P10D"}])
    stage.says(case, Kind.REOPENED, UNIT, text="复燃")
    event = event_of(stage)
    assert (event.ended, event.lessons, event.is_due) == (None, [], False)
    stage.refused(case, Kind.FILED, "heating_company", document=Document.REVIEW, text="与我无关")
    assert event_of(stage).reviews == []
    stage.says(
        case, Kind.FILED, UNIT, document=Document.REVIEW, causes=(ReviewCause.AWARENESS,), text="麻痹大意"
    )
    ((review, _),) = event_of(stage).reviews
    assert review.data.texts("causes") == ("awareness",)
