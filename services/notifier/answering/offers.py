"""What a person can do by a link beside saying that they know: take a task on, refuse it with a reason, sign in,
hand in a result; approve a text or send it back; say how something came about. Pure.

Invariant: only what a duty of the link's own message or its tasks waits for is offered, what fits the case as it stands, and
what this person may do; the escalator decides all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifier.messages.asking import HasBrief
from services.notifier.messages.keys import Deed, keys_of
from shared import territory
from shared.acts import ACTS
from shared.acts.states import awaits_a_statement
from shared.case import Case, Duty, Task
from shared.directory import Directory
from shared.facts import Actor
from shared.facts.authors import ANSWERS_BY_LINK
from shared.ids import DutyId, TaskId
from shared.language.words import Words
from shared.message import N_
from shared.vocabulary import Kind

LONGEST_TASK_ID = 40
MOST_OFFERS = 40
"""On one page; a message that bundles more tasks leaves the rest to the desk."""
TAKING_OR_NOT = (Kind.ACCEPTED, Kind.OBJECTED)
INSTEAD = {Deed.NEXT_PLEASE: Kind.PASSED_ON, Deed.CALL_ME: Kind.CALL_ASKED}
"""What can be answered in place of "I know", as by the digits of a reply."""


APPROVES, SENDS_BACK = N_("I approve"), N_("Send it back")
WHY_BACK = N_("Why, and what must be changed")


@dataclass(frozen=True, slots=True)
class LinkAct:
    kind: Kind
    task: TaskId | None = None
    """None: the act is about the case itself."""
    approve: bool | None = None
    """Of an act that decides: yes, or no with a reason."""

    @classmethod
    def pressed(cls, choice: str, task: str | None) -> "LinkAct | None":
        """The act that a page's button is for; None for what is no button of ours."""
        kind, _, decision = choice.partition(".")
        if (
            kind not in (*ANSWERS_BY_LINK, *INSTEAD.values())
            or decision not in _DECISIONS
            or len(task or "") > LONGEST_TASK_ID
        ):
            return None
        return cls(Kind(kind), TaskId(task) if task else None, _DECISIONS[decision])

    @property
    def choice(self) -> str:
        """As its button says it, and as it is kept: `accepted`, `notice_approved.no`."""
        decision = next(name for name, approve in _DECISIONS.items() if approve is self.approve)
        return f"{self.kind}.{decision}" if decision else str(self.kind)

    @property
    def about(self) -> tuple[str, ...]:
        """What tells its fact from others of its kind by the same link; a reply's digit makes the same fact."""
        return () if self.kind in INSTEAD.values() else (self.task or "",)

    @property
    def needs_text(self) -> bool:
        return "text" in ACTS[self.kind].needs or self.approve is False


_DECISIONS = {"": None, "yes": True, "no": False}


def offers(
    case: Case | None,
    duties: Sequence[DutyId],
    by: Actor,
    directory: Directory,
    at: datetime,
    *,
    is_suspected: bool = False,
) -> tuple[LinkAct, ...]:
    """In the order of the case's duties, each once. `is_suspected`: the message tells a unit of a suspicion."""
    if case is None:
        return ()
    acts = [offer for duty in _asked_for(case, duties, by) for offer in _of_duty(case, duty)]
    if is_suspected and awaits_a_statement(case):
        acts.append(LinkAct(Kind.STATED))
    offered = dict.fromkeys(
        offer for offer in acts if territory.may(by, offer.kind, case, directory, at, task=offer.task) is None
    )
    return tuple(offered)[:MOST_OFFERS]


def instead(
    case: Case | None, matter: HasBrief | None, by: Actor, directory: Directory, at: datetime
) -> tuple[LinkAct, ...]:
    """Beside what the message asks: that somebody else is to be called, or that a person rings back."""
    if case is None or matter is None:
        return ()
    kinds = (INSTEAD[deed] for deed in keys_of(matter) if deed in INSTEAD)
    return tuple(
        LinkAct(kind)
        for kind in kinds
        if _fits(kind, case, None) and territory.may(by, kind, case, directory, at) is None
    )


def duty_for(case: Case, duties: Sequence[DutyId], act: LinkAct) -> DutyId | None:
    """The duty of the message that a decision is about: another draft waits for a decision by another duty."""
    if act.approve is None:
        return None
    asked = (duty for duty in case.duties if duty.id in duties and duty.is_owed)
    return next((duty.id for duty in asked if act.kind in _waits_for(case, duty)), None)


def _asked_for(case: Case, duties: Sequence[DutyId], by: Actor) -> Iterator[Duty]:
    """What the message was about, and what this person owes besides of the same tasks: the result, once the
    task is taken on.
    """
    tasks = {duty.task for duty in case.duties if duty.id in duties and duty.task is not None}
    for duty in case.duties:
        if duty.is_owed and (duty.id in duties or (duty.task in tasks and duty.bearer == by.who)):
            yield duty


def _waits_for(case: Case, duty: Duty) -> set[str]:
    return {name.partition(".")[0] for name in case.plan_of(duty).discharged_by}


def _of_duty(case: Case, duty: Duty) -> Iterator[LinkAct]:
    waits_for = _waits_for(case, duty)
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
            decisions = (True, False) if "approve" in ACTS[kind].needs else (None,)
            yield from (LinkAct(kind, duty.task, approve) for approve in decisions)


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
            "choice": offer.choice,
            "task": offer.task,
            "about": about.get(offer.task, ""),
            "title": said.of(SENDS_BACK if offer.approve is False else ACTS[offer.kind].title),
            "button": said.of(_button(offer)),
            "label": said.of(WHY_BACK if offer.approve is False else ACTS[offer.kind].text)
            if offer.needs_text
            else "",
            "typed": typed[1] if typed is not None and typed[0] == offer else None,
        }
        for offer in offered
    ]


def _button(offer: LinkAct) -> str:
    if offer.approve is None:
        return ACTS[offer.kind].button
    return APPROVES if offer.approve else SENDS_BACK
