"""Every reason has its words in both languages, and is read back as it was written, by whatever version."""

from enum import StrEnum

import pytest

from shared.case import CaseStatus, Slip, TaskState
from shared.directory.gaps import GapCode
from shared.facts import ChangeState, LapseCause, Reason, Spelled, reason_of, spelled
from shared.language.catalogue import catalogue
from shared.language.labels import why_in_words
from shared.language.reasons import WHY
from shared.vocabulary import Document, Kind, Language, ReportKind

CHINESE = catalogue(Language.ZH).gettext


def test_every_reason_has_its_words_and_no_words_are_left_over() -> None:
    assert set(WHY) == {str(reason) for reason in Reason}


@pytest.mark.parametrize("reason", Reason)
def test_the_words_of_a_reason_are_in_both_languages(reason: Reason) -> None:
    assert CHINESE(WHY[reason]) != WHY[reason]


@pytest.mark.parametrize("words", [Kind, CaseStatus, TaskState, Slip, LapseCause, GapCode])
def test_what_may_stand_for_a_reason_has_words_too(words: type[StrEnum]) -> None:
    for word in words:
        assert why_in_words(word, CHINESE) != word


def test_what_depends_on_a_state_is_a_reason_for_each_state() -> None:
    deadlocks = (
        Reason.BOUNCE_LIMIT_REACHED,
        Reason.BACK_TO_A_PREVIOUS_HOLDER,
        Reason.ASSIGNMENT_OBJECTED_TO,
    )
    assert {
        *(f"case_is_{status}" for status in CaseStatus),
        *(f"task_is_{state}" for state in TaskState),
        *(f"directory_{change}" for change in ChangeState),
        *(f"{why}_and_no_common_superior" for why in deadlocks),
    } <= {str(reason) for reason in Reason}


@pytest.mark.parametrize(
    ("written", "reason", "carried", "english", "chinese"),
    [
        ("ended_by_resolved", Reason.ENDED_BY, "resolved", "ended by: resolved", "终止于：已处置"),
        ("alike_0.87", Reason.ALIKE, "0.87", "alike: 0.87", "相似度：0.87"),
        ("carried_on_in:01J", Reason.CARRIED_ON_IN, "01J", "carried on in case: 01J", "转入事项办理：01J"),
    ],
)
def test_a_reason_carries_something(
    written: str, reason: Reason, carried: str, english: str, chinese: str
) -> None:
    assert spelled(reason, carried) == written
    assert reason_of(written) == (reason, carried)
    assert (why_in_words(written, str), why_in_words(written, CHINESE)) == (english, chinese)


def test_each_kind_of_matter_and_each_document_is_named() -> None:
    for kind in ReportKind:
        assert kind not in why_in_words(spelled(Reason.NO_DUTY_FOR, kind), CHINESE)
    for document in Document:
        assert document not in why_in_words(f"filed.{document}", CHINESE)


def test_what_a_newer_version_gives_as_its_reason_shows_as_it_is() -> None:
    assert reason_of("of_a_newer_version:7") == (None, "")
    assert why_in_words(Spelled("of_a_newer_version:7"), CHINESE) == "of_a_newer_version:7"
