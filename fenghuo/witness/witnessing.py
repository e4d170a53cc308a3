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
        self._seen = {origin: folder.last_head(log) for origin, log in logs.items()}

    def last_head(self, log_: Log) -> CosignedHead:
        return self._seen[log_.origin]

    def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        """As C2SP tlog-witness says, to the letter."""
        try:
            submission = request.read(body)
        except MalformedError as error:
            return WitnessAnswer(HTTPStatus.BAD_REQUEST, f"{error}\n")
        followed_log = self.logs.get(submission.head.origin)
        if followed_log is None:
            return WitnessAnswer(HTTPStatus.NOT_FOUND, "this witness does not follow that log\n")
        if not is_signed(followed_log, submission):
            return WitnessAnswer(
                HTTPStatus.FORBIDDEN,
                f"the checkpoint is not signed by the key of {followed_log.origin} known here\n",
            )
        return self.take(followed_log, submission)

    def take(self, followed_log: Log, submission: AddCheckpoint) -> WitnessAnswer:
        """Of a checkpoint whose signature was checked."""
        last_head = self._seen[followed_log.origin]
        ruling = judge.rule(last_head, submission)
        if ruling.contradiction:
            self.accuse(
                followed_log, Misdeed.SPLIT_VIEW, submission, f"Both are of {last_head.size} records."
            )
        if not ruling.may_cosign:
            log.info(
                "not_cosigned",
                log=followed_log.origin,
                size=submission.head.size,
                old=submission.old,
                status=int(ruling.status),
                why=ruling.words,
            )
            if ruling.status is HTTPStatus.CONFLICT:
                return WitnessAnswer(ruling.status, f"{last_head.size}\n", judge.SIZE_TYPE)
            return WitnessAnswer(ruling.status, f"{ruling.words}\n")
        now = self._now(last_head)
        kept = CosignedHead(
            submission.head.size,
            submission.head.root.hex(),
            own_lines(followed_log, submission.signed).write(),
            now,
        )
        self._folder.write(followed_log, kept)
        self._seen[followed_log.origin] = kept
        self._step("kept")
        return WitnessAnswer(HTTPStatus.OK, self.key.cosign(submission.signed.text, now).line())

    def cosigned(self, followed_log: Log) -> str | None:
        """The last checkpoint with this witness's signature: the same promise again, at its own time."""
        last_head = self._seen[followed_log.origin]
        if not last_head.note:
            return None
        text, _, _ = last_head.note.rpartition("\n\n")
        return last_head.note + self.key.cosign(text + "\n", last_head.time).line()

    def accuse(self, followed_log: Log, kind: Misdeed, submission: AddCheckpoint, more: str) -> None:
        identity = f"{submission.head.size} {submission.head.root.hex()}".encode()
        self._keep(followed_log, kind, submission.signed.write(), identity, more)

    def accuse_of_note(self, followed_log: Log, shown: str, more: str) -> None:
        """What the log's own address served is not signed by its key."""
        self._keep(followed_log, Misdeed.BAD_SIGNATURE, shown, b"bad signature", more)

    def _keep(self, followed_log: Log, kind: Misdeed, shown: str, identity: bytes, more: str) -> None:
        path = self.evidence.keep(
            kind,
            followed_log.origin,
            self._seen[followed_log.origin].note,
            shown,
            identity,
            self.clock(),
            more,
        )
        if path is not None:
            log.critical(
                "log_misbehaves", log=followed_log.origin, what=WORDS[kind], evidence=str(path), next=NEXT
            )
            self._tell(followed_log, kind, path)

    def _now(self, last_head: CosignedHead) -> int:
        now = self.clock()
        if now < last_head.time - _CLOCK_BACK:
            log.warning(
                "clock_back",
                by=last_head.time - now,
                next="see that this machine's clock is kept by NTP; the last time is used until then",
            )
        return max(now, last_head.time)


def own_lines(followed_log: Log, signed: Note) -> Note:
    """The note without what others put behind the log's own signatures."""
    return Note(
        signed.text,
        tuple(signature for signature in signed.signatures if signature.name == followed_log.origin),
    )


def is_signed(followed_log: Log, submission: AddCheckpoint) -> bool:
    try:
        return followed_log.verifier.signed(submission.signed)
    except NoteError:
        return False
