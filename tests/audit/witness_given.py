"""A witness as it is run: a folder of its own, a process of its own."""

import sys
from pathlib import Path

import httpx2

from fenghuo import embedded
from fenghuo.witness.folder import Folder
from shared.secrets import SecretFile
from tests.lab import ROOT, Lab, Running, until


class RunningWitness:
    def __init__(self, folder: Path, lab: Lab, url: str = "") -> None:
        self.folder, self.lab, self.port = folder, lab, embedded.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        vkey = (lab.secrets / SecretFile.TRAIL_VERIFY).read_text()
        self.vkey, _ = Folder(folder).init(
            "discipline.example/w1", vkey, url, listen=f"127.0.0.1:{self.port}", webhook="", now=0
        )

    @property
    def log(self) -> str:
        """The one log it follows, as it stands in paths."""
        (known,) = Folder(self.folder).config().logs.values()
        return known.short

    def size(self) -> int:
        (known,) = Folder(self.folder).config().logs.values()
        return Folder(self.folder).last_head(known).size

    def evidence(self) -> list[Path]:
        return sorted((self.folder / "evidence").glob("*.txt"))

    async def start(self, *command: str) -> Running:
        log = self.lab.folder / f"witness-{len(self.lab.services)}.log"
        words = command or (
            sys.executable,
            "-m",
            "fenghuo",
            "witness",
            "run",
            "--folder",
            str(self.folder),
            "--every",
            "0.1",
        )
        process = embedded.start(list(words), log=log, env={"FENGHUO_LOG_FORMAT": "json"}, cwd=ROOT)
        running = Running("witness", process, self.port, log)
        self.lab.services.append(running)

        def answers() -> bool:
            assert process.poll() is None, log.read_text()[-2000:]
            try:
                return httpx2.get(f"{self.url}/healthz").status_code == 200
            except httpx2.HTTPError:
                return False

        await until(answers, what=f"the witness answers; {log}")
        return running
