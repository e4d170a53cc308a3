"""Services as processes of their own that need not load Python and its packages again: forked from a process
that has loaded them.

Invariant: what is forked has run no line of a service yet; it is killed, signalled and waited for like any
child. One forge serves a test process, dies with it, and everything it forked dies with the forge.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from fenghuo.embedded import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
LOADED = tuple(f"services.{name}.app" for name in ("intake", "escalator", "notifier", "audit"))
PAUSE = 0.01
"""Seconds between two looks at whether a process has ended."""


class Forged(subprocess.Popen[bytes]):
    """A process that the forge forked; used like any other."""

    def __init__(self, forge: "Forge", pid: int, command: Sequence[str]) -> None:  # pyright: ignore[reportMissingSuperCall] - the forge has started it
        self._child_created = False  # not ours to reap
        self._forge, self.pid, self.args, self.returncode = forge, pid, list(command), None
        self.stdin = self.stdout = self.stderr = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._forge.ask(poll=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        ends_at = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if ends_at is not None and timeout is not None and time.monotonic() > ends_at:
                raise subprocess.TimeoutExpired(self.args, timeout)
            time.sleep(PAUSE)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)


class Forge:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads hold locks here
        )
        self._lock = threading.Lock()

    def ask(self, **question: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(self, module: str, *arguments: str, log: Path, env: Mapping[str, str]) -> Forged:
        """`python -m <module> <arguments>`, its output in `log` (appended)."""
        log.parent.mkdir(parents=True, exist_ok=True)
        pid = self.ask(module=module, arguments=arguments, log=str(log), env={**os.environ, **env})
        return Forged(self, pid, [sys.executable, "-m", module, *arguments])


@cache
def forge() -> Forge:
    """The forge of this process; its input ends with it, and so does the forge."""
    return Forge()


def _become(question: dict[str, Any]) -> None:
    """The forked process: never returns."""
    die_with_parent()
    os.setsid()
    os.environ.clear()
    os.environ.update(question["env"])
    nothing, out = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(question["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
    )
    for ours, theirs in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(ours, theirs)
    os.closerange(3, max(nothing, out) + 1)
    sys.argv = [question["module"], *question["arguments"]]
    code = 0
    try:
        runpy.run_module(question["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(asked: BinaryIO, answers: BinaryIO) -> None:
    for module in LOADED:
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    ended: dict[int, int] = {}
    for line in asked:
        question = json.loads(line)
        if (pid := question.get("poll")) is None:
            answer = os.fork()
            if answer == 0:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                _become(question)
        else:
            if pid not in ended:
                gone, status = os.waitpid(pid, os.WNOHANG)
                if gone:
                    ended[pid] = os.waitstatus_to_exitcode(status)
            answer = ended.get(pid)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
