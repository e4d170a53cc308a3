"""`pip install .` gives a working command: what it needs is named where pip looks, and what it reads is in
the package.
"""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from shared.version import __version__

ROOT = Path(__file__).parents[2]


def named(line: str) -> str:
    """The package that a line of requirements names, written one way."""
    return re.split(r"[\[=<>~; ]", line, maxsplit=1)[0].lower().replace("_", "-")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return file


def test_every_dependency_is_pinned_with_its_hash() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = re.findall(
        r"^([\w.-]+(?:\[[\w,-]+\])?)==\S+ \\\n    --hash=sha256:",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    assert {named(line) for line in needed} <= {named(line) for line in pinned}


def test_the_wheel_has_the_version_the_command_and_what_is_read_at_run_time(wheel: Path) -> None:
    assert f"-{__version__}-" in wheel.name
    with zipfile.ZipFile(wheel) as package:
        files = set(package.namelist())
        metadata = package.read(next(name for name in files if name.endswith("METADATA"))).decode()
    assert {"fenghuo/cli.py", "config/nats.conf", "config/policy.yaml", "config/alerts.yml"} <= files
    kept = {
        str(path.relative_to(ROOT))
        for top in ("services", "shared", "fenghuo", "config")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert kept <= files
    assert "Requires-Dist: fastapi" in metadata
