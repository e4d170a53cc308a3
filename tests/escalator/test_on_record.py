"""What every act leaves on record, refused or done, and what is said of every policy that can't be followed,
a person has read.
"""

from difflib import unified_diff
from pathlib import Path

from shared.vocabulary import CASE_ACTS
from tests.escalator import on_record, policy_faults
from tests.escalator.scenes import SCENES


def changes(kept: Path, now: str, renew: str) -> str:
    found = list(
        unified_diff(
            kept.read_text(encoding="utf-8").splitlines(),
            now.splitlines(),
            "as read",
            "as it is now",
            lineterm="",
            n=1,
        )
    )
    return "\n".join(["", f"read what changed, then `python -m {renew}`:", *found[:60]]) if found else ""


def test_the_record_says_what_a_person_has_read() -> None:
    assert not changes(on_record.RECORD, on_record.written(), "tests.escalator.on_record")


def test_every_act_has_a_scene() -> None:
    assert {kind for _, _, acts in SCENES for _, kind, _ in acts} == set(CASE_ACTS)


def test_every_fault_of_a_policy_is_told_in_a_sentence_a_person_has_read_at_the_line_it_is_about() -> None:
    assert not changes(policy_faults.RECORD, policy_faults.written(), "tests.escalator.policy_faults")
