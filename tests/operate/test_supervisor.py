"""A part is kept alive, whatever it does to itself, and gone when it must be."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from fenghuo.supervisor import LOG_LIMIT, Child, Part, StartError, stop_all
from tests.lab import until


class Heard:
    """A screen that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def tell(self, event: str, text: str, **fields: Any) -> None:
        self.events.append((event, {"text": text, **fields}))

    def all(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


Ready = Callable[[], Awaitable[bool]]


def part(
    log: Path, script: str, *, is_ready: Ready = yes, patience: float = 10, farewell: float = 10
) -> Part:
    command = (sys.executable, "-c", script)
    return Part(name="one", command=command, log=log, is_ready=is_ready, patience=patience, farewell=farewell)


REAL_SLEEP = asyncio.sleep


async def no_wait(_: float) -> None:
    await REAL_SLEEP(0.01)


FOREVER = "import time; time.sleep(60)"


async def test_the_pause_before_a_restart_grows_with_each_end_to_three_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fenghuo.supervisor.asyncio.sleep", no_wait)
    screen = Heard()
    child = Child(part(tmp_path / "log", FOREVER), screen)
    await child.ready()
    try:
        for ends in range(1, 6):
            child.process.kill()
            await until(lambda ends=ends: len(screen.all("again")) == ends, what="it is back")
    finally:
        await stop_all([child])

    assert [alarm["pause"] for alarm in screen.all("alarm")] == [0.5, 1.0, 2.0, 3.0, 3.0]


async def test_a_part_that_ends_at_once_keeps_the_start_from_succeeding_and_is_quoted(tmp_path: Path) -> None:
    child = Child(part(tmp_path / "log", "raise SystemExit('no such policy')", is_ready=no), Heard())

    with pytest.raises(StartError, match="no such policy"):
        await child.ready()
    await stop_all([child])


async def test_a_part_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    child = Child(part(tmp_path / "log", FOREVER, is_ready=no, patience=0.3), Heard())

    with pytest.raises(StartError, match="was not ready within"):
        await child.ready()
    await stop_all([child])

    assert child.process.poll() is not None


async def test_a_part_the_rest_can_do_without_keeps_nothing_from_starting_and_is_kept_alive(
    tmp_path: Path,
) -> None:
    screen = Heard()
    audit = replace(part(tmp_path / "log", FOREVER, is_ready=no, patience=0.3), is_needed=False)
    child = Child(audit, screen)

    assert not await child.ready()
    assert "the rest goes on" in screen.all("alarm")[-1]["text"]
    before = child.process.pid
    child.process.kill()
    await until(lambda: child.process.pid != before, what="it is started again")
    await stop_all([child])


async def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    screen = Heard()
    child = Child(part(tmp_path / "log", deaf, farewell=0.3), screen)
    await until(lambda: "deaf" in (tmp_path / "log").read_text())
    await child.ready()

    await stop_all([child])

    assert not psutil.pid_exists(child.process.pid)
    assert "is killed" in screen.all("alarm")[-1]["text"]


async def test_one_that_is_told_to_stop_is_not_started_again(tmp_path: Path) -> None:
    screen = Heard()
    child = Child(part(tmp_path / "log", FOREVER), screen)
    await child.ready()

    await stop_all([child])
    await asyncio.sleep(0.5)

    assert screen.events == []


async def test_a_long_log_is_set_aside_before_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(LOG_LIMIT)
    child = Child(part(log, FOREVER), Heard())
    await stop_all([child])

    assert log.stat().st_size < 1000
    assert (tmp_path / "log.1").stat().st_size == LOG_LIMIT
