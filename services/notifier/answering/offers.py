"""What a person can do by a link beside saying that they know: take a task on, refuse it with a reason, sign in,
hand in a result. Pure.

Invariant: only what a duty of the link's own message or its tasks waits for is offered, what fits the case as it stands, and
what this person may do; the escalator decides all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import territory
from shared.acts import ACTS
from shared.case import Case, Duty, Task
from shared.directory import Directory
from shared.facts import Actor
from shared.facts.authors import ANSWERS_BY_LINK
from shared.ids import DutyId, TaskId
from shared.language.words import Words
from shared.vocabulary import Kind

MOST_OFFERS = 40
"""On one page; a message that bundles more tasks leaves the rest to the desk."""
TAKING_OR_NOT = (Kind.ACCEPTED, Kind.OBJECTED)


@dataclass(frozen=True, slots=True)
class LinkAct:
    kind: Kind
    task: TaskId | None
    """None: the act is about the case itself."""

    @property
    def needs_text(self) -> bool:
        return "text" in ACTS[self.kind].needs


def offers(
    case: Case | None, duties: Sequence[DutyId], by: Actor, directory: Directory, at: datetime
) -> tuple[LinkAct, ...]:
    """In the order of the case's duties, each once."""
    if case is None:
        return ()
    offered = dict.fromkeys(
        offer
        for duty in _asked_for(case, duties, by)
        for offer in _of_duty(case, duty)
        if territory.may(by, offer.kind, case, directory, at, task=offer.task) is None
    )
    return tuple(offered)[:MOST_OFFERS]


def _asked_for(case: Case, duties: Sequence[DutyId], by: Actor) -> Iterator[Duty]:
    """What the message was about, and what this person owes besides of the same tasks: the result, once the
    task is taken on.
    """
    tasks = {duty.task for duty in case.duties if duty.id in duties and duty.task is not None}
    for duty in case.duties:
        if duty.is_owed and (duty.id in duties or (duty.task in tasks and duty.bearer == by.who)):
            yield duty


def _of_duty(case: Case, duty: Duty) -> Iterator[LinkAct]:
    waits_for = {name.partition(".")[0] for name in case.plan_of(duty).discharged_by}
    task = next((task for task in case.tasks if task.id == duty.task), None)
    if duty.task is not None and task is None:
        return
    if Kind.ACCEPTED in waits_for and _fits(Kind.ACCEPTED, case, task):
        # Whoever can take it on can say that it is not theirs; what is done with it comes after.
        yield from (LinkAct(kind, duty.task) for kind in TAKING_OR_NOT)
        return
    waiting = task is not None and _fits(Kind.ACCEPTED, case, task)
    for kind in ANSWERS_BY_LINK:
        if kind in waits_for and kind not in TAKING_OR_NOT and not waiting and _fits(kind, case, task):
            yield LinkAct(kind, duty.task)


def _fits(kind: Kind, case: Case, task: Task | None) -> bool:
    act = ACTS[kind]
    return act.fits(case) and (task is None or act.fits_task(task))


def buttons(
    offered: Sequence[LinkAct],
    about: Mapping[TaskId | None, str],
    said: Words,
    typed: tuple[LinkAct, str] | None = None,
) -> list[dict[str, Any]]:
    """What a page shows of each act. `about`: what the task is; `typed`: the text of one that can't be taken."""
    return [
        {
            "kind": offer.kind,
            "task": offer.task,
            "about": about.get(offer.task, ""),
            "title": said.of(ACTS[offer.kind].title),
            "button": said.of(ACTS[offer.kind].button),
            "label": said.of(ACTS[offer.kind].text) if offer.needs_text else "",
            "typed": typed[1] if typed is not None and typed[0] == offer else None,
        }
        for offer in offered
    ]
