"""The command as people and scripts meet it: quick help, exit codes, errors that say what to do, tokens."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from typer.testing import CliRunner, Result

from fenghuo.cli import COMMANDS, build
from fenghuo.examination.finding import Grade, Patient
from fenghuo.examination.machine import secrets
from fenghuo.places import DEFAULT_PORTS, PortSettings
from services.intake.fields.act_form import ActForm
from shared import tokens
from shared.acts import ACTS
from shared.secrets import NATS_USERS, SecretFile, verify_key
from shared.settings import Settings
from shared.vocabulary import CASE_ACTS, Kind, Role


def test_help_lists_every_command_and_loads_none() -> None:
    script = "import sys; from fenghuo.cli import build; build(['--help']); "
    script += "print([m for m in ('fastapi', 'nats', 'httpx2') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    helped = subprocess.run(
        [sys.executable, "-m", "fenghuo", "--help"], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
    assert all(name in helped.stdout for name in COMMANDS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of the test's own, for commands called in this process."""
    for name in [name for name in os.environ if name.startswith("FENGHUO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FENGHUO_DATA_DIR", str(tmp_path))
    yield tmp_path
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


def call(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(build(arguments), [*arguments], env=env)


def ask(*arguments: str) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json(name: str) -> None:
    assert "--json" in call(name, "--help").stdout


@pytest.mark.usefixtures("home")
def test_a_service_that_cannot_be_reached_is_code_3_with_a_remedy() -> None:
    done = call(
        "case", "01J00000000000000000000000", FENGHUO_TOKEN="any", FENGHUO_INTAKE_URL="http://127.0.0.1:9"
    )

    assert done.exit_code == 3
    assert "make up" in done.stderr


@pytest.mark.usefixtures("home")
def test_without_a_token_it_says_where_one_comes_from() -> None:
    done = call("cases")

    assert done.exit_code == 2
    assert "fenghuo token" in done.stderr


def test_a_wrong_option_is_code_2() -> None:
    assert call("report", "--level", "V").exit_code == 2


class Api:
    """An intake that remembers what it was asked and answers as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str, Any, dict[str, str]]] = []
        self.answers: list[httpx2.Response] = []
        monkeypatch.setattr(httpx2, "request", self.request)

    def request(
        self, method: str, url: str, *, headers: dict[str, str], timeout: float, **options: Any
    ) -> httpx2.Response:
        self.asked.append(
            (method, url.partition("/api")[2], options.get("json") or options.get("params"), headers)
        )
        return self.answers.pop(0) if self.answers else httpx2.Response(200, json=ACTED)


ACTED: dict[str, Any] = {
    "case": "01J0",
    "fact": {"id": "f", "sequence": 7, "time": "2026-11-23T03:00:00Z"},
    "outcome": "applied",
    "effects": [],
}


@pytest.fixture
def api(home: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("FENGHUO_TOKEN", "any")
    return Api(monkeypatch)


@pytest.mark.parametrize("kind", CASE_ACTS)
def test_every_act_has_its_command(api: Api, kind: Kind) -> None:
    known = next(row for row in ask("act") if row["act"] == ACTS[kind].path)
    needed = {**known["needs"], **dict.fromkeys(known["one_of"][:1], "")}
    options = [part for option in needed for part in VALUES.get(option, (option, "any_word"))]

    done = call("act", "01J0", known["act"], *options)

    assert done.exit_code == 0, done.output
    method, path, form, _ = api.asked[-1]
    assert (method, path) == ("POST", f"/v1/cases/01J0/{known['act']}")
    assert ActForm.model_validate(form or {}).filled or not needed


VALUES = {
    "--text": ("--text", "why"), "--document": ("--document", "final_report"), "--level": ("--level", "II"), "--into": ("--into", "01J1"),
    "--category": ("--category", "accident"), "--becomes": ("--becomes", "petition"),
    "--summary": ("--summary", "an item"), "--to-unit": ("--to-unit", "water_bureau"), "--plan": ("--plan", "heating_outage"),
    "--to-person": ("--to-person", "zhao_jia"), "--assign": ("--assign", "Count the blocks@heating_company@P3D"),
    "--due-at": ("--due-at", "2026-12-01T18:00"), "--approve or --refuse": ("--refuse",), "--span": ("--span", "PT10M"),
    "--post": ("--post", "two_offices_duty"), "--step": ("--step", "1"), "--measure": ("--measure", "reminder"),
}  # fmt: skip


def test_a_comment_is_one_command_and_says_what_it_lacks(api: Api) -> None:
    lacking = call("act", "01J0", "comment")
    done = call("act", "01J0", "comment", "--text", "家属已到场")

    assert (lacking.exit_code, done.exit_code) == (2, 0)
    assert "--text: write the comment" in lacking.stderr
    assert [(path, form) for _, path, form, _ in api.asked] == [
        ("/v1/cases/01J0/comment", {"text": "家属已到场"})
    ]


def test_an_act_that_lacks_something_says_what_before_it_is_sent(api: Api) -> None:
    lacking = call("act", "01J0", "transfer", "--text", "theirs")
    unknown = call("act", "01J0", "transmogrify")

    assert (lacking.exit_code, unknown.exit_code, api.asked) == (2, 2, [])
    assert "--to-unit" in lacking.stderr
    assert "follow-up" in unknown.stderr


def test_what_is_refused_is_code_1_with_the_services_own_words(api: Api) -> None:
    api.answers.append(httpx2.Response(409, json={"title": "Conflict", "detail": "tasks are open"}))

    refused = call("act", "01J0", "close", "--text", "settled")

    assert refused.exit_code == 1
    assert "tasks are open" in refused.stderr


def test_a_task_is_typed_in_one_word_and_what_cannot_be_read_is_code_2(api: Api) -> None:
    report = (
        "report",
        "--kind",
        "campaign",
        "--unit",
        "emergency_bureau",
        "--area",
        "620600",
        "--summary",
        "排查",
        "--json",
    )
    api.answers.append(httpx2.Response(201, json={}))

    done = call(
        *report,
        "--task",
        "List@hazards@water_bureau,heating_company@P7D",
        "--task",
        "Sum up@emergency_bureau",
    )
    wrong = call(*report, "--task", "nobody")

    assert done.exit_code == 0, done.output
    assert api.asked[0][2]["tasks"] == [
        {"title": "List@hazards", "units": ["water_bureau", "heating_company"], "within": "P7D"},
        {"title": "Sum up", "unit": "emergency_bureau"},
    ]
    assert wrong.exit_code == 2
    assert "title@unit@P3D" in wrong.stderr


def test_rows_are_handed_in_one_by_one_and_the_bad_ones_kept_with_line_and_reason(
    api: Api, tmp_path: Path
) -> None:
    table = tmp_path / "reports.csv"
    columns = "kind,category,level,unit,area,occurred_at,learned_at,summary,harm.deaths"
    good = "incident,accident,II,water_bureau,620621,2026-11-23T01:00,2026-11-23T01:10,水厂泄漏,1"
    bad = "incident,accident,V,water_bureau,620621,2026-11-23T01:00,yesterday,水厂泄漏,"
    table.write_text(
        "\n".join([columns, good, bad, good.replace("water_bureau", "nobody")]), encoding="gb18030"
    )
    refusal = {
        "title": "Invalid request",
        "detail": "Correct it.",
        "errors": [{"field": "unit", "message": "no unit 'nobody' is known"}],
    }
    api.answers += [httpx2.Response(201, json={"case": "01J0"}), httpx2.Response(422, json=refusal)]

    done = call("import", str(table), "--json")

    result = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [one["line"] for one in result["handed_in"]] == [2]
    assert [one["line"] for one in result["rejected"]] == [3, 4]
    assert "is not a time" in result["rejected"][0]["reason"]
    assert "no unit 'nobody'" in result["rejected"][1]["reason"]
    assert api.asked[0][2]["harm"] == {"deaths": "1"}
    rejected = Path(result["rejected_file"])
    assert rejected.name == "reports.csv.rejected.csv"

    rejected.write_text(
        rejected.read_text()
        .replace("nobody", "water_bureau")
        .replace("yesterday", "2026-11-23T01:10")
        .replace("V,", "II,")
    )
    api.answers += [
        httpx2.Response(201, json={"case": "01J1"}),
        httpx2.Response(200, json={"case": "01J0", "repeated": True}),
    ]
    again = call("import", str(rejected))

    assert again.exit_code == 0, again.output
    keys = [headers["Idempotency-Key"] for _, _, _, headers in api.asked]
    assert keys[0] == keys[-1], "the same row is the same report, whichever file it came in"


def test_tasks_are_imported_into_their_case(api: Api, tmp_path: Path) -> None:
    table = tmp_path / "tasks.jsonl"
    table.write_text('{"title": "Count", "unit": "water_bureau", "within": "P3D"}\n\n[1]\n')

    done = call("import", str(table), "--tasks-of", "01J0", "--json")

    assert done.exit_code == 1
    assert [row["line"] for row in json.loads(done.stdout)["rejected"]] == [3]
    assert [(path, form) for _, path, form, _ in api.asked] == [
        ("/v1/cases/01J0/assign", {"tasks": [{"title": "Count", "unit": "water_bureau", "within": "P3D"}]})
    ]


@pytest.mark.usefixtures("api")
def test_a_dry_run_hands_in_nothing(api: Api, tmp_path: Path) -> None:
    table = tmp_path / "tasks.csv"
    table.write_text("title,unit\nCount,water_bureau\n,\n")

    done = call("import", str(table), "--tasks-of", "01J0", "--dry-run", "--json")

    assert done.exit_code == 1
    assert api.asked == []
    assert not list(tmp_path.glob("*.rejected*"))


def test_a_token_is_issued_to_a_person_with_their_unit(home: Path) -> None:
    made = ask("bootstrap", "--secrets-only")
    issued = ask("token", "--role", "leader", "--person", "zhao_jia", "--days", "1")

    claims = tokens.verify(verify_key(home / "secrets", SecretFile.TOKEN_VERIFY), issued["token"])
    who = claims.principal
    assert claims.id == issued["id"]
    assert issued["recorded"] is False, "no broker runs here"
    assert (who.role, who.person, who.unit) == (Role.LEADER, "zhao_jia", "party_committee")
    assert len(made["environment"]) == len(NATS_USERS)


def test_bootstrap_replaces_nothing(home: Path) -> None:
    first = ask("bootstrap", "--secrets-only")
    key = (home / "secrets" / "link.key").read_bytes()
    again = ask("bootstrap", "--secrets-only")

    assert first["made"]
    assert again["made"] == []
    assert (home / "secrets" / "link.key").read_bytes() == key


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("options", "named"), [(("--person", "nobody"), "nobody"), ((), "must be somebody")])
def test_a_token_for_nobody_is_refused(options: tuple[str, ...], named: str) -> None:
    refused = call("token", "--role", "leader", *options)

    assert refused.exit_code == 2
    assert named in refused.stderr


@pytest.mark.usefixtures("home")
def test_a_report_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "form.json").write_text("[1")

    refused = call("report", "--form", str(tmp_path / "form.json"))

    assert refused.exit_code == 2
    assert "form.json" in refused.stderr.replace("\n", "")


def test_the_doctor_sees_a_secret_that_others_can_read(home: Path) -> None:
    ask("bootstrap", "--secrets-only")
    patient = Patient(Settings(), {})
    (home / "secrets" / "link.key").chmod(0o644)

    (finding,) = secrets(patient)

    assert finding.grade is Grade.FAULT
    assert "link.key" in finding.words
    assert "chmod" in finding.remedy


def test_ports_move_together_or_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGHUO_PORT_BASE", "18000")
    monkeypatch.setenv("FENGHUO_PORT_AUDIT", "9999")

    ports = PortSettings().ports()

    assert ports["intake"] == 18000
    assert ports["audit"] == 9999
    assert len(set(ports.values())) == len(DEFAULT_PORTS)


@pytest.mark.parametrize(("replies", "said"), [("true", True), ("false", False)])
def test_a_preview_says_the_digits_where_the_channel_brings_answers_back(
    home: Path, monkeypatch: pytest.MonkeyPatch, replies: str, said: bool
) -> None:
    monkeypatch.setenv("FENGHUO_GATEWAY_REPLIES", replies)
    texts = ask(
        "notify",
        "preview",
        "--unit",
        "wangshan_emergency",
        "--area",
        "620622",
        "--level",
        "II",
        "--language",
        "en",
    )
    asked = [text for text in texts if text["purpose"] == "report"]
    short = [text["text"] for text in asked if text["form"] == "short"]
    spoken = [text["text"] for text in asked if text["form"] == "spoken"]
    assert short
    assert spoken
    assert {"Reply 1: I know" in text for text in short} == {said}
    assert {"Press 1: I know" in text for text in spoken} == {said}
