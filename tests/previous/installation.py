"""The installation that the last landing left behind, unpacked and started."""

import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.lab import Lab
from tests.previous.make import ARCHIVE, COMMIT, KEPT

TOLD: dict[str, Any] = json.loads((KEPT / "told.json").read_text())
"""What it had been through: cases by what became of them, the trail's size and root
(`tests/previous/story.py`).
"""
WRITTEN_BY = COMMIT.read_text().strip()


@asynccontextmanager
async def previous_in(folder: Path) -> AsyncIterator[Lab]:
    """Broker and store on its data, with its secrets, policy and directory; no services yet."""
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    lab = Lab(folder, folder / "directory.yaml")
    lab.policy = folder / "policy.yaml"
    try:
        await lab.start()
        yield lab
    finally:
        lab.close()
