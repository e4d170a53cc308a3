"""Reads that are not on record yet, as lines of a file: what a kill -9 leaves is there at the next start.

Invariant: a line is handed to the operating system before `append` returns, and is on disk where that was
asked for. So a killed process loses nothing; a power cut loses what was looked at in its last seconds, never
that a file was taken away.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from shared.synced_files import replace_synced, sync_folder


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = 0

    def read(self) -> list[bytes]:
        """The lines a former life left. A last one that a crash cut short was never answered: it is left
        out.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        lines = content.split(b"\n")[:-1]
        self._lines = len(lines)
        return lines

    def append(self, line: bytes, *, synced: bool) -> None:
        """Raises OSError where it can't be written."""
        fresh = not self.path.exists()
        descriptor = self._open(os.O_APPEND)
        try:
            os.write(descriptor, line + b"\n")
            if synced:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if synced and fresh:
            sync_folder(self.path.parent)
        self._lines += 1

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """As a whole: killed in between, it is the old one or the new one."""
        kept = list(lines)
        if not kept and not self._lines:
            return
        replace_synced(self.path, b"".join(line + b"\n" for line in kept))
        self._lines = len(kept)

    def _open(self, flags: int) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
