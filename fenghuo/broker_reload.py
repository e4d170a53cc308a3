"""Has an embedded broker read its configuration anew, and knows that it did.

Invariant: True only where the broker itself says that it has loaded the file since. It is told twice: an
account that is new in the first reading finds the services it imports in the second (nats-server 2.15.1;
until then it is answered "no responders").
"""

import json
import os
import signal
import time
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

PATIENCE = 5.0
"""Seconds for one reading."""


def reload(pid_file: Path, monitor: str) -> bool:
    """`monitor`: the address of the broker's own HTTP interface. False where it does not run or did not take
    the file.
    """
    return all(_read_once(pid_file, monitor) for _ in range(2))


def _read_once(pid_file: Path, monitor: str) -> bool:
    before = _loaded_at(monitor)
    if before is None:
        return False
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError):
        return False
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if _loaded_at(monitor) not in (None, before):
            return True
        time.sleep(0.02)
    return False


def _loaded_at(monitor: str) -> str | None:
    """When the broker loaded its configuration, in its own words; None where it does not answer."""
    try:
        with urlopen(f"{monitor}/varz", timeout=2) as answer:  # noqa: S310 - loopback
            return str(json.load(answer)["config_load_time"])
    except (OSError, HTTPException, ValueError, KeyError):
        return None
