"""The JSON Schema beside the forms' file, and the command that checks it."""

import json
from pathlib import Path

import jsonschema_rs
from typer.testing import CliRunner

from fenghuo.commands.forms import app
from services.escalator.policy.reading_forms import form_faults
from shared.editor_schema import schema_text
from shared.forms.schema import forms_schema
from shared.lined_yaml import plain
from shared.message import Placed
from tests.escalator.builders import default_rules
from tests.forms.given import FILE, shipped


def test_the_schema_in_the_tree_is_the_one_the_code_says_and_takes_the_file() -> None:
    assert FILE.with_name("forms.schema.json").read_text(encoding="utf-8") == schema_text(forms_schema()), (
        "`fenghuo forms schema > config/forms.schema.json`"
    )
    text = FILE.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=forms.schema.json\n")
    document = json.loads(json.dumps(plain(text, "forms.yaml")))
    validator = jsonschema_rs.validator_for(forms_schema())
    assert [error.message for error in validator.iter_errors(document)] == []
    document["forms"]["outage"]["fields"]["firm"]["tpye"] = "unit"
    assert not validator.is_valid(document)


def test_the_command_checks_forms_and_policy_against_each_other(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["check", str(FILE)]).exit_code == 0
    without = FILE.read_text(encoding="utf-8").replace("      low: {", "      lower: {")
    other = tmp_path / "forms.yaml"
    other.write_text(without, encoding="utf-8")
    checked = runner.invoke(app, ["check", str(other)])
    assert checked.exit_code == 1
    assert "no form has form.stock.low: write one of" in checked.output.replace("\n", "")
    moved = FILE.read_text(encoding="utf-8").replace(
        "      at: { title: { zh: 时间", "      on: { title: { zh: 时间", 1
    )
    moved = moved.replace("    calendar: at", "    calendar: on", 1)
    other.write_text(moved, encoding="utf-8")
    checked = runner.invoke(app, ["check", str(other)])
    assert checked.exit_code == 1
    assert "no form has the date or time form.visit.at: write one of" in checked.output.replace("\n", "")
    added = FILE.read_text(encoding="utf-8").replace("    each: [road]", "    each: [raod]")
    other.write_text(added.replace("part_of: planned", "part_of: what"), encoding="utf-8")
    checked = runner.invoke(app, ["check", str(other)])
    said = checked.output.replace("\n", "")
    assert "no field raod: name a field of the form that is no table" in said
    assert "what is no number of this form: name one, or leave it out" in said


def test_a_variant_of_a_rule_is_checked_against_the_forms_as_the_rule_is() -> None:
    written = "{ when: { topic: compilation }, title:"
    starts = written.replace("title:", "starts: form.visit.nowhen, until: form.stock.never, title:")
    policy = default_rules(**{written: starts}).policy
    faults = [(one.where, one.what) for one in form_faults(policy, shipped()) if isinstance(one, Placed)]
    assert [(where.partition(": ")[2], what.partition(":")[0]) for where, what in faults] == [
        ("duties.notice_approval.variants.0.until", "no form has form.stock.never"),
        ("duties.notice_approval.variants.0.starts", "no form has the date or time form.visit.nowhen"),
    ]


def test_whoever_is_told_by_a_form_is_named_in_it_as_unit_or_person() -> None:
    policy = default_rules(
        **{
            "form.meeting.chair]": "form.meeting.place, form.meeting.participants.who, form.visit.leader]",
            "on: form.meeting.changed": "on: form.meeting.moved",
        }
    ).policy
    faults = [(one.where, one.what) for one in form_faults(policy, shipped()) if isinstance(one, Placed)]
    assert [(where.partition(": ")[2], what.partition(":")[0]) for where, what in faults] == [
        ("tells.meeting_changed.on", "no form has form.meeting.moved"),
        ("tells.meeting_invitation.to", "no form names units or persons in form.meeting.place"),
        ("tells.meeting_invitation.to", "no form names units or persons in form.meeting.participants.who"),
    ]


def test_no_threshold_is_called_as_the_change_of_a_form_is(tmp_path: Path) -> None:
    other = tmp_path / "forms.yaml"
    text = FILE.read_text(encoding="utf-8")
    other.write_text(text.replace("      unapproved: {", "      changed: {", 1), encoding="utf-8")
    checked = CliRunner().invoke(app, ["check", str(other)])
    assert checked.exit_code == 1
    assert "changed means something else already" in checked.output.replace("\n", "")
