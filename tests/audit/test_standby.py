"""Of two audits of one trail the one writes, the other shows it and takes over within seconds: nothing is
doubled, nothing is missing.
"""

import asyncio
import shutil
import signal
from pathlib import Path

import httpx2

from services.audit.writing.against_stream import stream_faults
from services.audit.writing.feed import Feed
from shared.vocabulary import Role
from tests.audit.given import acknowledged, new_case, publish, reported
from tests.audit.reading import key_of, store_of, verdict_of
from tests.lab import Lab, Running, until


def sequencer(audit: Running) -> str:
    """What its light says of it."""
    try:
        return str(httpx2.get(f"{audit.url}/readyz", timeout=5).json()["checks"]["sequencer"])
    except httpx2.HTTPError:
        return ""


def stands_by(audit: Running) -> bool:
    return "standing by: the audit of epoch" in sequencer(audit) and audit.is_ready()


def writes(audit: Running) -> bool:
    return sequencer(audit) == "ok" and audit.is_ready()


def size_at(lab: Lab, audit: Running) -> int:
    answer = httpx2.get(f"{audit.url}/api/v1/trail/state", headers=lab.bearer(Role.AUDITOR))
    return answer.json()["size"] if answer.status_code == 200 else 0


async def test_the_other_takes_over_whether_the_writer_is_killed_or_frozen_or_ends(own_lab: Lab) -> None:
    own, beside = own_lab.folder / "audit", own_lab.folder / "beside"

    async def started(data: Path = own_lab.folder) -> Running:
        return await own_lab.start_service(
            "audit",
            FENGHUO_TRAIL_PACE="PT0.05S",
            FENGHUO_DATA_DIR=str(data),
            FENGHUO_SECRETS_DIR=str(own_lab.secrets),
        )

    first = await started()
    await until(lambda: writes(first), what="the first writes")
    # As docs/deploy.md says: a folder of its own, with what the two must have alike.
    (beside / "audit").mkdir(parents=True)
    for name in ("signer.json", "search.key"):
        shutil.copy(own / name, beside / "audit" / name)
    second = await started(beside)
    await until(lambda: stands_by(second), what=f"the second stands by; {second.log}")

    case, told, goes_on = new_case(), 0, True

    async def tell() -> None:
        nonlocal told
        async with own_lab.connection("admin") as connection:
            told = await publish(connection, reported(case))
            while goes_on:
                told = await publish(connection, acknowledged(case))
                await asyncio.sleep(0.02)

    telling = asyncio.create_task(tell())
    await until(lambda: size_at(own_lab, second) > 20, what="the second shows what the first has written")
    first.kill()
    await until(lambda: writes(second), what=f"the second writes; {second.log}")
    then = told
    await until(lambda: size_at(own_lab, second) > then, what="it has caught up")
    first = await started()
    await until(lambda: stands_by(first), what=f"the first stands by; {first.log}")

    second.process.send_signal(signal.SIGSTOP)
    await until(lambda: writes(first), what=f"the first writes, as the second is frozen; {first.log}")
    second.process.send_signal(signal.SIGCONT)
    await until(lambda: stands_by(second), what=f"the second finds itself superseded; {second.log}")

    assert first.stop() == 0
    await until(lambda: writes(second), what=f"the second writes, as the first has ended; {second.log}")
    goes_on = False
    await telling
    await until(lambda: size_at(own_lab, second) == told, what="all is on record")
    assert second.stop() == 0
    verdict = await verdict_of(own_lab)
    assert (verdict.faults, verdict.lost, verdict.size) == ([], 0, told)
    async with store_of(own_lab) as source, own_lab.connection("audit") as reader:
        assert await stream_faults(source, key_of(own_lab), Feed(lambda: reader)) == []
