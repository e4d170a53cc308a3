"""Who holds the key of a source that was taken back goes on publishing over the connection that stands, and
connects anew with the old key.
"""

from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest
from nats.errors import Error as NatsError

from shared.directory import load_directory
from tests.attacks.conftest import Installation
from tests.attacks.publishing import end_of, event
from tests.lab import until

SOURCE = "hotline-12345"


async def test_its_connection_is_ended_its_key_refused_and_nobody_else_notices(
    installation: Installation, tmp_path: Path
) -> None:
    lab, directory = installation.lab, load_directory(installation.lab.directory)
    kept = tmp_path / "kept.nk"
    kept.write_bytes(lab.sources.seed(SOURCE).read_bytes())
    async with lab.connection("admin") as admin, lab.source("wangshan-info") as other:
        revoked = await nats.connect(lab.nats_url, nkeys_seed=str(kept), allow_reconnect=False)
        await revoked.jetstream().publish(f"inbox.heartbeat.{SOURCE}", b"")
        lab.sources.revoke(SOURCE, directory, datetime.now(UTC))
        lab.reload()
        before = await end_of(admin, "INBOX")
        await until(lambda: revoked.is_closed, what="the connection ended")
        with pytest.raises(NatsError):
            await nats.connect(
                lab.nats_url, nkeys_seed=str(kept), allow_reconnect=False, max_reconnect_attempts=0
            )
        acknowledged = await other.jetstream().publish(
            "inbox.cloudevents.wangshan-info", event("wangshan_info_centre")
        )
        assert acknowledged.seq == before + 1, "nothing came in between"
        assert (other.stats["reconnects"], admin.stats["reconnects"]) == (0, 0)
    lab.sources.add(SOURCE, directory, datetime.now(UTC))
    lab.reload()
    for service in (installation.intake, installation.escalator, installation.notifier, installation.audit):
        assert service.is_ready()
        assert "broker_lost" not in service.log.read_text()
