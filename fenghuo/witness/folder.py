"""What a witness keeps: its key, which logs it follows, and of each the last checkpoint it cosigned.

Invariant: a state is replaced as a whole and synced before anyone hears of it; a state that is missing or
damaged is never taken for "nothing seen yet" (a witness that forgets can be made to promise two things), and
one process holds the folder.
"""

import fcntl
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from shared.synced_files import replace_synced
from shared.tlog.cosignature import Cosigner, make_key
from shared.tlog.merkle import EMPTY_ROOT
from shared.tlog.note import NoteError, Verifier

CONFIG = "witness.toml"
KEY = "witness.skey"
VKEY = "witness.vkey"
_STATES = "logs"
LISTEN = "127.0.0.1:8090"
QUIET_AFTER = 300


class FolderError(RuntimeError):
    """The folder is not fit to witness from. Says why and what to do."""


@dataclass(frozen=True)
class Log:
    """A log as its witness knows it: its public key, and where it can be read (empty: it comes to us
    alone).
    """

    verifier: Verifier
    url: str

    @property
    def origin(self) -> str:
        return self.verifier.name

    @property
    def short(self) -> str:
        """Names it in paths."""
        return sha256(self.origin.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class WitnessConfig:
    listen: str
    webhook: str
    quiet_after: int
    """Seconds without a new checkpoint until a log counts as silent; ours signs one a minute even when
    nothing happens.
    """
    logs: Mapping[str, Log]

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host, int(port)


@dataclass(frozen=True)
class CosignedHead:
    """The last checkpoint cosigned of a log; `time` in POSIX seconds. Size 0 without a note: none yet."""

    size: int = 0
    root: str = EMPTY_ROOT.hex()
    note: str = ""
    time: int = 0


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[bytes] | None = None

    # --- made once
    # ------------------------------------------------------------------------------------------------------

    def init(
        self, name: str, vkey: str, url: str, *, listen: str, webhook: str, now: int
    ) -> tuple[str, bool]:
        """Make the key (kept where there is one) and add the log. Returns the public key and whether the log
        is new here.
        """
        verifier = Verifier.read(vkey)
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        if not (self.path / KEY).exists():
            skey, public = make_key(name)
            replace_synced(self.path / VKEY, public.encode() + b"\n")
            replace_synced(self.path / KEY, skey.encode() + b"\n")
        if not (self.path / CONFIG).exists():
            replace_synced(
                self.path / CONFIG,
                _TEMPLATE.format(listen=_toml(listen), webhook=_toml(webhook), quiet=QUIET_AFTER).encode(),
            )
        known = self.config().logs.get(verifier.name)
        if known is not None:
            if known.verifier.hash != verifier.hash:
                raise FolderError(
                    f"{verifier.name} is known here by another key: if the log really changed its key, edit {self.path / CONFIG}"
                )
            return self.cosigner().vkey, False
        log = Log(verifier, url)
        # Its state first: a log in the configuration without one is refused as lost.
        if not self._state(log).exists():
            self.write(log, CosignedHead(time=now))
        whole = (
            self.path / CONFIG
        ).read_text() + f"\n[[log]]\nvkey = {_toml(vkey.strip())}\nurl = {_toml(url)}\n"
        replace_synced(self.path / CONFIG, whole.encode())
        return self.cosigner().vkey, True

    # --- read
    # -----------------------------------------------------------------------------------------------------------

    def cosigner(self) -> Cosigner:
        try:
            return Cosigner.read((self.path / KEY).read_text())
        except OSError:
            raise FolderError(
                f"{self.path / KEY} is missing: `fenghuo witness init` makes it, once"
            ) from None
        except NoteError as error:
            raise FolderError(f"{self.path / KEY}: {error}") from None

    def config(self) -> WitnessConfig:
        path = self.path / CONFIG
        try:
            document: dict[str, Any] = tomllib.loads(path.read_text())
            logs = [
                Log(Verifier.read(log["vkey"]), str(log.get("url", "")).rstrip("/"))
                for log in document.get("log", [])
            ]
            config = WitnessConfig(
                str(document.get("listen", LISTEN)),
                str(document.get("webhook", "")),
                int(document.get("quiet_after", QUIET_AFTER)),
                {log.origin: log for log in logs},
            )
            _ = config.address
        except OSError:
            raise FolderError(f"{path} is missing: `fenghuo witness init` makes it") from None
        except (tomllib.TOMLDecodeError, NoteError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise FolderError(f"{path}: {error}") from None
        if len(config.logs) != len(logs):
            raise FolderError(f"{path}: two logs have the same name")
        return config

    def last_head(self, log: Log) -> CosignedHead:
        path = self._state(log)
        try:
            state = json.loads(path.read_text())
            if state.pop("origin") != log.origin or len(bytes.fromhex(state["root"])) != len(EMPTY_ROOT):
                raise ValueError("it is of another log")
            return CosignedHead(**state)
        except FileNotFoundError:
            raise FolderError(
                f"{path} is missing: what this witness last promised of {log.origin} is lost. Put it back from a copy; "
                "where there is none, this key must not be used again: make a new witness (`fenghuo witness init`) and give out its key"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise FolderError(
                f"{path} is damaged ({error}): put it back from a copy, or make a new witness with a new key"
            ) from None

    # --- written
    # --------------------------------------------------------------------------------------------------------

    def write(self, log: Log, head: CosignedHead) -> None:
        """On disk when it returns."""
        path = self._state(log)
        path.parent.mkdir(exist_ok=True)
        replace_synced(path, json.dumps({"origin": log.origin, **asdict(head)}).encode())

    def hold(self) -> None:
        """Be the only one who writes here. Raises FolderError where another process is."""
        self._lock = (self.path / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderError(
                f"another `fenghuo witness run` holds {self.path}: stop one of the two"
            ) from None

    def _state(self, log: Log) -> Path:
        return self.path / _STATES / f"{log.short}.json"


_TEMPLATE = """# A witness of Fenghuo: docs/architecture/witness.md
listen = {listen}
webhook = {webhook}      # POSTed to when a log misbehaves or goes quiet; empty: nobody is told but the log file
quiet_after = {quiet}    # seconds without a new checkpoint until a log counts as silent
"""


def _toml(text: str) -> str:
    """A basic string: JSON's spelling is TOML's."""
    return json.dumps(text, ensure_ascii=False)
