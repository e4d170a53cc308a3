"""What a process of ours writes is its owner's alone: files 0600, folders 0700.

Invariant: it is the process that sees to it, by its mask, so that no place that writes a file can forget; and
what it starts (broker, store, services) inherits that. Where others must read a file (a secret mounted into a
container), it says so where it writes it.
"""

import os
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077
"""The rights of group and others."""


def keep_private() -> None:
    """At the start of a process."""
    os.umask(OTHERS)


def make_private(folder: Path) -> None:
    """Take what an earlier version left open from everyone but the owner. A file that is gone meanwhile, or
    is not ours, stays as it is.
    """
    for place, folders, files in os.walk(folder):
        for path in (Path(place), *(Path(place) / name for name in (*folders, *files))):
            with suppress(FileNotFoundError, PermissionError):
                mode = path.lstat().st_mode
                if mode & OTHERS and not path.is_symlink():
                    path.chmod(mode & 0o700)
