"""Everybody whom one change may touch fits one decision, and each gets one notice, by the addresses from
before.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from services.escalator.deciding.decide import decide
from services.escalator.deciding.draft import Rules
from services.escalator.policy.load import load_checked
from services.intake.directory.laying import MOST_TOUCHED
from shared.case_parts import LARGEST, parted_decision, stow
from shared.directory import load_directory
from shared.directory.change_facts import DirectoryChange, EndAbsence, Telling, Told
from shared.facts import Actor, Fact, Name, PersonalChange, Purpose, Signature, Touch
from shared.ids import PersonId
from shared.standing import DIRECTORY_CASE
from shared.vocabulary import Kind, Language, Role

CONFIG = Path(__file__).resolve().parents[2] / "config"
DIRECTORY = load_directory(CONFIG / "directory.yaml")
RULES = Rules(load_checked(CONFIG / "policy.yaml", DIRECTORY), DIRECTORY)
NOW = datetime(2026, 11, 29, 19, 0, tzinfo=UTC)
NAME = Name(
    zh="望烽市住房和城乡建设局值班室", en="Duty desk of the Housing and Construction Bureau of Wangfeng"
)
BY = Signature(name=NAME, unit=NAME, post=NAME)


def changed(people: int) -> Fact:
    """A change that touches so many, each in four ways."""
    four = tuple(PersonalChange(what, NAME, NAME, NOW, NOW + timedelta(days=1)) for what in list(Touch)[:4])
    told = tuple(
        Told(
            person=PersonId(f"person_{number}"), language=Language.ZH, channels=("sms", "email"), changes=four
        )
        for number in range(people)
    )
    data = DirectoryChange(
        by=Actor(principal="op", role=Role.OPERATOR),
        why="号码升位" * 125,
        version="2",
        base=1,
        changes=(EndAbsence(person=PersonId("x"), at=NOW),),
        telling=Telling(addresses_at=7, by=BY, approved_by=BY, told=told),
    )
    return Fact.of(
        Kind.DIRECTORY_CHANGED, id=f"c{people}", source="/test", subject=DIRECTORY_CASE, time=NOW, data=data
    )


def test_each_is_told_once_by_the_addresses_from_before() -> None:
    case, decision = decide(None, changed(3), 9, NOW, RULES)
    assert [notice.person for notice in decision.notices] == ["person_0", "person_1", "person_2"]
    assert {(notice.purpose, notice.addresses_at, notice.channels) for notice in decision.notices} == {
        (Purpose.CHANGED, 7, ("sms", "email"))
    }
    assert len({notice.id for notice in decision.notices}) == 3
    assert (case.duties, case.clock_at) == ((), None), "nothing is owed for it"
    again, more = decide(case, changed(2), 10, NOW, RULES)
    assert (again.id, len(more.notices)) == (case.id, 2)


def test_as_many_as_a_change_may_touch_are_told_in_facts_that_fit_a_message() -> None:
    case, decision = decide(None, changed(MOST_TOUCHED), 9, NOW, RULES)
    stowed, facts = stow(case, {}), parted_decision(decision)
    assert [notice.person for fact in facts for notice in fact.notices] == [
        notice.person for notice in decision.notices
    ]
    assert len(decision.notices) == MOST_TOUCHED
    assert max(map(len, (stowed.raw, *stowed.parts.values(), *map(msgspec.json.encode, facts)))) < LARGEST
