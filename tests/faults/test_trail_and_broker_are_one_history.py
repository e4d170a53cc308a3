"""An older copy of the broker's data is another history than the trail's: the audit says so, writes nothing
more, and shows what it has.
"""

import io
import os
import shutil
import subprocess

import httpx2
import pytest

from services.audit.checking.verify import verify
from services.audit.evidence.bundle import verify as bundled
from services.audit.reading.reader import TrailReader
from services.audit.reading.source import StoreSource
from services.audit.records.record import Rec
from services.audit.store.trail import Trail
from shared.secrets import SecretFile
from shared.tlog.ended import ended
from shared.tlog.note import Verifier
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of
from tests.lab import Lab, Running, until
from tests.operate.installation import COMMAND

COPIED, LOST = 30, 20


async def add(lab: Lab, count: int) -> int:
    case = new_case()
    async with lab.connection("admin") as connection:
        return await publish(connection, reported(case), *(acknowledged(case) for _ in range(count - 1)))


def is_covered(lab: Lab, audit: Running, size: int) -> bool:
    answer = httpx2.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR))
    return answer.status_code == 200 and answer.json()["size"] >= size


def halted(audit: Running) -> str:
    """Why the sequencer does not go on; empty while it does."""
    try:
        words = str(httpx2.get(f"{audit.url}/readyz", timeout=5).json()["checks"]["sequencer"])
    except httpx2.HTTPError:
        return ""
    return words if "halted" in words else ""


async def records(lab: Lab) -> int:
    trail = Trail(lab.mongo_url)
    try:
        return await trail.entries.size()
    finally:
        trail.close()


async def test_an_older_copy_of_the_broker_stops_the_trail_with_words_whatever_its_size_and_times(
    own_lab: Lab,
) -> None:
    audit = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S")
    data, copy = own_lab.folder / "nats", own_lab.folder / "copy"
    await until(lambda: True if is_covered(own_lab, audit, 0) else None)
    last = await add(own_lab, COPIED)
    await until(lambda: is_covered(own_lab, audit, last), what="the facts that will be in the copy")
    own_lab.stop_nats()
    shutil.copytree(data, copy)
    own_lab.start_nats()
    last = await add(own_lab, LOST)
    await until(lambda: is_covered(own_lab, audit, last), what="the facts that the copy will lack")
    own_lab.stop_nats()
    shutil.rmtree(data)
    shutil.copytree(copy, data)
    own_lab.start_nats()

    await add(own_lab, 5)
    words = await until(lambda: halted(audit), what=f"it halts; {audit.log}")
    assert "the broker was restored from an older copy" in words
    assert "fenghuo trail begin" in words, "the way out"
    assert not audit.is_ready()
    assert "fenghuo_trail_halted 1.0" in httpx2.get(f"{audit.url}/metrics").text
    assert audit.stop() == 0
    assert await add(own_lab, LOST + 10) > last, "by now the copy has grown past the trail again"
    again = await own_lab.start_service("audit", wait=False, FENGHUO_TRAIL_PACE="PT0.1S")
    words = await until(lambda: halted(again), what=f"it halts at the start; {again.log}")
    assert f"fact {last} (record {last - 1})" in words
    assert is_covered(own_lab, again, last), "what it has is shown as before"
    assert await records(own_lab) == last, "nothing was added to it"
    assert again.stop() == 0

    old_vkey = (own_lab.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
    old = Verifier.read(old_vkey)
    done = subprocess.run(
        [*COMMAND, "trail", "begin", "--json"],
        env=command_env(own_lab),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    following = await own_lab.start_service("audit", FENGHUO_TRAIL_PACE="PT0.1S")
    await add(own_lab, 5)
    await until(
        lambda: is_covered(own_lab, following, last + 5), what=f"all that the broker has; {following.log}"
    )
    trail = Trail(own_lab.mongo_url, 2)
    first = await trail.entries.at(0)
    source = StoreSource(TrailReader(trail))
    verdict = await verify(source, key_of(own_lab), before=old)
    trail.close()
    assert (verdict.faults, verdict.lost) == ([], 0)
    assert verdict.follows is not None
    assert verdict.follows.size == last
    bundle_says_which_trail_it_follows(
        own_lab, following, Rec.read(first.rec).case if first else "", old_vkey
    )
    assert first is not None
    end = ended(str(Rec.read(first.rec).follows), old)
    assert (end.name, end.size, end.vkey) == (
        old.name,
        last,
        (own_lab.secrets / SecretFile.TRAIL_VERIFY).read_text().strip(),
    )
    assert await records(own_lab) == last, "the ended trail stays as it is"


def bundle_says_which_trail_it_follows(lab: Lab, audit: Running, case: str, old: str) -> None:
    """It holds the first record."""
    content = httpx2.get(f"{audit.url}/api/v1/cases/{case}/bundle", headers=lab.bearer(Role.AUDITOR)).content
    own = (lab.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
    told = bundled.check(io.BytesIO(content), own, [], follows=old)
    assert any("The trail follows" in en for en, _ in told.proven)
    assert any("was ended so" in en for en, _ in bundled.check(io.BytesIO(content), own, []).unproven)
    with pytest.raises(bundled.BrokenError, match="not signed by the key given"):
        bundled.check(io.BytesIO(content), own, [], follows=own)


def command_env(lab: Lab) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FENGHUO_")}
    return inherited | lab.environment("admin") | {"FENGHUO_SECRETS_DIR": str(lab.secrets)}
