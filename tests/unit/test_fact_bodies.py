"""The one reader of what facts say: forgiving towards anything, and the same for facts of every version."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.facts import EffectKind, Reason
from shared.facts.body import EffectBody, FactBody

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "note", "rule", "x"]), inner)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_a_field_holds_it_reads_as_what_it_should_be_or_as_nothing(value: Any) -> None:
    body = FactBody({"field": value, "effects": [value, {"kind": value, "note": value, "excuses": value}]})
    assert body.text("field") is None or body.text("field") == value
    assert body.number("field") is None or not isinstance(value, bool)
    assert all(isinstance(text, str) for text in body.texts("field"))
    assert body.at("field") is None or body.at("field") is not None
    for effect in body.effects:
        for name in ("kind", "why", "duty_rule", "policy_line"):
            assert isinstance(getattr(effect, name), str)
        assert isinstance(effect.excuses, tuple)
        for name in ("via", "was_state", "measure"):
            assert isinstance(getattr(effect, name), str | None)
        assert effect.approvals_needed is None or effect.approvals_needed >= 0


@pytest.mark.parametrize(
    ("before", "now", "field"),
    [
        (
            {"kind": "discharged", "note": "logged_call"},
            {"kind": "discharged", "via": "logged_call", "note": "logged_call"},
            "via",
        ),
        (
            {"kind": "owed_again", "note": "discharged"},
            {"kind": "owed_again", "was_state": "discharged", "note": "discharged"},
            "was_state",
        ),
        (
            {"kind": "status", "why": "measure_as_proposed", "note": "admonitory_talk: 属实"},
            {
                "kind": "status",
                "why": "measure_as_proposed",
                "measure": "admonitory_talk",
                "note": "admonitory_talk: 属实",
            },
            "measure",
        ),
        (
            {"kind": "proposed", "why": "admonitory_talk"},
            {"kind": "proposed", "why": "admonitory_talk", "measure": "admonitory_talk"},
            "measure",
        ),
        (
            {"kind": "status", "why": "notice_approved", "note": "1/3"},
            {
                "kind": "status",
                "why": "notice_approved",
                "approvals": 1,
                "approvals_needed": 3,
                "note": "1/3",
            },
            "approvals_needed",
        ),
        (
            {"kind": "lapsed", "duty": "first_report-gov_main"},
            {"kind": "lapsed", "duty": "first_report-gov_main", "duty_rule": "first_report"},
            "duty_rule",
        ),
        (
            {"kind": "lapsed", "stood_in": "wu_ji"},
            {"kind": "lapsed", "stood_in": "wu_ji", "excuses": ["stood_in"]},
            "excuses",
        ),
    ],
)
def test_what_was_written_before_reads_as_what_is_written_now(
    before: dict[str, Any], now: dict[str, Any], field: str
) -> None:
    read = getattr(EffectBody(before), field)
    assert read == getattr(EffectBody(now), field)
    assert read


def test_what_is_owed_to_its_recipient_is_known_by_the_reason() -> None:
    reasons = [
        (EffectKind.OPENED, Reason.OWED_ON_REPORT),
        (EffectKind.OPENED, Reason.OWED),
        (EffectKind.DISCHARGED, Reason.ACKNOWLEDGED_LATE),
        (EffectKind.DISCHARGED, Reason.DONE_LATE),
        (EffectKind.OWED_AGAIN, Reason.CALL_CONTESTED),
    ]
    known = [EffectBody({"kind": kind, "why": why}).is_by_recipient for kind, why in reasons]
    assert known == [True, False, True, False, True]
