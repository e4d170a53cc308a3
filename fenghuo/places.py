"""Where everything of one embedded installation stands: its data, its ports, its addresses.

Invariant: one data folder has one launcher (a lock on it says so), and a port that is taken is named before
anything starts.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic_settings import BaseSettings, SettingsConfigDict

from fenghuo.speech import worded
from shared.private_files import make_private
from shared.settings import Settings

PORTS = {"intake": 8080, "escalator": 8081, "notifier": 8082, "audit": 8083}
"""Of the services, as in shared.service: not imported from there, so that a command does not load a web
server.
"""
DEFAULT_PORTS = {
    **PORTS,
    "nats": 4222,
    "monitor": 8222,
    "mongo": 27017,
    "gateway": 8090,
    "mail": 8025,
    "witness": 8091,
}
"""In the order they follow FENGHUO_PORT_BASE."""


class PlaceError(RuntimeError):
    """Why nothing can start here, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class PortSettings(BaseSettings):
    """FENGHUO_PORT_BASE moves all ports together, FENGHUO_PORT_<PART> one of them."""

    model_config = SettingsConfigDict(env_prefix="FENGHUO_PORT_", extra="ignore")

    base: int | None = None
    intake: int | None = None
    escalator: int | None = None
    notifier: int | None = None
    audit: int | None = None
    nats: int | None = None
    monitor: int | None = None
    mongo: int | None = None
    gateway: int | None = None
    mail: int | None = None
    witness: int | None = None

    @property
    def are_given(self) -> bool:
        return bool(self.model_fields_set)

    def ports(self) -> dict[str, int]:
        moved = {
            part: port if self.base is None else self.base + number
            for number, (part, port) in enumerate(DEFAULT_PORTS.items())
        }
        chosen: dict[str, int | None] = self.model_dump()
        return {part: chosen[part] or port for part, port in moved.items()}


@dataclass(frozen=True)
class Installation:
    """`home` keeps the lock, the tokens and the addresses; `data` what this start works on (the demo has its
    own).
    """

    home: Path
    data: Path
    ports: dict[str, int]
    host: str = "127.0.0.1"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def tokens(self) -> Path:
        return self.home / "tokens.json"

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports['nats']}"

    @property
    def mongo_url(self) -> str:
        return f"mongodb://127.0.0.1:{self.ports['mongo']}/?directConnection=true"

    def url(self, part: str) -> str:
        return f"http://{self.host}:{self.ports[part]}"

    @property
    def witness(self) -> Path | None:
        """The folder of the witness that runs beside it; only the demo has one: beside the log it proves
        nothing, it shows how.
        """
        return self.data / "witness" if "witness" in self.ports else None

    def log(self, part: str) -> Path:
        return self.data / "logs" / f"{part}.log"

    def check_ports(self) -> None:
        """Raises PlaceError naming each port that somebody else holds."""
        twice = [part for part, port in self.ports.items() if list(self.ports.values()).count(port) > 1]
        if twice:
            raise PlaceError(
                worded("%(twice)s are given the same port", twice=" and ".join(twice)),
                worded("give each its own: FENGHUO_PORT_<PART>"),
            )
        busy_ports = [f"{port} ({part})" for part, port in self.ports.items() if not _is_free(port)]
        if busy_ports:
            part = busy_ports[0].partition("(")[2].rstrip(")")
            raise PlaceError(
                worded(
                    "in use by another program, and nothing was started: port %(busy_ports)s",
                    busy_ports=", ".join(busy_ports),
                ),
                worded(
                    "stop that program, or choose others: FENGHUO_PORT_%(upper)s=<port> for one, FENGHUO_PORT_BASE=18080 for all",
                    upper=part.upper(),
                ),
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home folder for as long as this process runs. Raises PlaceError where another one does."""
        self.home.mkdir(parents=True, exist_ok=True)
        make_private(self.home)
        path = self.home / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = path.read_text().strip() or "unknown"
                raise PlaceError(
                    worded(
                        "Fenghuo already runs on %(home)s (process %(holder)s)", home=self.home, holder=holder
                    ),
                    worded(
                        "use that one, stop it with Ctrl-C, or set FENGHUO_DATA_DIR=<folder> and FENGHUO_PORT_BASE=18080 for a second one"
                    ),
                ) from None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    @property
    def addresses(self) -> dict[str, str]:
        return {
            **{part: self.url(part) for part in (*PORTS, "gateway")},
            "nats": self.nats_url,
            "mongo": self.mongo_url,
            "monitor": f"http://127.0.0.1:{self.ports['monitor']}",
        }

    def write_addresses(self) -> None:
        """For the commands: where this installation answers while this process runs it."""
        addresses = {
            **self.addresses,
            "data": str(self.data),
            "secrets": str(self.secrets),
            "process": str(os.getpid()),
        }
        (self.home / "running.json").write_text(json.dumps(addresses, indent=2) + "\n")

    def forget_addresses(self) -> None:
        (self.home / "running.json").unlink(missing_ok=True)


def running_addresses(home: Path) -> dict[str, str]:
    """What the launcher of this folder has written; empty where none runs any more, however it ended."""
    try:
        addresses: Any = json.loads((home / "running.json").read_text())
        process = int(addresses["process"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return cast(dict[str, str], addresses) if _lives(process) else {}


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def known_addresses(settings: Settings) -> dict[str, str]:
    """Where the parts of the installation of this folder answer: as its launcher says, else as
    FENGHUO_PORT_BASE and FENGHUO_PORT_<PART> say; empty where neither does.
    """
    if running := running_addresses(settings.data_dir):
        return running
    given = PortSettings()
    return (
        Installation(settings.data_dir, settings.data_dir, given.ports()).addresses if given.are_given else {}
    )


def nats_url(settings: Settings) -> str:
    """FENGHUO_NATS_URL, else the broker of this folder's installation, else the default; a broker knows its
    own users by their keys.
    """
    return (
        settings.nats_url
        if "nats_url" in settings.model_fields_set
        else known_addresses(settings).get("nats", settings.nats_url)
    )


def secrets_folder(settings: Settings) -> Path:
    """FENGHUO_SECRETS_DIR, else the one of what runs on this data folder (the demo has its own), else the
    data folder's.
    """
    return settings.secrets_dir or Path(running_addresses(settings.data_dir).get("secrets", settings.secrets))


def reload_broker(settings: Settings, secrets: Path) -> bool | None:
    """Have the broker that runs on this data folder read its file anew; None where none runs on these
    secrets, False where it did not.
    """
    from fenghuo import embedded
    from fenghuo.broker_reload import reload

    running = running_addresses(settings.data_dir)
    if not running or Path(running["secrets"]).resolve() != secrets.resolve():
        return None
    return reload(embedded.nats_pid_file(Path(running["data"]) / "nats"), running["monitor"])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
