"""The command as people and scripts meet it: quick help, exit codes, errors that say what to do, tokens."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from fenghuo.cli import COMMANDS, build
from fenghuo.examination import Grade, Patient, secrets
from fenghuo.places import DEFAULT_PORTS, PortSettings
from shared import tokens
from shared.secrets import SecretFile, verify_key
from shared.settings import Settings
from shared.vocabulary import Role


def test_help_lists_every_command_and_loads_none() -> None:
    script = (
        "import sys; from fenghuo.cli import build; build(['--help']); print([m for m in ('fastapi', 'nats', 'httpx') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    helped = subprocess.run([sys.executable, "-m", "fenghuo", "--help"], capture_output=True, text=True, check=True)

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
    done = call("case", "01J00000000000000000000000", FENGHUO_TOKEN="any", FENGHUO_INTAKE_URL="http://127.0.0.1:9")

    assert done.exit_code == 3
    assert "make up" in done.stderr


@pytest.mark.usefixtures("home")
def test_without_a_token_it_says_where_one_comes_from() -> None:
    done = call("cases")

    assert done.exit_code == 2
    assert "fenghuo token" in done.stderr


def test_a_wrong_option_is_code_2() -> None:
    assert call("report", "--level", "V").exit_code == 2


def test_a_token_is_issued_to_a_person_with_their_unit(home: Path) -> None:
    made = ask("bootstrap", "--secrets-only")
    issued = ask("token", "--role", "leader", "--person", "zhao_jia", "--days", "1")

    who = tokens.verify(verify_key(home / "secrets", SecretFile.TOKEN_VERIFY), issued["token"])
    assert (who.role, who.person, who.unit) == (Role.LEADER, "zhao_jia", "party_committee")
    assert len(made["environment"]) == 6


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

    refused = call("report", "--file", str(tmp_path / "form.json"))

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
