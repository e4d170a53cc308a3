"""Another user of the same machine reads what lies in the data folder: keys, tokens, the broker's and the
store's files, logs.
"""

import os
import stat
from pathlib import Path

from shared.private_files import OTHERS, make_private
from tests.attacks.conftest import Installation

PUBLIC = "secrets/sources"
"""Public keys alone, read by a broker that may be another user in a container; the folder above is closed."""


def open_to_others(folder: Path) -> list[str]:
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            mode = path.lstat().st_mode
            within = str(path.relative_to(folder))
            if mode & OTHERS and not stat.S_ISLNK(mode) and not within.startswith(PUBLIC):
                found.append(f"{within} {stat.S_IMODE(mode):o}")
    return found


async def test_nothing_that_broker_store_and_services_write_can_be_read_by_others(
    installation: Installation,
) -> None:
    await installation.report("water_bureau")
    folder = installation.lab.folder
    written = {path.name for path in folder.iterdir()}
    assert {"nats", "mongo", "audit", "secrets"} <= written
    assert open_to_others(folder) == []


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o755)
    left = tmp_path / "secrets" / "running.json"
    left.write_text("{}")
    left.chmod(0o644)
    (tmp_path / "link").symlink_to("/etc/hostname")
    make_private(tmp_path)
    assert open_to_others(tmp_path) == []
