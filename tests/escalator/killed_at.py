"""The escalator, composed to kill itself with -9 the nth time it has done a step: `python -m
tests.escalator.killed_at <step> <n>`.
"""

import os
import signal
import sys

from services.escalator.app import build
from services.escalator.settings import EscalatorSettings


def main() -> None:
    step_to_die_at, times = sys.argv[1], int(sys.argv[2])
    seen = 0

    async def step(name: str) -> None:
        nonlocal seen
        seen += name == step_to_die_at
        if seen == times:
            os.kill(os.getpid(), signal.SIGKILL)

    build(EscalatorSettings(), step).run()


if __name__ == "__main__":
    main()
