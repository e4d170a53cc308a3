"""The form for limits and degrees: what nobody touched stays to the letter, what was typed is there or is a fault."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.escalator.policy.changed_text import NotWrittenError, with_values
from services.escalator.policy.load import parse_policy
from services.escalator.policy_pages.limits_form import (
    NAME,
    NO_MEASURE,
    NO_NAME,
    NO_NUMBER,
    NO_UNIT,
    NOT_WHOLE,
    NOTHING_CHANGED,
    UNIT,
    LimitsForm,
    TermUnit,
    changed,
    limits_form,
)
from services.escalator.policy_pages.wording import PolicyWording
from shared.forms import load_forms
from shared.language.words import Words
from shared.lined_yaml import YamlFault
from shared.vocabulary import Language, Level
from tests.unit.policy_given import CONFIG, default, directory, text_with


@cache
def form() -> LimitsForm:
    forms = load_forms(Path(CONFIG) / "forms.yaml")
    return limits_form(default(), PolicyWording(Words(Language.EN), directory(), default().document, forms))


def typed(**fields: str) -> dict[str, str]:
    """`levels__IV__report="1 hours"`."""
    values: dict[str, str] = {}
    for name, text in fields.items():
        number, _, unit = text.partition(" ")
        dotted = name.replace("__", ".")
        values |= {dotted: number, **({dotted + UNIT: unit} if unit else {})}
    return values


def test_a_limit_and_a_degree_change_their_own_words_alone_and_every_remark_stays() -> None:
    changes, faults = form().changes(
        {NAME: "2026-12-01", **typed(levels__IV__report="1 hours", petition__route="10 working_days")}
        | {"measure.1": "admonitory_talk", **{"late_by.1": "20", "late_by.1" + UNIT: "minutes"}}
    )
    assert faults == {}
    text, elsewhere = changed(text_with(), changes)
    assert elsewhere == {}
    assert text == text_with(
        ('version: "2026-11-01"', 'version: "2026-12-01"'),
        ("IV: { report: PT2H", "IV: { report: PT1H"),
        ("petition: { route: P15D", "petition: { route: P10WD"),
        ("late_by: PT30M }, measure: written_explanation", "late_by: PT20M }, measure: admonitory_talk"),
    )
    assert str(parse_policy(text).document.levels[Level.IV].report) == "1:00:00"


def test_every_limit_of_the_policy_in_force_is_offered_as_a_person_would_write_it() -> None:
    values = form().values()
    assert (values["half_hour.within"], values["half_hour.within" + UNIT]) == ("30", "minutes")
    assert (values["trend.monthly"], values["trend.monthly" + UNIT]) == ("10", "day_of_month")
    assert (values["accountability.window"], values["accountability.window" + UNIT]) == ("12", "months")
    assert len(form().limits) > 50


def test_a_form_that_nobody_touched_changes_nothing_and_says_so() -> None:
    assert form().changes(form().values()) == ({}, {"": NOTHING_CHANGED})
    assert form().changes({"no_such_field": "1"}) == ({}, {"": NOTHING_CHANGED})


@pytest.mark.parametrize(
    ("given_fields", "field", "fault"),
    [
        (typed(half_hour__within="soon minutes"), "half_hour.within", NO_NUMBER),
        (typed(half_hour__within="1e9 minutes"), "half_hour.within", NO_NUMBER),
        (typed(half_hour__within="٣٠ minutes"), "half_hour.within", NO_NUMBER),
        (typed(half_hour__within="123456 minutes"), "half_hour.within", NO_NUMBER),
        (typed(half_hour__within="30 fortnights"), "half_hour.within", NO_UNIT),
        (typed(petition__close="0 months"), "petition.close", NOT_WHOLE),
        (typed(petition__close="1.5 months"), "petition.close", NOT_WHOLE),
        (typed(trend__monthly="29 day_of_month"), "trend.monthly", NOT_WHOLE),
        ({"measure.0": "decapitation"}, "measure.0", NO_MEASURE),
        ({NAME: ""}, NAME, NO_NAME),
        ({NAME: 'x"\nduties: {}'}, NAME, NO_NAME),
        ({NAME: "a name with spaces"}, NAME, NO_NAME),
        ({NAME: "x" * 41}, NAME, NO_NAME),
    ],
)
def test_what_can_not_be_meant_is_a_fault_of_its_field(
    given_fields: dict[str, str], field: str, fault: str
) -> None:
    _, faults = form().changes(given_fields)
    assert faults[field] == fault


def test_a_unit_that_the_value_can_not_have_is_refused_with_its_line() -> None:
    changes, _ = form().changes(typed(half_hour__within="1 months"))
    with pytest.raises(YamlFault, match=r"policy\.yaml:11: half_hour\.within"):
        parse_policy(changed(text_with(), changes)[0])


@given(st.sampled_from(sorted(form().values())), st.text(max_size=12))
def test_whatever_is_typed_is_in_the_text_or_named_as_a_fault(name: str, text: str) -> None:
    changes, faults = form().changes({name: text})
    if text.strip() == form().values()[name]:
        assert faults == {"": NOTHING_CHANGED}
    elif not faults or name == NAME:
        assert changes or faults
    else:
        assert name.removesuffix(UNIT) in faults


@settings(max_examples=30)
@example("NULL")
@example("true")
@example("12")
@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), max_size=40))
def test_a_text_that_is_put_in_is_read_again_as_it_was(name: str) -> None:
    text = with_values(text_with(), {("version",): name or "x"})
    assert parse_policy(text).document.version == (name or "x")


def test_a_path_that_is_not_written_is_refused() -> None:
    for path in (("tasks", "nothing"), ("accountability", "measures", 99, "measure"), ("levels", "I")):
        with pytest.raises(NotWrittenError):
            with_values(text_with(), {path: "x"})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("I: &one { report: PT30M }\nII: *one\n", ("I", "report")),
        ("I: &one { report: PT30M }\nII: *one\n", ("II", "report")),
        ("I: &one PT30M\nII: *one\n", ("II",)),
        ("of: [&one PT30M, *one]\n", ("of", 1)),
        ("I: >-\n  PT30M\nII: PT1H\n", ("I",)),
    ],
)
def test_what_is_read_elsewhere_too_is_changed_in_the_text_alone(
    text: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(NotWrittenError):
        with_values(text, {path: "PT1H"})
    assert with_values(text + "III: PT1H\n", {("III",): "PT2H"}) == text + "III: PT2H\n"


def test_seconds_of_a_policy_for_trying_out_keep_their_unit() -> None:
    policy = parse_policy(
        text_with(("  within: PT30M\n  remind: [PT15M, PT25M]", "  within: PT15.5S\n  remind: [PT7S]"))
    )
    forms = load_forms(Path(CONFIG) / "forms.yaml")
    values = limits_form(
        policy, PolicyWording(Words(Language.EN), directory(), policy.document, forms)
    ).values()
    assert (values["half_hour.within"], values["half_hour.within" + UNIT]) == ("15.5", TermUnit.SECONDS)
