"""Files that are written, or replaced, as a whole.

Invariant: when `replace_synced` returns, the content and the name are on disk; a process killed in between
leaves the old file or the new one, never a part.
"""

import os
from pathlib import Path


def replace_synced(path: Path, content: bytes) -> None:
    """The file is its owner's alone."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # of a process that was killed: whose it is by now is not ours to trust
    write_new(beside, content)
    beside.replace(path)
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """A file of its owner's alone, its content on disk. Raises FileExistsError where there is one already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """The names of its files are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
