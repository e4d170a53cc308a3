"""The audit as it is, but for one thing: it kills itself with -9 after the n-th time it has done a step (argv: step, n)."""

import os
import signal
import sys

from services.audit.app import build
from services.audit.settings import AuditSettings

wanted, left = sys.argv[1], int(sys.argv[2])


def step(name: str) -> None:
    global left  # noqa: PLW0603 - a script with one counter
    left -= name == wanted
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


build(AuditSettings(), step=step).run()
