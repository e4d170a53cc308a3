"""The command as people and scripts meet it: quick help, exit codes, errors that say what to do, tokens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fenghuo.cli import COMMANDS
from fenghuo.places import DEFAULT_PORTS, PortSettings
from shared import tokens
from shared.secrets import SecretFile, verify_key
from shared.vocabulary import Role
from tests.operate.installation import Installation


def test_help_lists_every_command_and_loads_none() -> None:
    script = (
        "import sys; from fenghuo.cli import build; build(['--help']); print([m for m in ('fastapi', 'nats', 'httpx') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    helped = subprocess.run([sys.executable, "-m", "fenghuo", "--help"], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"
    assert all(name in helped.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json(name: str) -> None:
    helped = subprocess.run([sys.executable, "-m", "fenghuo", name, "--help"], capture_output=True, text=True, check=True)

    assert "--json" in helped.stdout


def test_a_service_that_cannot_be_reached_is_code_3_with_a_remedy(installation: Installation) -> None:
    done = installation.call("case", "01J00000000000000000000000", FENGHUO_TOKEN="any", FENGHUO_INTAKE_URL="http://127.0.0.1:9")

    assert done.returncode == 3
    assert "make up" in done.stderr


def test_without_a_token_it_says_where_one_comes_from(installation: Installation) -> None:
    done = installation.call("cases")

    assert done.returncode == 2
    assert "fenghuo token" in done.stderr


def test_a_wrong_option_is_code_2(installation: Installation) -> None:
    assert installation.call("report", "--level", "V").returncode == 2


def test_a_token_is_issued_to_a_person_with_their_unit(installation: Installation) -> None:
    secrets = installation.folder / "secrets"
    made = installation.ask("bootstrap", "--secrets-only")
    issued = installation.ask("token", "--role", "leader", "--person", "zhao_jia", "--days", "1")

    who = tokens.verify(verify_key(secrets, SecretFile.TOKEN_VERIFY), issued["token"])
    assert (who.role, who.person, who.unit) == (Role.LEADER, "zhao_jia", "party_committee")
    assert len(made["environment"]) == 6


def test_bootstrap_replaces_nothing(installation: Installation) -> None:
    first = installation.ask("bootstrap", "--secrets-only")
    key = (installation.folder / "secrets" / "link.key").read_bytes()
    again = installation.ask("bootstrap", "--secrets-only")

    assert first["made"]
    assert again["made"] == []
    assert (installation.folder / "secrets" / "link.key").read_bytes() == key


@pytest.mark.parametrize(
    ("options", "named"), [(("--person", "nobody"), "nobody"), ((), "must be somebody"), (("--unit", "nowhere"), "must be")]
)
def test_a_token_for_nobody_is_refused(installation: Installation, options: tuple[str, ...], named: str) -> None:
    refused = installation.call("token", "--role", "leader", *options)

    assert refused.returncode == 2
    assert named in refused.stderr


def test_a_report_can_be_handed_in_as_a_file_and_a_bad_file_is_named(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "form.json").write_text(json.dumps([1])[:-1])

    refused = installation.call("report", "--file", str(tmp_path / "form.json"))

    assert refused.returncode == 2
    assert "form.json" in refused.stderr


def test_ports_move_together_or_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGHUO_PORT_BASE", "18000")
    monkeypatch.setenv("FENGHUO_PORT_AUDIT", "9999")

    ports = PortSettings().ports()

    assert ports["intake"] == 18000
    assert ports["audit"] == 9999
    assert len(set(ports.values())) == len(DEFAULT_PORTS)
