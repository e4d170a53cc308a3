"""The program `fenghuo witness run`, composed: folder, follower for each log, HTTP. What each part does
stands in its own module.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import structlog
from starlette.applications import Starlette

from fenghuo.witness.evidence import WORDS, Misdeed
from fenghuo.witness.folder import Folder, Log
from fenghuo.witness.following import EVERY, LogFollower
from fenghuo.witness.reading import LogReader
from fenghuo.witness.serving import Metrics, application
from fenghuo.witness.witnessing import Witnessing
from shared import serving
from shared.concurrent import end_all
from shared.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class WitnessWebhook:
    """Tells someone outside. What can't be told is logged and tried no more: the evidence is on disk,
    `status` and metrics say it too.
    """

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client, self._url = client, url
        self._under_way = set[asyncio.Task[None]]()

    def evidence(self, followed_log: Log, kind: Misdeed, path: Path) -> None:
        task = asyncio.get_running_loop().create_task(
            self._post(log=followed_log.origin, what=kind, words=WORDS[kind], evidence=str(path))
        )
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def quiet(self, followed_log: Log, seconds: int) -> None:
        words = f"No new checkpoint of {followed_log.origin} for {seconds} seconds."
        await self._post(log=followed_log.origin, what="quiet", words=words, seconds=seconds)

    async def _post(self, **fields: Any) -> None:
        if not self._url:
            return
        try:
            (await self._client.post(self._url, json=fields)).raise_for_status()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log.error("webhook_failed", url=self._url, why=str(error) or type(error).__name__, told=fields)


def build(
    folder: Folder, settings: Settings, *, step: Callable[[str], None] = lambda _: None, every: float = EVERY
) -> Starlette:
    """The program as an application; its followers live as long as it does. Raises FolderError where the
    folder is not fit.
    """
    config, key = folder.config(), folder.cosigner()
    folder.hold()
    client = httpx2.AsyncClient(timeout=10)
    webhook = WitnessWebhook(client, config.webhook)
    witnessing = Witnessing(key, folder, config.logs, lambda: int(time.time()), webhook.evidence, step=step)
    followers = {
        origin: LogFollower(
            witnessing, followed, LogReader(client, followed.url), config.quiet_after, webhook.quiet
        )
        for origin, followed in config.logs.items()
    }

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        log.info("witnessing", vkey=key.vkey, logs=list(config.logs), url=f"http://{config.listen}")
        tasks = [asyncio.create_task(follower.run(every)) for follower in followers.values()]
        for task in tasks:
            task.add_done_callback(_end_process_on_failure)
        try:
            yield
        finally:
            await end_all(tasks)
            await client.aclose()
            log.info("stopped")

    return application(witnessing, followers, Metrics(), life, settings)


def run(folder: Folder, *, step: Callable[[str], None] = lambda _: None, every: float = EVERY) -> None:
    """Until SIGTERM or SIGINT."""
    settings = Settings()
    app = build(folder, settings, step=step, every=every)
    host, port = folder.config().address
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    serving.run(app, host, port, settings=settings)


def _end_process_on_failure(task: asyncio.Task[None]) -> None:
    """A witness that serves but no longer follows looks alive: end it, whoever started it starts it again."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("following_failed", exc_info=task.exception())
        raise SystemExit(1)
