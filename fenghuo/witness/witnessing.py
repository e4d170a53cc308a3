"""Cosigning: the one place where a promise is made, whoever brought the checkpoint.

Invariant: judged, kept on disk, and only then signed, all without giving way to anything else in between; so
no two answers of this witness, of any life of it, contradict each other. Its times never run backwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import structlog

from fenghuo.witness import judge, request
from fenghuo.witness.evidence import NEXT, WORDS, EvidenceFolder, Misdeed
from fenghuo.witness.folder import CosignedHead, Folder, Log
from fenghuo.witness.request import AddCheckpoint, MalformedError
from shared.tlog.cosignature import Cosigner
from shared.tlog.note import Note, NoteError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_CLOCK_BACK = 60


@dataclass(frozen=True)
class WitnessAnswer:
    status: HTTPStatus
    body: str
    kind: str = "text/plain; charset=utf-8"


class Witnessing:
    """`clock` gives POSIX seconds; `tell` is told of each new piece of evidence."""

    def __init__(
        self,
        key: Cosigner,
        folder: Folder,
        logs: Mapping[str, Log],
        clock: Callable[[], int],
        tell: Callable[[Log, Misdeed, Path], None],
        *,
        step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.key, self.logs, self.clock = key, logs, clock
        self.evidence = EvidenceFolder(folder.path / "evidence")
        self._folder, self._tell, self._step = folder, tell, step
        self._seen = {origin: folder.seen(one) for origin, one in logs.items()}

    def seen(self, log_: Log) -> CosignedHead:
        return self._seen[log_.origin]

    def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        """As C2SP tlog-witness says, to the letter."""
        try:
            asked = request.read(body)
        except MalformedError as error:
            return WitnessAnswer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        known = self.logs.get(asked.head.origin)
        if known is None:
            return WitnessAnswer(HTTPStatus.NOT_FOUND, "this witness does not follow that log\n")
        if not is_signed(known, asked):
            return WitnessAnswer(
                HTTPStatus.FORBIDDEN,
                f"the checkpoint is not signed by the key of {known.origin} known here\n",
            )
        return self.take(known, asked)

    def take(self, known: Log, asked: AddCheckpoint) -> WitnessAnswer:
        """Of a checkpoint whose signature was checked."""
        seen = self._seen[known.origin]
        ruling = judge.rule(seen, asked)
        if ruling.contradiction:
            self.accuse(known, Misdeed.SPLIT_VIEW, asked, f"Both are of {seen.size} records.")
        if not ruling.may_cosign:
            log.info(
                "not_cosigned",
                log=known.origin,
                size=asked.head.size,
                old=asked.old,
                status=int(ruling.status),
                why=ruling.words,
            )
            if ruling.status is HTTPStatus.CONFLICT:
                return WitnessAnswer(ruling.status, f"{seen.size}\n", judge.SIZE_TYPE)
            return WitnessAnswer(ruling.status, f"{ruling.words}\n")
        now = self._now(seen)
        kept = CosignedHead(
            asked.head.size, asked.head.root.hex(), own_lines(known, asked.signed).write(), now
        )
        self._folder.write(known, kept)
        self._seen[known.origin] = kept
        self._step("kept")
        return WitnessAnswer(HTTPStatus.OK, self.key.cosign(asked.signed.text, now).line())

    def cosigned(self, known: Log) -> str | None:
        """The last checkpoint with this witness's signature: the same promise again, at its own time."""
        seen = self._seen[known.origin]
        if not seen.note:
            return None
        text, _, _ = seen.note.rpartition("\n\n")
        return seen.note + self.key.cosign(text + "\n", seen.time).line()

    def accuse(self, known: Log, kind: Misdeed, asked: AddCheckpoint, more: str) -> None:
        what = f"{asked.head.size} {asked.head.root.hex()}".encode()
        self._keep(known, kind, asked.signed.write(), what, more)

    def accuse_of_note(self, known: Log, shown: str, more: str) -> None:
        """What the log's own address served is not signed by its key."""
        self._keep(known, Misdeed.BAD_SIGNATURE, shown, b"bad signature", more)

    def _keep(self, known: Log, kind: Misdeed, shown: str, what: bytes, more: str) -> None:
        path = self.evidence.keep(
            kind, known.origin, self._seen[known.origin].note, shown, what, self.clock(), more
        )
        if path is not None:
            log.critical("log_misbehaves", log=known.origin, what=WORDS[kind], evidence=str(path), next=NEXT)
            self._tell(known, kind, path)

    def _now(self, seen: CosignedHead) -> int:
        now = self.clock()
        if now < seen.time - _CLOCK_BACK:
            log.warning(
                "clock_back",
                by=seen.time - now,
                next="see that this machine's clock is kept by NTP; the last time is used until then",
            )
        return max(now, seen.time)


def own_lines(known: Log, signed: Note) -> Note:
    """The note without what others put behind the log's own signatures."""
    return Note(signed.text, tuple(one for one in signed.signatures if one.name == known.origin))


def is_signed(known: Log, asked: AddCheckpoint) -> bool:
    try:
        return known.verifier.signed(asked.signed)
    except NoteError:
        return False
