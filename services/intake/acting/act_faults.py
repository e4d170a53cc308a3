"""What is wrong with an act, every field at once, each with its remedy.

Invariant: an act without a fault names only what there is, and carries exactly the fields its row in
shared.acts knows. Pure.
"""

from datetime import datetime, timedelta

from services.intake.fields.act_form import AcknowledgeForm, ActForm
from services.intake.fields.lookups import (
    assignment_faults,
    directory_faults,
    duty_faults,
    past_faults,
    task_faults,
)
from shared.acts import Act
from shared.acts.fields import FIELDS
from shared.case import Case
from shared.directory import Directory
from shared.facts.report import MOST_ITEMS_OF_A_CASE, MOST_TASKS_OF_A_CASE, task_count
from shared.fault_texts import Fault
from shared.message import N_, Marked, said
from shared.vocabulary import Document, Kind

CALLS_GO_BACK = timedelta(hours=24)
"""A call that was made longer ago is no longer written down as one."""
ANY_ACT = frozenset({"text", "form"})
"""Any act may carry these; which form an act may fill in, the form says."""
CLOCKS_DIFFER = timedelta(minutes=1)
TASKS_FULL = N_("this case has %(there)s tasks, and takes no more: open another case for the rest")
TASKS_BEYOND = N_(
    "are %(more)s more, and this case has %(there)s of at most %(most)s: assign at most %(room)s more here, open another case for the rest"
)
ITEMS_FULL = N_(
    "this case has %(there)s items, and takes no more: change one of them (step), or open another case for the rest"
)


def call_faults(form: AcknowledgeForm, opened_at: datetime, now: datetime, *, is_call: bool) -> list[Fault]:
    """What is wrong with a call that is written down."""
    if not is_call:
        given = [name for name in ("number", "called_at") if getattr(form, name) is not None]
        return [(name, N_("is of a call to somebody else: name the person, or remove it")) for name in given]
    if form.called_at is None:
        return []
    if form.called_at > now + CLOCKS_DIFFER:
        return [("called_at", N_("lies in the future: say when the call was"))]
    if form.called_at < max(now - CALLS_GO_BACK, opened_at - CLOCKS_DIFFER):
        return [
            (
                "called_at",
                N_(
                    "lies before this was reported, or more than a day ago: a call that old answers nothing here"
                ),
            )
        ]
    return []


def faults_in(act: Act, form: ActForm, case: Case, directory: Directory, now: datetime) -> list[Fault]:
    return [
        *_missing(act, form),
        *_strangers(act, form),
        *_unknown(form, case, directory),
        *_too_many_tasks(form, case),
        *_untimely(form, directory, now),
    ]


def _missing(act: Act, form: ActForm) -> list[Fault]:
    filled = form.filled
    faults: list[Fault] = [
        (field, said(N_("is missing: %(remedy)s"), remedy=said(Marked(remedy))))
        for field, remedy in act.needs.items()
        if field not in filled
    ]
    if act.either and not set(act.either) & set(filled):
        faults.append(
            (act.either[0], said(N_("is missing: give one of %(fields)s"), fields=", ".join(act.either)))
        )
    if act.kind is Kind.FILED and "text" not in filled and form.document not in (None, Document.NIL_REPORT):
        faults.append(
            ("text", N_("is missing: say what it says, or where it lies; only a nil report says nothing"))
        )
    return faults


def _strangers(act: Act, form: ActForm) -> list[Fault]:
    return [
        (field, said(N_("has no meaning for %(act)s: remove it"), act=act.kind))
        for field in form.filled
        if field not in ANY_ACT and field not in act.fields
    ]


def _unknown(form: ActForm, case: Case, directory: Directory) -> list[Fault]:
    faults = [*task_faults(form.task, case), *duty_faults(form.duty, case)]
    for name in form.filled:
        if name in FIELDS and (names := FIELDS[name].names) is not None:
            faults += directory_faults(name, names, getattr(form, name), directory)
    return faults


def _too_many_tasks(form: ActForm, case: Case) -> list[Fault]:
    more, there, most = task_count(form.tasks), len(case.tasks), MOST_TASKS_OF_A_CASE
    if not more or there + more <= most:
        return []
    if there >= most:
        return [("tasks", said(TASKS_FULL, there=there))]
    return [("tasks", said(TASKS_BEYOND, more=more, there=there, most=most, room=most - there))]


def item_faults(form: ActForm, count: int) -> list[Fault]:
    """`count`: the items that the case has; those already there may be changed however many they are."""
    if form.step or count < MOST_ITEMS_OF_A_CASE:
        return []
    return [("summary", said(ITEMS_FULL, there=count))]


def _untimely(form: ActForm, directory: Directory, now: datetime) -> list[Fault]:
    return [
        *assignment_faults(form.tasks, directory, now),
        *past_faults("due_at", form.due_at, now),
        *past_faults("reply_by", form.reply_by, now),
    ]
