"""The fields of the acts' forms: their words, how each is filled in, and what may be chosen.

Invariant: a choice offers only what there is and what it can be done to; a list of one is chosen already.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from services.intake.desk.offered_acts import documents_wanted
from shared.acts import DUTY, ONE_OF_TWO, TASK, Act
from shared.acts.fields import FIELDS, TASK_PARTS, Named, Widget
from shared.acts.states import ITEMS_BECOME, is_to_judge, on_the_list
from shared.acts.who import Where
from shared.case import Case, Duty, Task
from shared.directory import Directory
from shared.facts import Name
from shared.forms import NO_FORMS, Forms
from shared.ids import DutyId, UnitId
from shared.language.catalogue import N_
from shared.language.labels import label
from shared.territory import Claim, may
from shared.tokens import Principal
from shared.vocabulary import Addressees, Category, Document, Kind, Level, ReportKind, ReviewCause
from shared.web.names import Names
from shared.web.picks import WRITTEN, Choice, Offer, PickedSort, Picker, near_units

PARTS_SHOWN = 20
"""Of each group of those that are likely."""
ROWS = 200
"""Rows of a long list on one page, and choices of a task or a duty; over HTTP there are all."""


@dataclass(frozen=True)
class FormField:
    name: str
    words: str
    widget: Widget
    needed: bool
    choices: tuple[Choice, ...] = ()
    empty: str = ""
    """What an empty choice means, where it may stay empty."""
    mono: bool = False
    is_harm: bool = False
    """A count of harm: these stand together."""
    is_part: bool = False
    """The directory has more than `choices`: another may be written in."""
    count: int = 0
    """Of a task or a duty all that could be chosen; `choices` has the most pressing of them."""


@dataclass(frozen=True)
class Setting:
    """All that the choices depend on."""

    case: Case
    directory: Directory
    names: Names
    principal: Principal
    at: datetime
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    """What came back from a form that was wrong."""
    forms: Forms = NO_FORMS
    wrong: str | None = None
    """The act whose form came back."""
    typed_errors: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def pickers(self) -> dict[PickedSort, Picker]:
        return {sort: Picker(self.directory, sort) for sort in PickedSort}

    @cached_property
    def likely_units(self) -> list[str]:
        """Who has a part in the case, then those about the reader's own unit."""
        case = self.case
        parts = [case.report.unit, case.holder, *(task.unit for task in case.tasks[:PARTS_SHOWN])]
        return list(dict.fromkeys([*parts, *near_units(self.directory, self.principal.unit)]))

    @cached_property
    def likely_people(self) -> list[str]:
        """The reader's own unit, who is called in the case, the holder's unit, and the heads of the units
        that are likely.
        """
        called = [
            person
            for duty in self.case.duties[:PARTS_SHOWN]
            for person in (duty.bearer, *(lit.person for lit in duty.lit))
        ]
        own, holding = self.principal.unit, self.case.holder
        of_own = [one.id for one in self.directory.people if one.unit == own]
        of_holder = [one.id for one in self.directory.people if one.unit == holding]
        units = (self.directory.units_by_id.get(UnitId(unit)) for unit in self.likely_units)
        posts = (
            self.directory.posts_by_id.get(unit.head)
            for unit in units
            if unit is not None and unit.head is not None
        )
        return [
            *of_own[:PARTS_SHOWN],
            *called,
            *of_holder[:PARTS_SHOWN],
            *(post.holder for post in posts if post is not None),
        ]

    @cached_property
    def _claim(self) -> Claim:
        return Claim(self.principal.actor(), self.case, self.directory, self.at)

    @cached_property
    def _holds(self) -> dict[Any, bool]:
        return {}

    def is_tied_to(self, task: Task, where: Where) -> bool:
        """Tasks of one unit, one owner and one assigner are alike to the reader."""
        key = where, task.unit, task.owner, task.assigner, task.transfer
        if key not in self._holds:
            self._holds[key] = self._claim.about(task).holds(where)
        return self._holds[key]

    def may(self, kind: Kind, duty: DutyId | None = None) -> bool:
        return may(self.principal.actor(), kind, self.case, self.directory, self.at, duty=duty) is None


ASKED = {**FIELDS, **TASK_PARTS}
OF_A_TASK = tuple(TASK_PARTS)
THE_SUSPICION = N_("the suspected omission")
ALL_ON_THE_LIST = N_("all that are on the list")
CHOOSE = N_("Choose one.")


def fields_of(act: Act, here: Setting) -> tuple[FormField, ...]:
    """What the act's form asks for besides its text."""
    names = [name for name in act.fields if name not in act.hidden]
    names = [part for name in names for part in (OF_A_TASK if name == "tasks" else (name,))]
    fields = (_field(name, act, here) for name in names)
    return tuple(field for field in fields if field is not None)


def needed(act: Act) -> frozenset[str]:
    return frozenset("task_title" if name == "tasks" else name for name in act.needed)


def _is_about_a_task(act: Act, here: Setting) -> bool:
    """The case itself is not the reader's to hand over or to take: only a task may be."""
    case = here.case
    if act.kind is Kind.TRANSFERRED:
        return case.transfer is not None or not here.may(act.kind)
    if act.kind in (Kind.ACCEPTED, Kind.OBJECTED):
        return case.transfer is None or not here.may(act.kind)
    return False


def _is_about_a_lapse(act: Act, here: Setting) -> bool:
    """Nothing is suspected, nor on the organ's list: it is a lapse that is confirmed, and it must be named."""
    return act.kind is Kind.CONFIRMED and not is_to_judge(here.case) and not on_the_list(here.case)


def _is_alone(name: str, act: Act, here: Setting) -> bool:
    """Of a task or a duty that must be named, the other kind has nothing to choose: this one must be."""
    if act.either != ONE_OF_TWO:
        return False
    return not (_duties if name == TASK else _tasks)(act, here)


def _field(name: str, act: Act, here: Setting) -> FormField | None:
    must = (
        name in needed(act)
        or (name == DUTY and _is_about_a_lapse(act, here))
        or (name == TASK and _is_about_a_task(act, here))
        or (name in act.either and _is_alone(name, act, here))
    )
    asked = ASKED[name]
    field = FormField(
        name,
        asked.asks,
        asked.widget,
        must,
        empty="" if must else asked.empty,
        mono=asked.mono,
        is_harm=asked.is_harm,
    )
    if name in ONE_OF_TWO:
        return _one_of_many(field, act, here)
    if name in PICKED:
        offer = _offer(name, here)
        field = replace(field, choices=offer.choices, is_part=offer.is_part)
    elif name in _CHOICES:
        field = replace(field, choices=tuple(_CHOICES[name](act, here)))
    else:
        return field
    return field if field.choices or must else None


def _one_of_many(field: FormField, act: Act, here: Setting) -> FormField | None:
    """A task or a duty: of thousands the most pressing are offered."""
    named: Iterable[Choice]
    empty = field.empty
    if field.name == TASK:
        tasks = _tasks(act, here)
        count, named = len(tasks), (_task_choice(task, here) for task in tasks[:ROWS])
    else:
        duties = _duties(act, here)
        count, named = len(duties), (_duty_choice(duty, here) for duty in duties[:ROWS])
        if act.kind in (Kind.CONFIRMED, Kind.REFUTED):
            empty = empty and (THE_SUSPICION if is_to_judge(here.case) else ALL_ON_THE_LIST)
        elif count == 1 and not field.needed and act.either != ONE_OF_TWO:
            return None  # one alone need not be named
    if not count and not field.needed:
        return None
    return replace(field, choices=tuple(named), empty=empty, count=count)


def _offer(name: str, here: Setting) -> Offer:
    values = here.values
    return here.pickers[PICKED[name]].offer(
        _LIKELY[PICKED[name]](here), values.get(name, ""), values.get(f"{name}{WRITTEN}", "")
    )


def _duties(act: Act, here: Setting) -> list[Duty]:
    """Where a task could be meant as well, the reader's own; of the rest the case decides who may."""
    duties = act.fits_duty(here.case)
    own = (duty for duty in duties if act.either != ONE_OF_TWO or here.may(act.kind, duty=duty.id))
    return sorted(own, key=lambda duty: duty.due_at)


def _duty_choice(duty: Duty, here: Setting) -> Choice:
    return Choice(duty.id, duty_name(duty, here))


def duty_name(duty: Duty, here: Setting) -> Name:
    """What is owed, and by whom: of a lapse the unit answers."""
    title = here.case.plan_of(duty).title
    who = here.names.person(duty.bearer) if duty.lapse is None else here.names.unit(duty.owed_by)
    return Name(zh=f"{title.zh} · {who.zh}", en=f"{title.en} · {who.en}")


def _tasks(act: Act, here: Setting) -> list[Task]:
    where = act.tie_of_a_task(here.principal.role)
    if where is None:
        return []
    fitting = (task for task in here.case.tasks if act.fits_task(task) and here.is_tied_to(task, where))
    return sorted(fitting, key=lambda task: task.due_at)


def _task_choice(task: Task, here: Setting) -> Choice:
    unit = here.names.unit(task.unit)
    return Choice(task.id, Name(zh=f"{task.title} · {unit.zh}", en=f"{task.title} · {unit.en}"))


def _documents(act: Act, here: Setting) -> Iterable[Choice]:
    """What is waited for, then the rest: the first is nearly always the one meant. The result of a campaign
    may be a nil report.
    """
    if act.kind is Kind.COMPLETED:
        nil = Document.NIL_REPORT
        return (
            (Choice(nil.value, label("document", nil)),)
            if here.case.report.kind is ReportKind.CAMPAIGN
            else ()
        )
    ordered = dict.fromkeys((*documents_wanted(here.case), *(document.value for document in Document)))
    return (Choice(name, label("document", name)) for name in ordered)


def _categories(_: Act, here: Setting) -> Iterable[Choice]:
    """The case's own first, where it has one."""
    ordered = dict.fromkeys((here.case.report.category, *Category))
    return (Choice(one.value, label("category", one)) for one in ordered if one is not None)


def _levels(_: Act, here: Setting) -> Iterable[Choice]:
    return (Choice(level.value, label("level", level)) for level in Level if level is not here.case.level)


def _sensitive(_: Act, here: Setting) -> Iterable[Choice]:
    return (Choice("no", N_("no")),) if here.case.sensitive else (Choice("yes", N_("yes")),)


def _satisfaction(_: Act, here: Setting) -> Iterable[Choice]:
    """Asked where somebody waits for an answer: of complaints, petitions and disputes."""
    asked = here.case.report.kind in (ReportKind.COMPLAINT, ReportKind.PETITION, ReportKind.DISPUTE)
    return (Choice(score, score) for score in "54321") if asked else ()


def _causes(_: Act, here: Setting) -> Iterable[Choice]:
    """Asked where a review is owed."""
    owed = Document.REVIEW.value in documents_wanted(here.case)
    return (Choice(cause.value, label("review_cause", cause)) for cause in ReviewCause) if owed else ()


def _spans(act: Act, _: Setting) -> Iterable[Choice]:
    return (Choice(span, label("span", span)) for span in act.spans)


def _plans(here: Setting) -> Iterable[str]:
    """Those made for such a matter."""
    report = here.case.report
    fitting = (
        here.directory.plans_for(report.kind, report.category, report.topic, here.case.level, report.area)
        if report.category
        else ()
    )
    return (plan.id for plan in fitting)


def _posts(here: Setting) -> Iterable[str]:
    """The fallback chain, in its order, then the heads of the units that are likely."""
    chain = (post for plan in here.case.plans.values() for post in plan.chain)
    units = (here.directory.units_by_id.get(UnitId(unit)) for unit in here.likely_units)
    return (*chain, *(unit.head for unit in units if unit is not None and unit.head is not None))


def _every(_: Act, __: Setting) -> Iterable[Choice]:
    return (Choice(one.value, label("addressees", one)) for one in Addressees)


def _sectors(_: Act, here: Setting) -> Iterable[Choice]:
    return (Choice(topic, label("topic", topic)) for topic in here.directory.topics)


def _items(_: Act, here: Setting) -> Iterable[Choice]:
    """Those that lack something first: they are the ones that are changed."""
    ordered = sorted(here.case.items, key=lambda item: not item.lacks)[:ROWS]
    return (
        Choice(str(item.number), Name(zh=f"{item.number} {item.summary}", en=f"{item.number} {item.summary}"))
        for item in ordered
    )


def _becomes(_: Act, __: Setting) -> Iterable[Choice]:
    return (Choice(kind.value, label("kind", kind)) for kind in ITEMS_BECOME)


_CHOICES: dict[str, Callable[[Act, Setting], Iterable[Choice]]] = {
    "document": _documents,
    "category": _categories,
    "level": _levels,
    "sensitive": _sensitive,
    "satisfaction": _satisfaction,
    "causes": _causes,
    "span": _spans,
    "step": _items,
    "becomes": _becomes,
    "task_every": _every,
    "task_sector": _sectors,
}
_LISTS = {
    Named.UNIT: PickedSort.UNITS,
    Named.PERSON: PickedSort.PEOPLE,
    Named.PLAN: PickedSort.PLANS,
    Named.POST: PickedSort.POSTS,
}
PICKED: dict[str, PickedSort] = {name: _LISTS[field.names] for name, field in ASKED.items() if field.names}
"""What is named of a list of the directory."""
_LIKELY: dict[PickedSort, Callable[[Setting], Iterable[str]]] = {
    PickedSort.UNITS: lambda here: here.likely_units,
    PickedSort.PEOPLE: lambda here: here.likely_people,
    PickedSort.PLANS: _plans,
    PickedSort.POSTS: _posts,
}
