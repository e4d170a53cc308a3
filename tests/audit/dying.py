"""The audit as it is, but for one thing: it kills itself with -9 after the n-th time it has done a step.

argv: step:n … – one life each, one after the other; imported once, so that many lives take little time. Ends
with 0 when each of them died as it was told to.
"""

import ctypes
import os
import signal
import sys

from services.audit.app import build
from services.audit.settings import AuditSettings

_PR_SET_PDEATHSIG = 1


def live(wanted: str, left: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def step(name: str) -> None:
        nonlocal left
        left -= name == wanted
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    build(AuditSettings(), step=step).run()


for life in sys.argv[1:]:
    step, _, times = life.partition(":")
    child = os.fork()
    if child == 0:
        live(step, int(times))
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        sys.exit(f"{life} did not die of it: {status}")
