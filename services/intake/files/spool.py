"""A file while it comes in: on disk without a name, so that nothing of it is left wherever the process ends.

Invariant: no more than LARGEST_FILE is written, and none of it is kept in memory.
"""

import errno
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from shared.facts.file import LARGEST_FILE, MB
from shared.message import N_
from shared.problems import Problem

PIECE = 64 * 1024
TOO_LARGE = N_("This file is too large")
MAKE_IT_SMALLER = N_("A file may have at most 20 MB: make the picture smaller or the clip shorter.")
NO_ROOM = N_("There is no room for files")
SEND_WITHOUT = N_("Send it without files, and tell the operator that there is no room left for them.")


class Spool:
    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self.file = cast(BinaryIO, tempfile.TemporaryFile(dir=folder, buffering=0))  # noqa: SIM115

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Raises Problem 413, 507."""
        self.size += len(piece)
        if self.size > LARGEST_FILE:
            raise Problem(413, TOO_LARGE, MAKE_IT_SMALLER, limit=LARGEST_FILE)
        self._digest.update(piece)
        try:
            self.file.write(piece)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Problem(507, NO_ROOM, SEND_WITHOUT) from None
            raise

    def empty(self) -> None:
        self.file.seek(0)
        self.file.truncate()

    def pieces(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            yield piece

    def close(self) -> None:
        self.file.close()


def spool_folder(data_dir: Path) -> Path:
    """Where files lie while they come in: on a disk, not in memory."""
    folder = data_dir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


assert LARGEST_FILE == 20 * MB, "MAKE_IT_SMALLER says how large a file may be"
