"""What every act leaves on record, refused or done, is what a person has read and found right."""

from difflib import unified_diff

from shared.vocabulary import CASE_ACTS
from tests.escalator.on_record import RECORD, written
from tests.escalator.scenes import SCENES


def test_the_record_says_what_a_person_has_read() -> None:
    kept, now = RECORD.read_text(encoding="utf-8"), written()
    changed = list(unified_diff(kept.splitlines(), now.splitlines(), "as read", "as it is now", lineterm="", n=1))
    assert not changed, "\n".join(["read what changed, then `python -m tests.escalator.on_record`:", *changed[:60]])


def test_every_act_has_a_scene() -> None:
    assert {kind for _, _, acts in SCENES for _, kind, _ in acts} == set(CASE_ACTS)
