"""Whatever a form names must be there: units, people, posts, plans, tasks and duties; a fault says where to
find the right one.

Pure: the directory, the case and the time are arguments.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime

from shared.acts.fields import Named
from shared.case import Case
from shared.directory import Directory
from shared.facts import TaskForm
from shared.fault_texts import Fault
from shared.message import N_, Marked, Said, Sayable, listed, marked, said


def named(field: str, noun: Marked, name: str | None, names: Container[str], where: Sayable) -> list[Fault]:
    """A fault where `name` is not among `names`; `where` says how to find one that is."""
    return (
        []
        if name is None or name in names
        else [
            (
                field,
                said(
                    N_("no %(noun)s %(name)s is known: %(where)s"),
                    noun=said(noun),
                    name=repr(name[:60]),
                    where=marked(where),
                ),
            )
        ]
    )


_IN: Mapping[Named, tuple[Marked, str, Callable[[Directory], Container[str]]]] = {
    Named.UNIT: (N_("unit"), "units", lambda directory: directory.units_by_id),
    Named.PERSON: (N_("person"), "people", lambda directory: directory.people_by_id),
    Named.POST: (N_("post"), "posts", lambda directory: directory.posts_by_id),
    Named.PLAN: (N_("contingency plan"), "plans", lambda directory: directory.plans_by_id),
}


def directory_faults(field: str, names: Named, name: str | None, directory: Directory) -> list[Fault]:
    """A fault where the directory has no such unit, person, post or plan."""
    what, path, known = _IN[names]
    return named(
        field,
        what,
        name or None,
        known(directory),
        said(N_("take an id from GET /api/v1/directory/%(path)s"), path=path),
    )


def task_faults(task: str | None, case: Case) -> list[Fault]:
    ids = [listed.id for listed in case.tasks]
    return named("task", N_("task"), task, ids, _of_case(case, _listed(ids, N_("no task"))))


def duty_faults(duty: str | None, case: Case) -> list[Fault]:
    ids = [listed.id for listed in case.duties]
    return named("duty", N_("duty"), duty, ids, _of_case(case, _listed(ids, N_("no duty"))))


def assignment_faults(
    tasks: Iterable[TaskForm], directory: Directory, now: datetime, prefix: str = ""
) -> list[Fault]:
    """Of tasks to be assigned."""
    faults: list[Fault] = []
    for place, task in enumerate(tasks):
        at = f"{prefix}tasks.{place}."
        faults += directory_faults(f"{at}unit", Named.UNIT, task.unit, directory)
        for number, unit in enumerate(task.units):
            faults += directory_faults(f"{at}units.{number}", Named.UNIT, unit, directory)
        faults += directory_faults(f"{at}owner", Named.PERSON, task.owner, directory)
        if task.due_at is not None and task.within is not None:
            faults.append(
                (f"{at}within", N_("says the limit a second time: give due_at or within, not both"))
            )
        faults += past_faults(f"{at}due_at", task.due_at, now)
        if task.after is not None and task.after > place:
            faults.append(
                (
                    f"{at}after",
                    said(
                        N_(
                            "is not the number of an earlier task of this list: write 1 to %(place)s, or leave it out"
                        ),
                        place=place,
                    ),
                )
            )
    return faults


def past_faults(field: str, at: datetime | None, now: datetime) -> list[Fault]:
    return (
        [] if at is None or at > now else [(field, N_("lies in the past: give a time that is still to come"))]
    )


def _of_case(case: Case, there: Said) -> Said:
    return said(N_("this case has %(there)s, see GET /api/v1/cases/%(case)s"), there=there, case=case.id)


def _listed(ids: Sequence[str], none: Marked) -> Said:
    return listed([*ids[:12], *["…" for _ in ids[12:13]]]) if ids else said(none)
