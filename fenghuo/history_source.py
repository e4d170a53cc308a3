"""A history for `fenghuo policy simulate`: the stored facts of a case or of the whole trail, from the running
audit or an export.

Invariant: facts come in the order of the trail, each with the broker's time. What was erased or is no fact of
ours is left out.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from fenghuo.answers import Exit, fail
from fenghuo.client import call
from fenghuo.speech import worded
from shared.facts import Fact, FactError
from shared.vocabulary import Role

Stored = tuple[Fact, datetime]
WINDOW = 5_000
"""Records asked for at once."""


def of_case(case: str) -> list[Stored]:
    """Over HTTP (role auditor)."""
    moments: list[dict[str, Any]] = call(
        "audit", "GET", f"/api/v1/cases/{case}/timeline", role=Role.AUDITOR
    ).json()["moments"]
    return [
        (Fact.model_validate(moment["fact"]), datetime.fromisoformat(moment["entry"]["time"]))
        for moment in moments
        if moment["fact"]
    ]


def of_trail() -> Iterator[Stored]:
    """All of it, over HTTP (role auditor)."""
    start = 0
    while True:
        params = {"start": start, "end": start + WINDOW}
        content = call("audit", "GET", "/api/v1/trail/export", role=Role.AUDITOR, params=params).content
        lines = [line for line in content.splitlines() if not line.startswith(b'{"checkpoint"')]
        yield from of_lines(lines)
        if len(lines) < WINDOW:
            return
        start += WINDOW


def of_export(path: Path) -> Iterator[Stored]:
    """A folder that `fenghuo trail export` wrote, or one file of JSON lines."""
    files = sorted((path / "payload").rglob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        fail(
            Exit.USAGE,
            worded("%(path)s holds no export", path=path),
            worded("name a folder that `fenghuo trail export` wrote, or a file of JSON lines"),
        )
    for file in files:
        try:
            with file.open("rb") as lines:
                yield from of_lines(lines)
        except (OSError, ValueError, KeyError) as error:
            fail(
                Exit.USAGE,
                f"{file}: {error}",
                worded("name a folder that `fenghuo trail export` wrote, or a file of JSON lines"),
            )


def of_lines(lines: Iterable[bytes]) -> Iterator[Stored]:
    """Lines of an export, or of `{"at": …, "fact": {…}}`."""
    import base64

    for raw in lines:
        line: dict[str, Any] = json.loads(raw)
        try:
            if "fact" in line:
                yield Fact.model_validate(line["fact"]), datetime.fromisoformat(line["at"])
            elif line.get("payload") and line["payload"].get("raw"):
                rec: dict[str, Any] = json.loads(line["rec"])
                if "distrust" not in rec:  # nobody did what a message says that is not authentic
                    yield (
                        Fact.read(base64.b64decode(line["payload"]["raw"])),
                        datetime.fromisoformat(rec["broker"]),
                    )
        except FactError:
            continue
