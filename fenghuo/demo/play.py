"""Puts the demo together: the same launcher as `fenghuo up`, with a policy on a faster clock and data of its
own, fresh each time.
"""

import asyncio
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from rich.console import Console

from fenghuo.demo.hands import Hands
from fenghuo.demo.ledger import OpenDuties
from fenghuo.demo.readback import Readback, StepFailed
from fenghuo.demo.scenes import Story, Timing
from fenghuo.demo.stage import Stage
from fenghuo.demo.telling import Teller
from fenghuo.demo.trail_scene import TrailScene
from fenghuo.launcher import launched
from fenghuo.parts import located
from fenghuo.places import Installation
from fenghuo.screen import ConsoleScreen, tell_addresses
from services.escalator.policy.compress import compress
from services.escalator.policy.load import load_policy
from shared.broker.connection import connect
from shared.directory import load_directory
from shared.ids import SourceId
from shared.secrets import nkey_file, source_seed_file
from shared.settings import Settings
from shared.tokens import Principal
from shared.vocabulary import Role

SOURCES = (SourceId("met-observatory"), SourceId("wangshan-info"))
RATIO = 60.0
"""Thirty minutes become thirty seconds."""


@dataclass(frozen=True)
class Demo:
    place: Installation
    settings: Settings
    console: Console
    ends: bool
    """End after the story instead of staying up."""

    async def run(self) -> int:
        """0 when every step happened, else 1."""
        settings = self.settings.model_copy(update={"policy": await asyncio.to_thread(self._prepare)})
        screen = ConsoleScreen(self.console)
        async with launched(self.place, settings, screen):
            try:
                await self._tell(settings)
            except StepFailed as failed:
                self.console.print(f"\n[bold red]✗ a step did not happen[/]\n{failed}", highlight=False)
                self.console.print(f"what each part says: {self.place.data / 'logs'}", highlight=False)
                return 1
            self.console.print("\n[bold green]✓ 全部完成 every step happened and is in the trail[/]")
            if not self.ends:
                tell_addresses(screen, self.place)
                screen.tell("step", "it stays up, for you to look around; Ctrl-C stops everything")
                await asyncio.Event().wait()
        return 0

    def _prepare(self) -> Path:
        """A fresh data folder with the compressed policy. Only ever called while nobody else holds the
        lock.
        """
        with self.place.locked():
            shutil.rmtree(self.place.data, ignore_errors=True)
            self.place.data.mkdir(parents=True)
        policy = self.place.data / "policy.yaml"
        policy.write_text(
            compress(located(self.settings.policy).read_text(encoding="utf-8"), RATIO), encoding="utf-8"
        )
        rule = load_policy(policy).document.half_hour
        spans = [
            f"{span.total_seconds():g} s" for span in (rule.within, rule.fallback.after, rule.fallback.step)
        ]
        self.console.print(
            f"烽火 Fenghuo: one story on a compressed clock, [bold]1 minute → {60 / RATIO:g} second[/]",
            highlight=False,
        )
        said = f"the half-hour rule: [bold]30 minutes → {spans[0]}[/]; dark after {spans[1]}, the next after {spans[2]}\n"
        self.console.print(said, highlight=False)
        return policy

    async def _tell(self, settings: Settings) -> None:
        directory = load_directory(located(settings.directory))
        clock = lambda: datetime.now(UTC)  # noqa: E731 - the one clock of the story
        rule = load_policy(settings.policy).document.half_hour
        timing = Timing(RATIO, rule.within, rule.fallback.after)
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx2.AsyncClient(timeout=15, trust_env=False))
            admin = await self._connect("admin", nkey_file("admin"), settings, stack)
            sources = {
                source: await self._connect(source, source_seed_file(source), settings, stack)
                for source in SOURCES
            }
            stage = Stage(self.console, Teller(directory, settings.zone), OpenDuties(), clock, {})
            auditor = self._token(Principal(subject="auditor", role=Role.AUDITOR), clock())
            hands = Hands(self.place, directory, http, sources)
            story = Story(stage, hands, Readback(http, self.place.url("audit"), auditor), timing, clock)
            async with stage.following(admin):
                await TrailScene(stage, self.place).play(*await story.play())

    async def _connect(self, user: str, key: str, settings: Settings, stack: AsyncExitStack):
        mine = settings.model_copy(
            update={"nats_url": self.place.nats_url, "nats_credentials": self.place.secrets / key}
        )
        connection = await connect(mine, user, timeout=10)
        stack.push_async_callback(connection.close)
        return connection

    def _token(self, principal: Principal, now: datetime) -> str:
        from shared import tokens
        from shared.secrets import SecretFile, signing_key

        return tokens.issue(
            signing_key(self.place.secrets, SecretFile.TOKEN_SIGNING),
            principal,
            now=now,
            lasts=timedelta(hours=1),
        )
