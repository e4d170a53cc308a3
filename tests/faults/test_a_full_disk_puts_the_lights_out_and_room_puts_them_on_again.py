"""A broker that can't write: no receipt, lights out within seconds; with room again it is started anew and
everything goes on.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fenghuo.broker_care import ROOM, is_restart_due
from tests.lab import until
from tests.operate.installation import Installation

REPORT = (
    "report",
    "--category",
    "accident",
    "--level",
    "II",
    "--unit",
    "heating_company",
    "--area",
    "620602",
    "--summary",
    "供热主管爆裂",
)
DISK = 64 << 20


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own for what lies in `folder`, so small that a test can fill it."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def readiness(installation: Installation, service: str) -> dict[str, Any]:
    answer = httpx2.get(f"http://127.0.0.1:{installation.ports[service]}/readyz", timeout=10, trust_env=False)
    return {"status": answer.status_code, **answer.json()["checks"]}


@pytest.mark.skipif("FAULTS_DISK" not in os.environ, reason="a minute long: `make faults` plays it")
@pytest.mark.skipif(os.geteuid() != 0, reason="a disk that a test may fill is mounted, which needs root")
async def test_a_full_disk_puts_every_light_out_and_room_puts_them_on_again_within_thirty_seconds(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "data" / "nats") as disk:
        installation = Installation(tmp_path / "data")
        installation.start()
        try:
            await until(installation.is_up, seconds=60, what="everything up")
            before = installation.ask(*REPORT)["case"]

            filler = fill(disk)
            # What had room in a block that was begun may still be stored; then nothing is.
            await until(lambda: not receipt(installation), seconds=60, what="a report is refused")
            for service in ("intake", "escalator", "notifier", "audit"):
                await until(
                    lambda service=service: is_out(installation, service), what=f"{service} is not ready"
                )
            assert "no space left" in readiness(installation, "intake")["storage"]
            assert await until(lambda: installation.said("alarm", part="broker"), what="the launcher says so")

            filler.unlink()
            await until(lambda: readiness(installation, "intake")["status"] == 200, what="ready again")
            after = await until(lambda: receipt(installation), what="a report is taken again")
            assert after != before
            assert installation.ask("case", before)["id"] == before
        finally:
            installation.close()


def receipt(installation: Installation) -> str | None:
    done = installation.call(*REPORT, "--json")
    return None if done.returncode else str(done.stdout)


def is_out(installation: Installation, service: str) -> bool:
    found = readiness(installation, service)
    return found["status"] == 503 and found["storage"] != "ok: written and read back"


def test_the_broker_is_started_again_only_when_it_cannot_write_and_there_is_room() -> None:
    words = "the broker says: JetStream stream 'CORE > FACTS' write error: no space left on device"
    assert is_restart_due(words, ROOM)
    assert not is_restart_due(words, ROOM - 1)
    assert not is_restart_due("the broker says: JetStream is not current with the meta leader", ROOM)
    assert not is_restart_due("", ROOM)
