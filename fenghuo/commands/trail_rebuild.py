"""`fenghuo trail rebuild`: makes records that the store has lost again, from FACTS, with the root that was
signed.
"""

import asyncio
from typing import Any

from fenghuo.answers import AsJson, Exit, answer, fail, out
from fenghuo.speech import worded


def rebuild(as_json: AsJson = False) -> None:
    """Make lost records again, from the broker's facts and the salts and times in `fenghuo_payloads`. Stop
    the audit first.

    Nothing is written unless all of them make the root that was signed last (the audit's state file). Needs
    the audit's rights: FENGHUO_MONGO_URL, FENGHUO_NATS_URL, FENGHUO_NATS_CREDENTIALS, FENGHUO_DATA_DIR.
    """
    from services.audit.settings import AuditSettings
    from services.audit.store.calls import StoreError
    from services.audit.store.trail import Trail
    from services.audit.writing.feed import Feed
    from services.audit.writing.rebuilding import rebuild as make_again
    from services.audit.writing.signer import STATE_FILE, RefusedError, StateFile
    from services.audit.writing.succession import Succession
    from shared.broker.connection import connect

    settings = AuditSettings()
    folder = settings.data_dir / "audit"

    async def work() -> tuple[int, int]:
        signed, succession = StateFile(folder / STATE_FILE).read(), Succession.read(folder)
        if signed is None:
            raise RefusedError(
                worded(
                    "%(folder)s is missing: without it nobody knows which root they must make",
                    folder=folder / STATE_FILE,
                )
            )
        trail = Trail(settings.store_url, succession.number)
        connection = await connect(settings, "audit", timeout=10)
        try:
            return await make_again(trail, Feed(lambda: connection), signed, succession.follows)
        finally:
            await connection.close()
            trail.close()

    try:
        start, end = asyncio.run(work())
    except RefusedError as error:
        fail(Exit.NO, str(error), worded("docs/deploy.md, Backup"))
    except (StoreError, TimeoutError, OSError) as error:
        fail(
            Exit.UNREACHABLE,
            worded("broker or store do not answer (%(error)s)", error=error),
            worded("are FENGHUO_NATS_URL and FENGHUO_MONGO_URL right?"),
        )

    def render(_: Any) -> None:
        words = (
            worded(
                "records %(start)s to %(end)s were made again, with the root that was signed",
                start=start,
                end=end - 1,
            )
            if end > start
            else worded("no record is missing")
        )
        out.print(words, highlight=False)

    answer({"first": start, "made_again": end - start}, as_json=as_json, render=render)
