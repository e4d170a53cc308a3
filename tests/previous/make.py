"""Keeps the data of the last landing: `make previous` (COMMIT=… for another than the one before this tree's).

Invariant: the data is written by the code of the commit that stands beside it in
`tests/data/previous/COMMIT`, never by this tree's.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "tests" / "data" / "previous"
ARCHIVE, COMMIT = KEPT / "installation.tar.xz", KEPT / "COMMIT"
STORY = Path("tests") / "previous"
LEFT_OUT = (".log", ".pid", ".lock", ".sock")
LARGEST = 2_000_000


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout


def has_commit(commit: str) -> bool:
    """Whether this clone has it: a shallow one has not."""
    known = subprocess.run(
        ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True, check=False
    )
    return known.returncode == 0


def checked_out(commit: str, folder: Path) -> Path:
    """The code of a commit in a folder, with this tree's environments."""
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    archive.write_bytes(git("archive", commit))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    archive.unlink()
    for environment in (".venv", ".venv-mongo"):
        (folder / environment).symlink_to(ROOT / environment)
    return folder


def main() -> None:
    commit = git("rev-parse", sys.argv[1] if len(sys.argv) > 1 else "HEAD").decode().strip()
    with tempfile.TemporaryDirectory(prefix="fenghuo-previous-") as temporary:
        code, data = checked_out(commit, Path(temporary) / "code"), Path(temporary) / "data"
        if not (code / STORY).exists():
            shutil.copytree(ROOT / STORY, code / STORY)
        subprocess.run([sys.executable, "-m", "tests.previous.story", str(data)], cwd=code, check=True)
        KEPT.mkdir(parents=True, exist_ok=True)
        with tarfile.open(ARCHIVE, "w:xz", preset=9) as packed:
            packed.add(data, ".", filter=lambda entry: None if entry.name.endswith(LEFT_OUT) else entry)
        shutil.copy(data / "told.json", KEPT / "told.json")
    if ARCHIVE.stat().st_size > LARGEST:
        raise SystemExit(
            f"{ARCHIVE} has {ARCHIVE.stat().st_size} bytes, at most {LARGEST}: the story is too long"
        )
    COMMIT.write_text(commit + "\n")
    sys.stdout.write(f"{ARCHIVE}: {ARCHIVE.stat().st_size} bytes, written by {commit}\n")


if __name__ == "__main__":
    main()
