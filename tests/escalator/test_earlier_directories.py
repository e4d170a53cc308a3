"""The directory as it was at a decision is made again from its changes on record, or is not known."""

import pytest

from services.escalator.lanes.earlier_directories import (
    DecisionMoment,
    DirectoryRevision,
    directories_at,
    revisions_of,
)
from services.intake.directory import facts as directory_facts
from shared.directory import Directory
from shared.directory.change_facts import Change, DirectoryChange, SetHolder
from shared.directory.changes import apply_change, difference
from shared.facts import Actor, Fact
from shared.ids import PersonId, PostId
from shared.vocabulary import Role
from tests.escalator.builders import LEARNED, example_directory

POST = PostId("petition")
HOLDERS = ("wu_ji", "zhao_jia", "qian_yi")
FIRST = example_directory()


def change(base: int, changes: tuple[Change, ...], version: str) -> DirectoryChange:
    return DirectoryChange(
        by=Actor(principal="operator", role=Role.OPERATOR), version=version, base=base, changes=changes
    )


def holder(base: int) -> DirectoryChange:
    return change(base, (SetHolder(post=POST, holder=PersonId(HOLDERS[base - 1])),), f"{base + 1}")


def revision(sequence: int, of: DirectoryChange) -> DirectoryRevision:
    return DirectoryRevision(sequence, of.base, of.version, of.changes)


CHANGES = (change(0, difference(None, FIRST), "1"), *map(holder, (1, 2, 3)))
RECORD = [revision(10 * (number + 1), one) for number, one in enumerate(CHANGES)]
"""Revision 1 at 10, 2 at 20 and so on."""


def as_it_was(number: int) -> Directory:
    directory = FIRST
    for one in CHANGES[1:number]:
        directory = apply_change(directory, one)
    return directory


def test_each_is_as_it_was() -> None:
    moments = [DecisionMoment(number, 100) for number in (1, 2, 3, 4)]
    found = directories_at(moments, RECORD)
    assert [found[moment].posts for moment in moments] == [as_it_was(number).posts for number in (1, 2, 3, 4)]
    assert [found[moment].people for moment in moments] == [FIRST.people] * 4


def test_a_decision_of_an_earlier_version_counts_by_its_place() -> None:
    before_all, between = DecisionMoment(0, 5), DecisionMoment(0, 25)
    found = directories_at([before_all, between], RECORD)
    assert found[before_all].posts == FIRST.posts
    assert found[between].posts == as_it_was(2).posts


def test_a_change_may_stand_on_record_after_what_was_decided_by_it() -> None:
    early = DecisionMoment(3, 29)
    assert directories_at([early], RECORD)[early].posts == as_it_was(3).posts


def test_of_a_bucket_made_anew_the_same_number_is_another_directory() -> None:
    old, new = DecisionMoment(1, 15), DecisionMoment(1, 65)
    smaller = FIRST.revised(version="again", plans=())
    found = directories_at([old, new], [*RECORD, revision(60, change(0, difference(None, smaller), "again"))])
    assert (found[old].plans, found[new].plans) == (FIRST.plans, ())


def test_what_can_not_be_made_again_whole_is_not_known() -> None:
    moments = [DecisionMoment(number, 100) for number in (1, 2, 3, 4)]
    assert list(directories_at(moments, [RECORD[0], *RECORD[2:]])) == [moments[0]], "one before it is gone"
    assert directories_at(moments, RECORD[1:]) == {}
    assert directories_at([DecisionMoment(9, 100)], RECORD) == {}


def test_parts_make_one_change_and_a_repeat_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_facts, "FITS", 10_000)
    facts = [
        *directory_facts.facts_of(CHANGES[0], "first", LEARNED),
        *directory_facts.facts_of(CHANGES[1], "second", LEARNED),
    ]
    assert len(facts) > 2, "the first takes several facts"
    stored = [*enumerate(facts, 1), (99, facts[-1])]
    found = [*revisions_of((sequence, Fact.read(one.raw)) for sequence, one in stored)]
    assert [(one.sequence, one.base, one.changes) for one in found] == [
        (len(facts) - 1, 0, CHANGES[0].changes),
        (len(facts), 1, CHANGES[1].changes),
    ]
    without_a_part = [*revisions_of((sequence, Fact.read(one.raw)) for sequence, one in stored[1:])]
    assert [one.base for one in without_a_part] == [1]
