"""`policy simulate`: the same acts under another policy, and what would have gone differently."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fenghuo.commands.policy import app
from fenghuo.history_source import of_lines
from fenghuo.side_by_side import simulate_at_once
from services.escalator.playing.outcome import Stored, play
from services.escalator.playing.simulate import Differences, policies_in, simulate
from services.escalator.policy.book import Policy
from services.escalator.policy.versions import digest_of
from shared.facts import (
    Acknowledgement,
    Actor,
    CaseAct,
    Deliveries,
    Delivery,
    Fact,
    Frozen,
    PolicyApproved,
    PolicyDrafted,
    Report,
    Via,
    rfc3339,
)
from shared.ids import CaseId, NoticeId, PersonId, PostId, case_id_for
from shared.vocabulary import Document, Kind, Role
from tests.unit.policy_given import CONFIG, default, directory, policy, text_with

LEARNED = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CASE = case_id_for("simulated", LEARNED)
BY = Actor(principal="wang", role=Role.DUTY_OFFICER)
TWICE_AS_FAST = policy(
    ("II: { report: PT30M", "II: { report: PT15M"), ("remind: [PT15M, PT25M]", "remind: [PT10M]")
)


class Told:
    """A history in the making: `told.report()`, then acts by minute."""

    def __init__(self, case: CaseId = CASE) -> None:
        self.case = case
        self.facts: list[Stored] = []

    def fact(self, kind: Kind, data: Frozen, minutes: float, source: str = "/services/intake") -> None:
        at = LEARNED + timedelta(minutes=minutes)
        fact = Fact.of(
            kind, id=f"{self.case}-{len(self.facts)}", source=source, subject=self.case, time=at, data=data
        )
        self.facts.append((fact, at))

    def report(self, **changes: Any) -> None:
        known: dict[str, Any] = {
            "category": "accident",
            "level": "II",
            "unit": "emergency_bureau",
            "area": "620622",
            "summary": "爆炸",
        }
        times = {"occurred_at": LEARNED, "learned_at": LEARNED, "received_at": LEARNED, "reported_by": "wang"}
        self.fact(Kind.REPORTED, Report.model_validate(known | times | changes), 0)

    def everybody_answers(self, minutes: float) -> None:
        for post in default().document.half_hour.owed_to:
            person = directory().holder_of(PostId(post), LEARNED).id
            by = Actor(principal=person, role=Role.LEADER)
            self.fact(
                Kind.ACKNOWLEDGED,
                Acknowledgement(person=PersonId(person), via=Via.LINK, by=by),
                minutes,
                "/services/notifier",
            )

    def act(self, kind: Kind, minutes: float, **data: Any) -> None:
        self.fact(kind, CaseAct(by=BY, **data), minutes)


def differences(told: Told, other: Policy, until: float = 60) -> Differences:
    return simulate(
        told.facts, other, directory(), [(LEARNED, default())], LEARNED + timedelta(minutes=until)
    )


def test_the_same_policy_makes_no_difference() -> None:
    told = Told()
    told.report()
    told.everybody_answers(12)
    told.act(Kind.FILED, 40, document=Document.WRITTEN_REPORT)
    found = differences(told, default(), until=3000)
    assert (found.cases_changed, found.changes) == (0, ())
    assert found.before == found.after


def test_a_shorter_limit_would_have_made_a_lapse_of_an_answer_in_time() -> None:
    told = Told()
    told.report()
    told.everybody_answers(20)
    found = differences(told, TWICE_AS_FAST, until=21)
    lapses = [change for change in found.changes if change.what == "lapses"]
    assert {change.duty for change in lapses} == {"first_report"}
    assert len(lapses) == 5
    due = next(change for change in found.changes if change.what == "due")
    assert (due.before, due.after) == ("2026-11-23T03:30:00+00:00", "2026-11-23T03:15:00+00:00")
    assert found.after.lapses == found.before.lapses + 5


def test_a_chain_that_waits_longer_rings_fewer() -> None:
    told = Told()
    told.report()
    told.everybody_answers(7)
    patient = policy(("after: PT5M", "after: PT10M"))
    told_less = [change for change in differences(told, patient, until=8).changes if change.what == "told"]
    assert [(change.person, change.before, change.after) for change in told_less] == [
        ("wu_ji", "fallback × 1", "fallback × 0")
    ]


def test_a_duty_that_another_policy_does_not_know_would_not_open() -> None:
    told = Told()
    told.report()
    fewer = policy(("when: { kind: incident, level: [I, II] }", "when: { kind: incident, level: I }"))
    gone = {
        change.duty for change in differences(told, fewer, until=1).changes if change.what == "does_not_open"
    }
    assert gone == {"press_first", "press_conference"}


def test_a_call_that_failed_would_have_failed_all_the_same() -> None:
    told = Told()
    told.report()
    person = PersonId(directory().holder_of(PostId("party_main"), LEARNED).id)
    for channel in ("voice", "sms"):
        at = LEARNED + timedelta(minutes=1)
        done = Delivery(
            notice=NoticeId("another.number.0"),
            person=person,
            channel=channel,
            address="…1",
            attempts=3,
            first_tried_at=at,
            done_at=at,
        )
        told.fact(Kind.FAILED, Deliveries(deliveries=(done,)), 1, source="/services/notifier")
    outcome = play(told.facts, [(LEARNED, default())], directory(), LEARNED + timedelta(minutes=2))
    assert [
        (at - LEARNED, person) for at, person, purpose, _ in outcome.cases[CASE].told if purpose == "fallback"
    ] == [(timedelta(minutes=1), "wu_ji")]


def test_what_the_escalator_concluded_is_worked_out_anew_and_not_played() -> None:
    told = Told()
    told.report()
    told.fact(Kind.REPORTED, Report.model_validate(told.facts[0][0].data), 1, source="/services/escalator")
    assert differences(told, default(), until=2).facts == 1


def test_an_act_on_a_case_of_before_the_history_is_counted_and_left_out() -> None:
    told = Told()
    told.act(Kind.PROGRESSED, 1, text="…")
    outcome = play(told.facts, [(LEARNED, default())], directory())
    assert (outcome.facts, outcome.not_applicable) == (1, 1)


def test_the_trail_itself_says_which_policy_was_in_force() -> None:
    told = Told()
    strict = text_with(
        ("II: { report: PT30M", "II: { report: PT15M"), ("remind: [PT15M, PT25M]", "remind: [PT10M]")
    )
    for text, from_minute in ((text_with(), -600), (strict, -10)):
        version = digest_of(text)
        told.fact(
            Kind.POLICY_DRAFTED,
            PolicyDrafted(version=version, label=version, by="a", text=text),
            from_minute - 5,
        )
        begins = LEARNED + timedelta(minutes=from_minute)
        told.fact(
            Kind.POLICY_APPROVED,
            PolicyApproved(version=version, label=version, by="b", in_force_from=begins),
            from_minute - 1,
        )
    told.report()
    turns = policies_in(told.facts, default())
    assert [begins - LEARNED for begins, _ in turns] == [timedelta(minutes=-600), timedelta(minutes=-10)]
    outcome = play(told.facts, turns, directory(), LEARNED + timedelta(minutes=1))
    first = next(duty for duty in outcome.cases[CASE].duties.values() if duty.rule == "first_report")
    assert first.due_at - LEARNED == timedelta(minutes=15)


def test_the_command_plays_an_export_and_says_what_would_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGHUO_DIRECTORY", str(CONFIG / "directory.yaml"))
    monkeypatch.setenv("FENGHUO_POLICY", str(CONFIG / "policy.yaml"))
    told = Told()
    told.report()
    told.everybody_answers(20)
    exported, other = tmp_path / "export.jsonl", tmp_path / "other.yaml"
    lines = [
        {
            "index": number,
            "rec": json.dumps({"broker": rfc3339(at)}),
            "payload": {"raw": base64.b64encode(fact.write()).decode()},
        }
        for number, (fact, at) in enumerate(told.facts)
    ]
    exported.write_text("".join(json.dumps(line) + "\n" for line in lines))
    other.write_text(TWICE_AS_FAST.text, encoding="utf-8")
    result = CliRunner().invoke(app, ["simulate", str(other), "--export", str(exported), "--json"])
    assert result.exit_code == 0, result.output
    found = Differences.model_validate_json(result.stdout)
    assert (found.facts, found.cases_changed) == (6, len({change.case for change in found.changes}))
    assert found.after.lapses > found.before.lapses
    shown = CliRunner().invoke(app, ["simulate", str(other), "--export", str(exported)])
    assert "cases would have gone differently" in shown.stdout.replace("\n", " ")


def test_lines_with_plain_facts_are_read_too() -> None:
    told = Told()
    told.report()
    fact, at = told.facts[0]
    line = json.dumps({"at": rfc3339(at), "fact": json.loads(fact.write())}).encode()
    assert list(of_lines([line])) == [(fact, at)]


def test_both_sides_at_once_say_the_same_as_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fenghuo.side_by_side.WORTH_IT", 0)
    told = Told()
    told.report()
    told.everybody_answers(20)
    until = LEARNED + timedelta(minutes=21)
    at_once = simulate_at_once(told.facts, TWICE_AS_FAST, directory(), [(LEARNED, default())], until)
    assert at_once == differences(told, TWICE_AS_FAST, until=21)


def test_other_degrees_would_have_proposed_another_measure() -> None:
    """The lapse goes to the unit's ledger, and the accountability case that follows has the measure."""
    told = Told()
    told.report()
    told.everybody_answers(12)
    graver = policy(
        (
            "    - { when: { level: [I, II] }, measure: written_explanation }",
            "    - { when: { level: [I, II] }, measure: notice_of_criticism }",
        ),
        ("    - { when: { level: [I, II], late_by: PT1H }, measure: admonitory_talk }\n", ""),
    )
    found = differences(told, graver, until=300)
    measures = {(change.before, change.after) for change in found.changes if change.what == "measure"}
    assert measures == {("written_explanation", "notice_of_criticism")}
    assert [change.what for change in found.changes if change.what in ("due", "lapses")] == []


def test_what_changed_is_there_as_values_beside_the_words() -> None:
    told = Told()
    told.report()
    told.everybody_answers(20)
    found = differences(told, TWICE_AS_FAST, until=21)
    due = next(change for change in found.changes if change.what == "due")
    assert due.moments == (LEARNED + timedelta(minutes=30), LEARNED + timedelta(minutes=15))
    counted = [change for change in found.changes if change.what == "told"]
    assert all(change.times and change.times[0] != change.times[1] and change.purpose for change in counted)
