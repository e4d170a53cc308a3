"""Which trail of an installation is written, and how the one before it ended.

Invariant: a trail that can't go on is ended, never changed: its store, its last checkpoint and its key stay
as they are. The next one has a store, a name and a key of its own; its first record holds a note, signed by
the ended trail's key, that says where that ended and whose key signs from then on.
"""

import json
from pathlib import Path
from typing import NamedTuple

from services.audit.writing.signer import STATE_FILE, RefusedError, StateFile
from shared.synced_files import replace_synced
from shared.tlog.ended import end_note
from shared.tlog.note import Signer

_FILE = "trail.json"


class Succession(NamedTuple):
    """`number` counts the trails from 1; `follows`: the note about the one before, None for the first."""

    number: int = 1
    follows: str | None = None

    @classmethod
    def read(cls, folder: Path) -> "Succession":
        """`folder`: where the audit keeps its state. Raises RefusedError where the file is damaged."""
        try:
            kept = json.loads((folder / _FILE).read_text())
            return cls(int(kept["number"]), str(kept["follows"]))
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError(f"{folder / _FILE} is damaged ({error}): restore it from a copy") from None


def begin(folder: Path, old: Signer, vkey: str) -> Succession:
    """End the trail whose signer's state lies in `folder`; `vkey` is the key of the next. Raises RefusedError
    where none was begun.
    """
    last = StateFile(folder / STATE_FILE).read()
    if last is None:
        raise RefusedError(f"{folder / STATE_FILE} is missing: no trail was signed here that could be ended")
    following = Succession(
        Succession.read(folder).number + 1, end_note(old, last.size, last.root, vkey).write()
    )
    replace_synced(folder / _FILE, json.dumps(following._asdict()).encode())
    (folder / STATE_FILE).replace(folder / f"ended-{following.number - 1}-{STATE_FILE}")
    return following
