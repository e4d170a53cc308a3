"""A command asks the installation it stands in, and never whoever answers on the default port."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fenghuo import client
from fenghuo.cli import build
from fenghuo.places import DEFAULT_PORTS, known_addresses, nats_url
from shared.secrets import SecretFile
from shared.settings import Settings
from tests.operate.installation import Installation


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder than the one whose installation runs."""
    for name in [name for name in os.environ if name.startswith("FENGHUO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FENGHUO_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def on_default_ports(running: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """As if the installation that runs had the default ports."""
    monkeypatch.setattr(client, "PORTS", running.ports)
    return running


def call(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(build(arguments), [*arguments], env=env)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", [("cases",), ("trail", "verify")])
def test_another_installation_on_the_default_port_is_not_asked(
    on_default_ports: Installation, command: tuple[str, ...]
) -> None:
    tokens = json.loads((on_default_ports.folder / "tokens.json").read_text())
    its_key = (on_default_ports.folder / "secrets" / SecretFile.TRAIL_VERIFY).read_text()
    done = call(*command, FENGHUO_TOKEN=tokens["auditor"], FENGHUO_TRAIL_VKEY=its_key)
    assert done.exit_code == 3, done.output
    assert "there is no key in" in done.stderr
    assert "FENGHUO_SECRETS_DIR" in done.stderr


def test_nor_with_keys_of_ones_own(on_default_ports: Installation, home: Path) -> None:
    assert call("bootstrap", "--secrets-only").exit_code == 0
    tokens = json.loads((on_default_ports.folder / "tokens.json").read_text())
    done = call("cases", FENGHUO_TOKEN=tokens["auditor"])
    assert done.exit_code == 3, done.output
    assert f"is not the installation of {home / 'secrets'}" in done.stderr.replace("\n", "")


@pytest.mark.usefixtures("home")
def test_ones_own_is_asked_there(on_default_ports: Installation) -> None:
    tokens = json.loads((on_default_ports.folder / "tokens.json").read_text())
    secrets = str(on_default_ports.folder / "secrets")
    assert (
        call("cases", "--json", FENGHUO_TOKEN=tokens["auditor"], FENGHUO_SECRETS_DIR=secrets).exit_code == 0
    )


def test_the_ports_given_are_the_installations_while_no_launcher_says_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known_addresses(Settings()) == {}
    monkeypatch.setenv("FENGHUO_PORT_BASE", "18000")
    assert client.service_url("intake") == "http://127.0.0.1:18000"
    assert nats_url(Settings()) == f"nats://127.0.0.1:{18000 + list(DEFAULT_PORTS).index('nats')}"
    (home / "running.json").write_text(
        json.dumps({"intake": "http://127.0.0.1:1", "process": str(os.getpid())})
    )
    assert client.service_url("intake") == "http://127.0.0.1:1"
    monkeypatch.setenv("FENGHUO_INTAKE_URL", "http://127.0.0.1:2")
    assert client.service_url("intake") == "http://127.0.0.1:2"


def test_what_a_launcher_left_behind_when_it_was_killed_is_not_believed(home: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (home / "running.json").write_text(
        json.dumps({"intake": "http://127.0.0.1:1", "process": str(ended.pid)})
    )
    assert known_addresses(Settings()) == {}
