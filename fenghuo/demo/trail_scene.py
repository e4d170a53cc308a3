"""The last scene: the trail is verified, copied, and the copy tampered with; the auditor's own command must
catch it.

The commands shown are the ones that are run, as processes of their own.
"""

import asyncio
import base64
import os
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from fenghuo.demo.readback import OnRecord, StepFailed
from fenghuo.demo.stage import Stage
from fenghuo.parts import witness_line
from fenghuo.places import Installation
from shared.secrets import SecretFile

PATIENCE = 30.0
"""Seconds a command may take."""
BEFORE, AFTER = b'"lapsed"', b'"discharged"'
"""What somebody with the database password would like to have been so."""


@dataclass(frozen=True)
class TrailScene:
    stage: Stage
    place: Installation

    async def play(self, lapse: OnRecord, case: str) -> None:
        """`lapse` is the record that gets tampered with in the copy; `case`: the one whose evidence is taken
        away. Raises StepFailed.
        """
        self.stage.scene(
            "8",
            "台账不可篡改",
            "the trail is verified, a case's evidence taken away; a copy is tampered with and caught",
        )
        copy = self.place.data / "copy"
        assert self.place.witness is not None
        witness = witness_line(self.place, self.place.witness).partition(" ")[2]
        self.stage.say(
            "a witness with its own key has cosigned what it saw (here beside the log; in earnest on another machine)",
            "›",
        )
        await self._command("trail", "verify", "--witness", witness, expected=0)
        await self._evidence(case, witness)
        await self._command("trail", "export", "--to", str(copy), expected=0)
        await self._command("trail", "verify", "--dir", str(copy), expected=0)
        tamper(copy, lapse.index)
        self.stage.say(
            f"in the copy, record {lapse.index} now says {AFTER.decode()} where it said {BEFORE.decode()}",
            "›",
        )
        words = await self._command("trail", "verify", "--dir", str(copy), expected=1)
        if str(lapse.index) not in words:
            raise StepFailed(f"the verification to name record {lapse.index}", words)
        self.stage.say(
            f"caught: the copy is broken at record {lapse.index}, and the trail itself is whole", "✓"
        )

    async def _evidence(self, case: str, witness: str) -> None:
        """The case as its file would hold it, checked by the program it brings along: nothing of ours is
        imported there.
        """
        file, unpacked = self.place.data / "case.zip", self.place.data / "case"
        await self._command("trail", "bundle", case, "--to", str(file), expected=0)
        with zipfile.ZipFile(file) as bundle:
            bundle.extractall(unpacked)
        log = (self.place.secrets / SecretFile.TRAIL_VERIFY).read_text().strip()
        program = (str(unpacked / "verify.py"), log, str(file), "--witness", witness)
        await self._run("python3", (sys.executable, "-I", *program), program, expected=0)
        self.stage.say("proven offline, with two public keys and nothing of the running system", "✓")

    async def _command(self, *arguments: str, expected: int) -> str:
        """Run `fenghuo …`."""
        return await self._run(
            "fenghuo", (sys.executable, "-m", "fenghuo", *arguments), arguments, expected=expected
        )

    async def _run(
        self, name: str, command: Sequence[str], arguments: Sequence[str], *, expected: int
    ) -> str:
        """Run it and show what it says."""
        shown = " ".join([name, *(argument.replace(f"{self.place.home}/", "") for argument in arguments)])
        self.stage.say(shown, "$")
        environment = {
            **os.environ,
            "FENGHUO_DATA_DIR": str(self.place.home),
            "FENGHUO_SECRETS_DIR": str(self.place.secrets),
        }
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
            env={**environment, "COLUMNS": "76"},
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                output, _ = await process.communicate()
        except TimeoutError:
            raise StepFailed(f"`{shown}` to answer within {PATIENCE:g} s", "nothing") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        words = output.decode(errors="replace").strip()
        for line in words.splitlines():
            self.stage.say(line.rstrip().replace(f"{self.place.home}/", ""))
        if process.returncode != expected:
            raise StepFailed(
                f"`{shown}` to end with code {expected}", f"code {process.returncode}: {words[-800:]}"
            )
        return words


def tamper(folder: Path, index: int) -> None:
    """Change one word of one record's fact in an exported folder, with nothing else touched. Raises
    StepFailed where it is not there.
    """
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or b'"payload"' not in path.read_bytes():
            continue
        lines = path.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines):
            record = orjson.loads(line)
            if record.get("index") != index:
                continue
            raw = base64.b64decode(record["payload"]["raw"])
            if BEFORE not in raw:
                raise StepFailed(
                    f"record {index} to say {BEFORE.decode()}", raw[:200].decode(errors="replace")
                )
            record["payload"]["raw"] = base64.b64encode(raw.replace(BEFORE, AFTER)).decode()
            lines[number] = orjson.dumps(record) + b"\n"
            path.write_bytes(b"".join(lines))
            return
    raise StepFailed(f"record {index} in the exported copy", f"no file of {folder} has it")
