"""The broker and the store as processes of a test, each awaited until it answers."""

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fenghuo.embedded import (
    EmbeddedError,
    mongo_answers,
    mongo_command,
    nats_answers,
    nats_command,
    nats_env,
    start,
    stop,
)


def start_nats(
    data: Path, secrets: Path, *, port: int, monitor: int, log: Path, public_keys: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """The real broker under config/nats.conf."""
    process = start(
        nats_command(data, secrets, port=port, monitor=monitor), log=log, env=nats_env(public_keys)
    )
    _await(process, "nats-server", log, lambda: nats_answers(monitor))
    return process


def start_mongo(data: Path, *, port: int, log: Path) -> subprocess.Popen[bytes]:
    process = start(mongo_command(data, port=port), log=log, cwd=data.parent)
    _await(process, "the embedded store", log, lambda: mongo_answers(port), patience=30)
    return process


def _await(
    process: subprocess.Popen[bytes],
    part: str,
    log: Path,
    answers: Callable[[], bool],
    patience: float = 15.0,
) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EmbeddedError(f"{part} ended with code {process.returncode}; its own words: {log}")
        if answers():
            return
        time.sleep(0.03)
    stop(process)
    raise EmbeddedError(f"{part} did not answer within {patience:.0f} s; its own words: {log}")
