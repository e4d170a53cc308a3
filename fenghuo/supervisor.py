"""Child processes that are kept alive: one that ends unasked is started again, with a growing pause, and the
screen says so.

Invariant: after `stop` none of them is left, whatever state it was in.
"""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fenghuo import embedded
from fenghuo.screen import Screen
from fenghuo.speech import worded

LOOK_EVERY = 0.2
"""Seconds between two looks at whether a child still runs."""
ASK_EVERY = 0.25
"""Seconds between two questions whether a child is ready: asking costs it, and it has enough to do then."""
LONGEST_PAUSE = 3.0
"""Seconds before a part that died is started again, at most: each of them is one in which somebody may wait
for us.
"""
STEADY_AFTER = 30.0
"""Seconds a child must have run for its next end to count as the first again."""
LAST_LINES = 12
"""Of its log, shown where a child ended."""
LOG_LIMIT = 20 * 1024 * 1024
"""Bytes a log may have when it is set aside as `.1`; the one set aside before goes."""


class StartError(RuntimeError):
    """A part did not come up; says where its own words stand and quotes the last of them."""


@dataclass(frozen=True)
class Part:
    """One process and how it says that it is ready."""

    name: str
    command: tuple[str, ...]
    log: Path
    is_ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: Path | None = None
    patience: float = 40.0
    """Seconds to become ready after the first start."""
    is_needed: bool = True
    """Whether the rest may not start without it."""
    farewell: float = 20.0
    """Seconds to end after SIGTERM before it is killed."""


class Child:
    """A part that runs, and is watched."""

    def __init__(self, part: Part, screen: Screen) -> None:
        self.part, self.screen = part, screen
        self.process = self._spawn()
        self.stopping = False
        self._watch: asyncio.Task[None] | None = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        set_aside(self.part.log)
        return embedded.start(self.part.command, log=self.part.log, env=self.part.env, cwd=self.part.cwd)

    async def ready(self) -> bool:
        """Wait until it answers, then keep it alive. Raises StartError where it ends, or stays silent and the
        rest needs it; false where the rest goes on without it.
        """
        is_ready = True
        try:
            async with asyncio.timeout(self.part.patience):
                while not await self.part.is_ready():
                    if self.process.poll() is not None:
                        raise StartError(
                            f"{self.part.name} {ending(self.process.returncode)}\n{self._last_words()}"
                        )
                    await asyncio.sleep(ASK_EVERY)
        except TimeoutError:
            text = worded(
                "%(part_name)s was not ready within %(patience)s s",
                part_name=self.part.name,
                patience=f"{self.part.patience:.0f}",
            )
            if self.part.is_needed:
                raise StartError(f"{text}\n{self._last_words()}") from None
            is_ready = False
            self.screen.tell(
                "alarm",
                worded("%(text)s, the rest goes on; its own words: %(log)s", text=text, log=self.part.log),
                part=self.part.name,
            )
        self._watch = asyncio.create_task(self._keep_alive(), name=f"watch-{self.part.name}")
        return is_ready

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        pause, started = 0.5, loop.time()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            _trim(self.part.log)
            code = self.process.poll()
            if code is None or self.stopping:
                continue
            if loop.time() - started > STEADY_AFTER:
                pause = 0.5
            text = worded(
                "%(part_name)s %(ending)s; it is started again in %(pause)s s (its own words: %(log)s)",
                part_name=self.part.name,
                ending=ending(code),
                pause=f"{pause:g}",
                log=self.part.log,
            )
            self.screen.tell("alarm", text, part=self.part.name, code=code, pause=pause)
            await asyncio.sleep(pause)
            pause, started = min(pause * 2, LONGEST_PAUSE), loop.time()
            self.process = self._spawn()
            if await self._back_within(self.part.patience):
                self.screen.tell(
                    "again",
                    worded("%(part_name)s is back and ready", part_name=self.part.name),
                    part=self.part.name,
                    pid=self.process.pid,
                )

    async def _back_within(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.process.poll() is None:
            if await self.part.is_ready():
                return True
            if loop.time() > deadline:
                self.screen.tell(
                    "alarm",
                    worded(
                        "%(part_name)s runs but does not get ready: see %(log)s",
                        part_name=self.part.name,
                        log=self.part.log,
                    ),
                    part=self.part.name,
                )
                return False
            await asyncio.sleep(0.1)
        return False

    async def again(self) -> None:
        """End it; whoever watches it starts it again."""
        process = self.process
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, self.part.farewell)
        except subprocess.TimeoutExpired:
            process.kill()

    def ask_to_stop(self) -> None:
        self.stopping = True
        if self._watch is not None:
            self._watch.cancel()
        if self.process.poll() is None:
            self.process.terminate()

    async def gone(self) -> None:
        """Wait until it has ended; kill it where it does not."""
        try:
            await asyncio.to_thread(self.process.wait, self.part.farewell)
        except subprocess.TimeoutExpired:
            self.screen.tell(
                "alarm",
                worded(
                    "%(part_name)s did not end within %(farewell)s s and is killed",
                    part_name=self.part.name,
                    farewell=f"{self.part.farewell:g}",
                ),
                part=self.part.name,
            )
            self.process.kill()
        self.process.wait()

    def _last_words(self) -> str:
        try:
            words = self.part.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        except OSError:
            words = []
        return "\n".join([worded("its last words (%(log)s):", log=self.part.log), *words])


async def stop_all(children: list[Child]) -> None:
    """Ask them all at once, then see each one gone."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        await child.gone()


def ending(code: int) -> str:
    """`was killed (SIGKILL)` or `ended with code 1`."""
    return (
        worded("was killed (%(Signals_name)s)", Signals_name=signal.Signals(-code).name)
        if code < 0
        else worded("ended with code %(code)s", code=code)
    )


def set_aside(log: Path) -> None:
    """Before a start: a long log becomes `<name>.log.1`."""
    if log.exists() and log.stat().st_size > LOG_LIMIT // 4:
        log.replace(log.with_name(f"{log.name}.1"))


def _trim(log: Path) -> None:
    """While it runs: the child appends to the same open file, so that it is copied and emptied, not moved."""
    try:
        if log.stat().st_size > LOG_LIMIT:
            log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
            _empty(log)
    except OSError:
        return


def _empty(log: Path) -> None:
    with log.open("r+b") as file:
        file.truncate(0)
