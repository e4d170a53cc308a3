"""`fenghuo up` as an operator runs it: a process of its own, on ports and a folder of the test."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2
import psutil

from fenghuo import embedded
from fenghuo.places import DEFAULT_PORTS
from shared.vocabulary import Role

COMMAND = [str(Path(sys.executable).parent / "fenghuo")]


class Installation:
    """What it says, event by event, and the commands called beside it."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.ports = dict(zip(DEFAULT_PORTS, embedded.free_ports(len(DEFAULT_PORTS)), strict=True))
        ports = {f"FENGHUO_PORT_{part.upper()}": str(port) for part, port in self.ports.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FENGHUO_")}
        self.env = {**inherited, "FENGHUO_DATA_DIR": str(folder), **ports, **env}
        self.events: list[dict[str, Any]] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        self.events = []
        command = [*COMMAND, *(arguments or ("up", "--json"))]
        self.process = subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.events.append(
                json.loads(line) if line.startswith("{") else {"event": "line", "text": line.rstrip()}
            )

    def said(self, event: str, **fields: Any) -> dict[str, Any] | None:
        """The last such event."""
        found = [
            one
            for one in self.events
            if one["event"] == event and all(one.get(name) == value for name, value in fields.items())
        ]
        return found[-1] if found else None

    def is_up(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            raise AssertionError(
                f"it ended with {self.process.returncode}:\n"
                + "\n".join(event["text"] for event in self.events)
            )
        return self.said("address", name="logs") is not None

    def children(self) -> list[psutil.Process]:
        assert self.process
        return psutil.Process(self.process.pid).children(recursive=True)

    def interrupt(self) -> int:
        """Ctrl-C. Returns the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def call(self, *arguments: str, patience: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        command, its_env = [*COMMAND, *arguments], {**self.env, **env}
        return subprocess.run(
            command, env=its_env, capture_output=True, text=True, timeout=patience, check=False
        )

    def ask(self, *arguments: str) -> Any:
        """The JSON answer of a command that must succeed."""
        done = self.call(*arguments, "--json")
        assert done.returncode == 0, done.stderr or done.stdout
        return json.loads(done.stdout)

    def get(self, service: str, path: str, role: Role) -> Any:
        """Over HTTP with the role's own token."""
        token = json.loads((self.folder / "tokens.json").read_text())[role.value]
        url = f"http://127.0.0.1:{self.ports[service]}{path}"
        return (
            httpx2.get(url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
            .raise_for_status()
            .json()
        )

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
