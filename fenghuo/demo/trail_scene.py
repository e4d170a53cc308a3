"""The last scene: the trail is verified, copied, and the copy tampered with; the auditor's own command must catch it.

The commands shown are the ones that are run, as processes of their own.
"""

import asyncio
import base64
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson

from fenghuo.demo.readback import OnRecord, StepFailed
from fenghuo.demo.stage import Stage
from fenghuo.places import Place

PATIENCE = 30.0
"""Seconds a command may take."""
BEFORE, AFTER = b'"lapsed"', b'"discharged"'
"""What somebody with the database password would like to have been so."""


@dataclass(frozen=True)
class TrailScene:
    stage: Stage
    place: Place

    async def play(self, lapse: OnRecord) -> None:
        """`lapse` is the record that gets tampered with in the copy. Raises StepFailed."""
        self.stage.scene("6", "台账不可篡改", "the trail is verified; a copy is tampered with and caught")
        copy = self.place.data / "copy"
        await self._command("trail", "verify", expected=0)
        await self._command("trail", "export", "--to", str(copy), expected=0)
        await self._command("trail", "verify", "--dir", str(copy), expected=0)
        tamper(copy, lapse.index)
        self.stage.say(f"in the copy, record {lapse.index} now says {AFTER.decode()} where it said {BEFORE.decode()}", "›")
        words = await self._command("trail", "verify", "--dir", str(copy), expected=1)
        if str(lapse.index) not in words:
            raise StepFailed(f"the verification to name record {lapse.index}", words)
        self.stage.say(f"caught: the copy is broken at record {lapse.index}, and the trail itself is whole", "✓")

    async def _command(self, *arguments: str, expected: int) -> str:
        """Run `fenghuo …` and show what it says."""
        shown = " ".join(argument.replace(f"{self.place.home}/", "") for argument in arguments)
        self.stage.say(f"fenghuo {shown}", "$")
        environment = {**os.environ, "FENGHUO_DATA_DIR": str(self.place.home), "FENGHUO_SECRETS_DIR": str(self.place.secrets)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fenghuo", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
            env={**environment, "COLUMNS": "76"},
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                said, _ = await process.communicate()
        except TimeoutError:
            raise StepFailed(f"`fenghuo {shown}` to answer within {PATIENCE:g} s", "nothing") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        words = said.decode(errors="replace").strip()
        for line in words.splitlines():
            self.stage.say(line.rstrip())
        if process.returncode != expected:
            raise StepFailed(f"`fenghuo {shown}` to end with code {expected}", f"code {process.returncode}: {words[-800:]}")
        return words


def tamper(folder: Path, index: int) -> None:
    """Change one word of one record's fact in an exported folder, with nothing else touched. Raises StepFailed where it is not there."""
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
                raise StepFailed(f"record {index} to say {BEFORE.decode()}", raw[:200].decode(errors="replace"))
            record["payload"]["raw"] = base64.b64encode(raw.replace(BEFORE, AFTER)).decode()
            lines[number] = orjson.dumps(record) + b"\n"
            path.write_bytes(b"".join(lines))
            return
    raise StepFailed(f"record {index} in the exported copy", f"no file of {folder} has it")
