"""Writes what can be read off the tree itself: what the event side promises (docs/schemas/,
docs/asyncapi.json, docs/events.md), what can become of a duty (docs/states.md), who may do what
(docs/roles.md), which rules, routes and stories answer which requirement (docs/requirements.md), and the
facts that the broker lets a service write (config/nats.conf).

Invariant: the files say what the models, the policy and the tests say; a test fails when they have drifted
apart.

    .venv/bin/python -m tools.generate            write the files
    .venv/bin/python -m tools.generate --check    say what has drifted, code 1 if anything has
"""

import json
import sys
from pathlib import Path

from tools.asyncapi import asyncapi
from tools.broker_rights import with_rights
from tools.contract import Json, documents
from tools.events_page import events_page
from tools.requirements import Tree, requirements_page
from tools.roles_page import roles_page
from tools.states_page import states_page

DOCS = Path(__file__).resolve().parent.parent / "docs"
BROKER = DOCS.parent / "config" / "nats.conf"


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    schemas = {DOCS / "schemas" / name: _text(document) for name, document in documents().items()}
    pages = {
        "events.md": events_page(),
        "roles.md": roles_page(),
        "states.md": states_page(),
        "requirements.md": requirements_page(Tree.here()),
    }
    return {
        **schemas,
        DOCS / "asyncapi.json": _text(asyncapi()),
        BROKER: with_rights(BROKER.read_text()),
        **{DOCS / name: text for name, text in pages.items()},
    }


def _text(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def drifted() -> list[Path]:
    """Files that do not say what the models say, and files nobody generates any more."""
    wanted = files()
    wrong = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    return wrong + [path for path in (DOCS / "schemas").glob("*.json") if path not in wanted]


def main(arguments: list[str]) -> int:
    wrong = drifted()
    if "--check" in arguments:
        sys.stderr.writelines(
            f"{path.relative_to(DOCS.parent)} has drifted: run .venv/bin/python -m tools.generate\n"
            for path in wrong
        )
        return 1 if wrong else 0
    wanted = files()
    for path in wrong:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path])
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
