"""The keys of the sources that publish on the broker: one nkey a source, each in an account of its own.

Invariant: what the broker reads (`sources.conf`) is made of the register of keys (`sources.json`) and the
directory, and of nothing else; it holds public keys alone. A seed is written once, and a source whose key was
taken back gets a new one only when it is asked for.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import nkeys
from pydantic import TypeAdapter

from fenghuo.speech import worded
from shared.directory import Directory, Source
from shared.facts import Frozen, Instant
from shared.ids import SourceId
from shared.secrets import source_seed_file
from shared.subjects import HEARTBEAT, REPORT_SUBMIT, inbox_subject, report_submit_subject
from shared.synced_files import write_new

FOLDER = "sources"
"""Within the secrets folder, and beside the broker's own file: config/nats.conf includes
`sources/sources.conf`.
"""
EMPTY = "# No source has a key yet: `fenghuo source add <id>`.\n"


class SourceKey(Frozen):
    """One key of a source, also after it was taken back."""

    source: SourceId
    public_key: str
    made_at: Instant
    revoked_at: Instant | None = None


_register: TypeAdapter[list[SourceKey]] = TypeAdapter(list[SourceKey])


class SourceKeyError(RuntimeError):
    """Why a key is neither made nor taken back, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class SourceKeys:
    """The register of one installation; `secrets` is its secrets folder."""

    def __init__(self, secrets: Path) -> None:
        self.secrets, self._folder = secrets, secrets / FOLDER

    def all(self) -> list[SourceKey]:
        """Every key ever made, the oldest first."""
        try:
            return _register.validate_json((self._folder / "sources.json").read_bytes())
        except FileNotFoundError:
            return []

    def in_force(self) -> dict[SourceId, SourceKey]:
        return {key.source: key for key in self.all() if key.revoked_at is None}

    def seed(self, source: str) -> Path:
        return self.secrets / source_seed_file(source)

    def add(self, source: str, directory: Directory, now: datetime) -> SourceKey:
        """Make the key of a declared source. Raises SourceError."""
        declared = _declared(source, directory)
        with self._locked():
            if declared.id in self.in_force():
                raise SourceKeyError(
                    worded(
                        "source %(source)s has a key already (%(seed)s)",
                        source=source,
                        seed=self.seed(source),
                    ),
                    worded(
                        "use that one, or take it back first: fenghuo source revoke %(source)s", source=source
                    ),
                )
            return self._make([declared], directory, now)[0]

    def add_missing(self, directory: Directory, now: datetime) -> list[SourceId]:
        """For an evaluation: a key for every declared source that never had one. Returns those made."""
        with self._locked():
            sources_with_key = {key.source for key in self.all()}
            return [
                key.source
                for key in self._make(
                    [source for source in directory.sources if source.id not in sources_with_key],
                    directory,
                    now,
                )
            ]

    def revoke(self, source: str, directory: Directory, now: datetime) -> SourceKey:
        """Take the key back; whoever holds it is refused once the broker has read the file. Raises
        SourceError.
        """
        with self._locked():
            keys = self.all()
            key_to_revoke = next(
                (key for key in keys if key.source == source and key.revoked_at is None), None
            )
            if key_to_revoke is None:
                raise SourceKeyError(
                    worded("source %(source)s has no key that could be taken back", source=source),
                    worded("see `fenghuo source list`"),
                )
            revoked = key_to_revoke.model_copy(update={"revoked_at": now})
            self._write([revoked if key is key_to_revoke else key for key in keys], directory)
            self.seed(source).unlink(missing_ok=True)
            return revoked

    def refresh(self, directory: Directory) -> None:
        """Write anew what the broker reads: the directory says which formats a source may send."""
        with self._locked():
            self._write(self.all(), directory)

    def _make(self, sources: Sequence[Source], directory: Directory, now: datetime) -> list[SourceKey]:
        made = [
            SourceKey(source=source.id, public_key=_write_seed(self.seed(source.id)), made_at=now)
            for source in sources
        ]
        self._write([*self.all(), *made], directory)
        return made

    def _write(self, keys: list[SourceKey], directory: Directory) -> None:
        _replace(
            self._folder / "sources.json",
            _register.dump_json(keys, indent=2, exclude_none=True).decode() + "\n",
        )
        in_force = {key.source: key for key in keys if key.revoked_at is None}
        _replace(self._folder / "sources.conf", accounts_of(directory, in_force))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_folder(self.secrets)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def make_folder(secrets: Path) -> None:
    """The folder with an empty file in it: the broker does not start without one. It may be read: no secret
    lies in it.
    """
    folder = secrets / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(
        0o755
    )  # said here, since our processes write for their owner alone: a broker in a container is another user
    if not (folder / "sources.conf").exists():
        _replace(folder / "sources.conf", EMPTY)


def accounts_of(directory: Directory, in_force: dict[SourceId, SourceKey]) -> str:
    """What the broker includes: an account for every declared source, with its key where one is in force."""
    return "".join(_account(source, in_force.get(source.id)) for source in directory.sources) or EMPTY


def _account(source: Source, key: SourceKey | None) -> str:
    """A source hands in its own formats and asks `report.submit`; what the core sees names the source, and
    the source can't change it.
    """
    inbox = [inbox_subject(name, source.id) for name in (*source.formats, HEARTBEAT)]
    publish = json.dumps([*inbox, REPORT_SUBMIT])
    user = (
        f'    {{ nkey: {key.public_key}, permissions: {{ publish: {publish}, subscribe: "_INBOX.>" }} }}\n'
        if key
        else ""
    )
    imports = "".join(f'    {{ service: {{ account: CORE, subject: "{subject}" }} }}\n' for subject in inbox)
    asks = f'    {{ service: {{ account: CORE, subject: "{report_submit_subject(source.id)}" }}, to: "{REPORT_SUBMIT}" }}\n'
    return f"source-{source.id} {{\n  users: [\n{user}  ]\n  imports: [\n{imports}{asks}  ]\n}}\n"


def _declared(source: str, directory: Directory) -> Source:
    declared = directory.sources_by_id.get(SourceId(source))
    if declared is None:
        ids = ", ".join(sorted(directory.sources_by_id)) or "none"
        raise SourceKeyError(
            worded("no source %(source)s is declared", source=source),
            worded("add it to the directory's `sources` first (there now: %(ids)s)", ids=ids),
        )
    return declared


def _write_seed(path: Path) -> str:
    """Make a key, keep its seed for its owner's eyes alone. Returns the public key."""
    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    path.unlink(missing_ok=True)
    write_new(path, seed)
    return bytes(nkeys.from_seed(bytearray(seed)).public_key).decode()


def _replace(path: Path, content: str) -> None:
    """Whole or not at all: the broker may read it at any moment."""
    fresh = path.with_suffix(".new")
    fresh.write_text(content, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)
