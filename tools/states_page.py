"""docs/states.md: what can become of a duty, a task and a case, drawn from the tables the escalator moves
by.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from services.escalator.deciding import states
from shared.case import CaseStatus, DutyState, TaskState
from tools.contract import field_docs

State = TypeVar("State", bound=StrEnum)


def states_page() -> str:
    return "\n".join(
        [
            "<!-- Written by tools/generate.py from services/escalator/deciding/states.py, not by hand. -->",
            "# What can become of a duty, a task and a case",
            "",
            "A move that is not drawn here does not happen: `services/escalator/deciding/states.py` refuses it.",
            "",
            *_diagram("A duty", states.DUTY, (DutyState.OPEN,), DutyState),
            *_diagram("A task", states.TASK, (TaskState.ASSIGNED, TaskState.WAITING), TaskState),
            *_diagram("A case", states.CASE, (CaseStatus.OPEN,), CaseStatus),
        ]
    )


def _diagram(
    title: str, table: Mapping[tuple[State, str], State], starts: tuple[State, ...], words: type[State]
) -> list[str]:
    """Moves between the same two states share an arrow; a state nothing leads out of is an end."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, by), after in table.items():
        arrows.setdefault((state, after), []).append(by.replace("_", " "))
    leaving = {state for state, _ in table}
    docs = field_docs(words)
    return [
        f"## {title}",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    [*] --> {start}" for start in starts),
        *(f"    {state} --> {after}: {', '.join(moves)}" for (state, after), moves in arrows.items()),
        *(f"    {state} --> [*]" for state in words if state not in leaving),
        "```",
        "",
        *(f"- `{state}`" + (f": {docs[state.name]}" if state.name in docs else "") for state in words),
        "",
    ]
