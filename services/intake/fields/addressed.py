"""Tasks that name "every unit" get their units from the directory as it is now, before they go on record.

Invariant: on record stands whom a campaign was laid on, one by one, beside what was asked; a later directory changes
neither.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.directory import Directory
from shared.directory.addressed import units_addressed
from shared.facts import TaskForm
from shared.facts.report import MOST_TASKS, too_many
from shared.fault_texts import Fault
from shared.ids import AreaCode, UnitId
from shared.message import N_

NOT_BOTH = N_("is for the directory to say where `every` is given: leave `units` out")
MOST_FAULTS = 20
NOBODY = N_("means nobody there: name units, another area, or another sector")


def addressed(
    tasks: tuple[TaskForm, ...],
    directory: Directory,
    area: AreaCode | str,
    assigner: UnitId | None,
    prefix: str = "",
) -> tuple[tuple[TaskForm, ...], list[Fault]]:
    """No longer looked for once they are too many, or too many are wrong: each takes a look at every unit."""
    faults: list[Fault] = []
    filled: list[TaskForm] = []
    count = 0
    for place, task in enumerate(tasks):
        if count > MOST_TASKS or len(faults) > MOST_FAULTS:
            break
        if task.every is None:
            filled.append(task)
            continue
        if task.units:
            faults.append((f"{prefix}tasks.{place}.units", NOT_BOTH))
        units = units_addressed(directory, task.every, task.sector, area, assigner)
        if not units:
            faults.append((f"{prefix}tasks.{place}.every", NOBODY))
        count += len(units)
        filled.append(task.model_copy(update={"units": units}))
    whole = tuple(filled)
    if not faults and (many := too_many(whole)) is not None:
        faults.append((f"{prefix}tasks", many))
    return whole, faults


def as_asked(tasks: Iterable[TaskForm]) -> tuple[TaskForm, ...]:
    return tuple(task.as_asked for task in tasks)


def body_as_asked(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same of the data of a fact."""
    tasks = body.get("tasks")
    if not tasks:
        return dict(body)
    plain = (TaskForm.model_validate(task).as_asked for task in tasks)
    return {**body, "tasks": [task.model_dump(mode="json", exclude_none=True) for task in plain]}
