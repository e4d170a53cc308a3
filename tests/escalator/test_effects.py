"""What every effect says, whatever happened: a named reason that has words, whom and what it is about, and
the line it comes from.
"""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.facts import Effect, EffectKind, LapseCause, Reason, reason_of
from shared.language.catalogue import catalogue
from shared.language.labels import why_in_words
from shared.vocabulary import Language
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


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_every_effect_has_a_reason_in_words_and_leaves_nothing_out(seed: int) -> None:
    history = History(Random(seed), RULES).play(25)
    for step in history.steps:
        for notice in step.decision.notices:
            assert has_words(notice.why), notice
        for effect in step.decision.effects:
            assert has_words(effect.why), effect
            _repeats_in_fields_what_it_says(effect)
            says = ("rule",) if effect.people else SAYS.get(effect.kind, ())
            assert [name for name in says if getattr(effect, name) is None] == [], effect
            _is_about_what_there_is(history, effect)
            if effect.rule is not None:
                assert effect.rule.path.rpartition(".")[2] in LINES[effect.rule.line - 1], effect.rule


def has_words(why: str) -> bool:
    chinese = why_in_words(why, catalogue(Language.ZH).gettext)
    is_english = "_" not in why_in_words(why, str)
    return is_english and chinese != why and "_" not in chinese


def _repeats_in_fields_what_it_says(effect: Effect) -> None:
    """Nothing needs to be read out of a reason or a note."""
    reason, carried = reason_of(effect.why)
    if reason is Reason.ALIKE:
        assert f"{effect.likeness:.2f}" == carried
    if effect.kind is EffectKind.DISCHARGED:
        assert effect.via == effect.note
    if effect.duty is not None and effect.kind not in (EffectKind.REFUSED, EffectKind.RAISED):
        assert effect.duty_rule == effect.duty.partition("-")[0]
    if effect.kind is EffectKind.PROPOSED and effect.duty is None:
        assert effect.measure == effect.why


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
