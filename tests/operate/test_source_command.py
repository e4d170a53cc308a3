"""`fenghuo source`: one key a source, made once, taken back alone, and the broker that runs here follows at
once.
"""

import json
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from typer.testing import CliRunner, Result

from fenghuo.cli import build
from tests.operate.installation import Installation

SOURCE = "media-monitor"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FENGHUO_DATA_DIR", str(tmp_path))
    return tmp_path / "secrets"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(build(["source"]), ["source", *arguments])


def ask(*arguments: str) -> Any:
    done = call(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.usefixtures("secrets")
def test_a_source_that_is_not_declared_gets_no_key_and_is_told_where_to_declare_it() -> None:
    done = call("add", "nobody")
    assert done.exit_code == 1
    assert "`sources`" in done.stderr


def test_a_key_is_made_once_for_its_owner_alone_and_the_broker_is_given_the_public_half(
    secrets: Path,
) -> None:
    made = ask("add", SOURCE)
    seed = Path(made["seed"])
    assert (seed.parent, seed.stat().st_mode & 0o777) == (secrets, 0o600)
    conf = (secrets / "sources" / "sources.conf").read_text()
    assert made["public_key"] in conf
    assert seed.read_text() not in conf + (secrets / "sources" / "sources.json").read_text()
    again = call("add", SOURCE)
    assert again.exit_code == 1
    assert f"fenghuo source revoke {SOURCE}" in again.stderr
    assert seed.exists()


def test_a_key_taken_back_stays_in_the_list_and_leaves_what_the_broker_reads(secrets: Path) -> None:
    made = ask("add", SOURCE)
    revoked = ask("revoke", SOURCE)
    assert revoked["revoked_at"]
    assert revoked["broker_has_read_it"] is False
    assert not Path(made["seed"]).exists()
    assert made["public_key"] not in (secrets / "sources" / "sources.conf").read_text()
    assert call("revoke", SOURCE).exit_code == 1
    ask("add", SOURCE)
    (row,) = [row for row in ask("list") if row["source"] == SOURCE]
    assert row["formats"] == ["cloudevents"]
    assert [bool(key["revoked_at"]) for key in row["keys"]] == [True, False]


async def test_the_running_broker_follows_and_no_other_connection_notices(
    running: Installation, tmp_path: Path
) -> None:
    url, keys = f"nats://127.0.0.1:{running.ports['nats']}", running.folder / "secrets"

    async def connect(seed: Path) -> Client:
        return await nats.connect(url, nkeys_seed=str(seed), allow_reconnect=False, max_reconnect_attempts=0)

    old = tmp_path / "old.nk"
    old.write_bytes((keys / f"source-{SOURCE}.nk").read_bytes())
    service = await connect(keys / "nats-audit.nk")
    try:
        assert running.ask("source", "revoke", SOURCE)["broker_has_read_it"] is True
        with pytest.raises(NatsError):
            await connect(old)
        assert running.ask("source", "add", SOURCE)["broker_has_read_it"] is True
        again = await connect(keys / f"source-{SOURCE}.nk")
        assert (await again.jetstream().publish(f"inbox.heartbeat.{SOURCE}", b"")).stream == "INBOX"
        await again.close()
        assert service.is_connected
    finally:
        await service.close()
