"""What every effect says, whatever happened: a named reason that has words, whom and what it is about, and
the line it comes from.
"""

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.case import CaseStatus, TaskState
from shared.facts import Effect, EffectKind, LapseCause
from shared.vocabulary import Document, Kind
from shared.web.reasons import WHY
from tests.escalator.builders import default_rules
from tests.escalator.histories import History
from tests.escalator.test_properties import EXAMPLES

RULES = default_rules()
LINES = RULES.policy.text.split("\n")
DOES = ("duty", "person", "unit")
SAYS: dict[EffectKind, tuple[str, ...]] = {
    EffectKind.OPENED: (*DOES, "post", "due_at", "rule"),
    EffectKind.LIT: (*DOES, "post"),
    EffectKind.REMINDED: (*DOES, "due_at", "rule"),
    EffectKind.DISCHARGED: (*DOES, "due_at", "note"),
    EffectKind.LAPSED: (*DOES, "due_at", "cause", "rule"),
    EffectKind.TAKEN: DOES,
    EffectKind.DARK: (*DOES, "post", "rule"),
    EffectKind.UNREACHED: (*DOES, "post", "rule"),
    EffectKind.CHAIN_ENDED: (*DOES, "rule"),
    EffectKind.CANCELLED: DOES,
    EffectKind.HOLDER: ("unit",),
    EffectKind.SLIPPED: (*DOES, "due_at", "rule"),
    EffectKind.TOLD: (*DOES, "post", "rule"),
    EffectKind.REGRADED: ("note",),
    EffectKind.MOVED: (*DOES, "due_at", "was", "rule"),
    EffectKind.PAUSED: (*DOES, "due_at", "was", "note", "rule"),
    EffectKind.RESUMED: (*DOES, "due_at"),
    EffectKind.SNOOZED: (*DOES, "due_at", "rule"),
    EffectKind.UNACKNOWLEDGED: (*DOES, "due_at", "rule"),
    EffectKind.MATCHED: ("unit", "case", "note"),
    EffectKind.REFERRED: (*DOES, "rule"),
    EffectKind.RAISED: ("case",),
    EffectKind.SUSPECTED: ("unit",),
    EffectKind.COMMAND: ("person",),
    EffectKind.WAITS: ("person", "post", "unit"),
    EffectKind.OWED_AGAIN: (*DOES, "due_at", "rule"),
}
"""What an effect of each kind never leaves out."""
WORDS = {
    *WHY,
    *(str(one) for group in (CaseStatus, TaskState, LapseCause, Kind) for one in group),
    *(f"filed.{document}" for document in Document),
    *("overdue", "paused", "resumed", "blue", "yellow", "red"),
}
PUT_TOGETHER = re.compile(
    r"(case_is|task_is|ended_by)_[a-z_]+|alike_[01]\.\d\d|carried_on_in:.+|no_duty_for_[a-z_]+"
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_every_effect_has_a_reason_in_words_and_leaves_nothing_out(seed: int) -> None:
    history = History(Random(seed), RULES).play(25)
    for step in history.steps:
        for notice in step.decision.notices:
            assert notice.why in WORDS
        for effect in step.decision.effects:
            assert effect.why in WORDS or PUT_TOGETHER.fullmatch(effect.why), effect
            assert [name for name in SAYS.get(effect.kind, ()) if getattr(effect, name) is None] == [], effect
            _is_about_what_there_is(history, effect)
            if effect.rule is not None:
                assert effect.rule.path.rpartition(".")[2] in LINES[effect.rule.line - 1], effect.rule


def _is_about_what_there_is(history: History, effect: Effect) -> None:
    directory, case = RULES.directory, history.now
    duty = next((one for one in case.duties if one.id == effect.duty), None)
    if duty is not None and effect.kind is not EffectKind.RAISED:
        assert effect.task == duty.task
    assert (
        effect.person is None or effect.person in directory.people_by_id or effect.kind is EffectKind.REFUSED
    )
    assert effect.unit is None or effect.unit in directory.units_by_id
    assert effect.post is None or effect.post in directory.posts_by_id
    assert effect.task is None or effect.task in {task.id for task in case.tasks}
    if effect.kind is EffectKind.MOVED:
        assert effect.due_at != effect.was
    if effect.kind is EffectKind.LAPSED:
        assert (effect.late_by_seconds is not None) == (effect.cause is LapseCause.REPORTED_LATE), (
            "a clock's lateness is nobody's"
        )
        assert effect.late_by_seconds is None or effect.late_by_seconds > 0
    if effect.kind is EffectKind.DISCHARGED:
        assert (effect.late_by_seconds is not None) == effect.why.endswith("_late")
