"""The witness as it is, but for one thing: it kills itself with -9 after it kept its first state, before it
answers.
"""

import os
import signal
import sys
from pathlib import Path

from fenghuo.witness.folder import Folder
from fenghuo.witness.program import run

run(Folder(Path(sys.argv[1])), step=lambda _: os.kill(os.getpid(), signal.SIGKILL))
